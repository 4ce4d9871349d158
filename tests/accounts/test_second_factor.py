"""Setting up a second factor, being asked for it, losing the phone."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.domain import invitations, links
from bookings.enums import MessageKind
from bookings.models import Link, Message
from bookings.notifications.registry import SiteSettings, load_target
from bookings.notifications.render import render
from massagerx.accounts import second_factor
from massagerx.accounts.models import RecoveryCode, TOTPDevice
from massagerx.accounts.views import pending_key

from .conftest import code, code_of, inside, log_in, member

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]
Clock = time_machine.Traveller


def page() -> str:
    return reverse("admin:second_factor")


def set_up(user: User, clock: Clock) -> list[str]:
    """As by the page; gives the recovery codes. The clock then stands a minute later, at a fresh code."""
    key = second_factor.new_key()
    done = second_factor.set_up(user, key, code_of(key), at=time.time())
    assert done is not None
    clock.shift(60)
    return done[1]


def mailbox_link(user: User) -> str:
    """The path of a link by which an account's owner shows that the mailbox is theirs."""
    return reverse(
        "bookings:own_mailbox", args=[links.token_of(invitations.factor_link(user, now=timezone.now()))]
    )


def test_the_page_sets_it_up_and_shows_the_recovery_codes_once(clock: Clock) -> None:
    user, client = member("desk", "Front desk"), Client()
    assert log_in(client, user)
    shown = client.get(page())
    key = pending_key(client.session)
    assert key is not None
    assert key not in str(dict(client.session))
    text = shown.content.decode()
    assert second_factor.Setup("desk", key).secret in text
    assert 'src="data:image/svg+xml' in text
    assert client.get(page()).content.count(b"data:image/svg") == 1
    assert pending_key(client.session) == key

    wrong = client.post(page(), {"code": code_of(second_factor.new_key())})
    assert wrong.status_code == 422
    assert not TOTPDevice.objects.exists()

    done = client.post(page(), {"code": code_of(key)})
    codes = re.findall(r"<code>((?:[a-z2-7]{4} ?){6})</code>", done.content.decode())
    assert len(codes) == 10
    digests = {RecoveryCode.digest_of(typed.replace(" ", "")) for typed in codes}
    assert digests == set(RecoveryCode.objects.values_list("digest", flat=True))
    assert "no-store" in done["Cache-Control"]
    assert not any(typed in client.get(page()).content.decode() for typed in codes)
    assert inside(client)
    assert LogEntry.objects.get(object_id=str(user.pk)).change_message == "Second factor set up."


def test_what_the_qr_code_says_an_app_can_read() -> None:
    setup = second_factor.Setup("desk", "00" * 20)
    assert setup.address == (
        "otpauth://totp/Massage%20Rx%3Adesk"
        "?secret=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&issuer=Massage%20Rx&digits=6&period=30"
    )


def test_log_in_asks_for_the_code_and_says_the_same_of_all_that_is_wrong(clock: Clock) -> None:
    user = member("desk", "Front desk")
    set_up(user, clock)
    right = code(user)
    answers = set()
    for password, typed in (
        ("wrong", right),
        ("walnut-harbor-lamp-31", ""),
        ("walnut-harbor-lamp-31", "000000"),
    ):
        data = {"username": "desk", "password": password, "code": typed}
        response = Client().post(reverse("admin:login"), data)
        assert response.status_code == 200
        answers.add(" ".join(response.context["form"].non_field_errors()))
        clock.shift(60)
    unknown = {"username": "nobody", "password": "x", "code": right}
    answers.add(" ".join(Client().post(reverse("admin:login"), unknown).context["form"].non_field_errors()))
    assert len(answers) == 1

    client = Client()
    assert log_in(client, user, code(user))
    assert inside(client)


def test_a_code_works_once(clock: Clock) -> None:
    user = member("desk", "Front desk")
    set_up(user, clock)
    typed = code(user)
    assert log_in(Client(), user, typed)
    assert not log_in(Client(), user, typed)


def test_the_code_that_set_it_up_opens_nothing_more(clock: Clock) -> None:
    user = member("desk", "Front desk")
    key = second_factor.new_key()
    typed = code_of(key)
    assert second_factor.set_up(user, key, typed, at=time.time()) is not None

    assert not log_in(Client(), user, typed)

    clock.shift(60)
    assert log_in(Client(), user, code(user))


def test_codes_are_read_with_spaces_and_a_minute_late_they_are_not(clock: Clock) -> None:
    user = member("desk", "Front desk")
    set_up(user, clock)
    assert not log_in(Client(), user, code(user, steps=-3))
    clock.shift(60)
    typed = code(user)
    assert log_in(Client(), user, f" {typed[:3]} {typed[3:]} ")


