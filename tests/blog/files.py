"""Pictures to upload, and rows of the library. Files are kept in memory, as the tests' settings say."""

from datetime import datetime
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from blog.models import Picture, Video
from massagerx.lib.pictures import encode_upload
from tests.blog.posts import NOW

YOUTUBE = "https://www.youtube.com/watch?v=abc_DEF-123"


def picture_file(width: int = 900, height: int = 600, kind: str = "JPEG", **options: Any) -> bytes:
    """A picture that is red on its left half and blue on its right."""
    image = Image.new("RGB", (width, height), "#c00")
    image.paste("#00c", (width // 2, 0, width, height))
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def upload(data: bytes, name: str = "Our Garden.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="image/jpeg")


def make_picture(
    alt: str = "Red and blue", *, width: int = 900, height: int = 600, now: datetime = NOW, **fields: Any
) -> Picture:
    """A picture of the library whose smaller sizes are still to be made."""
    data = picture_file(width, height)
    picture = Picture(alt=alt, **fields)
    picture.put_away(encode_upload(BytesIO(data), len(data)), now=now)
    picture.save()
    return picture


def make_video(url: str = YOUTUBE, **fields: Any) -> Video:
    return Video.objects.create(url=url, **{"title": "Slow breaths", **fields})


def figure(picture: Picture, caption: str = "") -> str:
    """What the editor writes for a picture."""
    return f'<figure><img src="{picture.address}" alt="as it was"><figcaption>{caption}</figcaption></figure>'
