"""The mailbox of a machine without a mail server: staff read it, nobody else, and no message can do anything."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.mail import EmailMultiAlternatives
from django.test import Client

from bookings.enums import MessageKind, MessageState
from bookings.models import Message
from bookings.notifications import delivery
from bookings.notifications.delivery import Outcome
from tests.support.visits import NOW, make_business, make_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def mail(settings: Any, tmp_path: Path) -> Path:
    """The directory that messages are written to."""
    settings.EMAIL_BACKEND = "massagerx.lib.mailfiles.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    return tmp_path / "mail"


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(
        may_read(get_user_model().objects.create_user("desk", password="x" * 12, is_staff=True))
    )
    return client


def may_read(user: Any) -> Any:
    """The right to see messages, which whoever reads the mailbox needs."""
    user.user_permissions.add(Permission.objects.get(codename="view_message"))
    return user


def write(subject: str = "Hello", html: str = "<p>Hi</p>") -> None:
    message = EmailMultiAlternatives(subject, "plain words", "a@b.example", ["ana@client.example"])
    message.attach_alternative(html, "text/html")
    message.send()


def test_messages_become_files_that_staff_read(mail: Path, staff: Client) -> None:
    make_business()
    make_message(MessageKind.CONFIRMED)

    assert delivery.send_due(clock=lambda: NOW) == {Outcome.SENT: 1}

    [path] = mail.iterdir()
    assert path.suffix == ".eml"
    assert path.stat().st_mode & 0o077 == 0
    inbox = staff.get("/mailbox/").content.decode()
    assert "Confirmed: Manual lymphatic drainage, Thu, Oct 15 at 2:30 PM PDT" in inbox
    assert f'href="/mailbox/{path.name}/"' in inbox
    letter = staff.get(f"/mailbox/{path.name}/").content.decode()
    assert "2:30 PM – 4:00 PM PDT" in letter
    assert "METHOD:REQUEST" in letter
    assert "visits@business.example" in letter
    html = staff.get(f"/mailbox/{path.name}/html/")
    assert "October 15" in html.content.decode()
    assert 'style="' in html.content.decode()


def test_newest_message_comes_first(mail: Path, staff: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        write("First one")
    with time_machine.travel(NOW + timedelta(seconds=1), tick=False):
        write("Second one")

    inbox = staff.get("/mailbox/").content.decode()

    assert inbox.index("Second one") < inbox.index("First one")


def test_inbox_shows_a_hundred_and_says_so(mail: Path, staff: Client) -> None:
    write()
    [path] = mail.iterdir()
    for number in range(103):
        (mail / f"2026{number:04}.eml").write_bytes(path.read_bytes())

    inbox = staff.get("/mailbox/").content.decode()

    assert inbox.count('href="/mailbox/2') == 100
    assert "4 older messages are not shown." in inbox


def test_inbox_is_kind_when_empty(mail: Path, staff: Client) -> None:
    assert "Nothing yet" in staff.get("/mailbox/").content.decode()


@pytest.mark.parametrize("who", ["anonymous", "client"])
@pytest.mark.parametrize("ending", ["", "{name}/", "{name}/html/"])
def test_mailbox_is_for_staff_only(mail: Path, client: Client, who: str, ending: str) -> None:
    write("A secret subject")
    [path] = mail.iterdir()
    if who == "client":
        client.force_login(get_user_model().objects.create_user("ana", password="x" * 12))

    response = client.get("/mailbox/" + ending.format(name=path.name))

    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")
    assert b"secret" not in response.content


@pytest.mark.parametrize("ending", ["", "{name}/", "{name}/html/"])
def test_staff_without_the_right_to_see_messages_are_refused(mail: Path, client: Client, ending: str) -> None:
    write("A secret subject")
    [path] = mail.iterdir()
    client.force_login(get_user_model().objects.create_user("new", password="x" * 12, is_staff=True))

    response = client.get("/mailbox/" + ending.format(name=path.name))

    assert response.status_code == 403
    assert b"secret" not in response.content


def test_html_part_is_locked_in(mail: Path, staff: Client) -> None:
    write(html='<script>alert(1)</script><img src="https://evil.example/x.png"><p>Hi</p>')
    [path] = mail.iterdir()

    response = staff.get(f"/mailbox/{path.name}/html/")

    policy = response["Content-Security-Policy"]
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert "script-src" not in directives
    assert "allow-scripts" not in directives["sandbox"]
    assert "allow-same-origin" not in directives["sandbox"]
    assert directives["img-src"] == "data:"
    letter = staff.get(f"/mailbox/{path.name}/")
    assert b"alert(1)" not in letter.content
    assert "default-src 'none'" in letter["Content-Security-Policy"]
    assert "unsafe-inline" not in letter["Content-Security-Policy"]


def test_hostile_text_in_a_message_is_escaped(mail: Path, staff: Client) -> None:
    write(subject="<script>alert(2)</script>")
    [path] = mail.iterdir()

    for address in ("/mailbox/", f"/mailbox/{path.name}/"):
        page = staff.get(address).content
        assert b"<script>alert(2)" not in page
        assert b"&lt;script&gt;alert(2)" in page


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../secret.eml",
        "..%2fsecret.eml",
        "%2e%2e%2fsecret.eml",
        "/etc/passwd",
        "secret.eml",
        ".hidden.eml",
        "x" * 300,
    ],
)
def test_only_listed_files_are_read(mail: Path, staff: Client, name: str) -> None:
    write()
    (mail.parent / "secret.eml").write_text("Subject: canary\n\ncanary")
    (mail / ".hidden.eml").write_text("Subject: canary\n\ncanary")

    for ending in ("/", "/html/"):
        response = staff.get(f"/mailbox/{name}{ending}")
        assert response.status_code in (404, 302, 301)
        assert b"canary" not in response.content


def test_mailbox_reads_and_never_writes(mail: Path, staff: Client) -> None:
    write()
    [path] = mail.iterdir()

    for address in ("/mailbox/", f"/mailbox/{path.name}/", f"/mailbox/{path.name}/html/"):
        assert staff.post(address).status_code == 405
        assert "no-store" in staff.get(address)["Cache-Control"]


def test_message_waits_while_there_is_no_room_for_it(mail: Path) -> None:
    make_business()
    make_message(MessageKind.RECEIVED)
    mail.write_text("a file where the directory should be")

    assert delivery.send_due(clock=lambda: NOW) == {Outcome.SERVER_AWAY: 1}

    assert Message.objects.get().state == MessageState.DUE
    assert Message.objects.get().last_error == "FileExistsError"
