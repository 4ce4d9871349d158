"""Posts to test with. The clock of these tests stands at `NOW`."""

from datetime import UTC, datetime, timedelta
from typing import Any

from blog.models import Post, Tag

#: Noon in Los Angeles on Wednesday 2 December 2026.
NOW = datetime(2026, 12, 2, 20, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def make_post(slug: str = "a-post", **fields: Any) -> Post:
    """A post published an hour ago."""
    values = {
        "title": slug.replace("-", " ").capitalize(),
        "body": f"<p>The words of {slug}.</p>",
        "status": Post.Status.PUBLISHED,
        "published_at": NOW - HOUR,
    }
    return Post.objects.create(slug=slug, **{**values, **fields})


def make_draft(slug: str = "a-draft", **fields: Any) -> Post:
    return make_post(slug, **{"status": Post.Status.DRAFT, "published_at": None, **fields})


def make_scheduled(slug: str = "a-scheduled-post", **fields: Any) -> Post:
    """A post that appears an hour from now."""
    return make_post(slug, published_at=NOW + HOUR, **fields)


def make_tag(slug: str = "posture") -> Tag:
    return Tag.objects.create(slug=slug, name=slug.capitalize())
