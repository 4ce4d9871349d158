"""Secrets of second factors: nothing in the database makes a code, and keys rotate."""

from __future__ import annotations

import base64
import os
import time
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from massagerx.accounts import second_factor
from massagerx.accounts.models import TOTPDevice
from massagerx.lib.encryption import UnreadableValue, keyed_digest, seal, unseal

from .conftest import code_of, inside, log_in, member

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]
Clock = time_machine.Traveller


def key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def set_up(user: User, clock: Clock) -> tuple[str, list[str]]:
    """The secret and the recovery codes; a minute later."""
    secret = second_factor.new_key()
    done = second_factor.set_up(user, secret, code_of(secret), at=time.time())
    assert done is not None
    clock.shift(60)
    return secret, done[1]


def stored() -> str:
    """All that the tables of second factors hold."""
    found = []
    with connection.cursor() as cursor:
        for table in ("accounts_totpdevice", "accounts_recoverycodeset", "accounts_recoverycode"):
            cursor.execute(f"SELECT * FROM {table}")
            found += [str(row) for row in cursor.fetchall()]
    return "\n".join(found)


def test_nothing_stored_makes_a_code(clock: Clock) -> None:
    secret, codes = set_up(member("desk", "Front desk"), clock)
    text = stored()
    assert text.count("gAAAAA") == 1
    assert not [word for word in (secret, *codes) if word in text]


def test_keys_rotate_and_a_log_in_moves_the_secret_to_the_first(clock: Clock, settings: Any) -> None:
    user = member("desk", "Front desk")
    secret, (code, *_others) = set_up(user, clock)
    old, new = list(settings.HEALTH_KEYS), key()
    settings.HEALTH_KEYS = [new, *old]
    assert log_in(Client(), user, code)
    assert log_in(Client(), user, code_of(secret))
    clock.shift(60)
    settings.HEALTH_KEYS = [new]
    assert log_in(Client(), user, code_of(secret))
    # Codes on paper stay with their key: they are made anew before it goes.
    assert not log_in(Client(), user, _others[0])


def test_with_the_key_lost_a_code_is_wrong_and_the_rest_still_works(clock: Clock, settings: Any) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    user, client = member("desk", "Front desk"), Client()
    secret, _codes = set_up(user, clock)
    assert log_in(client, user, code_of(secret))
    clock.shift(60)
    settings.HEALTH_KEYS = [key()]
    assert inside(client)
    assert not log_in(Client(), user, code_of(secret))
    assert second_factor.reset(user)
    assert log_in(Client(), user)


def test_a_secret_opens_in_its_own_column_only() -> None:
    token = seal("secret", "here")
    assert unseal(token, "here") == "secret"
    for name, value in (("there", token), ("here", "x"), ("here", "")):
        with pytest.raises(UnreadableValue):
            unseal(value, name)
    assert keyed_digest("code", "here") != keyed_digest("code", "there")


def test_trying_codes_opens_the_secret_only_then(clock: Clock) -> None:
    set_up(member("desk", "Front desk"), clock)
    assert "key" in TOTPDevice.objects.get().get_deferred_fields()
