"""The pages of the people who visit."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.formats import date_format

from bookings.domain.soonest import soonest_times
from bookings.models import BookingDraft, Photo, Therapist
from massagerx.lib.localtime import local
from massagerx.lib.stored_picture import make_sizes
from tests.bookings.photos import add_photo
from tests.factories import NOW, World


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def test_each_bookable_therapist_is_shown_with_the_certificate_number(client: Client, world: World) -> None:
    html = client.get("/therapists/").content.decode()
    assert world.therapist.name in html
    assert f"CAMTC certificate {world.therapist.certificate_number}" in html
    assert f'href="/therapists/{world.therapist.slug}/"' in html


@pytest.mark.parametrize(
    "changes", [{"is_active": False}, {"certificate_number": ""}, {"certificate_expires_on": "2026-12-01"}]
)
def test_therapist_who_may_not_be_advertised_is_not_shown(
    client: Client, world: World, changes: dict[str, object]
) -> None:
    world.add_therapist("Hidden Sample", **changes)
    assert "Hidden Sample" not in client.get("/therapists/").content.decode()


def test_queries_do_not_grow_with_the_therapists(client: Client, world: World) -> None:
    with CaptureQueriesContext(connection) as few:
        client.get("/therapists/")
    for number in range(29):
        world.add_therapist(f"Sample Therapist {number}")
    with CaptureQueriesContext(connection) as many:
        client.get("/therapists/")
    assert len(many) == len(few)


def test_own_page_names_the_zones_that_the_hours_name(client: Client, world: World) -> None:
    """Hours say where somebody drives, and the page says the same."""
    hours = list(world.therapist.working_hours.all())
    for of_day in hours[:-1]:
        of_day.zones.add(world.far_area.zone)
    assert "<dt>Visits</dt>" not in page_of(client, world.therapist), "one day is for everywhere"
    hours[-1].zones.add(world.area.zone)
    assert "<dt>Visits</dt><dd>Eastside, Valley</dd>" in page_of(client, world.therapist)
    hours[-1].valid_until = NOW.date() - timedelta(days=1)
    hours[-1].save()
    assert "<dt>Visits</dt><dd>Valley</dd>" in page_of(client, world.therapist)


def page_of(client: Client, therapist: Therapist) -> str:
    return client.get(f"/therapists/{therapist.slug}/").content.decode()


def test_own_page_says_what_the_therapist_said_of_themselves(client: Client, world: World) -> None:
    for hours in world.therapist.working_hours.all():
        hours.zones.add(world.area.zone)
    Therapist.objects.filter(pk=world.therapist.pk).update(
        quote="I worked on a ward first.",
        bio="I ring.\n\nThen I ask.",
        training="Sample School, 160 hours",
        languages="English, Spanish",
        here_since=2019,
    )
    html = page_of(client, world.therapist)
    for words in (
        "“I worked on a ward first.”",
        "<p>Then I ask.</p>",
        "<dd>Sample School, 160 hours</dd>",
        "<dd>English, Spanish</dd>",
        f"<dd>{world.area.zone.name}</dd>",
        "<dd>2019</dd>",
        f"CAMTC certificate {world.therapist.certificate_number}",
    ):
        assert words in html


def test_what_is_not_said_leaves_no_label(client: Client, world: World) -> None:
    Therapist.objects.filter(pk=world.therapist.pk).update(bio="", quote="", training="", languages="")
    html = page_of(client, world.therapist)
    for words in (
        "Trained",
        "Speaks",
        "Visits</dt>",
        "With us since",
        "A first visit",
        "blockquote",
        "own__facts",
    ):
        assert words not in html


def test_own_page_offers_the_next_times_and_carries_the_therapist_into_booking(
    client: Client, world: World
) -> None:
    html = page_of(client, world.therapist)
    soonest = soonest_times([world.therapist], days=3, now=NOW)[world.therapist.pk]
    assert len(soonest.starts) == 3
    for at in soonest.starts:
        assert date_format(local(at), "D, M j") in html
    assert f'href="/book/?therapist={world.therapist.slug}"' in html

    other = world.add_therapist("Another Sample")
    page = client.get("/book/", {"therapist": other.slug, "service": "manual-lymphatic-drainage"})
    html = page.content.decode()
    assert f'<input type="hidden" name="therapist" value="{other.slug}">' in html
    option = world.service.options.first()
    client.post(
        "/book/",
        {
            "service": "manual-lymphatic-drainage",
            "therapist": other.slug,
            "option": option.pk,
            "people": 1,
            "zip": world.area.zip_code,
        },
    )
    (draft,) = BookingDraft.objects.all()
    assert draft.answers["preference"] == f"therapist:{other.slug}"


def test_who_cannot_be_booked_has_no_page(client: Client, world: World) -> None:
    hidden = world.add_therapist("Hidden Sample", certificate_expires_on="2026-12-01")
    assert client.get(f"/therapists/{hidden.slug}/").status_code == 404
    assert f"/therapists/{hidden.slug}/" not in client.get("/sitemap.xml").content.decode()
    assert f"/therapists/{world.therapist.slug}/" in client.get("/sitemap.xml").content.decode()


def test_own_page_tells_search_engines_who_it_is(client: Client, world: World) -> None:
    Therapist.objects.filter(pk=world.therapist.pk).update(languages="English, Spanish")
    (text,) = re.findall(
        r'<script type="application/ld\+json">(.*?)</script>', page_of(client, world.therapist)
    )
    person, _crumbs = json.loads(text)["@graph"]
    assert person["@type"] == "Person"
    assert person["knowsLanguage"] == ["English", "Spanish"]
    assert person["hasCredential"]["identifier"] == world.therapist.certificate_number
    assert "image" not in person


def test_a_portrait_is_a_drawing_of_ones_own_until_there_is_a_photo(client: Client, world: World) -> None:
    for number in range(1, 4):
        world.add_therapist(f"Sample Therapist {number}", pk=world.therapist.pk + number)
    drawn = [
        re.findall(r'class="portrait__lines" d="([^"]+)"', client.get("/therapists/").content.decode())
        for _time in range(2)
    ]
    assert len(set(drawn[0])) == 4
    assert drawn[0] == drawn[1]

    photo = add_photo(Photo.Slot.PORTRAIT, world.therapist)
    html = client.get("/therapists/").content.decode()
    assert "portrait--photo" not in html  # its sizes are still to be made
    assert make_sizes(Photo, now=NOW) == 1
    html = client.get("/therapists/").content.decode()
    assert html.count("portrait--photo") == 1
    assert f"{photo.token}-cover-50-50-200.webp 200w" in html
    photo.refresh_from_db()
    photo.delete()
    assert "portrait--photo" not in client.get("/therapists/").content.decode()


def test_hands_are_shown_with_words_on_the_own_page(client: Client, world: World) -> None:
    Therapist.objects.filter(pk=world.therapist.pk).update(bio="I ring.")
    add_photo(Photo.Slot.HANDS, world.therapist)
    alt = f'alt="The hands of {world.therapist.name} at work"'
    assert alt not in page_of(client, world.therapist)
    make_sizes(Photo, now=NOW)
    assert alt in page_of(client, world.therapist)
