"""What the tests of the blog share."""

from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.blog.posts import NOW


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Stands at noon in Los Angeles, until a test moves it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def writer_client(db: None, clock: time_machine.Traveller) -> Client:
    """Signed in as staff who may write the blog and nothing else."""
    writer = User.objects.create_user("writer", password="a-long-password", is_staff=True)
    writer.user_permissions.set(Permission.objects.filter(content_type__app_label="blog"))
    client = Client()
    client.force_login(writer)
    return client