def test_a_recovery_code_works_once_and_leaves_the_phone_working(clock: Clock) -> None:
    user = member("desk", "Front desk")
    first, second, *_others = set_up(user, clock)
    client = Client()
    assert log_in(client, user, f"{first[:4]} {first[4:]}".upper())
    assert inside(client)
    assert not log_in(Client(), user, first)
    # The wrong one counts against recovery codes, not against the phone.
    assert log_in(Client(), user, code(user))
    clock.shift(60)
    assert log_in(Client(), user, second)
    assert second_factor.recovery_codes_left(user) == 8


def test_wrong_codes_make_the_next_try_wait(clock: Clock) -> None:
    user = member("desk", "Front desk")
    set_up(user, clock)
    for _try in range(6):
        assert not log_in(Client(), user, code(user, steps=40))
    assert not log_in(Client(), user, code(user))
    clock.shift(120)
    assert log_in(Client(), user, code(user))


@pytest.mark.parametrize(
    "typed", ["", " ", "abc", "12345", "1234567", "١٢٣٤٥٦", "9" * 500, "²²²²²²", "0x1234", "-12345"]
)
def test_odd_codes_are_refused_kindly(typed: str, clock: Clock) -> None:
    user = member("desk", "Front desk")
    set_up(user, clock)
    response = Client().post(
        reverse("admin:login"),
        {"username": "desk", "password": "walnut-harbor-lamp-31", "code": typed},
    )
    assert response.status_code == 200
    assert response.context["form"].errors


def test_where_it_is_required_nothing_else_opens_before(settings: Any, clock: Clock) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    user, client = member("desk", "Front desk"), Client()
    assert client.post(mailbox_link(user)).status_code == 302
    assert log_in(client, user)
    for name in ("index", "bookings_booking_changelist", "password_change", "bookings_booking_day"):
        response = client.get(reverse(f"admin:{name}"))
        assert response.status_code == 302
        assert response["Location"] == page()
    shut = client.get(page())
    assert shut.status_code == 200
    assert "desk-nav" not in shut.content.decode()
    assert client.post(reverse("admin:bookings_booking_changelist"), {}).status_code == 302
    # On other pages they are a visitor: nothing for staff shows.
    assert not client.get(reverse("home")).wsgi_request.user.is_authenticated

    key = pending_key(client.session)
    assert key is not None
    client.post(page(), {"code": code_of(key)})
    assert inside(client)
    assert client.get(reverse("home")).wsgi_request.user.is_authenticated


def test_a_thief_who_knows_the_password_sets_up_no_factor(settings: Any, clock: Clock) -> None:
    """Neither a first one, nor another after a reset; nor with what another browser has shown."""
    settings.REQUIRE_SECOND_FACTOR = True
    user, thief, other = member("desk", "Front desk", email="desk@example.com"), Client(), member("hands")
    set_up(user, clock)
    second_factor.reset(user)
    assert thief.post(mailbox_link(other)).status_code == 302
    assert log_in(thief, user)
    shown = thief.get(page())
    assert "Send me the link" in shown.content.decode()
    assert pending_key(thief.session) is None
    thief.post(page(), {"code": code_of(second_factor.new_key())})
    assert not second_factor.is_set_up(user)

    assert thief.post(reverse("admin:second_factor_link"), follow=True).status_code == 200
    message = Message.objects.get()
    assert (message.kind, message.link.email) == (MessageKind.SECOND_FACTOR, "desk@example.com")
    mail = render(message, load_target(message), SiteSettings.load(), now=timezone.now())
    link = re.search(r"/invited/[^/\s]+/second-factor/", mail.text)
    assert link is not None
    # Whoever reads the mailbox, in a browser of their own.
    person = Client()
    assert person.get(link[0]).status_code == 200
    assert person.post(link[0])["Location"] == page()
    assert thief.post(link[0]).status_code == 404
    assert log_in(person, user)
    person.get(page())
    key = pending_key(person.session)
    assert key is not None
    person.post(page(), {"code": code_of(key)})
    assert inside(person)
    assert not inside(thief)
    thief.get(page())
    assert pending_key(thief.session) is None


