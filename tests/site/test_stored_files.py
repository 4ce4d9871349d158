"""Stored files that no row names: found, and deleted only when a person says so."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.utils import timezone

from blog.media import draw_share_pictures, keep_upload
from blog.models import Picture
from bookings.models import Photo
from bookings.program.models import ExercisePicture
from massagerx.lib.logo import EncodedLogo
from massagerx.lib.pictures import Encoded, encode_upload
from massagerx.lib.stored_picture import make_sizes, new_token, picture_name, store
from massagerx.site import stored_files, tasks
from massagerx.site.stored_files import YOUNG
from services.models import Business
from tests.blog.files import make_picture, picture_file
from tests.blog.posts import make_post
from tests.bookings.photos import add_photo
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def left() -> set[str]:
    """What nobody names, among all that somebody does."""
    with suppress(FileNotFoundError):  # of tests before, whose rows are gone
        for name in default_storage.listdir("pictures/")[1]:
            default_storage.delete(f"pictures/{name}")
    picture, photo = make_picture(now=NOW), add_photo("table")
    of_exercise = ExercisePicture(title="Hips up", token=new_token())
    data = picture_file()
    of_exercise.put_away(encode_upload(BytesIO(data), len(data)), now=NOW)
    of_exercise.save()
    make_post(title="A quiet room")
    user = User.objects.create_user("writer")
    for model in (Picture, Photo, ExercisePicture):
        assert make_sizes(model, now=NOW) == 1
    assert draw_share_pictures("Massage Rx") == 1
    keep_upload(Encoded(b"picture", 9, 9), "room.jpg", by=user, now=NOW)
    logo = Business(phone="+12135550142", email="hello@example.com")
    logo.put_logo(EncodedLogo(Encoded(b"logo", 9, 9), b"share"))
    picture.refresh_from_db()
    # A worker that died: a picture without a row, a size that a moved focus left, a share picture of before, of a logo
    # too.
    names = {
        picture_name(new_token()),
        f"pictures/{picture.token}-cover-1-2-400.webp",
        f"pictures/{photo.token}-9999.webp",
        f"pictures/share-{new_token()}.png",
        f"pictures/{new_token()}-share.png",
    }
    for name in names:
        store(name, b"left")
    default_storage.save("pictures/of-somebody-else.webp", ContentFile(b"not ours"))
    return names


def test_what_no_row_names_is_found_once_it_is_a_day_old(left: set[str]) -> None:
    now = timezone.now()
    assert list(stored_files.orphans(now=now + YOUNG - timedelta(hours=1))) == []
    assert set(stored_files.orphans(now=now + YOUNG)) == left


def test_nothing_is_deleted_before_somebody_says_so(left: set[str], caplog: pytest.LogCaptureFixture) -> None:
    before = set(default_storage.listdir("pictures/")[1])
    with time_machine.travel(timezone.now() + 2 * YOUNG):
        with caplog.at_level(logging.WARNING, logger="massagerx.media"):
            tasks.count_stored_files()
        shown = StringIO()
        call_command("sweep_files", stdout=shown)
        assert set(default_storage.listdir("pictures/")[1]) == before
        assert [record.files for record in caplog.records] == [5]  # type: ignore[attr-defined]
        assert shown.getvalue().splitlines()[-1] == "5 files listed; nothing was deleted."
        assert set(shown.getvalue().splitlines()[:-1]) == left
        call_command("sweep_files", "--delete", stdout=StringIO())
        assert {f"pictures/{name}" for name in before - set(default_storage.listdir("pictures/")[1])} == left
        assert list(stored_files.orphans(now=timezone.now())) == []


def test_a_file_that_a_row_has_come_to_name_stays(left: set[str]) -> None:
    (name,) = (name for name in left if len(name) == len(picture_name(new_token())) and "share" not in name)
    picture = make_picture()
    Picture.objects.filter(pk=picture.pk).update(token=name.removeprefix("pictures/").removesuffix(".webp"))
    stored_files.delete(name)
    assert default_storage.exists(name)


def test_a_store_that_is_away_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_folder: str) -> None:
        raise OSError("the media store: EndpointConnectionError")

    monkeypatch.setattr(default_storage, "listdir", away)
    with pytest.raises(CommandError, match="can't be read: the media store"):
        call_command("sweep_files")


def test_as_many_queries_for_many_files_as_for_few(left: set[str], django_assert_num_queries: Any) -> None:
    for _number in range(30):
        store(picture_name(new_token()), b"left")
    with django_assert_num_queries(6):
        assert len(list(stored_files.orphans(now=timezone.now() + YOUNG))) == 35
