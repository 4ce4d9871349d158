"""Colleagues are invited by email and choose their own password, by a link that works once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.urls import reverse

from bookings.domain import invitations
from bookings.enums import MessageKind
from bookings.models import Link, Message
from bookings.notifications.registry import SiteSettings, load_target, obsolete_reason
from bookings.notifications.render import render
from tests.factories import NOW, World, make_roles

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]

ADD = "/admin/auth/user/add/"
PASSWORD = "copper-window-field-88"
TYPED = {"new_password1": PASSWORD, "new_password2": PASSWORD}


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def owner(world: World) -> Client:
    make_roles()
    user = User.objects.create_user("owner", password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name="Owner"))
    client = Client()
    client.force_login(user)
    return client


def form(role: str = "Writer", **changes: Any) -> dict[str, Any]:
    group = Group.objects.get(name=role)
    return {"email": "June@Example.com", "first_name": "June", "role": group.pk, **changes}


def link_in_email() -> str:
    """The address in the newest invitation, as it is sent."""
    message = Message.objects.filter(kind=MessageKind.INVITED).latest("pk")
    mail = render(message, load_target(message), SiteSettings.load(), now=NOW)
    found = re.search(r"/invited/[^/\s]+/", mail.text)
    assert found is not None
    assert found[0].split("/")[2] not in mail.copy()["text"]
    return found[0]


def test_a_colleague_is_invited_sets_a_password_and_is_logged_in_by_it(owner: Client) -> None:
    response = owner.post(ADD, form(is_superuser="on", password1="theirs-typed-by-me"))
    assert response.status_code == 302
    user = User.objects.get(username="june@example.com")
    assert (user.is_staff, user.is_superuser, user.has_usable_password()) == (True, False, False)
    assert [group.name for group in user.groups.order_by("name")] == ["Writer"]
    assert Message.objects.get().link.email == user.email == "june@example.com"
    assert LogEntry.objects.filter(object_id=str(user.pk), change_message__contains="Invited").exists()

    address, visitor = link_in_email(), Client()
    page = visitor.get(address)
    assert page.status_code == 200
    assert (page["Cache-Control"], page["X-Robots-Tag"]) == ("no-store", "noindex")
    assert b"june@example.com" in page.content
    short = visitor.post(address, {"new_password1": "short", "new_password2": "short"})
    assert short.status_code == 422
    assert visitor.get(address).status_code == 200
    assert visitor.post(address, TYPED)["Location"] == reverse("admin:login")
    assert Client().login(username="june@example.com", password=PASSWORD)
    # It works once.
    assert visitor.get(address).status_code == 404
    assert visitor.post(address, {**TYPED, "new_password1": "other"}).status_code == 404
    assert Client().login(username="june@example.com", password=PASSWORD)


def test_a_therapist_is_tied_to_their_log_in(owner: Client, world: World) -> None:
    page = owner.get(f"{ADD}?therapist={world.therapist.pk}")
    assert f'<option value="{world.therapist.pk}" selected>' in page.content.decode()
    refused = owner.post(ADD, form("Therapist"))
    assert refused.status_code == 422
    assert "Choose whose visits this log-in is for." in refused.content.decode()
    assert not User.objects.filter(email="june@example.com").exists()
    assert owner.post(ADD, form("Therapist", therapist=world.therapist.pk)).status_code == 302
    world.therapist.refresh_from_db()
    assert world.therapist.user == User.objects.get(email="june@example.com")
    # Whoever has a log-in is offered to nobody else.
    second = owner.post(ADD, form("Therapist", email="b@example.com", therapist=world.therapist.pk))
    assert second.status_code == 422


def test_nobody_is_invited_twice_whatever_letters_are_typed(owner: Client) -> None:
    owner.post(ADD, form())
    for email in ("june@example.com", "JUNE@EXAMPLE.COM"):
        response = owner.post(ADD, form(email=email))
        assert response.status_code == 422
        assert "There is a log-in with this email." in response.content.decode()
        assert 'value="June"' in response.content.decode()
    assert Message.objects.count() == 1


@pytest.mark.parametrize(("field", "typed"), [
    ("email", ""), ("email", "june@"), ("email", "j" * 300 + "@example.com"), ("first_name", ""),
    ("first_name", "J" * 151), ("role", "0"), ("role", "x"), ("therapist", "99999999999999999999"),
])  # fmt: skip
def test_what_is_typed_wrong_is_said_and_writes_nothing(owner: Client, field: str, typed: str) -> None:
    response = owner.post(ADD, {**form(), field: typed})
    assert response.status_code == 422
    assert "errorlist" in response.content.decode()
    assert (User.objects.count(), Message.objects.count(), Link.objects.count()) == (1, 0, 0)


def test_an_owner_gives_no_role_beyond_their_own_rights(owner: Client) -> None:
    beyond = Group.objects.create(name="Beyond")
    beyond.permissions.add(Permission.objects.get(codename="delete_user"))
    assert owner.post(ADD, form("Beyond")).status_code == 422
    assert "Beyond" not in owner.get(ADD).content.decode()


def test_nobody_takes_over_an_account_that_may_do_more(owner: Client) -> None:
    office, writers = Group.objects.create(name="Office"), Group.objects.get(name="Writer")
    office.permissions.set(writers.permissions.all())
    office.permissions.add(
        *Permission.objects.filter(codename__in=["add_user", "change_user", "view_user"]).order_by()
    )
    clerk, writer = (
        User.objects.create_user(name, f"{name}@example.com", is_staff=True) for name in ("c", "w")
    )
    clerk.groups.add(office)
    writer.groups.add(writers)
    favored = User.objects.create_user("f", "f@example.com", is_staff=True)
    favored.user_permissions.add(Permission.objects.get(codename="export_client"))
    client = Client()
    client.force_login(clerk)

    def answers(user: User) -> list[int]:
        pages = ("admin:auth_user_change", "admin:auth_user_password_change", "admin:auth_user_reset_factor")
        return [client.post(reverse(page, args=[user.pk]), {"do": "send"}).status_code for page in pages]

    assert answers(User.objects.get(username="owner")) == [403, 403, 403]
    assert answers(favored) == [403, 403, 403]
    assert not Link.objects.exists()
    assert answers(writer) == [200, 302, 302]
    assert answers(clerk) == [200, 302, 302]


def test_an_owner_reaches_the_log_ins_of_every_role_of_ours(owner: Client) -> None:
    roles = list(Group.objects.order_by("name"))
    assert len(roles) == 4
    for number, role in enumerate(roles):
        user = User.objects.create_user(f"user{number}", f"user{number}@example.com", is_staff=True)
        user.groups.add(role)
        page = owner.get(reverse("admin:auth_user_password_change", args=[user.pk]))
        assert page.status_code == 200, role


def test_a_link_ends_after_three_days_and_the_next_one_replaces_it(owner: Client, clock: Any) -> None:
    owner.post(ADD, form())
    user = User.objects.get(email="june@example.com")
    page = reverse("admin:auth_user_password_change", args=[user.pk])
    first = link_in_email()
    assert "nobody has used it yet" in owner.get(page).content.decode()
    assert owner.post(page, {"do": "send"}).status_code == 302
    second = link_in_email()
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200
    old = Message.objects.earliest("pk")
    assert obsolete_reason(old, load_target(old), SiteSettings.load(), now=NOW)
    clock.shift(invitations.LINK_LASTS - timedelta(seconds=1))
    assert Client().get(second).status_code == 200
    clock.shift(timedelta(seconds=1))
    assert Client().get(second).status_code == 404
    assert Client().post(second, TYPED).status_code == 404
    user.refresh_from_db()
    assert not user.has_usable_password()


def test_an_invitation_is_taken_back_with_its_account(owner: Client, world: World) -> None:
    owner.post(ADD, form("Therapist", therapist=world.therapist.pk))
    user = User.objects.get(email="june@example.com")
    address = link_in_email()
    page = reverse("admin:auth_user_password_change", args=[user.pk])
    assert owner.post(page, {"do": "take-back"}).status_code == 302
    assert Client().post(address, TYPED).status_code == 404
    assert not User.objects.filter(pk=user.pk).exists()
    world.therapist.refresh_from_db()
    assert world.therapist.user is None
    assert owner.post(ADD, form()).status_code == 302


def test_the_link_of_an_account_in_use_is_taken_back_alone(owner: Client) -> None:
    user = User.objects.create_user("desk", "desk@example.com", PASSWORD, is_staff=True)
    page = reverse("admin:auth_user_password_change", args=[user.pk])
    owner.post(page, {"do": "send"})
    address = link_in_email()
    owner.post(page, {"do": "take-back"})
    assert Client().get(address).status_code == 404
    assert Client().login(username="desk", password=PASSWORD)


def test_a_link_opens_nothing_once_the_address_or_the_account_is_closed(owner: Client) -> None:
    owner.post(ADD, form())
    address = link_in_email()
    users = User.objects.filter(email="june@example.com")
    users.update(is_active=False)
    assert Client().get(address).status_code == 404
    users.update(is_active=True, email="other@example.com")
    assert Client().post(address, TYPED).status_code == 404


def test_a_new_password_ends_the_account_s_other_log_ins(owner: Client) -> None:
    user = User.objects.create_user("desk", "desk@example.com", "old-lamp-orchard-5", is_staff=True)
    inside = Client()
    inside.force_login(user)
    assert inside.get("/admin/").status_code == 200
    owner.post(reverse("admin:auth_user_password_change", args=[user.pk]), {"do": "send"})
    Client().post(link_in_email(), TYPED)
    assert inside.get("/admin/").status_code == 302


def test_without_an_email_no_link_is_sent_and_the_page_says_so(owner: Client) -> None:
    user = User.objects.create_user("desk", password=PASSWORD, is_staff=True)
    page = reverse("admin:auth_user_password_change", args=[user.pk])
    response = owner.post(page, {"do": "send"})
    assert response.status_code == 422
    assert "This log-in has no email" in response.content.decode()
    assert not Link.objects.exists()
    assert owner.post(page, {"new_password1": "typed-by-another-9"}).status_code == 422
    assert Client().login(username="desk", password=PASSWORD)


def test_unknown_links_have_one_answer(db: None) -> None:
    for token in ("x", "%00", "a" * 400):
        assert Client().get(f"/invited/{token}/").status_code == 404


def test_another_password_ends_the_link_and_the_email_that_still_waits(owner: Client) -> None:
    user = User.objects.create_user("desk", "desk@example.com", "old-lamp-orchard-5", is_staff=True)
    page = reverse("admin:auth_user_password_change", args=[user.pk])
    owner.post(page, {"do": "send"})
    address, message = link_in_email(), Message.objects.get()
    assert Client().get(address).status_code == 200
    colleague = Client()
    colleague.force_login(user)
    own = {"old_password": "old-lamp-orchard-5", "new_password1": PASSWORD, "new_password2": PASSWORD}
    assert colleague.post("/admin/password_change/", own).status_code == 302
    assert Client().get(address).status_code == 404
    theirs = {"new_password1": "someone-else-in-mail-4", "new_password2": "someone-else-in-mail-4"}
    assert Client().post(address, theirs).status_code == 404
    assert Client().login(username="desk", password=PASSWORD)
    assert obsolete_reason(message, load_target(message), SiteSettings.load(), now=NOW)
    assert "nobody has used it yet" not in owner.get(page).content.decode()


@pytest.mark.parametrize("changes", [{"is_active": False}, {"email": "other@example.com"}])
def test_an_invitation_that_waits_is_not_sent_once_the_account_has_changed(
    owner: Client, changes: dict[str, Any]
) -> None:
    owner.post(ADD, form())
    message = Message.objects.get()
    assert not obsolete_reason(message, load_target(message), SiteSettings.load(), now=NOW)
    User.objects.filter(email="june@example.com").update(**changes)
    assert obsolete_reason(message, load_target(message), SiteSettings.load(), now=NOW)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite locks no row")
def test_a_link_locks_its_account_before_it_is_used(owner: Client, count_queries: Any) -> None:
    """As sending and taking back do: in another order two presses wait for each other for ever."""
    owner.post(ADD, form())
    address = link_in_email()
    with count_queries() as queries:
        assert Client().post(address, TYPED).status_code == 302
    writes = [sql for sql in map(str, queries) if "FOR UPDATE" in sql or "UPDATE" in sql]
    tables = [
        "auth_user" if '"auth_user"' in sql else "link"
        for sql in writes
        if "auth_user" in sql or "_link" in sql
    ]
    assert tables[:2] == ["auth_user", "link"]


def test_what_was_not_taken_back_is_not_said_to_be_deleted(
    owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.post(ADD, form())
    user = User.objects.get(email="june@example.com")
    take_back = invitations.take_back

    def after_they_set_a_password(colleague: User, **options: Any) -> bool:
        Client().post(link_in_email(), TYPED)
        return take_back(colleague, **options)

    monkeypatch.setattr(invitations, "take_back", after_they_set_a_password)
    owner.post(reverse("admin:auth_user_password_change", args=[user.pk]), {"do": "take-back"})
    assert User.objects.filter(pk=user.pk).exists()
    assert not LogEntry.objects.filter(object_id=str(user.pk), action_flag=DELETION).exists()


def test_who_was_quicker_with_a_therapist_is_told_at_the_therapist(
    owner: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite = invitations.invite

    def after_another(**fields: Any) -> User:
        invite(**fields | {"email": "first@example.com"})
        return invite(**fields)

    monkeypatch.setattr(invitations, "invite", after_another)
    response = owner.post(ADD, form("Therapist", therapist=world.therapist.pk))
    assert response.status_code == 422
    errors = response.context["form"].errors
    assert list(errors) == ["therapist"]
    assert "has a log-in" in errors["therapist"][0]
    assert not User.objects.filter(email="june@example.com").exists()