def test_the_link_works_for_20_minutes_and_its_browser_for_an_hour(settings: Any, clock: Clock) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    user, client = member("desk", "Front desk"), Client()
    late, link = mailbox_link(user), mailbox_link(user)
    assert client.post(link).status_code == 302
    assert client.post(link).status_code == 404
    clock.shift(timedelta(minutes=20))
    assert client.get(late).status_code == 404
    assert client.post(late).status_code == 404
    clock.shift(timedelta(minutes=39))
    assert log_in(client, user)
    client.get(page())
    assert pending_key(client.session) is not None
    clock.shift(timedelta(minutes=1))
    assert "Send me the link" in client.get(page()).content.decode()


def test_links_to_a_mailbox_are_few_and_take_no_invitation_away(settings: Any, clock: Clock) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    user, client = member("desk", "Front desk", email="desk@example.com"), Client()
    invitation = invitations.send_link(user, now=timezone.now())
    assert log_in(client, user)
    for _press in range(6):
        answer = client.post(reverse("admin:second_factor_link"), follow=True)
    assert "No link was sent" in answer.content.decode()
    assert Message.objects.filter(kind=MessageKind.SECOND_FACTOR).count() == 5
    assert invitations.find_invitation(links.token_of(invitation), now=timezone.now()) == invitation
    clock.shift(timedelta(hours=1))
    client.post(reverse("admin:second_factor_link"))
    assert Message.objects.filter(kind=MessageKind.SECOND_FACTOR).count() == 6


def test_without_an_address_the_page_says_whom_to_ask(settings: Any, clock: Clock) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    user, client = member("desk", "Front desk", email=""), Client()
    assert log_in(client, user)
    assert "has no email address" in client.get(page()).content.decode()
    assert client.post(reverse("admin:second_factor_link")).status_code == 302
    assert not Message.objects.exists()


def test_who_was_invited_sets_it_up_in_the_same_browser(settings: Any, clock: Clock) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    user, client = member("desk", "Front desk"), Client()
    token = links.token_of(invitations.send_link(user, now=timezone.now()))
    typed = {"new_password1": "copper-window-field-88", "new_password2": "copper-window-field-88"}
    assert client.post(reverse("bookings:invited", args=[token]), typed).status_code == 302
    assert log_in(client, user, password="copper-window-field-88")
    client.get(page())
    assert pending_key(client.session) is not None


def test_who_changes_phones_shows_the_mailbox_by_the_code(settings: Any, clock: Clock) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    user, client = member("desk", "Front desk"), Client()
    set_up(user, clock)
    assert log_in(client, user, code(user))
    clock.shift(60)
    assert client.post(page(), {"do": "phone", "code": code(user)}).status_code == 302
    assert "data:image/svg" in client.get(page()).content.decode()


def test_where_it_is_required_an_earlier_log_in_is_asked_for_the_code(settings: Any, clock: Clock) -> None:
    user, client = member("desk", "Front desk"), Client()
    assert log_in(client, user)
    set_up(user, clock)
    settings.REQUIRE_SECOND_FACTOR = True
    assert not inside(client)
    assert client.post(page(), {"code": "000000", "do": "phone"}).status_code == 422
    assert TOTPDevice.objects.filter(user=user).exists()
    clock.shift(60)
    assert client.post(page(), {"code": code(user)}).status_code == 302
    assert inside(client)


def test_new_codes_and_another_phone_ask_for_a_code(clock: Clock) -> None:
    user, client = member("desk", "Front desk"), Client()
    old = set_up(user, clock)
    assert log_in(client, user, code(user))
    for wanted in ("codes", "phone"):
        assert client.post(page(), {"do": wanted, "code": ""}).status_code == 422
    assert second_factor.recovery_codes_left(user) == 10

    clock.shift(60)
    fresh = client.post(page(), {"do": "codes", "code": code(user)})
    assert fresh.status_code == 200
    gone = [RecoveryCode.digest_of(each) for each in old]
    assert not RecoveryCode.objects.filter(digest__in=gone).exists()
    assert second_factor.recovery_codes_left(user) == 10

    clock.shift(60)
    assert client.post(page(), {"do": "phone", "code": code(user)}).status_code == 302
    assert not TOTPDevice.objects.filter(user=user).exists()
    assert "data:image/svg" in client.get(page()).content.decode()


def test_the_owner_resets_a_colleague_and_it_is_written_down(clock: Clock) -> None:
    owner, colleague, client = member("owner", "Owner"), member("desk", "Front desk"), Client()
    set_up(colleague, clock)
    client.force_login(owner)
    address = reverse("admin:auth_user_reset_factor", args=[colleague.pk])
    assert address in client.get(reverse("admin:auth_user_change", args=[colleague.pk])).content.decode()
    client.get(address)
    assert TOTPDevice.objects.filter(user=colleague).exists()
    client.post(address)
    assert not TOTPDevice.objects.filter(user=colleague).exists()
    entry = LogEntry.objects.get(object_id=str(colleague.pk))
    assert (entry.user, entry.change_message) == (owner, "Second factor reset.")
    assert log_in(Client(), colleague)


