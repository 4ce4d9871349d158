"""A real mail server on 127.0.0.1 that keeps what it gets, and misbehaves when told to."""

import asyncio
import email
import email.policy
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from launch.servers import free_port


@dataclass(frozen=True)
class Received:
    """One message as it arrived."""

    sender: str
    recipients: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        parsed = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    def part(self, content_type: str) -> str:
        """The decoded text of the first part of that type; an empty text when there is none."""
        for part in self.message.walk():
            if part.get_content_type() == content_type:
                content = part.get_content()
                return content if isinstance(content, str) else content.decode()
        return ""

    @property
    def text(self) -> str:
        return self.part("text/plain")

    @property
    def html(self) -> str:
        return self.part("text/html")

    @property
    def calendar(self) -> str:
        return self.part("text/calendar")


class MailServer:
    """Listens on a free port. `messages` holds what was accepted, the oldest first.

    `refuse`, `hang` and `drop` say what happens to the next messages; after them it accepts again.
    """

    def __init__(self) -> None:
        self.messages: list[Received] = []
        self.attempts = 0
        self._pause = 0.0
        self._plan: deque[Callable[[SMTP, Received], Any]] = deque()
        self._controller: Controller | None = None
        self.port = 0

    def start(self) -> "MailServer":
        for _attempt in range(5):
            self.port = free_port()
            self._controller = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=60)
            try:
                self._controller.start()
            except OSError:
                continue  # somebody took the port in between
            return self
        raise RuntimeError("no free port for the mail server")

    def stop(self) -> None:
        """Stop listening; connections are refused from now on. Does nothing when it is stopped."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def refuse(self, reply: str = "451 4.3.0 Try again later", *, times: int = 1) -> None:
        """Answer the next messages with this reply: 4xx is temporary, 5xx is for good."""
        self._plan.extend([lambda server, received: reply] * times)

    def hang(self, *, times: int = 1) -> None:
        """Never answer the next messages."""
        self._plan.extend([lambda server, received: asyncio.sleep(3600, "451 4.4.2 Too late")] * times)

    def drop(self, *, times: int = 1) -> None:
        """Accept the next messages, but cut the connection before saying so."""

        def cut(server: SMTP, received: Received) -> str:
            self.messages.append(received)
            server.transport.abort()
            return "250 OK"

        self._plan.extend([cut] * times)

    @contextmanager
    def slow(self, *, seconds: float) -> Iterator[None]:
        """Answer each recipient and each message only after so many seconds."""
        self._pause = seconds
        try:
            yield
        finally:
            self._pause = 0.0

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await asyncio.sleep(self._pause)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.original_content
        assert content is not None
        received = Received(str(envelope.mail_from), list(envelope.rcpt_tos), content)
        self.attempts += 1
        await asyncio.sleep(self._pause)
        if self._plan:
            answer = self._plan.popleft()(server, received)
            return str(await answer) if asyncio.iscoroutine(answer) else str(answer)
        self.messages.append(received)
        return "250 OK"

    def to(self, address: str) -> list[Received]:
        """What was accepted for one address."""
        return [received for received in list(self.messages) if address in received.recipients]

    def wait_for(
        self, address: str, *, count: int = 1, subject: str = "", text: str = "", seconds: float = 60
    ) -> list[Received]:
        """Wait until `count` messages for an address, with `subject` and `text` in theirs, are there; return them."""
        deadline = time.monotonic() + seconds
        while True:
            found = [one for one in self.to(address) if subject in one.subject and text in one.text]
            if len(found) >= count:
                return found
            if time.monotonic() > deadline:
                there = [(received.recipients, received.subject) for received in self.messages]
                raise AssertionError(
                    f"{len(found)} of {count} messages for {address} after {seconds} s: {there}"
                )
            time.sleep(0.05)
