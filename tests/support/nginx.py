"""deploy/nginx.conf as nginx runs it, with a certificate made for it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from launch.servers import free_port
from tests.support import ROOT, require
from tests.support.proxy import HOST, Proxy


def rendered(
    tmp: Path, *, host: str, plain: int, tls: int, web: Sequence[int], media: Path, kept: str
) -> str:
    """The file with this machine's places in it, and for how long a picture of a bucket is kept: each that it names is
    found."""
    text = (ROOT / "deploy/nginx.conf").read_text()
    places = {
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{tls} ssl http2;",
        "server unix:/run/massagerx/web.sock fail_timeout=0;": "\n    ".join(
            f"server 127.0.0.1:{port} fail_timeout=0;" for port in web
        ),
        "/etc/letsencrypt/live/www.example.com/fullchain.pem": f"{tmp}/cert.pem",
        "/etc/letsencrypt/live/www.example.com/privkey.pem": f"{tmp}/key.pem",
        "/var/log/nginx/massagerx.log": f"{tmp}/massagerx.log",
        "/var/lib/massagerx/media/": f"{media}/",
        "/var/lib/nginx/massagerx": f"{tmp}/pictures",
        "/srv/massagerx/deploy/": f"{ROOT}/deploy/",
        "proxy_cache_valid 200 1d;": f"proxy_cache_valid 200 {kept};",
    }
    for place, own in places.items():
        assert place in text, place
        text = text.replace(place, own)
    text = text.replace(HOST, host)
    text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.MULTILINE)
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "".join(
        f"{kind}_temp_path {tmp}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"{user} daemon off; pid {tmp}/nginx.pid; error_log {tmp}/error.log; events {{}}\n"
        f"http {{ {temporary}\n{text}\n}}"
    )


@contextmanager
def nginx(
    tmp: Path,
    *,
    web: int | Sequence[int],
    media: Path,
    host: str = HOST,
    tls: int | None = None,
    kept: str = "1d",
) -> Iterator[Proxy]:
    """nginx with the file, before a web server that listens on port `web`, or before several that it asks by turns, and
    itself on `tls`, or a free one. It keeps a picture of a bucket for a day, or for as long as `kept` says."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    require("nginx", found=program)
    assert program is not None
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={host}",
         "-keyout", tmp / "key.pem", "-out", tmp / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    plain, tls = free_port(), tls or free_port()
    web = [web] if isinstance(web, int) else web
    (tmp / "nginx.conf").write_text(
        rendered(tmp, host=host, plain=plain, tls=tls, web=web, media=media, kept=kept)
    )
    server = subprocess.Popen([program, "-p", tmp, "-c", tmp / "nginx.conf", "-e", tmp / "error.log"])
    try:
        deadline = time.monotonic() + 60
        while not _listens(tls):
            assert server.poll() is None, (tmp / "error.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield Proxy(plain, tls, tmp / "massagerx.log")
    finally:
        server.terminate()
        server.wait(timeout=60)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
