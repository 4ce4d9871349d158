"""The page of the people who visit."""

from collections.abc import Iterator

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import NOW, World


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def test_each_bookable_therapist_is_shown_with_the_certificate_number(client: Client, world: World) -> None:
    html = client.get("/therapists/").content.decode()
    assert world.therapist.name in html
    assert f"CAMTC certificate {world.therapist.certificate_number}" in html
    assert 'href="/services/manual-lymphatic-drainage/"' in html


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
