"""deploy/nginx.conf as nginx runs it, before the whole site."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from launch.servers import free_port
from tests.support.nginx import nginx
from tests.support.proxy import HOST, Proxy
from tests.support.senders import wait_for
from tests.support.site import RunningSite, running_site

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def site_behind(prepared_databases: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    tmp = tmp_path_factory.mktemp("site")
    with running_site(tmp, prepared_databases, TRUSTED_PROXIES="1", ALLOWED_HOSTS=HOST) as site:
        yield site


@pytest.fixture(scope="module")
def proxy(site_behind: RunningSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    tmp = tmp_path_factory.mktemp("nginx")
    with nginx(tmp, web=site_behind.site.port, media=site_behind.var / "media") as running:
        yield running


def test_pages_come_through_and_the_plain_address_leads_to_them(proxy: Proxy) -> None:
    status, headers, text = proxy.ask("GET", "/services/")
    assert status == 200
    assert "Manual lymphatic drainage" in text
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers.get("server") == "nginx"
    connection = http.client.HTTPConnection("127.0.0.1", proxy.plain, timeout=60)
    connection.request("GET", "/visits/?a=b", headers={"Host": HOST})
    response = connection.getresponse()
    assert (response.status, response.getheader("Location")) == (301, f"https://{HOST}/visits/?a=b")
    connection.close()


def test_log_tells_nothing_of_who_and_where(proxy: Proxy) -> None:
    proxy.ask("GET", "/visits/CANARY-token-of-a-visit/", headers={"User-Agent": "CANARY-browser"})
    deadline = time.monotonic() + 60
    while " GET 404 " not in proxy.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert "CANARY" not in proxy.log.read_text()
    assert "127.0.0.1" not in proxy.log.read_text()


def test_visitor_does_not_choose_an_address(proxy: Proxy) -> None:
    """Whoever says each time to be another is one visitor all the same: ten a minute, twenty an hour for one name."""
    assert proxy.try_log_ins() == {200, 429}


def test_picture_of_three_megabytes_reaches_the_site_and_more_is_refused_in_words(proxy: Proxy) -> None:
    # No form of ours without its token: the answer is the site's, not a bare 413.
    assert proxy.send_file("/admin/bookings/photo/add/", 3_000_000)[0] in (302, 403)
    # By the length that is told, before the body comes.
    for path, size in (("/admin/bookings/photo/add/", 13_000_000), ("/contact/", 3_000_000)):
        status, headers, text = proxy.ask("POST", path, headers={"Content-Length": str(size)})
        assert status == 413
        assert "too large to send" in text
        assert headers["cache-control"] == "no-store"


def test_half_sent_headers_hold_nobody_up(proxy: Proxy) -> None:
    with ExitStack() as slow:
        for _ in range(40):
            half = slow.enter_context(socket.create_connection(("127.0.0.1", proxy.plain), timeout=60))
            half.sendall(b"GET / HTTP/1.1\r\nHost: www.exa")
        assert proxy.ask("GET", "/services/")[0] == 200
        assert proxy.ask("GET", "/healthz")[0] == 200


def test_site_that_is_away_is_said_kindly(tmp_path: Path) -> None:
    with nginx(tmp_path, web=free_port(), media=tmp_path) as alone:
        status, headers, text = alone.ask("GET", "/services/")
    assert (status, headers["retry-after"]) == (502, "30")
    assert "back in a minute" in text


def test_picture_that_lies_elsewhere_is_fetched_once_in_a_while(
    site_behind: RunningSite, tmp_path: Path
) -> None:
    """Media in a bucket: this machine's folder is empty, and the site has the picture. A copy is not kept for as long
    as browsers may keep it: the picture may be deleted."""
    name = next(path.name for path in sorted((site_behind.var / "media/pictures").iterdir()))
    web_log = site_behind.var / "log" / "web.log"

    def fetched() -> int:
        return web_log.read_text().count('"route": "blog:media"')

    before = fetched()
    with nginx(tmp_path, web=site_behind.site.port, media=tmp_path / "nothing") as proxy:
        answers = [proxy.ask("GET", f"/media/pictures/{name}") for _ in range(3)]
        missing = proxy.ask("GET", "/media/pictures/no-such.webp")
        assert fetched() - before == 2
    assert {(status, headers["content-type"]) for status, headers, _text in answers} == {(200, "image/webp")}
    assert all("immutable" in headers["cache-control"] for _status, headers, _text in answers)
    assert missing[0] == 404
    # The same with a copy that lasts a second.
    (tmp_path / "short").mkdir()
    web, media = site_behind.site.port, tmp_path / "nothing"
    with nginx(tmp_path / "short", web=web, media=media, kept="1s") as proxy:

        def is_fetched_again() -> bool:
            return proxy.ask("GET", f"/media/pictures/{name}")[0] == 200 and fetched() - before == 4

        wait_for(is_fetched_again, seconds=60, what=web_log.read_text)
