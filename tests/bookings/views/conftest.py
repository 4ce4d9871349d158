"""A visitor in the booking flow, with the clock standing still."""

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from tests.bookings.views.flow import Flow
from tests.factories import NOW, World


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def flow(client: Client, world: World) -> Flow:
    client.raise_request_exception = False
    return Flow(client, world)
