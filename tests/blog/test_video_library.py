"""Videos as the writer adds them to the library."""

import pytest
from django.test import Client

from blog.models import Video

CODE = "abc_DEF-123"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "https://example.com/video"}, "url"),
        ({"url": "no address"}, "url"),
        ({"url": f"https://youtu.be/{CODE}"}, "url"),
        ({"title": ""}, "title"),
    ],
)
def test_refused_video_says_why(writer_client: Client, changes: dict[str, str], field: str) -> None:
    Video.objects.create(url=f"https://www.youtube.com/watch?v={CODE}", title="There already")
    typed = {"url": "https://youtu.be/999_DEF-123", "title": "Slow breaths", "poster": "", **changes}

    response = writer_client.post("/admin/blog/video/add/", typed)

    assert set(response.context["adminform"].form.errors) == {field}
    assert Video.objects.count() == 1


@pytest.mark.django_db
def test_writer_adds_a_video_and_finds_it_in_the_library(writer_client: Client) -> None:
    writer_client.post(
        "/admin/blog/video/add/",
        {"url": f"https://youtu.be/{CODE}?si=x", "title": "Slow breaths", "poster": ""},
    )

    assert Video.objects.get().url == f"https://www.youtube.com/watch?v={CODE}"
    assert "Slow breaths" in writer_client.get("/admin/blog/video/choose/?q=slow").content.decode()
