"""Where the owner writes: posts, pages and questions, pictures and videos, what clients said, and notices."""

from . import pages, pictures, posts

__all__ = ["pages", "pictures", "posts"]
