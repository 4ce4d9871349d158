"""Reviews: each client is asked once, whatever they may say; the owner shows or declines, and never edits.

Below no other app inside bookings, above the core, which it imports and never the reverse.
"""
