"""Where archives lie: in a folder, or in a bucket of a store that speaks S3."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from .archive import SUFFIX

_PREFIX = "massagerx-"
_ERASED = "erased"
# Seconds.
_LOOK_EVERY = 300


class Place(Protocol):
    """Methods raise OSError where the place is away, full or refuses us."""

    def archives(self) -> dict[str, datetime]:
        """When each archive in it was finished, in UTC, by name; the newest name first."""

    def workshop(self) -> AbstractContextManager[Path]:
        """A folder to make an archive in, until the block ends."""

    def put(self, made: Path) -> str:
        """Puts an archive that was made in the workshop into the place; returns what names it there."""

    def delete(self, name: str) -> None:
        """Takes an archive out of the place."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine."""

    path: Path

    def archives(self) -> dict[str, datetime]:
        """See `Place`."""
        found = {}
        for path in sorted(self.path.glob(f"{_PREFIX}*{SUFFIX}"), reverse=True):
            with suppress(FileNotFoundError):  # deleted meanwhile
                found[path.name] = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return found

    def workshop(self) -> AbstractContextManager[Path]:
        """See `Place`: the folder itself."""
        return nullcontext(self.path)

    def put(self, made: Path) -> str:
        """See `Place`."""
        return str(made)

    def delete(self, name: str) -> None:
        """See `Place`."""
        (self.path / name).unlink()


class Bucket:
    """The bucket that `BACKUP_BUCKET` names."""

    def __init__(self) -> None:
        self._storage: Any = storages["backups"]

    def archives(self) -> dict[str, datetime]:
        """See `Place`."""
        with _as_os_error():
            rows = self._storage.bucket.objects.filter(Prefix=self._key(_PREFIX))
            found = {
                PurePosixPath(row.key).name: row.last_modified for row in rows if row.key.endswith(SUFFIX)
            }
        return dict(sorted(found.items(), reverse=True))

    def workshop(self) -> AbstractContextManager[Path]:
        """See `Place`."""
        return _folder("making")

    def put(self, made: Path) -> str:
        """See `Place`."""
        with _as_os_error():
            self._storage.bucket.upload_file(str(made), self._key(made.name))
            if self._storage.size(made.name) != made.stat().st_size:
                raise OSError("the store of backups did not take the whole archive")
        return made.name

    def fetch(self, name: str, into: Path) -> Path:
        """Copies an archive into the folder `into`. Raises FileNotFoundError for a name that isn't there."""
        from botocore.exceptions import ClientError

        with _as_os_error():
            try:
                self._storage.bucket.download_file(self._key(name), str(into / name))
            except ClientError as error:
                if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
                    raise
                raise FileNotFoundError(f"There is no {name} in BACKUP_BUCKET.") from error
        return into / name

    def delete(self, name: str) -> None:
        """See `Place`."""
        with _as_os_error():
            self._storage.bucket.Object(self._key(name)).delete()

    def note(self, name: str, line: str) -> None:
        """Keeps a line under a name of its own, beside the archives."""
        self._storage.save(f"{_ERASED}/{name}", ContentFile(line.encode()))

    def notes(self) -> list[str]:
        """All lines, in no order."""
        lines = []
        for name in self._storage.listdir(_ERASED)[1]:
            with self._storage.open(f"{_ERASED}/{name}") as file:
                lines.append(file.read().decode())
        return lines

    def _key(self, name: str) -> str:
        return f"{self._storage.location}/{name}".lstrip("/")


def bucket() -> Bucket | None:
    """The bucket, where one is set."""
    return Bucket() if "backups" in settings.STORAGES else None


def usual() -> Place:
    """Where backups lie: the bucket, or else the folder `BACKUP_DIR`."""
    return bucket() or Folder(Path(settings.BACKUP_DIR))


@contextmanager
def here(name: Path) -> Iterator[Path]:
    """The archive as a file of this machine, until the block ends: `name` itself, or a copy of what the bucket has
    under it. Raises OSError."""
    kept = bucket()
    if kept is None or name.exists():
        yield name
        return
    with _folder("fetched") as folder:
        yield kept.fetch(name.name, folder)


def newest() -> datetime | None:
    """When the newest archive was finished, in UTC; None where there is none. A process asks a bucket once in
    five minutes; `manage.py watch`, a new process each minute, asks each time. Raises OSError while it is away."""
    if bucket() is None:
        return _newest_of(usual())
    found = _looked(str(settings.STORAGES["backups"]), int(time.time() // _LOOK_EVERY))
    if isinstance(found, str):
        raise OSError(found)
    return found


@lru_cache(maxsize=1)
def _looked(address: str, span: int) -> datetime | str | None:
    """When the newest archive was finished, or what is wrong with the bucket."""
    try:
        return _newest_of(usual())
    except OSError as error:
        return str(error)


def _newest_of(place: Place) -> datetime | None:
    return max(place.archives().values(), default=None)


@contextmanager
def _folder(what: str) -> Iterator[Path]:
    with TemporaryDirectory(prefix=f".backup-{what}-", dir=settings.VAR_DIR) as folder:
        yield Path(folder)


def _as_os_error() -> AbstractContextManager[None]:
    # Each process of a site without a bucket would begin with the store's library.
    from massagerx.lib.media_store import as_os_error

    return as_os_error("the store of backups")
