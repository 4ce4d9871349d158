"""Courses: several visits for one client, planned by phases and booked with one press.

Above the core, which it imports and never the reverse: times are claimed through `domain.operations`.
"""
