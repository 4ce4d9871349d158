"""What strangers type and send: a clear answer, nothing half-written, never a server error.

Each row sends one bad thing at one step and says what must come back.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client

from bookings.models import Booking, BookingRules, Message
from bookings.models import Client as Person
from tests.bookings.views.flow import Flow, press
from tests.factories import NOW, at

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
NOTICE = timedelta(minutes=BookingRules().minimum_notice_minutes)
HORIZON = timedelta(days=BookingRules().horizon_days)
DAY_AND_A_BIT = timedelta(days=1, hours=-2)

# (what, step, changed fields, status)
FIELDS: list[tuple[str, str, dict[str, Any], int]] = [
    ("NUL in a name", "details", {"name": "Ana\x00"}, 422),
    ("CR LF in a name", "details", {"name": "Ana\r\nBcc: x@example.com"}, 422),
    ("CR LF in an email", "details", {"email": "a@example.com\r\nBcc: x@example.com"}, 422),
    ("line separator in a street", "details", {"street": "1 Main\u2028St"}, 422),
    ("only zero-width characters in a name", "details", {"name": "\u200b\u200d\u2060"}, 422),
    ("only combining marks in a name", "details", {"name": "\u0301\u0302"}, 422),
    ("only digits in a name", "details", {"name": "12345"}, 422),
    ("control character in a note", "details", {"notes": "a\x07b"}, 422),
    ("a name too long", "details", {"name": "A" * 121}, 422),
    ("a note too long", "details", {"notes": "A" * 1001}, 422),
    ("blank name", "details", {"name": "   "}, 422),
    ("missing name", "details", {"name": None}, 422),
    ("a web address for a street", "details", {"street": "Win at http://evil.example/now"}, 422),
    ("a bare web address for a unit", "details", {"unit": "see evil-shop.com"}, 422),
    ("an email address for a street", "details", {"street": "write to win@evil.example"}, 422),
    ("a shop for a street", "details", {"street": "my-shop.club today"}, 422),
    ("a PO box for a street", "details", {"street": "PO Box 99"}, 422),
    ("a PO box with full stops", "details", {"street": "P.O. Box 99"}, 422),
    ("a PO box in letters", "details", {"street": "POB 4"}, 422),
    ("a private mailbox", "details", {"street": "12 Sample Street PMB 12"}, 422),
    ("a private mailbox for a unit", "details", {"unit": "PMB #12"}, 422),
    ("a phone with an extension", "details", {"phone": "(213) 555-0123 ext 204"}, 422),
    ("60,000 marks in a name", "details", {"name": "a" + "\u0315\u0300" * 30_000}, 422),
    ("not an email", "details", {"email": "ana@"}, 422),
    ("email of another alphabet", "details", {"email": "ana@exämple.com"}, 422),
    ("phone too short", "details", {"phone": "555"}, 422),
    ("phone of letters", "details", {"phone": "call me"}, 422),
    ("entry not offered", "details", {"access_type": "window"}, 422),
    ("robot's field filled", "details", {"website": "http://example.com"}, 422),
    ("option abc", "what", {"option": "abc"}, 422),
    ("option 1e400", "what", {"option": "1e400"}, 422),
    ("option of 5,000 digits", "what", {"option": "9" * 5000}, 422),
    ("option missing", "what", {"option": None}, 422),
    ("option negative", "what", {"option": "-1"}, 422),
    ("minutes negative", "what", {"option": None, "minutes": "-60"}, 422),
    ("option zero", "what", {"option": "0"}, 422),
    ("option as minutes, 10,000", "what", {"option": "10000"}, 422),
    ("people 10,000", "what", {"people": "10000"}, 422),
    ("people zero", "what", {"people": "0"}, 422),
    ("NUL in the service", "what", {"service": "a\x00"}, 200),
    ("NUL in who is asked for", "what", {"therapist": "a\x00"}, 302),
    ("NUL in the link that led here", "what", {"from": "a\x00"}, 302),
    ("people negative", "what", {"people": "-2"}, 422),
    ("add-on not offered", "what", {"add_ons": "999999"}, 422),
    ("ZIP of letters", "where", {"zip_code": "ABCDE"}, 422),
    ("ZIP of four digits", "where", {"zip_code": "9002"}, 422),
    ("ZIP of Arabic digits", "where", {"zip_code": "٩٠٠٢٦"}, 422),
    ("ZIP that doesn't exist", "where", {"zip_code": "00000"}, 422),
    ("ZIP of PO boxes", "where", {"zip_code": "90050"}, 422),
    ("ZIP outside", "where", {"zip_code": "92101"}, 422),
    ("ZIP with NUL", "where", {"zip_code": "90026\x00"}, 422),
    ("blank ZIP", "where", {"zip_code": ""}, 422),
    ("February 30", "when", {"starts_at": "2026-02-30T10:00:00+00:00"}, 422),
    ("year 1", "when", {"starts_at": "0001-01-01T00:00:00+00:00"}, 422),
    ("year 9999", "when", {"starts_at": "9999-12-31T23:59:00+00:00"}, 422),
    ("time without a zone", "when", {"starts_at": "2026-12-07T10:00:00"}, 422),
    ("time abc", "when", {"starts_at": "abc"}, 422),
    ("time missing", "when", {"starts_at": None}, 422),
    ("nobody shown to come", "when", {"therapist": ""}, 422),
    ("nobody asked for", "when", {"who": None}, 422),
    ("somebody unknown shown to come", "when", {"therapist": "nobody"}, 409),
    ("somebody of 5,000 letters", "when", {"therapist": "x" * 5000}, 422),
    ("the last instant there is", "when", {"starts_at": "9999-12-31T23:59:59.999999-08:00"}, 422),
    ("the first instant there is", "when", {"starts_at": "0001-01-01T00:00:00+08:00"}, 422),
    ("year 2026 in words", "when", {"starts_at": "Monday at ten"}, 422),
    ("a time and a half", "when", {"starts_at": "2026-12-07T18:00:00+00:00Z"}, 422),
    ("an offset of 99 hours", "when", {"starts_at": "2026-12-07T18:00:00+99:00"}, 422),
    ("25 o'clock", "when", {"starts_at": "2026-12-07T25:00:00+00:00"}, 422),
    ("a day without a time", "when", {"starts_at": "2026-12-07"}, 422),
    ("a time with a NUL", "when", {"starts_at": "2026-12-07T18:00:00+00:00\x00"}, 422),
    ("seconds since 1970", "when", {"starts_at": "1796666400"}, 422),
    ("past time", "when", {"starts_at": "2026-11-01T18:00:00+00:00"}, 409),
    ("this very moment", "when", {"starts_at": NOW.isoformat()}, 409),
    ("years ago", "when", {"starts_at": "2020-12-07T18:00:00+00:00"}, 409),
    ("inside the notice", "when", {"starts_at": "2026-12-02T21:00:00+00:00"}, 409),
    ("the last minute inside the notice", "when", {"starts_at": (NOW + NOTICE - MINUTE).isoformat()}, 409),
    ("beyond the horizon", "when", {"starts_at": "2027-11-01T18:00:00+00:00"}, 409),
    (
        "the first day beyond the horizon",
        "when",
        {"starts_at": (NOW + HORIZON + DAY_AND_A_BIT).isoformat()},
        409,
    ),
    ("two centuries ahead", "when", {"starts_at": "2200-12-07T18:00:00+00:00"}, 409),
    ("a day off", "when", {"starts_at": "2026-12-06T18:00:00+00:00"}, 409),
    ("the end of the hours", "when", {"starts_at": at(19).isoformat()}, 409),
    ("too late for its length", "when", {"starts_at": at(18, 30).isoformat()}, 409),
    ("never offered: off the grid", "when", {"starts_at": "2026-12-07T18:07:00+00:00"}, 409),
    ("never offered: seconds", "when", {"starts_at": "2026-12-07T18:00:01+00:00"}, 409),
    ("never offered: at night", "when", {"starts_at": "2026-12-07T11:00:00+00:00"}, 409),
    ("02:30 on the spring day", "when", {"starts_at": "2027-03-14T10:30:00+00:00"}, 409),
    ("01:30 on the autumn day", "when", {"starts_at": "2026-11-01T09:30:00+00:00"}, 409),
    ("therapist of another id", "when", {"who": "therapist:nobody"}, 409),
    ("preference injected", "when", {"who": "' OR 1=1 --"}, 409),
    ("answer not offered", "health", {"cancer": "maybe"}, 422),
    ("no answer", "health", {"cancer": None}, 422),
    (
        "surgery on February 30",
        "health",
        {"surgery": "yes", "surgery_date": "2026-02-30"},
        422,
    ),
    (
        "surgery on a day to come",
        "health",
        {"surgery": "yes", "surgery_date": "2027-01-01"},
        422,
    ),
    ("agree missing", "review", {"agree": None}, 422),
    ("key not a UUID", "review", {"submission_key": "1; DROP TABLE"}, 422),
    ("price of 5,000 digits", "review", {"total_cents": "9" * 5000}, 422),
    ("price negative", "review", {"total_cents": "-1"}, 422),
    ("policy version abc", "review", {"terms_version": "abc"}, 422),
]


@pytest.mark.parametrize(
    ("step", "changes", "status"), [row[1:] for row in FIELDS], ids=[row[0] for row in FIELDS]
)
def test_bad_field_gets_a_clear_answer_and_writes_nothing(
    flow: Flow, step: str, changes: dict[str, Any], status: int
) -> None:
    flow.until(step)
    response = getattr(flow, step)(**changes)
    assert response.status_code == status, response.content.decode()[:3000]
    assert not (Booking.objects.exists())
    assert not (Message.objects.exists())
    assert not (Person.objects.exists())
    page = response.content.decode()
    assert "Traceback" not in page
    if status == 422 and step == "details":
        # Nothing typed is lost, and the page says where to look.
        assert "12 Sample Street" in page or "street" in changes
        assert 'role="alert"' in page
    # The flow goes on where it was.
    assert getattr(flow, step)().status_code in (302, 409)


@pytest.mark.parametrize(
    "street",
    [
        "12 1/2 N.Main St.", "100 Wilshire Blvd. Ste. 4", "4 Coral Tree Pl", "9 St. James' Park", "123 N.Live Oak Dr",
        "500 W.Club Dr", "12 Mt.Link Ave", "8 Boxwood Ct", "12 Pobox Canyon Rd",
    ],
)  # fmt: skip
def test_street_with_full_stops_and_fractions_is_taken(flow: Flow, street: str) -> None:
    assert flow.until("details").details(street=street).status_code == 302


@pytest.mark.parametrize(
    "zip_code", ["90026–1234", "CA 90026", "ca, 90026-1234", "90026 1234", "California 90026"]
)
def test_zip_code_is_read_as_people_write_it(flow: Flow, zip_code: str) -> None:
    flow.until("where")
    assert flow.where(zip_code=zip_code).status_code == 302
    assert "90026" in flow.client.get("/book/when/").content.decode()


KEPT = [
    ("a name with a joiner", "علی‌رضا"),
    ("apostrophe", "Ana O'Brien"),
    ("accents", "Zoë Núñez"),
    ("CJK", "王小明"),
    ("emoji beside letters", "Ana 🌿"),
    ("formula", '=HYPERLINK("http://example.com")'),
    ("calendar text", "BEGIN:VEVENT"),
    ("markup", "<script>alert(1)</script>"),
    ("template", "{{ settings.SECRET_KEY }}"),
]


@pytest.mark.parametrize("name", [row[1] for row in KEPT], ids=[row[0] for row in KEPT])
def test_unusual_name_is_kept_as_it_is_and_shown_harmless(flow: Flow, name: str) -> None:
    flow.until("details").details(name=name)
    flow.health()
    page = flow.client.get("/book/review/").content.decode()
    assert "<script>alert" not in page
    flow.review()
    assert Booking.objects.get().contact_name == name
    assert "<script>alert" not in flow.client.get("/book/done/").content.decode()


def test_direction_overrides_are_dropped_from_a_name(flow: Flow) -> None:
    flow.until("details").details(name="Ana \u202eneirB'O")
    flow.health()
    flow.review()
    assert Booking.objects.get().contact_name == "Ana neirB'O"


def test_arabic_digits_in_a_phone_number_are_understood(flow: Flow) -> None:
    flow.until("details").details(phone="٢١٣ ٥٥٥ ٠١٢٣")
    flow.health()
    flow.review()
    assert Booking.objects.get().client.phone.as_e164 == "+12135550123"


@pytest.mark.parametrize(
    "sent",
    ["2026-12-08T03:00:00+09:00", "2026-12-07T18:00:00Z", "20261207T180000Z", "٢٠٢٦-١٢-٠٧T١٨:٠٠:٠٠+٠٠:٠٠"],
)
def test_same_instant_with_another_offset_is_the_same_time(flow: Flow, sent: str) -> None:
    flow.until("when")
    assert flow.when(starts_at=sent).status_code == 302
    flow.details()
    flow.health()
    flow.review()
    assert Booking.objects.get().starts_at == at(10)


REQUESTS: list[tuple[str, str, dict[str, Any], set[int]]] = [
    ("NUL in a query", "/book/?service=%00", {}, {400}),
    ("NUL in a query name", "/book/?%00=1", {}, {400}),
    ("NUL in a path", "/services/a%00b/", {}, {404}),
    ("invalid UTF-8 in a query", "/book/when/?day=%ff%fe", {}, {302}),
    ("invalid UTF-8 in a path", "/services/%ff/", {}, {404, 400}),
    ("an unknown service", "/book/?service=nope", {}, {200}),
    ("an option of 5,000 digits", "/book/?service=manual-lymphatic-drainage&option=" + "9" * 5000, {}, {200}),
    ("an option in superscript", "/book/?service=manual-lymphatic-drainage&option=%C2%B2", {}, {200}),
    ("a bad Host", "/book/", {"HTTP_HOST": "evil.example"}, {400}),
    ("garbage cookies", "/book/", {"HTTP_COOKIE": "sessionid=%00%ff; csrftoken=;;;=; =="}, {200}),
    (
        "a NUL in the session's cookie",
        "/book/when/",
        {"HTTP_COOKIE": 'sessionid="aaaaaaaaaaaa\\000b"; messages="\\000"'},
        {302},
    ),
    ("a spoofed X-Forwarded-For", "/book/", {"HTTP_X_FORWARDED_FOR": "'; DROP TABLE --, 1.1.1.1"}, {200}),
    ("a foreign language", "/book/", {"HTTP_ACCEPT_LANGUAGE": "x" * 5000}, {200}),
]


@pytest.mark.parametrize(
    ("path", "headers", "statuses"), [r[1:] for r in REQUESTS], ids=[r[0] for r in REQUESTS]
)
def test_strange_request_is_answered_calmly(
    flow: Flow, path: str, headers: dict[str, Any], statuses: set[int]
) -> None:
    response = flow.client.get(path, **headers)
    assert response.status_code in statuses
    assert "Traceback" not in response.content.decode()


DAYS = ["2026-02-30", "9999-12-31", "0001-01-01", "2026-12-07T10:00", "abc", "", "2020-01-01", "٢٠٢٦-١٢-٠٧"]


@pytest.mark.parametrize("day", DAYS)
def test_strange_day_or_month_shows_the_calendar_all_the_same(flow: Flow, day: str) -> None:
    flow.until("when")
    assert flow.client.get("/book/when/", {"day": day}).status_code == 200
    assert flow.client.get("/book/when/", {"month": day[:7]}).status_code == 200


def test_large_bodies_and_many_fields_are_refused(flow: Flow) -> None:
    flow.until("details")
    assert flow.details(notes="A" * 1_000_000).status_code in (400, 413)
    assert flow.details(notes="A" * 3_000_000).status_code in (400, 413)
    for path in ("/book/details/", "/contact/"):
        for count in (501, 1001, 2001):
            fields = {f"f{n}": "x" for n in range(count)}
            assert flow.client.post(path, fields).status_code in (400, 413)
            assert flow.client.post(path, {"f": list(fields)}).status_code in (400, 413)
        assert flow.client.post(path, {f"f{n}": "x" for n in range(500)}).status_code == 422


@pytest.mark.parametrize("path", ["/contact/", "/admin/login/", "/admin/bookings/screeningversion/add/"])
def test_many_parts_are_counted_before_they_are_taken_apart(
    client: Client, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def taken_apart(*args: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(HttpRequest, "parse_file_upload", taken_apart)
    assert client.post(path, {f"f{n}": "x" for n in range(501)}).status_code == 400


def test_other_bodies_are_not_read_as_a_form(flow: Flow) -> None:
    flow.until("details")
    for body, kind in [
        (b"{" * 5000, "application/json"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"--x\r\nbroken", "multipart/form-data"),
        (b"\xff\xfe=\xff", "application/x-www-form-urlencoded"),
    ]:
        response = flow.client.generic("POST", "/book/details/", body, content_type=kind)
        assert response.status_code in (400, 422)
    assert not Booking.objects.exists()


def test_duplicate_fields_count_once(flow: Flow) -> None:
    flow.until("when")
    presses = [press(at(10)), press(at(14))]
    twice = {name: [one[name] for one in presses] for name in presses[0]}
    assert flow.client.post("/book/when/", twice).status_code == 302
    flow.details()
    flow.health()
    flow.review()
    assert Booking.objects.count() == 1


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace"])
def test_other_methods_are_refused(flow: Flow, method: str) -> None:
    assert getattr(flow.client, method)("/book/review/").status_code == 405


def test_form_without_or_with_a_foreign_csrf_token_is_refused(world) -> None:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    assert client.post("/book/", {"service": world.service.slug}).status_code == 403
    foreign = client.post("/book/", {"csrfmiddlewaretoken": "x" * 64}, HTTP_ORIGIN="https://evil.example")
    assert foreign.status_code == 403
    assert not Booking.objects.exists()


def test_lone_surrogates_never_reach_the_database(flow: Flow) -> None:
    flow.until("details")
    body = (
        "name=Ana&email=a%40example.com&phone=2135550123&street=1+Main&access_type=ground&notes=a%ED%B2%80b"
    )
    response = flow.client.generic(
        "POST", "/book/details/", body.encode(), content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code == 302
    assert "\ufffd" in flow.client.get("/book/details/").content.decode()
