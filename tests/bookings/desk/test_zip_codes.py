"""ZIP codes by pasting: shown first, added by one press, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from bookings.domain import zip_paste
from bookings.domain.zip_paste import read_paste
from bookings.drives import rows
from bookings.models import ServiceArea, Zone
from massagerx.lib.zips import standard_zips
from tests.factories import NOW, World

PASTE = reverse("admin:bookings_servicearea_paste")
MESS = """
Los Angeles, CA 90026
90027-1234 Los Feliz; 90027, 90027
South Pasadena
Reno 89501 and 00000
90009 is for PO boxes, 9002 and 900266 and 90028x are nothing
Atlantis, South Pasadena
91364
"""


def codes(paste: Any) -> list[str]:
    return [row.zip_code for row in paste.new]


def test_what_is_pasted_is_told_apart(world: World) -> None:
    ServiceArea.objects.filter(pk=world.far_area.pk).update(is_active=False)
    paste = read_paste(MESS, now=NOW)
    assert codes(paste) == ["90027", "91030"]
    assert paste.again == ["91364"]
    assert paste.there == [("90026", "Eastside")]
    wrong = dict(paste.wrong)
    assert set(wrong) == {"89501", "00000", "90009", "9002", "900266", "90028x", "Atlantis"}
    assert wrong["89501"] == "is outside California: Reno, NV"
    assert "no homes" in wrong["90009"]
    assert "five digits" in wrong["900266"]


@pytest.mark.parametrize(
    "text",
    [
        "a," * 10_000,
        "x" * 20_000,
        "9" * 20_000,
        "-" * 20_000,
        "9-" * 10_000,
        ",;\t" * 6000,
        "\n" * 9000,
        "٩٠٠٢٦",
    ],
)
def test_anything_can_be_pasted(text: str, db: None) -> None:
    assert read_paste(text, now=NOW).count == 0


def test_more_than_can_be_looked_up_is_said(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_paste, "MOST_CODES", 2)
    paste = read_paste("90026 90027 90028 90029", now=NOW)
    assert codes(paste) == ["90026", "90027"]
    assert paste.wrong == [("90028", "and all after it: 2 codes are the most at once")]


def test_no_list_of_mistakes_is_endless(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_paste, "MOST_CODES", 2)
    wrong = read_paste("Atlantis, Avalon Deep, Eldorado Z, Thule", now=NOW).wrong
    assert [name for name, _why in wrong] == ["Atlantis", "Avalon Deep", "Eldorado Z"]
    assert wrong[2][1] == "and all after it: only the first 2 mistakes are shown"


def test_names_of_cities_are_looked_up_and_not_searched_for(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counted(state: str) -> Any:
        asked.append(state)
        return standard_zips(state)

    monkeypatch.setattr(zip_paste, "standard_zips", counted)
    zip_paste._cities.cache_clear()
    paste = read_paste("south pasadena, Nowhere, SOUTH PASADENA, Atlantis", now=NOW)
    assert codes(paste) == ["91030"]
    assert asked == ["CA"]


def test_a_code_with_visits_comes_back_on_its_own_page_alone(owner: Client, world: World) -> None:
    """There the visits are shown that a move to another zone would strand."""
    world.book()
    ServiceArea.objects.filter(pk=world.area.pk).update(is_active=False)
    sent = {"zone": world.far_area.zone.pk, "text": "90026, 90027", "do": "add"}
    owner.post(PASTE, sent)
    world.area.refresh_from_db()
    assert (world.area.is_active, world.area.zone) == (False, world.zone)
    assert ServiceArea.objects.get(zip_code="90027").zone == world.far_area.zone
    page = owner.post(PASTE, {**sent, "do": "look"}).content.decode()
    assert "visits are booked there: serve it again on its own page" in page


def test_what_others_did_meanwhile_is_not_counted(world: World) -> None:
    paste = read_paste("90027 90028", now=NOW)
    others = read_paste("90027", now=NOW)
    assert zip_paste.add_paste(others, zone=world.far_area.zone) == 1
    assert zip_paste.add_paste(paste, zone=world.zone) == 1


def test_pressed_twice_at_once_is_told_as_a_name_that_is_there(
    owner: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The other press made the zone after this one had looked.
    monkeypatch.setattr("bookings.desk.zip_codes.PasteForm.clean", lambda form: form.cleaned_data)
    answer = owner.post(PASTE, {"new_zone": "Eastside", "text": "90027", "do": "add"})
    assert answer.status_code == 422
    assert "There is a zone of that name" in answer.content.decode()


def test_a_zone_whose_codes_can_not_be_added_is_not_made(
    owner: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lock_timeout(*_args: Any, **_kwargs: Any) -> int:
        raise OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr("bookings.desk.zip_codes.add_paste", lock_timeout)
    owner.raise_request_exception = False
    assert owner.post(PASTE, {"new_zone": "Near", "text": "90027", "do": "add"}).status_code >= 500
    assert not Zone.objects.filter(name="Near").exists()


def test_five_hundred_codes_with_their_words_are_added_by_one_press(
    owner: Client, world: World, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any,
    count_queries: Callable[..., Any],
) -> None:  # fmt: skip
    woken: list[int] = []
    monkeypatch.setattr(rows, "_wake_worker", lambda: woken.append(1))
    many = [row for row in standard_zips("CA") if row.zip_code not in ("90026", "91364")][:500]
    text = "\n".join(f"{row.city} {row.zip_code}-0001 (CA)" for row in many)
    sent = {"text": text, "new_zone": "All of it", "fee": "12.50"}
    looked = owner.post(PASTE, {**sent, "do": "look"})
    assert "500 ZIP codes would be added" in looked.content.decode()
    assert ServiceArea.objects.count() == 2
    assert Zone.objects.count() == 2
    with django_capture_on_commit_callbacks(execute=True), count_queries() as queries:
        assert owner.post(PASTE, {**sent, "do": "add"}).status_code == 302
    assert len(queries) < 40
    zone = Zone.objects.get(name="All of it")
    assert (zone.travel_fee_cents, zone.zips.filter(is_active=True).count()) == (1250, 500)
    assert all(area.point for area in zone.zips.all())
    assert woken
    # Pressed again, in another tab: the zone is there, and so are the codes.
    again = owner.post(PASTE, {**sent, "do": "add"})
    assert again.status_code == 422
    assert text.splitlines()[0] in again.content.decode()
    assert "There is a zone of that name" in again.content.decode()
    page = owner.post(PASTE, {"zone": zone.pk, "text": text, "do": "add"})
    assert "0 ZIP codes would be added" in page.content.decode()
    assert "Served already" in page.content.decode()


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"text": ""}, "Paste or type ZIP codes."),
        ({"text": "90027"}, "Choose a zone above, or name a new one."),
        ({"text": "90027", "new_zone": "EASTSIDE"}, "There is a zone of that name"),
        ({"text": "90027", "new_zone": "Near", "fee": "1001"}, "more than $1,000"),
        ({"text": "90027", "new_zone": "Near", "fee": "-1"}, "less than zero"),
        ({"text": "x" * 20_001, "new_zone": "Near"}, "20000 characters at most"),
        ({"text": "90027", "zone": "99999"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_added(
    owner: Client, world: World, sent: dict[str, str], words: str
) -> None:
    response = owner.post(PASTE, {"do": "add", **sent})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert (ServiceArea.objects.count(), Zone.objects.count()) == (2, 2)


def test_codes_taken_out_come_back_in_the_zone_chosen(owner: Client, world: World) -> None:
    ServiceArea.objects.filter(pk=world.far_area.pk).update(is_active=False)
    owner.post(PASTE, {"zone": world.zone.pk, "text": "91364, 90026", "do": "add"})
    world.far_area.refresh_from_db()
    world.area.refresh_from_db()
    assert (world.far_area.is_active, world.far_area.zone) == (True, world.zone)
    listing = owner.get(reverse("admin:bookings_servicearea_changelist")).content.decode()
    assert f'href="{PASTE}"' in listing
