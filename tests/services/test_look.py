"""The owner's logo and colors: what is refused and in which words, and where they are seen."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from bookings.notifications.faces import with_faces
from bookings.notifications.registry import SiteSettings
from bookings.notifications.samples import write_sample
from services.look import OFFERED, ColorsForm
from services.models import Business
from tests.factories import NOW, make_world

pytestmark = pytest.mark.django_db
LOOK = reverse("admin:services_business_look")


@pytest.fixture
def owner() -> Client:
    make_world()
    client = Client()
    client.force_login(User.objects.create_superuser("owner", "owner@example.com", "a-long-password"))
    return client


def drawn(
    width: int = 900, height: int = 300, kind: str = "PNG", mode: str = "RGBA", **options: Any
) -> bytes:
    out = BytesIO()
    Image.new(mode, (width, height), (20, 90, 160, 128) if mode != "RGB" else (20, 90, 160)).save(
        out, kind, **options
    )
    return out.getvalue()


def send_logo(owner: Client, data: bytes, name: str = "logo.png") -> Any:
    return owner.post(LOOK, {"do": "logo", "upload": SimpleUploadedFile(name, data)})


def send_colors(owner: Client, main: str, press: str) -> Any:
    return owner.post(LOOK, {"do": "colors", "main_color": main, "press_color": press})


def letter() -> Any:
    return write_sample("confirmed", SiteSettings.load(), now=NOW)


def test_a_long_logo_takes_the_place_of_mark_and_name_everywhere(owner: Client) -> None:
    assert send_logo(owner, drawn()).status_code == 302
    business = Business.load()
    assert (business.logo_width, business.logo_height) == (360, 120)
    with default_storage.open(business.logo_name) as file, Image.open(file) as kept:
        assert (kept.format, kept.size) == ("WEBP", (360, 120))
    page = Client().get("/").content.decode()
    head = page[page.index('<header class="site-header"') : page.index("</header>")]
    assert re.findall(r'<img class="brand__logo" src="(.+?)".+?alt="(.+?)"', head) == [
        (business.logo_url, business.name)
    ]
    assert "<svg viewBox" not in head.partition("<nav")[0]
    assert f"<span>{business.name}</span>" not in head
    assert business.logo_url in page[page.index('<footer class="site-footer"') :]
    assert f'property="og:image" content="http://127.0.0.1:8000{business.share_url}"' in page
    assert '"logo"' in page
    shared = Client().get(business.share_url)
    with Image.open(BytesIO(b"".join(shared))) as picture:
        assert (picture.format, picture.size) == ("PNG", (1200, 630))
        assert picture.convert("RGB").getpixel((5, 5)) == (0xFA, 0xF6, 0xF0)
        assert picture.convert("RGB").getpixel((600, 315)) != (0xFA, 0xF6, 0xF0)
    mail = letter()
    logo = mail.faces[0]
    assert f'src="cid:{logo.name}"' in mail.html
    assert '<div class="arch-door"' not in mail.html
    with Image.open(BytesIO(logo.data)) as picture:
        assert (picture.format, picture.size) == ("PNG", (240, 80))
    assert logo.address in with_faces(mail.html)


@pytest.mark.parametrize("sent", [{"main_color": "#23527c", "press_color": ""}, None], ids=["colors", "logo"])
def test_what_another_tab_saved_meanwhile_stays(owner: Client, sent: dict[str, str] | None) -> None:
    send_logo(owner, drawn())
    seen = Business.load()
    Business.objects.update(tagline="By the sea")
    if sent is None:
        seen.put_logo(None)
    else:
        form = ColorsForm(sent)
        assert form.is_valid()
        form.save(seen)
    business = Business.load()
    assert business.tagline == "By the sea"
    assert (bool(business.logo), business.main_color) == ((False, "") if sent is None else (True, "#23527c"))


def test_of_two_logos_at_once_the_files_of_one_stay(
    owner: Client, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    seen = Business.load()
    send_logo(owner, drawn())
    quicker = Business.load()
    with django_capture_on_commit_callbacks(execute=True):
        seen.put_logo(None)
    assert not any(default_storage.exists(name) for name in quicker.logo_files)


def test_a_high_logo_stands_before_the_name(owner: Client) -> None:
    send_logo(owner, drawn(200, 200))
    business = Business.load()
    page = Client().get("/").content.decode()
    assert re.search(r'<img class="brand__logo"[^>]+ alt="">\s*<span>' + re.escape(business.name), page)
    assert "brand-name" in letter().html or business.name in letter().html


def test_a_new_logo_takes_the_files_of_the_old_away_and_one_can_do_without(
    owner: Client, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    send_logo(owner, drawn())
    first = Business.load()
    with django_capture_on_commit_callbacks(execute=True):
        send_logo(owner, drawn(300, 120))
    assert not default_storage.exists(first.logo_name)
    assert default_storage.exists(Business.load().logo_name)
    with django_capture_on_commit_callbacks(execute=True):
        assert owner.post(LOOK, {"do": "no-logo"}).status_code == 302
    business = Business.load()
    assert (business.logo, business.logo_url, business.share_url) == ("", "", "")
    assert "brand__logo" not in Client().get("/").content.decode()
    # A letter of before is shown without it.
    assert 'src="data:,"' in with_faces(f'<img src="cid:logo-{first.logo}" alt="">')
    assert business.history.count() >= 3


def _animated() -> bytes:
    out = BytesIO()
    frames = [Image.new("RGB", (200, 100), color) for color in ("red", "blue")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


_REFUSED = {
    "an SVG": (
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "read this file as",
    ),
    "a drawing program's file": (b"%!PS-Adobe-3.0 EPSF-3.0", "read this file as a picture"),
    "one for print": (drawn(kind="JPEG", mode="CMYK"), "made for print (CMYK)"),
    "one that moves": (_animated(), "This picture moves"),
    "a dot": (drawn(20, 20), "too small: each side needs 32 pixels"),
    "a thread": (drawn(900, 40), "at most 8 times as long"),
    "nothing": (b"", "empty"),
    "half a file": (drawn()[:300], "read this file as a picture"),
    "more pixels than it says": (drawn(6000, 5000, "PNG", "RGB"), "too large"),
}


@pytest.mark.parametrize("name", _REFUSED)
def test_what_is_no_logo_is_refused_in_words_and_the_old_one_stays(owner: Client, name: str) -> None:
    send_logo(owner, drawn())
    before = Business.load()
    data, words = _REFUSED[name]
    response = send_logo(owner, data)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert Business.load().logo == before.logo
    assert default_storage.exists(before.logo_name)


def test_forty_megabytes_are_refused_in_words(owner: Client) -> None:
    response = send_logo(owner, drawn() + bytes(40 * 1024 * 1024))
    assert response.status_code == 422
    assert "Use one of at most 5 MB" in response.content.decode()
    assert Business.load().logo == ""


def test_a_full_store_costs_nothing_but_the_press(owner: Client) -> None:
    with patch("services.models.store", side_effect=OSError):
        response = send_logo(owner, drawn())
    assert response.status_code == 422
    assert "can&#x27;t be kept right now" in response.content.decode()
    assert Business.load().logo == ""


def test_an_email_without_the_logos_file_has_the_mark(owner: Client) -> None:
    send_logo(owner, drawn(400, 101))
    default_storage.delete(Business.load().logo_name)
    mail = letter()
    assert "cid:logo" not in mail.html
    assert Business.load().name in mail.html


def test_colors_are_on_pages_and_in_emails_by_a_sheet_of_their_own(owner: Client) -> None:
    assert "/colors/" not in Client().get("/").content.decode()
    before = letter().html
    assert send_colors(owner, "#23527C", "#a8482a").status_code == 302
    business = Business.load()
    # The site's own is no choice of the owner's.
    assert (business.main_color, business.press_color) == ("#23527c", "")
    page = Client().get("/")
    assert f'<link rel="stylesheet" href="{business.colors_url}">' in page.content.decode()
    assert "style-src 'self'" in page["Content-Security-Policy"]
    sheet = Client().get(business.colors_url)
    assert (sheet.status_code, sheet["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in sheet["Cache-Control"]
    assert "--eucalyptus:#23527c;" in sheet.content.decode()
    html = letter().html
    assert "#23527c" in html
    assert "#1f5c57" not in html.partition("<body")[2]
    assert "#1f5c57" in before
    # Buttons are the site's own still.
    assert "#a8482a" in html
    send_colors(owner, "#23527c", "#8a2f5b")
    html = letter().html
    assert "#a8482a" not in html.partition("<body")[2]
    assert re.search(r'class="button"[^>]*color: ?#ffffff', html)
    send_colors(owner, "#1f5c57", "#a8482a")
    assert letter().html == before


@pytest.mark.parametrize(
    ("main", "press", "words"),
    [
        (
            "#ffd400",
            "#8a2f5b",
            "#ffd400 is too bright: words would be hard to read. The nearest that holds is #7a6600",
        ),
        ("#23527c", "#FFFFFF", "The nearest that holds is #757575."),
        ("red", "#8a2f5b", "Write a color as # and six digits"),
        ("#23527c;}*{display:none", "#8a2f5b", "Write a color as # and six digits"),
        ("#٣٣٣٣٣٣", "#8a2f5b", "Write a color as # and six digits"),
    ],
)
def test_a_color_that_cant_be_read_is_refused_with_the_nearest(
    owner: Client, main: str, press: str, words: str
) -> None:
    response = send_colors(owner, main, press)
    assert response.status_code == 422
    page = response.content.decode()
    assert words in page
    assert (Business.load().main_color, Business.load().press_color) == ("", "")
    # What was typed is still there.
    assert 'value="#8a2f5b"' in page or 'value="#23527c"' in page
    for name, color in response.context["colors"].nearest.items():
        sent = {"main_color": main, "press_color": press, name: [press, color]}
        assert f'name="{name}" value="{color}"' in page
        assert owner.post(LOOK, {"do": "colors", **sent}).status_code == 302


def test_what_is_offered_holds() -> None:
    for color in OFFERED:
        assert ColorsForm({"main_color": color, "press_color": color}).is_valid(), color


@pytest.mark.parametrize(
    "name", ["own-own-00000000", "zzzzzz-own-00000000", "23527c", "23527c-own-1-2", "23527C-own-00000000"]
)
def test_no_other_address_is_a_sheet(client: Client, name: str) -> None:
    assert client.get(f"/colors/{name}.css").status_code == 404


def test_an_older_sheet_is_not_kept_for_good(client: Client) -> None:
    response = client.get("/colors/23527c-own-00000000.css")
    assert (response.status_code, response["Cache-Control"]) == (200, "no-cache")


def test_a_press_without_a_file_asks_for_one(owner: Client) -> None:
    response = owner.post(LOOK, {"do": "logo"})
    assert (response.status_code, "This field is required" in response.content.decode()) == (422, True)
