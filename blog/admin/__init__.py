"""The owner's writing: posts, pages, FAQ entries, pictures, videos, testimonials and announcements."""

from . import pages, pictures, posts

__all__ = ["pages", "pictures", "posts"]
