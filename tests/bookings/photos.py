"""Photos for the slots of the shoot list."""

from io import BytesIO

from bookings.models import Photo, Therapist
from massagerx.lib.pictures import encode_upload
from tests.blog.files import picture_file
from tests.factories import NOW


def add_photo(slot: str, therapist: Therapist | None = None, *, width: int = 900, height: int = 900) -> Photo:
    """A photo whose sizes are still to be made."""
    data = picture_file(width, height)
    photo = Photo(slot=slot, therapist=therapist)
    photo.put_away(encode_upload(BytesIO(data), len(data)), now=NOW)
    photo.save()
    return photo