def test_a_reset_ends_what_was_shown_in_other_sessions(settings: Any, clock: Clock) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    user, client = member("desk", "Front desk"), Client()
    set_up(user, clock)
    assert log_in(client, user, code(user))
    assert inside(client)
    second_factor.reset(user)
    assert not inside(client)


def test_one_s_own_is_not_reset_without_a_code(clock: Clock) -> None:
    owner, client = member("owner", "Owner"), Client()
    set_up(owner, clock)
    client.force_login(owner)
    response = client.post(reverse("admin:auth_user_reset_factor", args=[owner.pk]))
    assert response["Location"] == page()
    assert TOTPDevice.objects.filter(user=owner).exists()


def test_the_command_helps_who_has_lost_everything(settings: Any, clock: Clock, capsys: Any) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    user, client = member("owner", "Owner", email=""), Client()
    set_up(user, clock)
    call_command("reset_second_factor", "owner", "--email", "owner@example.com")
    said = capsys.readouterr().out
    assert "The second factor is off." in said
    history = LogEntry.objects.filter(object_id=str(user.pk)).order_by("pk")
    assert [entry.change_message.partition(" on the ")[0] for entry in history] == [
        "Email address set", "Second factor reset", "Link to set a second factor up made",
    ]  # fmt: skip
    assert client.post(urlsplit(said.split()[-1]).path).status_code == 302
    assert log_in(client, user)
    client.get(page())
    assert pending_key(client.session) is not None
    call_command("reset_second_factor", "owner")
    assert "has no second factor" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("email", "is_active", "given", "words"),
    [
        ("", True, ["owner"], "no email address"),
        ("", True, ["owner", "--email", "not an address"], "is not an email address"),
        ("owner@example.com", True, ["owner", "--email", "b@example.com"], "has an email address already"),
        ("owner@example.com", False, ["owner"], "switched off"),
        ("owner@example.com", True, ["nobody"], "no account"),
    ],
)
def test_the_command_that_refuses_changes_nothing(
    clock: Clock, email: str, is_active: bool, given: list[str], words: str
) -> None:
    user = member("owner", email=email)
    set_up(user, clock)
    User.objects.update(is_active=is_active)
    with pytest.raises(CommandError, match=words):
        call_command("reset_second_factor", *given)
    assert second_factor.is_set_up(user)
    assert User.objects.get().email == email
    assert not LogEntry.objects.exists()
    assert not Link.objects.exists()


def test_a_link_for_a_second_factor_sets_no_password(clock: Clock) -> None:
    user, client = member("desk", "Front desk"), Client()
    link = invitations.factor_link(user, now=timezone.now())
    assert invitations.waiting_link(user, now=timezone.now()) is None
    address = reverse("bookings:invited", args=[links.token_of(link)])
    assert client.get(address).status_code == 404
    typed = {"new_password1": "copper-window-field-88", "new_password2": "copper-window-field-88"}
    assert client.post(address, typed).status_code == 404
    assert not invitations.set_password(link, "copper-window-field-88", now=timezone.now())
    assert User.objects.get().check_password("walnut-harbor-lamp-31")
    assert client.post(mailbox_link(user))["Location"] == page()


def test_tries_at_one_name_slow_down_that_address_only(settings: Any, clock: Clock, redis_url: str) -> None:
    settings.RATELIMIT_ENABLE = True
    user = member("desk", "Front desk")

    def attempt(address: str, password: str, name: str = "desk") -> int:
        data = {"username": name, "password": password}
        return Client(REMOTE_ADDR=address).post(reverse("admin:login"), data).status_code

    statuses: list[int] = []
    for _minute in range(3):
        statuses += [attempt("192.0.2.1", "wrong", "DESK" if len(statuses) % 2 else "desk") for _ in range(8)]
        clock.shift(timedelta(minutes=1))
    assert statuses[:20] == [200] * 20
    assert set(statuses[20:]) == {429}
    assert attempt("192.0.2.1", "x", "somebody-else") == 200
    assert attempt("192.0.2.2", "walnut-harbor-lamp-31") == 302
    assert user.is_staff


def test_nobody_sees_secrets_in_the_admin() -> None:
    client = Client()
    client.force_login(member("root", is_superuser=True))
    for model in ("totpdevice", "recoverycodeset", "recoverycode"):
        assert client.get(f"/admin/accounts/{model}/").status_code == 404
