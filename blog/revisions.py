"""The versions that a post's words went through: nothing that was saved once is lost."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from .models import Post, PostRevision


def keep(post: Post, *, by: User | None, now: datetime, before: Post | None = None) -> None:
    """Keeps the words of the saved `post` as a version, unless its newest version says the same.

    `before` is the post as it stood before, for posts that have no version yet: those that were not written in the
    admin. `now` is an aware instant.
    """
    newest = post.revisions.first()
    if newest is None and before is not None:
        newest = _write(before, None, before.updated_at)
    if newest is None or newest.words() != _words(post):
        _write(post, by, now)


@transaction.atomic
def restore(revision: PostRevision, *, by: User, now: datetime) -> Post:
    """Brings the words of `revision` back into its post, whose present words stay as a version. `now` is an aware
    instant."""
    post = Post.objects.select_for_update().get(pk=revision.post_id)
    before = Post.objects.get(pk=post.pk)
    for name in PostRevision.FIELDS:
        setattr(post, name, getattr(revision, name))
    post.save()
    keep(post, by=by, now=now, before=before)
    return post


def _words(post: Post) -> tuple[str, ...]:
    return tuple(getattr(post, name) for name in PostRevision.FIELDS)


def _write(post: Post, by: User | None, saved_at: datetime) -> PostRevision:
    words = dict(zip(PostRevision.FIELDS, _words(post), strict=True))
    return PostRevision.objects.create(post=post, saved_at=saved_at, saved_by=by, **words)
