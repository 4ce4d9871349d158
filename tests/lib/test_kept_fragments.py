"""Parts of pages that are kept: never older than what they show, and the same for everybody."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django import forms
from django.test import Client as Browser
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from massagerx.lib import kept_fragments
from massagerx.lib.kept_fragments import render_kept, render_kept_field
from services.models import Business
from tests.factories import make_world

FOOT = "components/footer_short.html"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests left here is not ours."""
    monkeypatch.setattr(kept_fragments, "_kept", {})


class LengthForm(forms.Form):
    length = forms.ChoiceField(widget=forms.RadioSelect, choices=[("60", "An hour"), ("90", "Longer")])


def length(form: forms.Form) -> str:
    return render_kept_field(form["length"])


def foot(business: Any, certificates: Any = ()) -> str:
    return render_kept(FOOT, {"business": business, "certificates": certificates})


def test_part_is_rendered_once_for_the_same_values() -> None:
    business = Business(name="Sample Rx", phone="+12135550123")
    first = foot(business, [["Ana", "CAMTC 1"]])
    assert "(213) 555-0123" in first
    again = Business(name="Sample Rx", phone="+12135550123")
    assert foot(SimpleLazyObject(lambda: again), SimpleLazyObject(lambda: [["Ana", "CAMTC 1"]])) is first


def test_part_is_rendered_anew_once_a_value_is_another() -> None:
    business = Business(name="Sample Rx")
    assert "555-0123" not in foot(business)
    business.phone = "+12135550123"
    assert "555-0123" in foot(business)
    assert "CAMTC 2" in foot(business, [["Ana", "2"]]).replace("certificate ", "")
    assert "certificate 3" in foot(business, [["Ana", "3"]])


def test_each_language_and_each_day_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    business, today = Business(name="Sample Rx"), date(2026, 12, 2)
    monkeypatch.setattr(kept_fragments.timezone, "localdate", lambda: today)
    english = foot(business)
    with translation.override("de"):
        assert foot(business) is not english
    assert foot(business) is english
    monkeypatch.setattr(kept_fragments.timezone, "localdate", lambda: today.replace(year=today.year + 4))
    assert foot(business) is not english


def test_field_is_rendered_once_for_the_same_choices() -> None:
    assert length(LengthForm()) is length(LengthForm())
    assert 'value="60"' in length(LengthForm())


def test_field_is_rendered_anew_once_it_is_another() -> None:
    assert "checked" not in length(LengthForm())
    assert 'value="90" id="id_length_1" required checked' in length(LengthForm(initial={"length": "90"}))
    assert "checked" not in length(LengthForm())
    dearer = LengthForm()
    dearer.fields["length"].choices = [("60", "<An hour>")]  # type: ignore[attr-defined]
    assert "&lt;An hour&gt;" in length(dearer)
    assert 'for="id_length_1"' not in length(dearer)


def test_field_of_a_form_that_was_sent_says_what_is_wrong() -> None:
    before = length(LengthForm())
    assert "This field is required." in length(LengthForm({}))
    assert length(LengthForm()) is before


def test_no_more_than_a_number_of_parts_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_fragments, "MOST_KEPT", 2)
    for number in range(5):
        render_kept(FOOT, {"business": "", "certificates": "", "number": number})
    assert len(kept_fragments._kept) <= 2


def test_what_is_shown_is_escaped() -> None:
    assert "<b>" not in foot(Business(name="<b>Rx"), [["<b>Ana", "1"]])


def test_part_is_given_nothing_of_the_visitor(client: Browser) -> None:
    """Of two visitors on two pages, each is told which page is theirs, and the owner's new name."""
    make_world()
    marked = '<a class="nav__link" href="/faq/" aria-current="page">'
    assert client.get("/faq/").content.decode().count(marked) == 2  # wide, and in the menu of phones
    assert marked not in Browser().get("/policies/").content.decode()
    business = Business.load()
    business.name = "Another Rx"
    business.save()
    assert "<span>Another Rx</span>" in Browser().get("/policies/").content.decode()
