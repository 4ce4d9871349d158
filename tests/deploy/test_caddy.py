"""deploy/Caddyfile as Caddy runs it, before the whole site."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from launch.servers import free_port
from tests.support import ROOT, require
from tests.support.proxy import HOST, Proxy
from tests.support.site import running_site

pytestmark = pytest.mark.faults


def rendered(*, plain: int, tls: int, web: int) -> str:
    """The file with this machine's places in it: each that it names is found."""
    text = (ROOT / "deploy/Caddyfile").read_text()
    places = {
        "\tadmin off\n": f"\tadmin off\n\tlocal_certs\n\tskip_install_trust\n\thttp_port {plain}\n\thttps_port {tls}\n",
        "web:8000": f"127.0.0.1:{web}",
        "root * /srv\n": f"root * {ROOT}/deploy\n",
    }
    for place, own in places.items():
        assert place in text, place
        text = text.replace(place, own)
    return text


@contextmanager
def caddy(tmp: Path, *, web: int) -> Iterator[Proxy]:
    """Caddy with the file, before a web server that listens on port `web`."""
    program = shutil.which("caddy")
    require("caddy", found=program)
    assert program is not None
    plain, tls = free_port(), free_port()
    (tmp / "Caddyfile").write_text(rendered(plain=plain, tls=tls, web=web))
    environment = {**os.environ, "SITE_URL": f"https://{HOST}", "XDG_DATA_HOME": str(tmp), "HOME": str(tmp)}
    with (tmp / "output.txt").open("wb") as output:
        server = subprocess.Popen(
            [program, "run", "--config", tmp / "Caddyfile"],
            env=environment, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        running = Proxy(plain, tls, tmp / "output.txt")
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    running.open().close()  # its certificate is there
                    break
                except OSError:
                    assert server.poll() is None, running.log.read_text()
                    assert time.monotonic() < deadline, running.log.read_text()
                    time.sleep(0.05)
            yield running
        finally:
            server.terminate()
            server.wait(timeout=60)


@pytest.fixture(scope="module")
def proxy(prepared_databases: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    tmp = tmp_path_factory.mktemp("site")
    with running_site(tmp, prepared_databases, TRUSTED_PROXIES="1", ALLOWED_HOSTS=HOST) as site:
        with caddy(tmp_path_factory.mktemp("caddy"), web=site.site.port) as running:
            yield running


def test_pages_come_through_and_the_plain_address_leads_to_them(proxy: Proxy) -> None:
    status, headers, text = proxy.ask("GET", "/services/")
    assert status == 200
    assert "Manual lymphatic drainage" in text
    assert "default-src 'none'" in headers["content-security-policy"]
    connection = http.client.HTTPConnection("127.0.0.1", proxy.plain, timeout=60)
    connection.request("GET", "/visits/?a=b", headers={"Host": HOST})
    response = connection.getresponse()
    assert response.status in (301, 308)
    assert response.getheader("Location", "").startswith(f"https://{HOST}")
    assert response.getheader("Location", "").endswith("/visits/?a=b")
    connection.close()


def test_it_writes_nothing_of_who_and_where(proxy: Proxy) -> None:
    assert proxy.ask("GET", "/visits/CANARY-token/", headers={"User-Agent": "CANARY-browser"})[0] == 404
    assert "CANARY" not in proxy.log.read_text()


def test_visitor_does_not_choose_an_address(proxy: Proxy) -> None:
    """Whoever says each time to be another is one visitor all the same: ten a minute, twenty an hour for one name."""
    assert proxy.try_log_ins() == {200, 429}


def test_what_is_too_large_is_refused_in_words(proxy: Proxy) -> None:
    # No form of ours without its token: the answer is the site's, not a bare 413.
    assert proxy.send_file("/admin/bookings/photo/add/", 3_000_000)[0] in (302, 403)
    # By the length that is told, before the body comes: who sends one all the same may lose the end of the answer,
    # since Caddy closes the connection half a second later.
    for path, size in (("/admin/bookings/photo/add/", 12_001_000), ("/contact/", 1_001_000)):
        status, headers, text = proxy.ask("POST", path, headers={"Content-Length": str(size)})
        assert status == 413
        assert "too large to send" in text
        assert headers["cache-control"] == "no-store"


def test_half_sent_headers_hold_nobody_up(proxy: Proxy) -> None:
    with ExitStack() as slow:
        for _ in range(40):
            half = slow.enter_context(proxy.open())
            half.sendall(b"GET / HTTP/1.1\r\nHost: www.exa")
        assert proxy.ask("GET", "/services/")[0] == 200
        assert proxy.ask("GET", "/healthz")[0] == 200


def test_site_that_is_away_is_said_kindly(tmp_path: Path) -> None:
    with caddy(tmp_path, web=free_port()) as alone:
        status, headers, text = alone.ask("GET", "/services/")
    assert (status, headers["retry-after"]) == (502, "30")
    assert "back in a minute" in text
