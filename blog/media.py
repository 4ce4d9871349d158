"""The library's uploads, and the share pictures of posts."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.core.files.storage import default_storage

from massagerx.lib.pictures import Encoded
from massagerx.lib.stored_picture import AT_ONCE, new_token, store

from . import share
from .models import Picture, Post, Upload


def keep_upload(encoded: Encoded, file_name: str, *, by: User, now: datetime) -> Upload:
    """Keeps the file of a form that was refused for another reason, from the aware instant `now` on."""
    upload = Upload(
        token=new_token(),
        file_name=file_name[-120:],
        width=encoded.width,
        height=encoded.height,
        added_by=by,
        created_at=now,
    )
    store(upload.name, encoded.data)
    upload.save()
    return upload


def take_up(picture: Picture, upload: Upload, *, now: datetime) -> None:
    """Makes the file of `upload` that of a new `picture`, which the caller saves; asks for its smaller sizes from the
    aware instant `now` on."""
    picture.token, picture.width, picture.height = upload.token, upload.width, upload.height
    picture.sizes_due_at = now
    upload.delete()


def forget_uploads(*, now: datetime) -> int:
    """Deletes files that nobody came back for by the aware instant `now`; returns how many there were."""
    done = 0
    for upload in Upload.objects.stale(now)[:AT_ONCE]:
        # Its name may have become a picture's in the meantime: the row decides, and only one can delete it.
        if Upload.objects.filter(pk=upload.pk).delete()[0]:
            default_storage.delete(upload.name)
            done += 1
    return done


def draw_share_pictures(business_name: str) -> int:
    """Draws the share picture of each post whose title is not what was drawn last; returns how many there were.

    A title with letters that our typeface lacks keeps the site's own picture.
    """
    done = 0
    for post in Post.objects.only("title", "share_words", "share_name"):
        words = share.words_of(post.title, business_name)
        if post.share_words == words:
            continue
        drawn = share.draw(post.title, business_name)
        name = f"pictures/share-{new_token()}.png" if drawn else ""
        if drawn:
            store(name, drawn)
        # Not `save()`: readers see no change of the post's own words.
        Post.objects.filter(pk=post.pk).update(share_words=words, share_name=name)
        if post.share_name:
            default_storage.delete(post.share_name)
        done += 1
        if done == AT_ONCE:
            break
    return done
