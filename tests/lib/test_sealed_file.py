"""A sealed file opens whole, with a key that is ours, or not at all."""

from __future__ import annotations

import base64
import struct
from io import BytesIO

import pytest

from massagerx.lib.sealed_file import BrokenFile, SealedReader, SealedWriter

KEY, OTHER = (base64.urlsafe_b64encode(letter * 32).decode() for letter in (b"a", b"b"))
PIECE = 1 << 20
HEAD = len(b"massagerx-sealed-1\n") + 16


def sealed(data: bytes, key: str = KEY) -> bytes:
    file = BytesIO()
    with SealedWriter(file, key) as writer:
        for at in range(0, len(data), 700_001):
            writer.write(data[at : at + 700_001])
    return file.getvalue()


def opened(stored: bytes, *keys: str) -> bytes:
    return SealedReader(BytesIO(stored), keys or [KEY]).read()


def content(length: int) -> bytes:
    return (bytes(range(251)) * (length // 251 + 1))[:length]


@pytest.mark.parametrize("length", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 5])
def test_what_was_written_is_read(length: int) -> None:
    stored = sealed(content(length))
    assert opened(stored) == content(length)
    assert opened(stored, OTHER, KEY) == content(length)
    reader = SealedReader(BytesIO(stored), [KEY])
    pieces = []
    while piece := reader.read(300_000):
        pieces.append(piece)
    assert b"".join(pieces) == content(length)


def test_stranger_reads_nothing() -> None:
    stored = sealed(b"CANARY" * 100)
    assert b"CANARY" not in stored
    with pytest.raises(BrokenFile, match="None of HEALTH_KEYS"):
        opened(stored, OTHER)
    with pytest.raises(BrokenFile, match="not a backup"):
        opened(b"PGDMP and so on")


def pieces_of(stored: bytes) -> list[bytes]:
    found, at = [], HEAD
    while at < len(stored):
        (length,) = struct.unpack_from("!I", stored, at)
        found.append(stored[at : at + 4 + length])
        at += 4 + length
    return found


def test_cut_moved_repeated_or_altered_pieces_are_noticed() -> None:
    stored = sealed(content(2 * PIECE + 9))
    head, (first, second, last) = stored[:HEAD], pieces_of(stored)
    altered = bytearray(stored)
    altered[HEAD + 20] ^= 1
    odd = {
        "cut after a piece": head + first + second,
        "cut in a piece": stored[:-1],
        "cut in a length": head + first + second[:2],
        "no piece": head,
        "moved": head + second + first + last,
        "left out": head + first + last,
        "repeated": head + first + first + second + last,
        "altered": bytes(altered),
        "more behind": stored + last,
        "huge length": head + b"\xff\xff\xff\xff" + first,
    }
    for name, broken in odd.items():
        with pytest.raises(BrokenFile):
            pytest.fail(f"{name}: {len(opened(broken))} bytes")


def test_file_whose_writing_broke_off_does_not_open() -> None:
    file = BytesIO()

    def break_off() -> None:
        with SealedWriter(file, KEY) as writer:
            writer.write(content(PIECE + 1))
            raise InterruptedError

    with pytest.raises(InterruptedError):
        break_off()
    with pytest.raises(BrokenFile):
        opened(file.getvalue())
