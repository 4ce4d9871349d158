"""One encrypted file with all that a site is made anew from: its database and its media.

Inside is a tar of `database.dump`, `media/…` and, last, `contents.json`, which says what must be found.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any

from django.core.files.storage import Storage
from django.db import connection, transaction

from massagerx.lib.sealed_file import BrokenFile, SealedReader, SealedWriter

from . import tables

SUFFIX = ".backup"
_DUMP, _CONTENTS, _MEDIA = "database.dump", "contents.json", "media"


@dataclass(slots=True)
class Contents:
    """What an archive holds. `files` are SHA-256 digests by name; `made_at` is in UTC."""

    made_at: datetime
    tables: tables.Figures = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> bytes:
        """For the archive."""
        return json.dumps({**asdict(self), "made_at": self.made_at.isoformat()}).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Contents:
        """Raises `BrokenFile` for anything else."""
        try:
            found: dict[str, Any] = json.loads(text)
            figures = {name: (int(rows), str(digest)) for name, (rows, digest) in found["tables"].items()}
            return cls(datetime.fromisoformat(found["made_at"]), figures, dict(found["files"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BrokenFile("The backup's list of contents can't be read.") from error


def make(folder: Path, *, media: Storage, key: str, now: datetime) -> Path:
    """Writes an archive of the database and of `media` into `folder`, named by the instant, and returns its path.

    The database is read in one snapshot, while others go on writing. Raises `tables.ProgramFailed` and OSError; then
    no file is left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents = Contents(now)
    target = folder / f"massagerx-{now:%Y%m%dT%H%M%SZ}{SUFFIX}"
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder) as made:
        dump = Path(made) / _DUMP
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                cursor.execute("SELECT pg_export_snapshot()")
                snapshot: str = cursor.fetchone()[0]
            tables.dump(dump, snapshot=snapshot)
            contents.tables = tables.figures()
        whole = Path(made) / "whole"
        with whole.open("xb") as file:
            with SealedWriter(file, key) as sealed, _tar(sealed, "w|") as tar:
                with dump.open("rb") as dumped:
                    _add(tar, contents, _DUMP, dumped, dump.stat().st_size)
                for name in sorted(_stored(media)):
                    with (
                        suppress(FileNotFoundError),
                        media.open(name) as stored,
                    ):  # deleted since the folder was read
                        _add(tar, contents, f"{_MEDIA}/{name}", stored, stored.size)
                text = contents.as_json()
                last = tarfile.TarInfo(_CONTENTS)
                last.size = len(text)
                tar.addfile(last, BytesIO(text))
            file.flush()
            os.fsync(file.fileno())
        whole.chmod(0o600)
        whole.rename(target)
    return target


def _tar(stream: Any, mode: Any) -> tarfile.TarFile:
    return tarfile.open(fileobj=stream, mode=mode)


class _Digesting:
    """Reads a file, and digests what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._digest.update(data)
        return data

    @property
    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def _stored(storage: Storage, folder: str = "") -> Iterator[str]:
    """The names of all files in the storage."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return  # nothing was ever stored
    yield from (f"{folder}{name}" for name in files)
    for inner in folders:
        yield from _stored(storage, f"{folder}{inner}/")


def _add(tar: tarfile.TarFile, contents: Contents, name: str, file: Any, size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    digesting = _Digesting(file)
    tar.addfile(member, digesting)
    contents.files[name] = digesting.hexdigest


def read(path: Path, *, keys: Sequence[str], into: Path | None = None) -> Contents:
    """Reads an archive to its end and checks every file in it; writes them below the empty folder `into`, if given.

    Raises `BrokenFile`, whatever is wrong with the archive, and OSError.
    """
    found: dict[str, str] = {}
    contents: Contents | None = None
    try:
        with path.open("rb") as file:
            reader = SealedReader(file, keys)
            with _tar(reader, "r|") as tar:
                for member in tar:
                    source = tar.extractfile(member)
                    if source is None:
                        raise BrokenFile(f"{member.name} in the backup is no file.")
                    if member.name == _CONTENTS:
                        contents = Contents.from_json(source.read())
                        continue
                    found[member.name] = _take(member.name, source, into)
            # To the end, so that what was cut off is noticed.
            while reader.read(1 << 20):
                pass
    except tarfile.TarError as error:
        raise BrokenFile("The backup was cut off or altered.") from error
    if contents is None or found != contents.files:
        raise BrokenFile("The backup doesn't hold what its list of contents says.")
    return contents


def _take(name: str, source: IO[bytes], into: Path | None) -> str:
    digesting = _Digesting(source)
    if into is None:
        while digesting.read(1 << 20):
            pass
        return digesting.hexdigest
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts:
        raise BrokenFile(f"The backup would write outside of its folder: {name}")
    target = into / parts
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        while data := digesting.read(1 << 20):
            file.write(data)
    return digesting.hexdigest


def dump_in(folder: Path) -> Path:
    """Where `read` put the database's dump."""
    return folder / _DUMP


def media_in(folder: Path) -> Path:
    """Where `read` put the media; the folder is missing when there were none."""
    return folder / _MEDIA
