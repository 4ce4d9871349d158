"""Ways into the client's own pages, for tests."""

from __future__ import annotations

import html
import re
from datetime import datetime
from typing import Any

from django.test import Client

from bookings.domain import links, operations
from bookings.enums import LinkPurpose
from bookings.models import Booking, Link
from massagerx.lib import tokens
from tests.factories import NOW, World


def confirmed(world: World, **changes: Any) -> Booking:
    """A confirmed visit; on `DAY` at 10 unless `changes` says otherwise."""
    return operations.confirm_booking(booking=world.book(**changes), actor=None, now=NOW)


def with_link(booking: Booking, *, now: datetime = NOW) -> Client:
    """A browser that opened the visit by the link in an email."""
    client = Client(raise_request_exception=True)
    client.get(f"/visits/{links.visit_token(booking, now=now)}/")
    assert client.post("/visits/open/").headers["Location"] == address(booking)
    return client


def signed_in(email: str = "ana@example.com", *, now: datetime = NOW) -> Client:
    """A browser that signed in by email."""
    client = Client()
    token = links.token_of(links.sign_in_link(email=email, now=now))
    client.get(f"/visits/sign-in/{token}/")
    assert client.post("/visits/open/").headers["Location"] == "/visits/"
    return client


def code_of(link: Link) -> str:
    return tokens.derive_code(link.purpose, link.nonce)


def newest_code() -> str:
    return code_of(Link.objects.filter(purpose=LinkPurpose.CODE).latest("pk"))


def prove(client: Client, booking: Booking) -> None:
    """Types the code that was mailed."""
    client.post(address(booking, "code"), {"send": "yes"})
    assert client.post(address(booking, "code"), {"code": newest_code()}).status_code == 302


def address(booking: Booking, page: str = "") -> str:
    return f"/visits/v/{booking.reference}/" + (f"{page}/" if page else "")


def text(response: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def hidden(response: Any) -> dict[str, str]:
    """The hidden fields of a page, as its form would send them."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', response.content.decode())
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def said(response: Any) -> str:
    """The messages on a page."""
    return " ".join(str(message) for message in response.context["messages"])
