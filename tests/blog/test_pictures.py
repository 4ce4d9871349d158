"""Pictures on their way in and out: what is refused, what is taken away, what is made of them."""

from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import IntegrityError
from django.test import Client
from PIL import Image

from blog.models import Page, Picture
from massagerx.lib import pictures
from massagerx.lib.stored_picture import CLAIM, make_sizes
from massagerx.lib.upload_limits import MOST_PICTURE_BYTES
from tests.blog.files import figure, make_picture, make_video, picture_file, upload
from tests.blog.posts import HOUR, NOW, make_draft, make_post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

ADD = "/admin/blog/picture/add/"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def typed(**changes: Any) -> dict[str, Any]:
    return {"alt": "Red and blue", "credit": "", "focal_x": "50", "focal_y": "50", **changes}


def stored(name: str) -> Image.Image:
    with default_storage.open(name) as file:
        return Image.open(BytesIO(file.read()))


def encode(data: bytes) -> pictures.Encoded:
    return pictures.encode_upload(BytesIO(data), len(data))


def test_upload_is_encoded_anew_under_a_random_name(writer_client: Client) -> None:
    response = writer_client.post(ADD, typed(upload=upload(picture_file(), "../../etc/Our Garden.jpg.php")))

    assert response.status_code == 302
    picture = Picture.objects.get()
    assert picture.name == f"pictures/{picture.token}.webp"
    assert len(picture.token) == 32
    assert stored(picture.name).format == "WEBP"
    assert (picture.width, picture.height) == (900, 600)


def test_what_the_camera_wrote_is_taken_away_and_the_picture_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "Canary Camera"
    data = picture_file(900, 600, exif=exif)
    assert b"Canary Camera" in data

    encoded = encode(data)

    assert (encoded.width, encoded.height) == (600, 900)
    assert b"Canary" not in encoded.data
    image = Image.open(BytesIO(encoded.data))
    assert not image.getexif()
    assert "icc_profile" not in image.info


def test_large_picture_is_kept_at_a_size_for_screens() -> None:
    encoded = encode(picture_file(5000, 4000))

    assert (encoded.width, encoded.height) == (2400, 1920)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "AVIF"])
def test_other_kinds_of_pictures_are_taken(kind: str) -> None:
    assert encode(picture_file(60, 40, kind)).width == 60


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_unusual_pixels_are_taken(mode: str) -> None:
    out = BytesIO()
    Image.new(mode, (60, 40)).save(out, "JPEG" if mode == "CMYK" else "PNG")

    image = Image.open(BytesIO(encode(out.getvalue()).data))

    assert image.mode == ("RGBA" if mode in ("LA", "RGBA") else "RGB")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>no picture</html>",
        SVG,
        b"%PDF-1.4",
        picture_file()[:2000],
        b"GIF89a" + b"\xff" * 500,
        picture_file(60, 40, "TIFF"),
        picture_file(60, 40, "BMP"),
    ],
    ids=["empty", "html", "svg", "pdf", "cut off", "noise", "tiff", "bmp"],
)
def test_what_is_no_picture_is_refused(writer_client: Client, data: bytes) -> None:
    response = writer_client.post(ADD, typed(upload=upload(data), credit="Kept"))

    assert response.status_code == 200
    assert set(response.context["adminform"].form.errors) == {"upload"}
    assert 'value="Kept"' in response.content.decode()
    assert not Picture.objects.exists()


def test_too_many_pixels_are_refused_before_they_are_unfolded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = picture_file(5001, 5000, "PNG")
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("unfolded"))

    with pytest.raises(ValidationError, match="25 megapixels"):
        encode(data)


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(ValidationError, match="5 MB"):
        pictures.encode_upload(BytesIO(picture_file()), MOST_PICTURE_BYTES + 1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"alt": ""}, "alt"),
        ({"alt": "  "}, "alt"),
        ({"alt": "x" * 201}, "alt"),
        ({"focal_x": "101"}, "focal_x"),
        ({"focal_y": "-1"}, "focal_y"),
        ({"focal_y": "middle"}, "focal_y"),
    ],
)
def test_refused_picture_says_why(writer_client: Client, changes: dict[str, str], field: str) -> None:
    response = writer_client.post(ADD, typed(upload=upload(picture_file(60, 40)), **changes))

    assert set(response.context["adminform"].form.errors) == {field}
    assert not Picture.objects.exists()


