"""A web server before the site, as a visitor meets it."""

import http.client
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

HOST = "www.example.com"


def whoever_signed() -> ssl.SSLContext:
    """TLS that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@dataclass(frozen=True)
class Proxy:
    """Its two ports, and the file that it writes to."""

    plain: int
    tls: int
    log: Path

    @property
    def address(self) -> str:
        """Of the host, with the number that stands for its name."""
        return f"https://127.0.0.1:{self.tls}"

    def open(self) -> ssl.SSLSocket:
        """A connection to the host over TLS, whoever signed its certificate."""
        plain = socket.create_connection(("127.0.0.1", self.tls), timeout=60)
        return whoever_signed().wrap_socket(plain, server_hostname=HOST)

    def connection(self) -> http.client.HTTPConnection:
        """The same for HTTP."""
        connection = http.client.HTTPConnection(HOST)
        connection.sock = self.open()
        return connection

    def ask(
        self, method: str, path: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], str]:
        """One request over TLS: status, headers in small letters, text."""
        connection = self.connection()
        try:
            # What is refused is answered before all of it was sent.
            with suppress(BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
                connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return response.status, found, response.read().decode(errors="replace")
        finally:
            connection.close()

    def send_file(self, path: str, size: int) -> tuple[int, dict[str, str], str]:
        """A form with a file of so many bytes. The site reads a form to its end before it answers; of any other body it
        reads nothing, and whoever still sends it may lose the answer."""
        head = b'--end\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
        body = head + b"x" * size + b"\r\n--end--\r\n"
        return self.ask(
            "POST", path, body=body, headers={"Content-Type": "multipart/form-data; boundary=end"}
        )

    def try_log_ins(self) -> set[int]:
        """The statuses of 25 log-ins with a wrong password, each of which says to come from another address."""
        _status, headers, text = self.ask("GET", "/admin/login/")
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)[0]
        body = urlencode({"csrfmiddlewaretoken": token, "username": "owner", "password": "wrong"}).encode()
        own = {
            "Cookie": headers["set-cookie"].partition(";")[0],
            "Content-Type": "application/x-www-form-urlencoded",
            "Referer": f"https://{HOST}/admin/login/",
            "X-Forwarded-Proto": "http",
        }
        return {
            self.ask(
                "POST", "/admin/login/", body=body, headers={**own, "X-Forwarded-For": f"198.51.100.{n}"}
            )[0]
            for n in range(25)
        }
