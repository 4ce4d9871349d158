"""A file of any size, encrypted and authenticated piece by piece, that can be written and read as a stream.

After a line that names the format and a salt come pieces of at most a megabyte: their length in four bytes, then
AES-256-GCM under a key derived from one of the site's keys and the salt. The nonce is the piece's number and whether it
is the last one, so a piece that is left out, moved or cut off is noticed.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from types import TracebackType
from typing import BinaryIO, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_FORMAT = b"massagerx-sealed-1\n"
_PIECE = 1 << 20
_TAG = 16
_SALT = 16


class BrokenFile(Exception):
    """It is no sealed file, none of the keys opens it, or it was cut off or altered."""


def _cipher(key: str, salt: bytes) -> AESGCM:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"massagerx.lib.sealed_file")
    return AESGCM(hkdf.derive(base64.urlsafe_b64decode(key)))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


class SealedWriter:
    """Encrypts what is written to it into `file`, under `key` (32 bytes in url-safe base64).

    The last piece is written when the `with` block ends well; a file whose block broke off can't be opened.
    """

    def __init__(self, file: BinaryIO, key: str) -> None:
        salt = secrets.token_bytes(_SALT)
        self._file = file
        self._cipher = _cipher(key, salt)
        self._number = 0
        self._waiting = bytearray()
        file.write(_FORMAT + salt)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        if kind is None:
            self._put(bytes(self._waiting), last=True)

    def write(self, data: bytes) -> int:
        """Takes `data`; returns its length."""
        self._waiting += data
        while len(self._waiting) > _PIECE:
            self._put(bytes(self._waiting[:_PIECE]), last=False)
            del self._waiting[:_PIECE]
        return len(data)

    def _put(self, piece: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last=last), piece, None)
        self._file.write(len(sealed).to_bytes(4) + sealed)
        self._number += 1


class SealedReader:
    """Reads what `SealedWriter` wrote, with whichever of `keys` opens it. Raises `BrokenFile`."""

    def __init__(self, file: BinaryIO, keys: Sequence[str]) -> None:
        self._file = file
        if file.read(len(_FORMAT)) != _FORMAT:
            raise BrokenFile("This is not a backup of this site.")
        salt = file.read(_SALT)
        self._ciphers = [_cipher(key, salt) for key in keys]
        self._number = 0
        self._open = bytearray()
        self._length = file.read(4)
        if not self._length:
            raise BrokenFile("The backup was cut off or altered.")

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, fewer at the end; all that is left without a size."""
        while self._length and (size < 0 or len(self._open) < size):
            self._open += self._next()
        end = len(self._open) if size < 0 else size
        taken = bytes(self._open[:end])
        del self._open[:end]
        return taken

    def _next(self) -> bytes:
        length = int.from_bytes(self._length)
        if len(self._length) < 4 or not _TAG <= length <= _PIECE + _TAG:
            raise BrokenFile("The backup was cut off or altered.")
        sealed = self._file.read(length)
        self._length = self._file.read(4)
        nonce = _nonce(self._number, last=not self._length)
        self._number += 1
        for cipher in self._ciphers:
            try:
                piece = cipher.decrypt(nonce, sealed, None)
            except InvalidTag:
                continue
            self._ciphers = [cipher]
            return piece
        raise BrokenFile("None of HEALTH_KEYS opens the backup, or it was cut off or altered.")
