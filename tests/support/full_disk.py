"""A storage whose disk is full: it takes the beginning of a file, and then no more."""

from __future__ import annotations

import errno
from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import InMemoryStorage


class FullDisk(InMemoryStorage):
    """Raises OSError from every `save`, and leaves half a file."""

    def _save(self, name: str, content: File[Any]) -> str:
        whole = content.read()
        super()._save(name, ContentFile(whole[: len(whole) // 2]))  # type: ignore[misc]
        raise OSError(errno.ENOSPC, "No space left on device")

    def holds_nothing(self) -> bool:
        """Whether no file is left, in any folder."""
        folders, files = self.listdir("")
        return not files and all(not any(self.listdir(folder)) for folder in folders)
