"""What one request costs at most, in processor time: bodies made to be expensive, beside an ordinary one of that page.

Run from the repository: python -m bench.hostile [--rounds 3]

Each row sends a request of at most 256 KB (what gunicorn lets through: headers of 8 KB) through all middleware of the
site, in this process, and takes the quickest of some rounds. Its page's plain request is measured the same way; what
counts is the difference. Exits with an error when one costs more than `MOST` beyond it, or is answered by a server
error. Figures go to bench/results/hostile.json.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bench.world import own_postgres

if TYPE_CHECKING:
    from django.test import Client

RESULTS = Path(__file__).parent / "results" / "hostile.json"
#: Milliseconds beyond the plain page.
MOST = 100.0
BODY = 250 * 1024
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Row:
    """One request, and what it cost in milliseconds of processor time, beside the plain one."""

    who: str
    page: str
    what: str
    status: int
    plain_ms: float
    hostile_ms: float

    @property
    def beyond(self) -> float:
        return self.hostile_ms - self.plain_ms


@dataclass(frozen=True)
class Page:
    """A page and what an ordinary person sends to it; `fields` are those that take text."""

    who: str
    path: str
    ordinary: dict[str, Any]
    fields: tuple[str, ...] = ()
    method: str = "POST"


def filled(piece: str, length: int = BODY) -> str:
    return (piece * (length // len(piece) + 1))[:length]


def encoded(text: str) -> str:
    """`text` as often as fits a form body when it is written there."""
    return text[: max(1, BODY * len(text) // max(1, len(quote(text))))]


#: What is put into a field.
TEXTS = {
    "combining marks in the wrong order": filled("\u0315\u0300", BODY // 2),
    "one letter": filled("W"),
    "digits": filled("1"),
    "digits and blanks": filled("1 "),
    "parts of an email address": filled("a@a."),
    "brackets": filled("(["),
    "web addresses": filled("http://a.b "),
    "line ends": filled("\n"),
    "blanks": filled(" "),
    "joiners": filled("\u200d", BODY // 3),
    "plus signs and an extension": filled("+1 x "),
    "deep JSON": filled("["),
}
MARKDOWN = [
    "word ", "word word word word.\n\n", "[", "![", "![](", "[a](", "[a]: b\n", "*a _", "a*", "`", "``a", "> ",
    "\n> a\n", "- ", "- a\n", "<", "<a ", "&", "\\", "# a\n",
]  # fmt: skip
HTML = [
    "<p>word word word</p>", "<ul>", "<ul><li>", "<div>", "<b>", "<i><b>", "<p>a", "<a href=x>", "<table><td>",
    "<figure>", "<figure><figcaption>", "<svg>", "<math>", "<!--", "<![if", "</p>", "<br> ", "<p><br>",
    "<blockquote>", "<h2>a</h2>", "<select>", "<button>", "<form>", "<template>", "<script>", "<img ", "<p ",
    '<p a="', "<a href='", "<p style=", "&", "a.", "we treat pain ", "not treat ", "reduce a b c d ", "\u201d", "<",
    "<iframe src=x>", "<p><b>a</b></p>", "<p><a href=https://youtu.be/aaaaaaaaaaa>a</a></p>",
]  # fmt: skip
BOUNDARY = "multipart/form-data; boundary=x"
PART = '--x\r\nContent-Disposition: form-data; name="'


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with own_postgres():
        rows = list(measure(rounds))
    rows.sort(key=lambda row: -row.beyond)
    for row in rows:
        print(
            f"{row.who:<7} {row.page:<28} {row.what:<40} {row.status}",
            f"{row.plain_ms:6.0f} {row.hostile_ms:6.0f} {row.beyond:6.0f}",
        )
    RESULTS.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    bad = [row for row in rows if row.beyond > MOST or row.status >= 500]
    if bad:
        raise SystemExit(f"{len(bad)} requests cost more than {MOST:.0f} ms, or broke the page.")


def measure(rounds: int) -> Iterator[Row]:
    """Every page with every body."""
    import logging

    from django.test import Client as Browser
    from django.test.utils import setup_test_environment

    setup_test_environment()
    # Lines are made, scrubbed and counted; nobody reads them.
    nowhere = io.TextIOWrapper(io.FileIO(os.devnull, "w"))
    for handler in logging.getLogger().handlers:
        handler.setStream(nowhere)  # type: ignore[attr-defined]
    public, visitor, writer = Browser(), Browser(), Browser()
    for browser in (public, visitor, writer):
        browser.raise_request_exception = False
    pages = {
        "public": (public, list(_public_pages())),
        "client": (visitor, list(_client_pages(visitor))),
        "writer": (writer, list(_writer_pages(writer))),
    }
    for who, (browser, those) in pages.items():
        for page in those:
            plain, _status = _cost(partial(_send, browser, page, page.ordinary), rounds)
            for what, body in _bodies(page):
                cost, status = _cost(partial(body, browser, page), rounds)
                yield Row(who, page.path, what, status, round(plain, 1), round(cost, 1))
    yield from _headers(public, rounds)


def _cost(press: Callable[[], Any], rounds: int) -> tuple[float, int]:
    """Milliseconds of processor time of the quickest round, and the status."""
    best, status = float("inf"), 0
    for _ in range(rounds):
        started = time.process_time()
        status = press().status_code
        best = min(best, (time.process_time() - started) * 1000)
        if best > 20 * MOST:
            break
    return best, status


def _send(browser: Client, page: Page, data: dict[str, Any], **more: Any) -> Any:
    if page.method == "GET":
        return browser.get(page.path, data, **more)
    return browser.post(page.path, data, **more)


def _bodies(page: Page) -> Iterator[tuple[str, Callable[[Client, Page], Any]]]:
    """Ways to send `page` something expensive."""

    def with_field(name: str, text: str) -> Callable[[Client, Page], Any]:
        return lambda browser, page: _send(browser, page, {**page.ordinary, name: text})

    if page.method == "GET":
        for what, text in TEXTS.items():
            # No longer than a line of a request may be.
            for name in page.fields:
                yield f"{name}: {what}", with_field(name, text[: 3900 * len(text) // len(quote(text))])
        return
    for name in page.fields:
        pieces = _pieces("body@writer" if page.who == "writer" and name == "body" else name)
        for what, text in pieces.items():
            yield f"{name}: {what}", with_field(name, encoded(text) if not text.isascii() else text)
    first = (page.fields or ("a",))[0]
    for what, body, kind in (
        ("many fields", "&".join(f"a{n}=1" for n in range(BODY // 8)), FORM),
        ("499 fields", "&".join(f"a{n}={'b' * 500}" for n in range(499)), FORM),
        ("separators", filled("&"), FORM),
        ("percent signs", filled("%25"), FORM),
        ("one field 499 times", "&".join(f"{first}={'7' * 500}" for _ in range(499)), FORM),
        ("JSON, deep", filled("["), "application/json"),
        ("multipart, many parts", filled(f'{PART}a"\r\n\r\n1\r\n'), BOUNDARY),
        ("multipart, no end", filled("--x\r\n"), BOUNDARY),
        (
            "multipart, base64 of blanks",
            f'{PART}a"; filename="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n{filled(" ")}\r\n--x--\r\n',
            BOUNDARY,
        ),
        ("multipart, long headers", PART + filled('a\\"; ') + '"\r\n\r\n1\r\n--x--\r\n', BOUNDARY),
    ):  # fmt: skip

        def send(browser: Client, page: Page, body: str = body, kind: str = kind) -> Any:
            return browser.generic("POST", page.path, body.encode(), content_type=kind)

        yield what, send


def _pieces(name: str) -> dict[str, str]:
    if name == "text":
        return {f"Markdown {piece!r}": filled(piece, 199_000) for piece in MARKDOWN} | {
            f"HTML {piece!r}": filled(piece, 199_000) for piece in HTML
        }
    if name == "body@writer":
        return {f"HTML {piece!r}": filled(piece, 99_000) for piece in HTML}
    return TEXTS


def _public_pages() -> Iterator[Page]:
    from django.utils import timezone

    from bookings import sample
    from services import sample as catalogue
    from services.models import Service

    now = timezone.now()
    catalogue.load(now=now)
    sample.load(now=now)
    service = Service.objects.offered(timezone.localdate())[0]
    ana = {"name": "Ana Sample", "email": "ana@example.com", "phone": "(213) 555-0123"}
    yield Page(
        "public", "/contact/", {**ana, "body": "Hello."}, ("name", "email", "phone", "body", "form_token")
    )
    yield Page(
        "public",
        "/services/postural-correction-training/booklet/",
        {"name": "Ana", "email": "ana@example.com"},
        ("name", "email"),
    )
    yield Page("public", "/", {"zip": "90026"}, ("zip", "service"), "GET")
    yield Page(
        "public",
        "/book/",
        {"service": service.slug, "option": "1"},
        ("service", "option", "add_ons", "people"),
    )
    yield Page("public", "/book/where/", {"zip_code": "90026"}, ("zip_code",))
    yield Page("public", "/visits/", {"email": "ana@example.com"}, ("email",))
    yield Page(
        "public", "/admin/login/", {"username": "a", "password": "b"}, ("username", "password", "otp_token")
    )


def _client_pages(browser: Client) -> Iterator[Page]:
    """The steps of a booking, in the order that leads from one to the next."""
    from django.utils import timezone

    from services.models import Service

    service = Service.objects.offered(timezone.localdate())[0]
    option = service.options.active()[0]
    browser.post("/book/", {"service": service.slug, "option": option.pk, "people": 1})
    browser.post("/book/where/", {"zip_code": "90026"})
    yield Page("client", "/book/when/", {"preference": "any"}, ("preference", "starts_at"))
    page = browser.get("/book/when/").content.decode()
    times = page.split('name="starts_at" value="')[1:]
    if not times:
        raise SystemExit("No free time to book.")
    browser.post("/book/when/", {"starts_at": times[0].split('"')[0]})
    details = {
        "name": "Ana Sample", "email": "ana@example.com", "phone": "(213) 555-0123", "street": "12 Sample Street",
        "access_type": "ground",
    }  # fmt: skip
    yield Page(
        "client", "/book/details/", details,
        ("name", "recipient_name", "email", "phone", "street", "unit", "access_type", "gate_code", "notes"),
    )  # fmt: skip
    browser.post("/book/details/", details)
    yield Page("client", "/book/health/", {"cancer": "no"}, ("cancer",))
    yield Page("client", "/book/review/", {"agree": "on"}, ("submission_key", "total_cents", "terms_version"))


def _writer_pages(browser: Client) -> Iterator[Page]:
    from django.contrib.auth.models import Permission, User

    from blog.models import Post

    user = User.objects.create_user("bench-writer", password="a-long-password", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="blog"))
    browser.force_login(user)
    post = Post.objects.create(title="A post", slug="a-post", body="<p>Words.</p>")
    yield Page(
        "writer",
        "/admin/blog/post/paste/",
        {"title": "A post", "kind": "", "text": "Words."},
        ("title", "text"),
    )
    ordinary = {
        "title": "A post",
        "slug": "a-post",
        "body": "<p>Words.</p>",
        "status": "draft",
        "published_at_0": "",
        "published_at_1": "",
    }
    yield Page("writer", f"/admin/blog/post/{post.pk}/change/", ordinary, ("title", "summary", "body"))
    yield Page("writer", "/admin/blog/post/claims/", {"text": "Words."}, ("text",))
    yield Page("writer", "/admin/blog/post/", {"q": "words"}, ("q",), "GET")


def _headers(browser: Client, rounds: int) -> Iterator[Row]:
    """Headers of 8 KB."""
    page = Page("public", "/contact/", {}, (), "GET")
    plain, _ = _cost(lambda: browser.get("/contact/"), rounds)
    for header in (
        "Host",
        "Origin",
        "Referer",
        "Cookie",
        "Accept-Language",
        "X-Forwarded-For",
        "If-None-Match",
        "User-Agent",
        "Range",
    ):
        for piece in ("a", "a@", "1 ", "1", ".", ",", ";", "=", "a=b; ", '"', "a-"):
            value = filled(piece, 8000)
            method = browser.post if header in ("Origin", "Referer") else browser.get
            browser.handler.enforce_csrf_checks = header in ("Origin", "Referer")
            more: dict[str, Any] = {"secure": True} if header == "Referer" else {}
            cost, status = _cost(partial(method, "/contact/", headers={header: value}, **more), rounds)
            browser.handler.enforce_csrf_checks = False
            yield Row("public", page.path, f"{header}: {piece!r}", status, round(plain, 1), round(cost, 1))


if __name__ == "__main__":
    main()
