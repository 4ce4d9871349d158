"""Form tickets: a key and a time that nobody else can make."""

from datetime import timedelta

import pytest

from massagerx.lib.tickets import new_ticket, read_ticket
from tests.factories import NOW


def test_ticket_says_when_it_was_shown() -> None:
    ticket = read_ticket(new_ticket("contact", now=NOW), "contact")

    assert ticket is not None
    assert ticket.shown_at == NOW


def test_each_showing_has_a_key_of_its_own() -> None:
    keys = {read_ticket(new_ticket("contact", now=NOW), "contact").key for _ in range(3)}
    assert len(keys) == 3


def test_ticket_of_another_form_or_hand_is_none(settings: object) -> None:
    ours = new_ticket("contact", now=NOW)
    older = new_ticket("contact", now=NOW - timedelta(hours=1))
    mixed = older.rpartition(":")[0] + ":" + ours.rpartition(":")[2]

    for text in ("", ":", ours[:-1], ours + "x", mixed, "x" * 1_000_000, "\x00", "\ud800"):
        assert read_ticket(text, "contact") is None
    assert read_ticket(ours, "booklet") is None
    settings.SECRET_KEY = "another"  # type: ignore[attr-defined]
    assert read_ticket(ours, "contact") is None


@pytest.mark.parametrize("kept", [True, False])
def test_key_that_was_replaced_is_accepted_while_it_is_named(settings: object, kept: bool) -> None:
    ours = new_ticket("contact", now=NOW)
    old = settings.SECRET_KEY  # type: ignore[attr-defined]
    settings.SECRET_KEY = "another"  # type: ignore[attr-defined]
    settings.SECRET_KEY_FALLBACKS = [old] if kept else []  # type: ignore[attr-defined]

    assert (read_ticket(ours, "contact") is not None) is kept
