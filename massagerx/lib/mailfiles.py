"""Mail as files, for one machine without a mail server: a Django email backend, one `.eml` file a message."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone


class EmailBackend:
    """Writes each message to `settings.EMAIL_FILE_PATH`, under a name that sorts by time (UTC).

    A file appears whole or not at all. Raises OSError when the directory can't be written.
    """

    def __init__(self, fail_silently: bool = False, **kwargs: Any) -> None:
        self.fail_silently = fail_silently

    def open(self) -> bool:
        """False: there is no connection to open."""
        return False

    def close(self) -> None:
        """Nothing stays open between messages."""

    def send_messages(self, messages: Sequence[Any]) -> int:
        """Writes each message to a file readable by its owner only, and returns how many."""
        directory = Path(settings.EMAIL_FILE_PATH)
        directory.mkdir(parents=True, exist_ok=True)
        for message in messages:
            stamp = timezone.now().strftime("%Y%m%d-%H%M%S-%f")
            name = f"{stamp}-{secrets.token_hex(4)}.eml"
            unfinished = directory / f".{name}"
            # Names and addresses of clients are in it.
            with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(message.message().as_bytes())
            unfinished.rename(directory / name)
        return len(messages)
