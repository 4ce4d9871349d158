"""A form with a file that is refused: what was typed stays, and a good file need not be chosen again."""

import re
import socket
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.test import Client

from blog import media
from blog.models import Picture, Upload
from blog.models.pictures import KEPT_FOR
from massagerx.settings.base import media_storage
from tests.blog.files import picture_file, upload
from tests.blog.posts import HOUR, NOW
from tests.blog.test_admin import errors
from tests.blog.test_pictures import ADD, typed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def kept_in(response: Any) -> str:
    """The token of the file that the form holds on to."""
    found = re.search(r'name="kept" value="([0-9a-f]{32})"', response.content.decode())
    assert found
    return found[1]


def test_file_of_a_form_that_is_refused_for_another_reason_need_not_be_chosen_again(
    writer_client: Client, client: Client
) -> None:
    response = writer_client.post(ADD, typed(upload=upload(picture_file(60, 40)), alt="", credit="A. Maker"))
    token = kept_in(response)
    page = response.content.decode()
    assert "We kept “Our Garden.jpg” for you" in page
    assert 'value="A. Maker"' in page
    assert client.get(f"/media/pictures/{token}.webp").status_code == 200
    # However often it is refused.
    assert kept_in(writer_client.post(ADD, typed(kept=token, alt=" "))) == token
    assert not Picture.objects.exists()

    assert writer_client.post(ADD, typed(kept=token)).status_code == 302

    picture = Picture.objects.get()
    assert (picture.token, picture.width, picture.height) == (token, 60, 40)
    assert picture.sizes_due_at == NOW
    assert not Upload.objects.exists()
    # A second press finds it used.
    response = writer_client.post(ADD, typed(kept=token))
    assert errors(response) == {"upload": ["We no longer have the file. Please choose it again."]}


def test_another_file_takes_the_place_of_the_kept_one(writer_client: Client) -> None:
    token = kept_in(writer_client.post(ADD, typed(upload=upload(picture_file(60, 40)), alt="")))
    # One that is refused leaves the kept one.
    response = writer_client.post(ADD, typed(upload=upload(b"nothing"), kept=token))
    assert kept_in(response) == token
    writer_client.post(ADD, typed(upload=upload(picture_file(80, 40)), kept=token))

    assert Picture.objects.get().width == 80


def test_refused_file_leaves_the_rest_as_it_was_typed(writer_client: Client) -> None:
    response = writer_client.post(ADD, typed(upload=upload(b"<svg/>"), alt="Hands at rest", focal_x="70"))

    assert errors(response)["upload"] == [
        "We can't read this file as a picture. Use a JPEG, PNG or WebP.",
        "Nothing else is lost: only the file has to be chosen again.",
    ]
    page = response.content.decode()
    assert 'value="Hands at rest"' in page
    assert 'value="70"' in page
    assert not Upload.objects.exists()


def test_kept_file_is_its_writer_s_alone_and_for_a_day(
    writer_client: Client, clock: time_machine.Traveller
) -> None:
    token = kept_in(writer_client.post(ADD, typed(upload=upload(picture_file(60, 40)), alt="")))
    name = Upload.objects.get().name
    other = Client()
    other.force_login(User.objects.create_superuser("owner", "o@example.com", "a-long-password"))
    for odd in (token, "x", "\x00", "f" * 32, "f" * 9999):
        assert "upload" in errors(other.post(ADD, typed(kept=odd)))
    assert media.forget_uploads(now=NOW + KEPT_FOR - HOUR) == 0

    clock.move_to(NOW + KEPT_FOR)
    writer_client.force_login(User.objects.get(username="writer"))
    assert "upload" in errors(writer_client.post(ADD, typed(kept=token)))
    assert default_storage.exists(name)
    assert media.forget_uploads(now=NOW + KEPT_FOR) == 1
    assert not default_storage.exists(name)
    assert not Upload.objects.exists()


FULL = {"BACKEND": "tests.support.full_disk.FullDisk"}
NOT_KEPT = (
    "The picture can't be kept right now: the place for pictures is full, or doesn't answer. Nothing else is lost: "
    "please choose it again and save in some minutes."
)


@pytest.mark.parametrize(("alt", "refused"), [("Hands at rest", ["upload"]), ("", ["alt", "upload"])])
def test_a_full_disk_is_told_kindly_and_leaves_nothing_half_written(
    writer_client: Client, settings: Any, alt: str, refused: list[str]
) -> None:
    settings.STORAGES = {**settings.STORAGES, "default": FULL}

    response = writer_client.post(
        ADD, typed(upload=upload(picture_file(60, 40)), alt=alt, credit="A. Maker", focal_x="70")
    )

    assert sorted(errors(response)) == refused
    assert NOT_KEPT in errors(response)["upload"]
    page = response.content.decode()
    assert 'value="A. Maker"' in page
    assert 'value="70"' in page
    assert "We kept" not in page
    assert not Picture.objects.exists()
    assert not Upload.objects.exists()
    assert default_storage.holds_nothing()  # type: ignore[attr-defined]


def test_a_picture_whose_store_is_away_is_asked_for_again(
    writer_client: Client, client: Client, settings: Any
) -> None:
    writer_client.post(ADD, typed(upload=upload(picture_file(60, 40))))
    address = default_storage.url(Picture.objects.get().name)
    assert client.get(address).status_code == 200
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = media_storage(f"http://127.0.0.1:{closed.getsockname()[1]}/media", keys=("a", "b"))
        settings.STORAGES = {**settings.STORAGES, "default": away}

        response = client.get(address)
        # The row goes, whatever the store says.
        writer_client.post(f"/admin/blog/picture/{Picture.objects.get().pk}/delete/", {"post": "yes"})

    assert response.status_code == 503
    assert (response["Retry-After"], response["Cache-Control"]) == ("60", "no-store")
    assert not Picture.objects.exists()
