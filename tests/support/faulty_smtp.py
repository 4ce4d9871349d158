"""A mail server whose next answers are written down beforehand: it takes a message, refuses it, hangs or hangs up."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass

#: What may befall one message. The last two are accepted, and the sender is never told.
OK = "ok"
LATER = "451 at the recipient"
LATER_AFTER_ALL = "451 after the body"
NEVER = "554 after the body"
DROP_BEFORE = "hangs up before the body"
DROP_WITHIN = "hangs up within the body"
DROP_AFTER = "hangs up after the body"
HANG_AFTER = "hangs after the body"
REPLY_LOST = (DROP_AFTER, HANG_AFTER)


@dataclass(frozen=True, slots=True)
class Accepted:
    """One message that the server took: its Message-ID without brackets, and when (seconds since the epoch)."""

    message_id: str
    at: float


class FaultySMTPServer:
    """Listens on 127.0.0.1. `fates` befall the next messages, in their order; after them all are taken."""

    def __init__(self) -> None:
        self.port = 0
        self.reset()
        self._server: socketserver.ThreadingTCPServer | None = None

    def reset(self) -> None:
        """Forgets what was."""
        self.fates: deque[str] = deque()
        self.accepted: list[Accepted] = []
        self.befell: Counter[str] = Counter()

    @property
    def ids(self) -> Counter[str]:
        """How often each message was taken."""
        return Counter(accepted.message_id for accepted in list(self.accepted))

    def start(self) -> FaultySMTPServer:
        """Listens, on the port of the last time if there was one."""
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                try:
                    outer._talk(self)
                except OSError:
                    pass  # the sender was killed in the middle of a sentence

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 64

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Connections are refused from now on."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _talk(self, handler: socketserver.StreamRequestHandler) -> None:
        def say(line: str) -> None:
            handler.wfile.write(f"{line}\r\n".encode())

        fate = OK
        say("220 ready")
        while line := handler.rfile.readline():
            word = line.split()[0].upper().decode() if line.split() else ""
            if word == "MAIL":
                fate = self._next_fate()
                say("250 fine")
            elif word == "RCPT" and fate == LATER:
                say("451 come back later")
            elif word == "DATA":
                if fate == DROP_BEFORE:
                    return handler.connection.shutdown(socket.SHUT_RDWR)
                say("354 go on")
                if fate == DROP_WITHIN:
                    handler.rfile.readline()
                    return handler.connection.shutdown(socket.SHUT_RDWR)
                message_id = self._read_body(handler)
                if message_id is None:
                    return None
                if fate in (LATER_AFTER_ALL, NEVER):
                    say(fate)
                    continue
                self.accepted.append(Accepted(message_id, time.time()))
                if fate == DROP_AFTER:
                    return handler.connection.shutdown(socket.SHUT_RDWR)
                if fate == HANG_AFTER:
                    handler.rfile.readline()  # until the sender has had enough
                    return None
                say("250 taken")
            elif word == "QUIT":
                return say("221 bye")
            else:
                say("250 fine")
        return None

    def _next_fate(self) -> str:
        try:
            fate = self.fates.popleft()
        except IndexError:
            return OK
        self.befell[fate] += 1
        return fate

    @staticmethod
    def _read_body(handler: socketserver.StreamRequestHandler) -> str | None:
        """The Message-ID of a body that came in whole, else None."""
        found = ""
        in_headers = True
        while line := handler.rfile.readline():
            if line == b".\r\n":
                return found
            in_headers = in_headers and line != b"\r\n"
            if in_headers and line.lower().startswith(b"message-id:"):
                found = line.split(b"<")[1].split(b">")[0].decode()
        return None
