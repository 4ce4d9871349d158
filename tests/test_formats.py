"""Moments, days and phone numbers read the same wherever the admin writes them."""

from __future__ import annotations

from django.utils.formats import date_format
from phonenumber_field.phonenumber import PhoneNumber

from bookings.staff.labels import local_when
from bookings.templatetags.bookings_admin import national_phone
from massagerx.lib.localtime import local
from tests.factories import at


def test_django_writes_moments_as_we_do() -> None:
    moment = at(14)
    assert (
        date_format(local(moment), "DATETIME_FORMAT") == local_when(moment) == "Mon, Dec 7, 2026, 2:00 PM PST"
    )
    assert date_format(local(moment).date(), "DATE_FORMAT") == "Mon, Dec 7, 2026"


def test_phones_read_the_same_from_rows_and_from_text() -> None:
    assert str(PhoneNumber.from_string("+12135550142")) == national_phone("+12135550142") == "(213) 555-0142"
    assert national_phone("ask my son") == "ask my son"
