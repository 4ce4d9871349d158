"""What we write: posts with their tags and pictures, and the pages, questions and notices that the owner edits."""

from .pages import Announcement, FaqEntry, Page, Testimonial
from .pictures import Picture, Upload, Video
from .posts import RESERVED_SLUGS, OldAddress, Post, PostQuerySet, Tag

__all__ = [
    "RESERVED_SLUGS",
    "Announcement",
    "FaqEntry",
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
