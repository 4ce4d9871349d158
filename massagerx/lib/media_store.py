"""Media in a bucket of an S3-compatible store, for more web machines than one. Chosen by `MEDIA_BUCKET`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from s3transfer.exceptions import RetriesExceededError
from storages.backends.s3 import S3Storage


@contextmanager
def as_os_error(store: str = "the media store") -> Iterator[None]:
    """What the store's library raises, as what a disk would: callers know one kind of trouble."""
    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error, RetriesExceededError) as error:
        raise OSError(f"{store}: {type(error).__name__}") from error


class BucketStorage(S3Storage):
    """A bucket that nobody but us may read. Visitors ask this site for pictures, never the store.

    Methods raise OSError when the store is away, slow, full or refuses us, and FileNotFoundError for a name that it
    doesn't have.
    """

    def url(self, name: str, *args: Any, **kwargs: Any) -> str:
        """The file's address on this site."""
        return f"{settings.MEDIA_URL}{quote(name)}"

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""
        with as_os_error():
            return bool(super().exists(name))

    def delete(self, name: str) -> None:
        """Deletes the file, if it is there."""
        with as_os_error():
            super().delete(name)

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        """The names of folders and files in a folder."""
        with as_os_error():
            folders, files = super().listdir(name)
            return folders, files

    def _open(self, name: str, mode: str = "rb") -> Any:
        with as_os_error():
            file: Any = super()._open(name, mode)
            if "r" in mode:
                _whole = (
                    file.file
                )  # fetched now: a store that breaks off must not cut an answer that has begun
            return file

    def _save(self, name: str, content: Any) -> str:
        with as_os_error():
            return str(super()._save(name, content))
