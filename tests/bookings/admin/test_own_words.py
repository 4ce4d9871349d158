"""The owner's sentence in each kind of email to clients."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from bookings.enums import TO_STAFF, WITH_OWN_WORDS, MessageKind
from bookings.models import Booking, Message, MessageSettings
from bookings.notifications import own_words
from bookings.notifications.registry import SiteSettings, load_target
from bookings.notifications.render import Email, render
from bookings.notifications.samples import SAMPLES, write_sample
from tests.bookings.notifications.rendered_emails import SHAPES
from tests.factories import World
from tests.support.visits import NOW, make_message

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]

PAGE = reverse("admin:bookings_messagesettings_change", args=[1])
WORDS = "Park in the <driveway> & ring twice.\nWe look forward to it."


@pytest.fixture
def settings_row(world: World) -> MessageSettings:
    return MessageSettings.objects.get_or_create(pk=1)[0]


def sent(page: Any, **changes: str) -> dict[str, Any]:
    form = page.context["adminform"].form
    data = {name: form[name].value() for name in form.fields}
    return {name: "" if value is None else value for name, value in data.items()} | changes


def letter(kind: MessageKind, happened: Callable[[Message], None] | None = None) -> Email:
    message = make_message(kind)
    if happened is not None:
        happened(message)
    return render(message, load_target(message), SiteSettings.load(), now=NOW, preview=True)


def test_a_sentence_stands_in_its_own_kind_of_email_and_in_no_other(
    settings_row: MessageSettings, owner: Client
) -> None:
    assert owner.post(PAGE, sent(owner.get(PAGE), own_words_confirmed=WORDS)).status_code == 302
    settings_row.refresh_from_db()
    assert settings_row.own_words == {"confirmed": WORDS}
    assert settings_row.history.count() >= 1
    confirmed = letter(MessageKind.CONFIRMED)
    assert WORDS in confirmed.text
    assert "Park in the &lt;driveway&gt; &amp; ring twice.<br>We look forward" in confirmed.html
    assert "Park in the" not in letter(MessageKind.DECLINED).text
    assert owner.post(PAGE, sent(owner.get(PAGE), own_words_confirmed=" \n ")).status_code == 302
    settings_row.refresh_from_db()
    assert settings_row.own_words == {}


def test_every_such_kind_says_it_once_in_both_parts(settings_row: MessageSettings) -> None:
    MessageSettings.objects.update(own_words={kind.value: "Mind the cat." for kind in MessageKind})
    for name, sample in SAMPLES.items():
        if sample.kind in WITH_OWN_WORDS:
            mail = write_sample(name, SiteSettings.load(), now=NOW)
            assert (mail.text.count("Mind the cat."), mail.html.count("Mind the cat.")) == (1, 1), name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("together_of_several", True), ("together_waits", True), ("together_canceled", False),
        ("together_paused", False), ("together_expired", False),
    ],
)  # fmt: skip
def test_a_sentence_for_visits_that_stand_is_in_no_email_that_ends_them(
    settings_row: MessageSettings, name: str, says: bool
) -> None:
    MessageSettings.objects.update(own_words={"together": "We look forward to seeing you."})
    mail = letter(*SHAPES[name])
    assert ("We look forward" in mail.text, "We look forward" in mail.html) == (says, says)


def test_too_much_is_refused_and_nothing_typed_is_lost(settings_row: MessageSettings, owner: Client) -> None:
    long = "x" * 401
    response = owner.post(PAGE, sent(owner.get(PAGE), own_words_thanks=long, own_words_moved="Mine."))
    text = response.content.decode()
    assert response.status_code == 200
    assert long in text
    assert "Mine." in text
    settings_row.refresh_from_db()
    assert settings_row.own_words == {}


def test_what_lets_somebody_in_and_what_staff_get_has_none(
    settings_row: MessageSettings, owner: Client
) -> None:
    page = owner.get(PAGE).content.decode()
    offered = set(re.findall(r'name="own_words_(\w+)"', page))
    assert offered == {kind.value for kind in WITH_OWN_WORDS}
    assert offered.isdisjoint({*TO_STAFF, "sign_in", "code", "invited", "second_factor", "time_off"})
    buttons = re.findall(r'name="_preview" value="([\w-]+)" formtarget', page)
    # All that an email of that kind may tell, and not the first of it alone.
    cases = sorted(name for name, sample in SAMPLES.items() if sample.kind in WITH_OWN_WORDS)
    assert sorted(name for name in buttons if name != "1") == cases


def test_what_a_sentence_names_is_filled_in(settings_row: MessageSettings, owner: Client) -> None:
    named = "{{ name }}, {{therapist}} comes for {{ service }} on {{ day }}, at {{  time }}."
    assert owner.post(PAGE, sent(owner.get(PAGE), own_words_confirmed=named)).status_code == 302
    mail = letter(MessageKind.CONFIRMED)
    booking = Booking.objects.get()
    who, what = re.escape(booking.therapist.name), re.escape(booking.service.name)
    said = rf"\w+, {who} comes for {what} on \w+day, \w+ \d+, at \d+:\d\d [AP]M P[DS]T\."
    assert re.search(said, mail.text)
    assert re.search(said, mail.html)


def test_what_a_client_typed_as_their_name_is_not_filled_in_again() -> None:
    people = SimpleNamespace(therapist=SimpleNamespace(name="Mira"), service=SimpleNamespace(name="Calm"))
    context = {"name": "{{ day }}", "day": "Monday", "start": "9:00 AM", "booking": people}
    filled = own_words.fill(MessageKind.CONFIRMED, "{{ name }} on {{ day }} at {{ time }}", context)
    assert filled == "{{ day }} on Monday at 9:00 AM"
    assert own_words.fill(MessageKind.BOOKLET, "Hello {{ name }}.", {"name": ""}) == "Hello there."


@pytest.mark.parametrize("kind", WITH_OWN_WORDS)
def test_every_name_on_a_kinds_list_is_known_to_its_emails(
    settings_row: MessageSettings, kind: MessageKind
) -> None:
    written = own_words.written(own_words.places(kind))
    own_words.check(kind, written)
    MessageSettings.objects.update(own_words={kind.value: f"<{written}>"})
    for name, sample in SAMPLES.items():
        if sample.kind == kind:
            text = write_sample(name, SiteSettings.load(), now=NOW).text
            assert not [odd for odd in ("{{", "<,", ", ,", ", >", "<>") if odd in text], name


@pytest.mark.parametrize(
    ("kind", "typed", "odd"),
    [
        ("confirmed", "Dear {{ client }}!", "{{ client }}"),
        ("confirmed", "{{ booking.client.notes }}", "{{ booking.client.notes }}"),
        ("confirmed", "{% include 'x' %}", "{%"),
        ("confirmed", "{{ name }", "{{"),
        ("confirmed", "{{ name|safe }}", "{{ name|safe }}"),
        ("confirmed", "{{}}", "{{}}"),
        ("together", "{{ day }}", "{{ day }}"),
        ("booklet", "{{ therapist }}", "{{ therapist }}"),
    ],
)
def test_what_cant_be_filled_in_is_refused_with_the_list_and_nothing_typed_is_lost(
    settings_row: MessageSettings, owner: Client, kind: str, typed: str, odd: str
) -> None:
    response = owner.post(PAGE, sent(owner.get(PAGE), **{f"own_words_{kind}": typed, "signature": "Nora"}))
    assert response.status_code == 200
    form = response.context["adminform"].form
    (words,) = form.errors[f"own_words_{kind}"]
    assert f"“{odd}” can’t be filled in" in words
    assert own_words.written(own_words.places(MessageKind(kind))) in words
    assert (form[f"own_words_{kind}"].value(), form["signature"].value()) == (typed, "Nora")
    settings_row.refresh_from_db()
    assert (settings_row.own_words, settings_row.signature) == ({}, "")


def test_an_email_is_seen_with_what_stands_in_the_form_and_nothing_is_saved(
    settings_row: MessageSettings, owner: Client
) -> None:
    typed = sent(owner.get(PAGE), own_words_confirmed="Ring twice on {{ day }}.", _preview="confirmed")
    response = owner.post(PAGE, typed)
    page = response.content.decode()
    assert re.search(r"Ring twice on \w+day, \w+ \d+\.", page)
    assert "Your visit is confirmed" in page
    assert "default-src 'none'" in response["Content-Security-Policy"]
    settings_row.refresh_from_db()
    assert settings_row.own_words == {}
    odd = owner.post(PAGE, typed | {"own_words_confirmed": "{{ x }}"}).content.decode()
    assert "“{{ x }}” can’t be filled in" in odd
    assert owner.post(PAGE, typed | {"_preview": "nothing-of-that-name"}).status_code == 200


def test_earlier_sentences_come_back(settings_row: MessageSettings, owner: Client) -> None:
    for words in ("First.", "Second."):
        owner.post(PAGE, sent(owner.get(PAGE), own_words_confirmed=words, own_words_moved="Moved."))
    versions = owner.get(reverse("admin:bookings_messagesettings_versions", args=[1])).content.decode()
    keys = re.findall(r'href="[^"]+/versions/(\d+)/"', versions)
    page = reverse("admin:bookings_messagesettings_version", args=[1, int(keys[1])])
    assert "Visit confirmed: First.<br>Visit moved: Moved." in owner.get(page).content.decode()
    assert owner.post(page).status_code == 302
    settings_row.refresh_from_db()
    assert settings_row.own_words == {"confirmed": "First.", "moved": "Moved."}
