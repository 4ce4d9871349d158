"""Links that let anyone who has one read a post before it is out, for a week."""

from __future__ import annotations

from datetime import timedelta

from django.core import signing

LASTS = timedelta(days=7)
_SALT = "blog.preview"


def preview_token(post_key: int) -> str:
    """A signed name for the post, which says when it was made."""
    return signing.dumps(post_key, salt=_SALT)


def previewed_post(token: str) -> int | None:
    """The key of the post that `token` names, or None when it was altered or is over a week old."""
    try:
        key = signing.loads(token, salt=_SALT, max_age=LASTS)
    except signing.BadSignature:
        return None
    return key if isinstance(key, int) else None
