"""Telephone numbers in rows: stored as E.164 however they are spelled, and told from what is no number."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from phonenumber_field.phonenumber import PhoneNumber

from bookings.models import Client
from massagerx.lib.phones import Phone, parse_phone
from tests.factories import NOW


@pytest.mark.parametrize(
    ("typed", "stored", "is_valid"),
    [
        ("+12135550123", "+12135550123", True),
        ("(213) 555-0123", "+12135550123", True),
        ("213.555.0123", "+12135550123", True),
        ("+44 20 7946 0958", "+442079460958", True),
        ("+1 604 555 0123", "+16045550123", True),  # Canada
        ("800 555 0123", "+18005550123", True),
        ("+1 123 555 0123", "+1 123 555 0123", False),
        ("+1 213 055 0123", "+1 213 055 0123", False),
        ("123", "123", False),
        ("call the desk", "call the desk", False),
    ],
)
def test_a_number_is_stored_and_judged_as_the_library_does(typed: str, stored: str, is_valid: bool) -> None:
    phone = parse_phone(typed)
    assert (phone.stored, phone.is_valid()) == (stored, is_valid)
    theirs = (
        PhoneNumber.from_string(typed, region="US") if typed[-1].isdigit() else PhoneNumber(raw_input=typed)
    )
    assert (str(phone), len(phone), hash(phone)) == (str(theirs), len(theirs), hash(theirs))
    assert phone == theirs == stored
    assert parse_phone(theirs) == phone
    assert type(parse_phone(theirs)) is Phone
    assert copy.deepcopy(phone) == pickle.loads(pickle.dumps(phone)) == phone


@pytest.mark.parametrize(
    "other", ["+12135550124", "213", "", None, 12135550123, PhoneNumber(raw_input="213")]
)
def test_a_number_is_no_other_one(other: Any) -> None:
    assert parse_phone("213 555 0123") != other


def test_what_is_no_number_is_itself() -> None:
    assert parse_phone("call the desk") == "call the desk"
    assert parse_phone("call the desk")


@pytest.mark.parametrize("blank", [None, ""])
def test_what_is_blank_stays_blank(blank: Any) -> None:
    assert parse_phone(blank) is blank


def test_the_same_text_is_parsed_once() -> None:
    assert parse_phone("+12135550199") is parse_phone("+12135550199")


@pytest.mark.django_db
def test_a_row_is_found_by_each_spelling_of_its_number() -> None:
    person = Client.objects.create(
        name="Sample Client", email="a@example.com", phone="213-555-0123", created_at=NOW
    )
    assert person.phone.as_e164 == "+12135550123"
    for spelled in (
        "+12135550123",
        "(213) 555-0123",
        parse_phone("2135550123"),
        PhoneNumber.from_string("+12135550123"),
    ):
        assert Client.objects.get(phone=spelled) == person
    person.phone = PhoneNumber.from_string("+12135550124")
    person.save()
    assert Client.objects.values_list("phone", flat=True).get() == "+12135550124"
