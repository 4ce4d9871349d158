"""Reviews: each client is asked once, whatever they may say; the owner shows or declines, and never edits.

Above the core, which it imports and never the reverse.
"""