def test_decoration_needs_no_words_and_shows_none(writer_client: Client) -> None:
    writer_client.post(ADD, typed(upload=upload(picture_file(60, 40)), alt="", is_decorative="on"))

    assert Picture.objects.get().shown_alt == ""


@pytest.mark.integrity
@pytest.mark.django_db(transaction=True)
def test_database_refuses_a_picture_without_words() -> None:
    with pytest.raises(IntegrityError):
        make_picture(alt="")
    with pytest.raises(IntegrityError):
        make_picture(focal_x=101)


# Smaller sizes -----------------------------------------------------------------------------------------------


def test_sizes_are_made_once_and_never_larger_than_the_picture() -> None:
    picture = make_picture(width=1000, height=1500)

    assert make_sizes(Picture, now=NOW) == 1
    assert make_sizes(Picture, now=NOW + HOUR) == 0

    picture.refresh_from_db()
    assert picture.whole_widths == [480, 800]
    assert picture.cover_widths == [480, 800]
    assert stored(picture.whole_name(480)).size == (480, 720)
    assert stored(picture.cover_name(800)).size == (800, 450)
    assert stored(picture.cover_name(800)).format == "WEBP"


@pytest.mark.parametrize(("focus", "color"), [(0, "red"), (30, "red"), (70, "blue"), (100, "blue")])
def test_cover_is_cut_around_the_focus(focus: int, color: str) -> None:
    picture = make_picture(width=1600, height=400, focal_x=focus)
    make_sizes(Picture, now=NOW)
    picture.refresh_from_db()

    cover = stored(picture.cover_name(480)).convert("RGB")
    red, _green, blue = cover.getpixel((240, 135))  # type: ignore[misc]

    assert (red > 150 > blue) if color == "red" else (blue > 150 > red)


def test_moved_focus_makes_new_covers_under_new_names(writer_client: Client) -> None:
    picture = make_picture(width=1600, height=400)
    make_sizes(Picture, now=NOW)
    picture.refresh_from_db()
    old = picture.cover_name(480)

    writer_client.post(f"/admin/blog/picture/{picture.pk}/change/", typed(focal_x="90"))
    make_sizes(Picture, now=NOW)

    picture.refresh_from_db()
    assert picture.cover_name(480) != old
    assert not default_storage.exists(old)
    assert default_storage.exists(picture.cover_name(480))


def test_dark_twin_is_another_picture(writer_client: Client) -> None:
    dark, bright = make_picture(), make_picture()
    address = f"/admin/blog/picture/{bright.pk}/change/"
    refused = writer_client.post(address, typed(dark=bright.pk))
    assert "Choose another picture: this one is the bright one." in refused.content.decode()
    assert writer_client.post(address, typed(dark=dark.pk)).status_code == 302
    bright.refresh_from_db()
    assert bright.dark == dark


def test_new_words_make_no_new_sizes(writer_client: Client) -> None:
    picture = make_picture()
    make_sizes(Picture, now=NOW)

    writer_client.post(f"/admin/blog/picture/{picture.pk}/change/", typed(alt="Other words"))

    picture.refresh_from_db()
    assert picture.alt == "Other words"
    assert picture.sizes_due_at is None


def test_picture_that_another_worker_has_is_left_alone() -> None:
    picture = make_picture()
    ours, theirs = Picture.objects.get(), Picture.objects.get()

    assert Picture.objects.claim(ours, now=NOW, until=NOW + CLAIM)
    assert not Picture.objects.claim(theirs, now=NOW, until=NOW + CLAIM)
    assert make_sizes(Picture, now=NOW) == 0
    assert make_sizes(Picture, now=NOW + CLAIM) == 1  # a worker that died gives it back
    picture.refresh_from_db()
    assert picture.sizes_due_at is None


def test_focus_moved_while_sizes_are_made_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = make_picture()
    cut = pictures.cut

    def moved_meanwhile(*args: Any) -> Any:
        Picture.objects.filter(pk=picture.pk).update(focal_x=90, sizes_due_at=NOW + HOUR)
        return cut(*args)

    monkeypatch.setattr(pictures, "cut", moved_meanwhile)
    make_sizes(Picture, now=NOW)
    monkeypatch.setattr(pictures, "cut", cut)
    make_sizes(Picture, now=NOW + HOUR)

    picture.refresh_from_db()
    assert picture.cover_focus == "90-50"


