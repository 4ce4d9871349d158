"""The training program: exercises that the owner edits, a client's program made of them at a visit, and its page.

Above the core, which it imports and never the reverse: it hears of clients who are erased through `domain.listeners`.
"""
