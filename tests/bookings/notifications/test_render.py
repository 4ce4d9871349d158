"""Emails as people read them: the facts are there, in words, in both forms, at the right time of the right zone."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from bookings.enums import BookingStatus, MessageKind
from bookings.models import BookingRules, TermsVersion
from bookings.notifications.registry import SiteSettings, load_target
from bookings.notifications.render import Email, render
from services.models import AddOn
from tests.support.visits import CANARIES, NOW, STATUS_OF, make_business, make_message, make_visit

pytestmark = pytest.mark.django_db
NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture(autouse=True)
def _business(db: None) -> None:
    make_business()


def rendered(kind: MessageKind, **changes: object) -> Email:
    message = make_message(kind)
    booking = load_target(message)
    for name, value in changes.items():
        setattr(booking, name, value)
    return render(message, booking, SiteSettings.load(), now=NOW)


class _Words(HTMLParser):
    """The words a reader sees, the targets of links, and the tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self._hidden = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag in ("style", "title"):
            self._hidden += 1
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "title"):
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.words.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return " ".join(self.words)


SUBJECTS = {
    MessageKind.RECEIVED: "We have your request: Manual lymphatic drainage, Thu, Oct 15",
    MessageKind.CONFIRMED: "Confirmed: Manual lymphatic drainage, Thu, Oct 15 at 2:30 PM PDT",
    MessageKind.DECLINED: "About your request: Manual lymphatic drainage, Thu, Oct 15",
    MessageKind.CANCELED: "Canceled: Manual lymphatic drainage, Thu, Oct 15",
    MessageKind.EXPIRED: "Your request has ended: Manual lymphatic drainage, Thu, Oct 15",
}
WITH_FACTS = (MessageKind.RECEIVED, MessageKind.CONFIRMED)


@pytest.mark.parametrize("kind", list(SUBJECTS))
def test_client_email_says_when_in_both_forms(kind: MessageKind) -> None:
    mail = rendered(kind)
    seen = _Words(mail.html)

    assert mail.subject == SUBJECTS[kind]
    assert mail.to == "ana@client.example"
    assert "Thursday, October 15\n2:30 PM – 4:00 PM PDT" in mail.text
    assert "Thursday October 15 2:30 PM – 4:00 PM PDT" in seen.text
    for text in (mail.text, seen.text):
        assert "Hello Ana." in text
        assert "(213) 555-0123" in text
        assert "!" not in text
        assert not {"treat", "cure", "detox"} & set(re.findall(r"\w+", text.lower()))
    assert "tel:+12135550123" in seen.links
    assert mail.html.count('class="button"') == 1


@pytest.mark.parametrize("kind", WITH_FACTS)
def test_client_email_holds_the_facts_of_the_visit(kind: MessageKind) -> None:
    mail = rendered(kind)

    for text in (mail.text, _Words(mail.html).text):
        for fact in (
            "Sample Therapist",
            "CAMTC certificate CMT-00123",
            "Manual lymphatic drainage",
            "90 minutes",
            "1200 Sample Street, Apt 4, Los Angeles, CA 90027",
            "$185",
        ):
            assert fact in text


def test_confirmed_email_says_how_to_prepare_and_until_when_to_change() -> None:
    mail = rendered(MessageKind.CONFIRMED)
    seen = _Words(mail.html)

    assert "- Eat lightly.\n- Read the questions (http://127.0.0.1:8000/faq/)." in mail.text
    assert "http://127.0.0.1:8000/faq/" in seen.links
    for text in (mail.text, seen.text):
        assert "arrives at about 2:20 PM PDT to set up" in text
        assert "for free until Wed, Oct 14, 2:30 PM PDT" in text.replace(NBSP, " ")


def test_confirmed_email_promises_no_free_change_that_has_passed() -> None:
    message = make_message(MessageKind.CONFIRMED)
    TermsVersion.objects.update(cancel_notice_hours=72)

    mail = render(message, load_target(message), SiteSettings.load(), now=NOW)

    assert "for free" not in mail.text + mail.html
    for text in (mail.text, mail.html):
        assert "You can cancel at any time; now there may be a late fee." in text


def test_email_speaks_of_two_people_add_ons_and_the_one_it_is_for() -> None:
    message = make_message(MessageKind.CONFIRMED)
    booking = load_target(message)
    booking.people, booking.recipient_name = 2, "Maria Sample"
    booking.add_ons.add(AddOn.objects.create(name="Hot towels", price_cents=1500))

    mail = render(message, booking, SiteSettings.load(), now=NOW)

    assert "90 minutes, 2 people, with Hot towels" in mail.text
    assert "For: Maria Sample" in mail.text
    assert "90 minutes, 2 people, with Hot towels" in _Words(mail.html).text


