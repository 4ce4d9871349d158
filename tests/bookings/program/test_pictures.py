"""The owner's pictures and videos of exercises, and the timer, as the client's page shows them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pikepdf
import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from PIL import Image

from bookings.models import Booking
from bookings.program.models import ExercisePicture, Program, ProgramExercise, TemplateExercise
from bookings.program.tasks import make_picture_sizes
from massagerx.lib.upload_limits import MOST_PICTURE_BYTES
from tests.blog.files import picture_file, upload
from tests.bookings.views.visits.browsers import text
from tests.support.papers import said_of, unheard

from .conftest import exercise_of, make, make_exercise, make_template, page_of
from .test_papers import made

pytestmark = pytest.mark.django_db
ADD = "admin:program_exercisepicture_add"
YOUTUBE, ELSEWHERE = "https://youtu.be/abc_DEF-123", "https://videos.example.com/bridge"


def typed(data: bytes, **changes: Any) -> dict[str, Any]:
    return {"title": "Hips up", "upload": upload(data), "focal_x": 50, "focal_y": 20, **changes}


def added(owner: Client) -> ExercisePicture:
    response = owner.post(reverse(ADD), typed(picture_file()))
    assert response.status_code == 302, text(response)
    return ExercisePicture.objects.get()


def test_a_picture_stands_beside_the_drawing_once_its_sizes_are_made(
    owner: Client, client: Client, visit: Booking, staff: User
) -> None:
    picture = added(owner)
    bridge = make_exercise(picture=picture)
    program = make(visit, make_template((bridge, 1, 8)), staff)
    assert "Hips up" not in client.get(page_of(program)).content.decode()
    make_picture_sizes()
    page = client.get(page_of(program)).content.decode()
    assert 'alt="Hips up"' in page
    assert 'width="400" height="300"' in page
    assert 'class="exercise__picture"' in page
    file = made(program)
    assert said_of(file)["figures"] == ["Line drawing: Bridge", "Hips up"]
    assert unheard(file) == []
    with pikepdf.open(BytesIO(file)) as paper:
        widths = [int(image.Width) for page in paper.pages for image in page.get_images().values()]
    assert widths == [400]

    # The exercise goes from the library, and clients keep it with its picture.
    TemplateExercise.objects.all().delete()
    bridge.delete()
    assert 'alt="Hips up"' in client.get(page_of(program)).content.decode()
    refused = owner.post(reverse("admin:program_exercisepicture_delete", args=[picture.pk]), {"post": "yes"})
    assert "Bridge" in text(refused)
    assert ExercisePicture.objects.exists()


def test_another_focus_cuts_it_anew(owner: Client) -> None:
    picture = added(owner)
    make_picture_sizes()
    page = reverse("admin:program_exercisepicture_change", args=[picture.pk])
    assert "data-focus" in owner.get(page).content.decode()
    owner.post(page, {"title": "Hips high", "focal_x": 50, "focal_y": 20})
    picture.refresh_from_db()
    assert (picture.title, picture.sizes_due_at) == ("Hips high", None)
    owner.post(page, {"title": "Hips high", "focal_x": 10, "focal_y": 20})
    make_picture_sizes()
    picture.refresh_from_db()
    assert picture.cover_focus == "10-20"
    assert owner.post(page, {"title": "Hips high", "focal_x": 101, "focal_y": 20}).status_code == 200
    picture.refresh_from_db()
    assert picture.focal_x == 10


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xd8" + b"0" * MOST_PICTURE_BYTES, "too large"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "Use a JPEG, PNG or WebP"),
        (b"%PDF-1.4", "Use a JPEG, PNG or WebP"),
        (b"", "empty"),
    ],
    ids=["too large", "svg", "pdf", "empty"],
)
def test_what_is_no_picture_is_refused_kindly(owner: Client, data: bytes, words: str) -> None:
    response = owner.post(reverse(ADD), typed(data))
    assert response.status_code == 200
    assert words in text(response)
    # What was typed is still there.
    assert 'value="Hips up"' in response.content.decode()
    assert not ExercisePicture.objects.exists()


def test_a_picture_for_print_is_taken_and_shown_in_screen_colors(owner: Client) -> None:
    out = BytesIO()
    Image.new("CMYK", (60, 40), (0, 0, 0, 0)).save(out, "JPEG")
    assert owner.post(reverse(ADD), typed(out.getvalue())).status_code == 302
    with default_storage.open(ExercisePicture.objects.get().name) as file:
        assert Image.open(file).mode == "RGB"


def test_another_picture_takes_the_approval_away(owner: Client) -> None:
    picture, bridge = added(owner), make_exercise()
    page = reverse("admin:program_exercise_change", args=[bridge.pk])
    form = owner.get(page).context["adminform"].form
    sent = {name: form[name].value() for name in form.fields}
    sent = {name: "" if value is None else value for name, value in sent.items()}
    assert owner.post(page, {**sent, "picture": picture.pk}).status_code == 302
    bridge.refresh_from_db()
    assert (bridge.picture, bridge.approved_by) == (picture, "")


def test_a_video_is_asked_for_by_a_press_alone(client: Client, program: Program) -> None:
    page = page_of(program)
    assert "frame-src" not in client.get(page)["Content-Security-Policy"].replace("frame-src 'none'", "")
    ProgramExercise.objects.filter(program=program).update(video_url=YOUTUBE)
    response = client.get(page)
    shown = response.content.decode()
    assert "frame-src https://www.youtube-nocookie.com" in response["Content-Security-Policy"]
    assert "<iframe" not in shown
    assert 'data-video="https://www.youtube-nocookie.com/embed/abc_DEF-123' in shown
    assert 'href="https://www.youtube.com/watch?v=abc_DEF-123"' in shown
    assert "js/video.js" in shown
    # Of another host it stays a link: no frame of it is allowed.
    ProgramExercise.objects.filter(program=program).update(video_url=ELSEWHERE)
    response = client.get(page)
    assert f'href="{ELSEWHERE}"' in response.content.decode()
    assert "js/video.js" not in response.content.decode()
    assert "example.com" not in response["Content-Security-Policy"]


def test_seconds_have_a_timer_and_are_words_without_it(client: Client, program: Program) -> None:
    page = page_of(program)
    assert "data-timer" not in client.get(page).content.decode()
    ProgramExercise.objects.filter(pk=exercise_of(program).pk).update(unit="seconds", amount=30)
    shown = client.get(page).content.decode()
    assert '<div class="timer" data-timer="30" hidden>' in shown
    assert "30 seconds, 2 times" in text(client.get(page))
    assert "js/timer.js" in shown
