"""Helpers that are independent of any app."""
