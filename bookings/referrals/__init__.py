"""Surgeons' offices: a private page on which an office prepares a patient's course, and clears it with the same press.

Above courses, which it imports and never the reverse.
"""
