"""Logs say what happened and where, never what somebody typed."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils.log import log_response

from bookings import tasks
from bookings.notifications import delivery
from massagerx.lib.logs import _EMAIL, JsonFormatter, NoPersonalData, scrub

SECRET = "Failing row contains (Ana Canaria, 12 Sample Street, chemotherapy)"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the root handler of the settings writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(NoPersonalData())
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_traceback_becomes_its_type_and_places(written: io.StringIO) -> None:
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("massagerx.test").exception("went wrong")

    [line] = lines(written)
    assert "Canaria" not in written.getvalue()
    assert line["error"] == "ValueError"
    assert any("test_logs.py" in place for place in line["places"])


def test_exception_in_a_message_becomes_its_type(written: io.StringIO) -> None:
    logging.getLogger("massagerx.test").warning("lost: %s", ValueError(SECRET))

    assert lines(written)[0]["message"] == "lost: ValueError"


def test_task_that_breaks_leaves_its_type_not_its_words(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(delivery, "send_due", broken)
    tasks.sweep_outbox.apply()

    assert "Canaria" not in written.getvalue()
    [line] = [line for line in lines(written) if line["level"] == "ERROR"]
    assert line["error"] == "RuntimeError"
    assert line["data"]["name"] == "bookings.tasks.sweep_outbox"
    assert "raised unexpected: RuntimeError" in line["message"]


@pytest.mark.parametrize("path", ["/visits/a-secret-token/", "/visits/żółw-secret-token/"])
def test_path_of_a_request_is_left_out(written: io.StringIO, path: str) -> None:
    request = RequestFactory().get("/")
    request.path = path
    log_response(
        "Internal Server Error: %s",
        path,
        response=HttpResponse(status=500),
        request=request,
        exception=ValueError(SECRET),
    )

    [line] = lines(written)
    assert "token" not in written.getvalue()
    assert "Canaria" not in written.getvalue()
    assert line["message"] == "Internal Server Error: [path]"


@pytest.mark.parametrize("piece", ["a", "a@", "a.a", "1 ", "1(", "+1", "?", "@a.", "1"])
def test_long_text_is_cut_before_it_is_searched(piece: str) -> None:
    text = f"Invalid HTTP_HOST header: {piece * 4000}"

    assert len(scrub(text)) <= 2100


def test_cut_leaves_no_half_of_an_address() -> None:
    text = "x " * 990 + "someone.with.a.long.name.indeed@mailbox.example.com"

    assert "someone" not in scrub(text)


def test_search_for_addresses_begins_once_a_word() -> None:
    """What would be tried at each letter of a word is tried at its first alone: no part of a word is a beginning."""
    word = "a" * 50

    assert [_EMAIL.match(f"{word}@example.com", place) is not None for place in range(3)] == [
        True,
        False,
        False,
    ]
    assert scrub(f"to {word}@example.com.") == "to [email]."


def test_email_address_and_telephone_number_are_scrubbed(written: io.StringIO) -> None:
    logging.getLogger("massagerx.test").info("to ana@example.com or (213) 555-0123, /x?token=1")

    assert lines(written)[0]["message"] == "to [email] or ([number], /x?…"
