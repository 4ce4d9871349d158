"""Posts with tags and pictures; the home page, pages, FAQ entries, testimonials and announcements."""

from .home import HomeBlock
from .pages import Announcement, FaqEntry, Page, Testimonial
from .pictures import Picture, Upload, Video
from .posts import RESERVED_SLUGS, OldAddress, Post, PostQuerySet, Tag

__all__ = [
    "RESERVED_SLUGS",
    "Announcement",
    "FaqEntry",
    "HomeBlock",
    "OldAddress",
    "Page",
    "Picture",
    "Post",
    "PostQuerySet",
    "Tag",
    "Testimonial",
    "Upload",
    "Video",
]