def test_broken_file_does_not_hold_up_the_others() -> None:
    broken, fine = make_picture(), make_picture()
    default_storage.delete(broken.name)

    assert make_sizes(Picture, now=NOW) == 1

    fine.refresh_from_db()
    broken.refresh_from_db()
    assert fine.sizes_due_at is None
    assert broken.sizes_due_at == NOW + CLAIM


def test_tasks_do_it_in_a_worker(clock: Any) -> None:
    from blog.tasks import draw_share_pictures, make_picture_sizes

    make_picture()
    post = make_post()

    make_picture_sizes()
    draw_share_pictures()

    assert Picture.objects.get().sizes_due_at is None
    post.refresh_from_db()
    assert stored(post.share_name).size == (1200, 630)


# Served and deleted ------------------------------------------------------------------------------------------


def test_picture_is_served_for_good_and_not_packed_again(client: Client) -> None:
    picture = make_picture()

    response = client.get(picture.address, headers={"Accept-Encoding": "gzip"})

    assert response.status_code == 200
    assert response["Content-Type"] == "image/webp"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "Content-Encoding" not in response
    assert int(response["Content-Length"]) == len(b"".join(response))


@pytest.mark.parametrize(
    "name",
    [
        "../db.sqlite3",
        "booklets/posture.pdf",
        "pictures/../secret.webp",
        "pictures/none.webp",
        "pictures/",
        "",
    ],
)
def test_nothing_else_is_served_from_the_store(client: Client, name: str) -> None:
    from django.core.files.base import ContentFile

    default_storage.save("booklets/posture.pdf", ContentFile(b"%PDF"))

    assert client.get(f"/media/{name}").status_code == 404


def test_deleted_picture_takes_its_files_along(
    writer_client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    picture = make_picture()
    make_sizes(Picture, now=NOW)
    picture.refresh_from_db()
    names = picture.files()
    assert all(default_storage.exists(name) for name in names)

    with django_capture_on_commit_callbacks(execute=True):
        writer_client.post(f"/admin/blog/picture/{picture.pk}/delete/", {"post": "yes"})

    assert not Picture.objects.exists()
    assert not any(default_storage.exists(name) for name in names)


@pytest.mark.parametrize("use", ["cover", "post", "page", "poster"])
def test_picture_in_use_is_not_deleted(writer_client: Client, use: str) -> None:
    picture = make_picture()
    if use == "cover":
        make_draft(cover=picture)
    elif use == "post":
        make_draft(body=figure(picture))
    elif use == "page":
        Page.objects.create(slug="about", title="About", body=figure(picture))
    else:
        make_video(poster=picture)

    single = writer_client.post(f"/admin/blog/picture/{picture.pk}/delete/", {"post": "yes"})
    several = writer_client.post(
        "/admin/blog/picture/", {"action": "delete_selected", "_selected_action": [picture.pk], "post": "yes"}
    )

    assert single.status_code == several.status_code == 200
    assert default_storage.exists(Picture.objects.get().name)


def test_list_asks_as_many_queries_for_one_picture_as_for_thirty(
    writer_client: Client, count_queries: Any
) -> None:
    def place() -> None:
        assert writer_client.get("/admin/blog/picture/").status_code == 200
        assert writer_client.get("/admin/blog/picture/choose/").status_code == 200

    first = make_picture(width=60, height=40)
    place()
    with count_queries() as one:
        place()
    Picture.objects.bulk_create(Picture(alt=f"Picture {n}", width=60, height=40) for n in range(29))
    assert first.pk
    with count_queries() as thirty:
        place()

    assert len(thirty) == len(one)


def test_library_is_searched_and_kept_from_strangers(writer_client: Client, client: Client) -> None:
    make_picture("A lamp by the sofa")
    make_picture("Two towels")

    found = writer_client.get("/admin/blog/picture/choose/?q=lamp").content.decode()

    assert "A lamp by the sofa" in found
    assert "Two towels" not in found
    assert client.get("/admin/blog/picture/choose/").status_code == 302
    assert writer_client.get("/admin/blog/picture/choose/?q=nothing").status_code == 200