def test_staff_alert_leads_to_the_request_and_names_no_client() -> None:
    mail = rendered(MessageKind.STAFF_ALERT)
    message_booking = re.search(r"/admin/bookings/booking/\d+/change/", mail.text)

    assert message_booking is not None
    assert f"http://127.0.0.1:8000{message_booking[0]}" in _Words(mail.html).links
    assert re.fullmatch(r"New request MX-\w{6}: Thu, Oct 15, 2:30 PM PDT", mail.subject)
    assert mail.to == "visits@business.example"
    for text in (mail.text, _Words(mail.html).text):
        assert "Central, 90027" in text
        assert "by Wed, Oct 14, 10:00 AM PDT" in text.replace(NBSP, " ")
        for private in ("Ana", "Sample Street", "client.example", "clearance"):
            assert private not in text


def test_staff_alert_goes_to_the_address_in_the_rules() -> None:
    rules = BookingRules.load()
    rules.alert_email = "desk@business.example"
    rules.save()

    assert rendered(MessageKind.STAFF_ALERT).to == "desk@business.example"


def test_staff_alert_with_nobody_to_tell_is_refused() -> None:
    make_business(email="")

    with pytest.raises(ValueError, match="no address"):
        rendered(MessageKind.STAFF_ALERT)


@pytest.mark.parametrize("kind", list(MessageKind))
def test_email_holds_no_secret_and_loads_nothing(kind: MessageKind) -> None:
    mail = rendered(kind)
    whole = mail.subject + mail.text + mail.html + (mail.calendar or "")

    assert [canary for canary in CANARIES if canary in whole] == []
    assert not {"script", "link", "iframe", "form", "object"} & _Words(mail.html).tags
    assert all(
        source.startswith("cid:") for source in re.findall(r"<img[^>]* src=[\"']?([^\"' >]*)", mail.html)
    )
    assert "url(" not in mail.html
    assert "@import" not in mail.html
    # The style sheet is in the tags; what is left of it is for dark mode and wide windows.
    assert "prefers-color-scheme: dark" in mail.html
    assert 'name="color-scheme"' in mail.html
    if kind in STATUS_OF:
        assert re.search(r'<p[^>]*class="day[^>]*style="[^"]*font-size: 30px', mail.html)
    assert len(mail.html) < 100_000  # Gmail cuts longer ones off
    assert max(len(line) for line in mail.html.encode().splitlines()) < 998


def test_calendar_part_follows_the_kind() -> None:
    methods = {kind: rendered(kind).calendar_method for kind in MessageKind}

    assert {kind: method for kind, method in methods.items() if method} == {
        MessageKind.CONFIRMED: "REQUEST",
        MessageKind.TOGETHER: "PUBLISH",
        MessageKind.MOVED: "REQUEST",
        MessageKind.CANCELED: "CANCEL",
    }


def test_canceled_request_that_never_was_confirmed_has_no_calendar_part() -> None:
    mail = rendered(MessageKind.CANCELED, confirmed_at=None)

    assert mail.calendar is None
    assert mail.subject == "Request canceled: Manual lymphatic drainage, Thu, Oct 15"
    assert "calendar" not in mail.text


def test_markup_in_names_stays_text() -> None:
    mail = rendered(MessageKind.CONFIRMED, contact_name="<b>Ana</b>", street='<script>alert("x")</script>')

    assert "<script" not in mail.html
    assert "&lt;script&gt;" in mail.html
    assert '<script>alert("x")</script>, Apt 4' in mail.text  # plain text is not escaped


def test_apostrophes_and_accents_are_written_as_they_are() -> None:
    mail = rendered(MessageKind.CONFIRMED, contact_name="Siobhán O'Brien 李")

    assert "Hello Siobhán." in mail.text
    assert "Hello Siobhán." in mail.html


def test_rendering_asks_few_queries(count_queries) -> None:
    message = make_message(MessageKind.CONFIRMED)
    render(message, load_target(message), SiteSettings.load(), now=NOW)  # makes the visit's link
    with count_queries() as queries:
        render(message, load_target(message), SiteSettings.load(), now=NOW)

    # Booking, add-ons, what was told, what was done since, business and its history, rules, settings, link.
    assert len(queries) <= 9


# Words and figures ---------------------------------------------------------------------------------------------


def test_booking_is_read_as_it_is_when_the_message_leaves() -> None:
    booking = make_visit(status=BookingStatus.CONFIRMED)
    message = make_message(MessageKind.CONFIRMED, booking=booking)
    booking.street = "900 Other Street"
    booking.save()

    assert "900 Other Street" in render(message, load_target(message), SiteSettings.load(), now=NOW).text
