"""The owner's sentence in each kind of email to clients."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from bookings.enums import TO_STAFF, WITH_OWN_WORDS, MessageKind
from bookings.models import Message, MessageSettings
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
    assert offered.isdisjoint({*TO_STAFF, "sign_in", "code", "invited", "time_off"})
    links = re.findall(r'href="(/admin/styleguide/emails/[^"]+)"', page)
    # All that an email of that kind may tell, and not the first of it alone.
    assert sorted(links) == sorted(
        reverse("sample_email_html", args=[name])
        for name, sample in SAMPLES.items()
        if sample.kind in WITH_OWN_WORDS
    )
    for address in links:
        assert owner.get(address).status_code == 200
