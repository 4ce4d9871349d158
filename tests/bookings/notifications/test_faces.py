"""The faces that emails bring along: small, whole, never a broken picture, and never asked of a server."""

from __future__ import annotations

import os
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from bookings.domain.faces import doorway_of
from bookings.enums import MessageKind
from bookings.models import Message, Therapist
from bookings.notifications.delivery import build
from bookings.notifications.faces import MOST_BYTES, drawing, face_of, with_faces
from bookings.notifications.preview import show
from bookings.notifications.registry import SiteSettings, load_target
from bookings.notifications.render import Email, render
from massagerx.lib.stored_picture import store
from tests.support.visits import NOW, make_business, make_message

from .rendered_emails import LETTERS, write_letter

pytestmark = pytest.mark.django_db


def confirmed() -> tuple[Message, Email]:
    make_business()
    message = make_message(MessageKind.CONFIRMED)
    return message, render(message, load_target(message), SiteSettings.load(), now=NOW)


def therapist_with(data: bytes) -> Therapist:
    """A therapist whose portrait is a stored file of these bytes."""
    make_message(MessageKind.CONFIRMED)
    therapist = Therapist.objects.get()
    name = f"pictures/{os.urandom(8).hex()}-cover-50-50-200.webp"
    store(name, data)
    therapist.portrait = [[name.replace("200", "96"), 96], [name, 200]]
    therapist.save()
    return therapist


def webp(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "WEBP", quality=90)
    return out.getvalue()


def test_each_drawing_is_small_and_leaves_its_corners_to_the_ground() -> None:
    seen = {drawing(doorway_of(key)) for key in range(96)}

    assert len(seen) == 96
    assert max(len(data) for data in seen) <= MOST_BYTES / 2
    for data in seen:
        with Image.open(BytesIO(data)) as image:
            assert (image.format, image.size) == ("PNG", (128, 160))
            pixels = image.convert("RGBA")
            assert [pixels.getpixel((x, 0))[3] for x in (0, 127)] == [0, 0]  # type: ignore[index]
            assert pixels.getpixel((64, 80))[3] >= 250  # type: ignore[index]


def test_a_photo_is_a_small_jpeg_whatever_is_on_it() -> None:
    # Noise is what compresses worst.
    noise = Image.frombytes("RGB", (200, 250), os.urandom(200 * 250 * 3))
    face = face_of(therapist_with(webp(noise)))

    assert face.kind == "jpeg"
    assert len(face.data) <= MOST_BYTES
    with Image.open(BytesIO(face.data)) as image:
        assert (image.format, image.size) == ("JPEG", (128, 160))


@pytest.mark.parametrize("data", [b"", b"not a picture"])
def test_a_photo_that_can_not_be_read_holds_up_no_email(data: bytes) -> None:
    therapist = therapist_with(data)
    assert face_of(therapist).data == drawing(doorway_of(therapist.pk))

    default_storage.delete(therapist.portrait[1][0])
    assert face_of(therapist).kind == "png"


def test_the_html_and_its_picture_are_one_part_and_the_rest_is_as_it_was() -> None:
    message, rendered = confirmed()

    built = message_from_bytes(build(message, rendered).message().as_bytes(), policy=policy.default)

    assert isinstance(built, EmailMessage)
    kinds = [part.get_content_type() for part in built.walk()]
    assert kinds == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
        "text/calendar", "text/calendar",
    ]  # fmt: skip
    html, picture = (
        next(part for part in built.walk() if part.get_content_type() == kind) for kind in kinds[4:6]
    )
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in html.get_content()
    assert picture.get_content_disposition() == "inline"
    assert picture.get_content() == rendered.faces[0].data


def test_an_email_without_a_face_has_no_picture() -> None:
    make_business()
    message = make_message(MessageKind.CODE)
    rendered = render(message, load_target(message), SiteSettings.load(), now=NOW)

    assert rendered.faces == ()
    assert build(message, rendered).message().get_content_type() == "multipart/alternative"


@pytest.mark.parametrize("name", LETTERS)
def test_no_letter_asks_a_server_for_anything(name: str) -> None:
    rendered = write_letter(name)

    sources = re.findall(r'<img[^>]* src="([^"]*)"', rendered.html)
    assert sources == [f"cid:{face.name}" for face in rendered.faces]
    assert "url(" not in rendered.html
    assert not re.search(r'<img(?![^>]* alt=")', rendered.html)


def test_staff_see_the_face_in_the_letter_that_is_shown() -> None:
    message, rendered = confirmed()

    shown = show(message, now=NOW).html

    assert rendered.faces[0].address in shown
    assert "cid:" not in shown


def test_the_face_of_one_who_is_gone_is_anyones() -> None:
    assert "data:image/png;base64," in with_faces('<img src="cid:face-gone-by-now" alt="">')
