"""A mail server that follows a script, to hang up or refuse at a chosen point of the conversation."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

# What a script may say instead of a reply.
DROP = "drop"
HANG = "hang"
_USUAL = {"": "220 ready", "EHLO": "250 hello", "DATA": "354 go on", ".": "250 taken", "QUIT": "221 bye"}


class ScriptedServer:
    """Each conversation follows the next script: replies by command, `""` being the greeting and `"."` the end of
    the body. The last script is kept for all later ones. `bodies` holds every body that came in whole."""

    def __init__(self) -> None:
        self.scripts: list[dict[str, str]] = [{}]
        self.bodies: list[bytes] = []
        self.conversations = 0
        self._over = threading.Event()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                script = outer._next()
                if not self._say(script, ""):
                    return
                while line := self.rfile.readline():
                    word = line.split()[0].decode().upper() if line.split() else ""
                    if not self._say(script, word):
                        return
                    if word == "QUIT":
                        return
                    if word == "DATA" and (script.get("DATA") or "354").startswith("354"):
                        body = b""
                        while (line := self.rfile.readline()) not in (b".\r\n", b""):
                            body += line
                        if not line:
                            return
                        outer.bodies.append(body)
                        if not self._say(script, "."):
                            return

            def _say(self, script: dict[str, str], word: str) -> bool:
                reply = script.get(word) or _USUAL.get(word, "250 fine")
                if reply == HANG:
                    outer._over.wait()
                    return False
                if reply == DROP:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return False
                self.wfile.write(f"{reply}\r\n".encode())
                return True

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _next(self) -> dict[str, str]:
        self.conversations += 1
        return self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]

    def stop(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def scripted(settings: Any) -> Iterator[Callable[..., ScriptedServer]]:
    """`scripted({"RCPT": "550 no"}, {})`: Django sends to a server that follows these scripts, one a conversation."""
    server = ScriptedServer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = server.port

    def follow(*scripts: dict[str, str]) -> ScriptedServer:
        server.scripts = list(scripts) or [{}]
        # Waited for in vain only where nothing comes: a busy machine is not taken for a hang.
        settings.EMAIL_TIMEOUT = 1.5 if any(HANG in script.values() for script in scripts) else 60
        return server

    yield follow
    server.stop()


@pytest.fixture
def unused_tcp_port() -> Iterator[int]:
    """A port on which nobody listens, and which nobody else gets meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])
