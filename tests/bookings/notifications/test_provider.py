"""A provider's HTTP API: what each of its answers does to the row. The provider is a server on this machine."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bookings.enums import MessageKind, MessageState
from bookings.models import Message
from bookings.notifications import delivery
from bookings.notifications.verdicts import Outcome
from tests.support.visits import NOW, make_business, make_message

pytestmark = pytest.mark.django_db

# Seconds that only a hang takes, and the wait of who meets one.
PATIENCE, IMPATIENCE = 60, 0.4
TAKEN = {"To": "ana@client.example", "MessageID": "b7bc2f4a", "ErrorCode": 0, "Message": "OK"}


class Provider:
    """Answers each request with the next of `answers`: a status with a JSON body, or a way to fail."""

    def __init__(self) -> None:
        self.answers: list[Any] = [(200, TAKEN)]
        self.requests: list[dict[str, Any]] = []
        self._over = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append(json.loads(body))
                answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                if answer == "hang":
                    outer._over.wait()
                    return
                if answer == "drop":
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, content = answer
                payload = content.encode() if isinstance(content, str) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *args: Any) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    playing = Provider()
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "a-test-token",
        "POSTMARK_API_URL": playing.url,
        "REQUESTS_TIMEOUT": PATIENCE,
    }
    make_business()
    yield playing
    playing.stop()


def send() -> dict[Outcome, int]:
    return delivery.send_due(clock=lambda: NOW)


def test_provider_gets_the_whole_email(provider: Provider) -> None:
    message = make_message(MessageKind.CONFIRMED)

    assert send() == {Outcome.SENT: 1}

    [sent] = provider.requests
    assert sent["To"] == "ana@client.example"
    assert sent["Subject"] == "Confirmed: Manual lymphatic drainage, Thu, Oct 15 at 2:30 PM PDT"
    assert "2:30 PM" in sent["TextBody"]
    assert "October 15" in sent["HtmlBody"]
    headers = {header["Name"]: header["Value"] for header in sent["Headers"]}
    assert headers["Message-ID"] == f"<{message.message_uuid}@example.com>"
    picture, attachment = sorted(sent["Attachments"], key=lambda given: given["ContentType"])
    assert f'src="{picture["ContentID"]}"' in sent["HtmlBody"]
    assert picture["ContentType"] == "image/png"
    assert attachment["Name"] == "visit.ics"
    assert attachment["ContentType"].startswith('text/calendar; method="REQUEST"')


_INACTIVE = (
    "You tried to send to a recipient that has been marked as inactive.\n"
    "Found inactive addresses: ana@client.example.\nInactive recipients are ones that have generated a hard bounce."
)
ENDS = [
    ((400, {"Message": "what"}), MessageState.FAILED, "AnymailRequestsAPIError 400"),
    ((422, {"ErrorCode": 300, "Message": "odd"}), MessageState.FAILED, "AnymailRequestsAPIError 422"),
    ((422, {"ErrorCode": 406, "Message": _INACTIVE}),
     MessageState.FAILED, "AnymailRecipientsRefused"),
    ((401, {"Message": "bad token"}), MessageState.DUE, "AnymailRequestsAPIError 401"),
    ((403, {"Message": "no"}), MessageState.DUE, "AnymailRequestsAPIError 403"),
    ((408, {"Message": "slow"}), MessageState.DUE, "AnymailRequestsAPIError 408"),
    ((429, {"Message": "too many"}), MessageState.DUE, "AnymailRequestsAPIError 429"),
    ((500, {"Message": "oh"}), MessageState.DUE, "AnymailRequestsAPIError 500"),
    ((503, "gone for lunch"), MessageState.DUE, "AnymailRequestsAPIError 503"),
    ((200, "<html>not what was agreed"), MessageState.UNKNOWN, "AnymailRequestsAPIError 200"),
    ("hang", MessageState.UNKNOWN, "ReadTimeout"),
    ("drop", MessageState.UNKNOWN, "ConnectionError"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "state", "error"), ENDS, ids=[str(end[0])[:40] for end in ENDS])
def test_each_answer_is_judged(
    provider: Provider, settings: Any, answer: Any, state: str, error: str
) -> None:
    provider.answers = [answer]
    if answer == "hang":
        settings.ANYMAIL = {**settings.ANYMAIL, "REQUESTS_TIMEOUT": IMPATIENCE}
    message = make_message()

    send()

    message.refresh_from_db()
    assert (message.state, message.last_error) == (state, error)
    assert len(provider.requests) == 1
    if state == MessageState.DUE:
        assert message.due_at > NOW


def test_message_of_unknown_outcome_is_sent_once_more(provider: Provider) -> None:
    provider.answers = ["drop", (200, TAKEN)]
    message = make_message()
    send()

    assert delivery.send_due(clock=lambda: NOW + timedelta(minutes=3)) == {Outcome.SENT: 1}

    message.refresh_from_db()
    assert (message.state, len(provider.requests)) == (MessageState.SENT, 2)


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/", "http://no-such-host.invalid/"])
def test_provider_that_is_not_there_costs_nothing(
    provider: Provider, settings: Any, unused_tcp_port: int, url: str
) -> None:
    settings.ANYMAIL = {**settings.ANYMAIL, "POSTMARK_API_URL": url.format(port=unused_tcp_port)}
    for _ in range(5):
        make_message()

    assert send() == {Outcome.SERVER_AWAY: delivery.AWAY_LIMIT}
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.DUE}


def test_missing_key_waits_for_the_owner(provider: Provider, settings: Any) -> None:
    settings.ANYMAIL = {}
    message = make_message()

    assert send() == {Outcome.SERVER_AWAY: 1}

    message.refresh_from_db()
    assert (message.state, message.last_error) == (MessageState.DUE, "AnymailConfigurationError")
