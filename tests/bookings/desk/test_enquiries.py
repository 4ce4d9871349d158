"""Messages from the site, requests for the booklet, and the booklet, as staff and owner have them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from bookings.admin.enquiries import safe_pdf_name
from bookings.domain import operations
from bookings.enums import MessageKind
from bookings.models import Booklet, BookletRequest, ContactMessage, Message
from massagerx.lib.upload_limits import MOST_BOOKLET_BYTES
from services.models import Business
from tests.factories import NOW, World
from tests.support.papers import pages_of, said_of, unheard

from .conftest import signed_in, staff_user

INDEX = reverse("admin:index")
LIST = reverse("admin:bookings_contactmessage_changelist")
REQUESTS = reverse("admin:bookings_bookletrequest_changelist")
BOOKLET = reverse("admin:bookings_booklet_changelist")
RIGHTS = ("view_contactmessage", "change_contactmessage", "view_bookletrequest", "change_bookletrequest")
PDF = b"%PDF-1.4\nreal\n%%EOF"


@pytest.fixture
def front_desk(world: World) -> Client:
    return signed_in(staff_user("front", *RIGHTS))


@pytest.fixture
def viewer(world: World) -> Client:
    return signed_in(staff_user("viewer", "view_contactmessage"))


@pytest.fixture
def others(world: World) -> list[Client]:
    """Whom none of it concerns: a visitor, a client with an account, staff without these rights."""
    member = User.objects.create_user("member", password="a-long-password")
    return [Client(), signed_in(member), signed_in(staff_user("writer", "view_booking"))]


def write(number: int = 1, **changes: Any) -> ContactMessage:
    sent = {"name": f"Sample {number}", "email": f"p{number}@example.com", "phone": "+12135550123"}
    return operations.send_contact(
        **{**sent, "key": uuid.uuid4(), "body": "My arm & <b>me</b>", "now": NOW, **changes}
    )


def ask(number: int = 1, **changes: Any) -> BookletRequest:
    return BookletRequest.objects.create(
        **{"name": f"Sample {number}", "email": "a@example.com", "asked_at": NOW, **changes},
        submission_key=uuid.uuid4(),
    )


def page(message: ContactMessage) -> str:
    return reverse("admin:bookings_contactmessage_change", args=[message.pk])


def do(message: ContactMessage, what: str) -> str:
    return reverse(f"admin:bookings_contactmessage_{what}", args=[message.pk])


def text(response: Any) -> str:
    return response.content.decode()


# Messages ----------------------------------------------------------------------------------------------------


def test_front_page_names_who_waits_oldest_first(front_desk: Client) -> None:
    newer, older = write(1), write(2, now=NOW - timedelta(days=1))
    done = write(3)
    operations.close_contact(message=done, actor=User.objects.get(username="front"), now=NOW)
    shown = text(front_desk.get(INDEX))

    assert "2 messages from the site to answer" in shown
    assert shown.index(page(older)) < shown.index(page(newer))
    assert page(done) not in shown
    assert "My arm" not in shown


def test_front_page_says_nothing_to_those_it_does_not_concern(others: list[Client]) -> None:
    message = write()
    assert page(message) not in text(others[2].get(INDEX))


def test_list_is_newest_first_and_filters_who_waits(front_desk: Client) -> None:
    older, newer = write(1, now=NOW - timedelta(days=1)), write(2)
    front_desk.post(do(older, "close"))
    shown = text(front_desk.get(LIST))

    assert shown.index(page(newer)) < shown.index(page(older))
    assert "My arm" not in shown
    waiting = text(front_desk.get(LIST, {"answered": "no"}))
    assert page(newer) in waiting
    assert page(older) not in waiting
    assert page(newer) not in text(front_desk.get(LIST, {"answered": "yes"}))
    assert page(newer) in text(front_desk.get(LIST, {"answered": "x"}))
    assert page(older) in text(front_desk.get(LIST, {"q": "(213) 555-0123 p1@"}))


def test_page_shows_what_they_wrote_as_text(front_desk: Client) -> None:
    response = front_desk.get(page(write()))

    assert "My arm &amp; &lt;b&gt;me&lt;/b&gt;" in text(response)
    assert "no-store" in response["Cache-Control"]


def test_answer_is_kept_and_sent_once(front_desk: Client) -> None:
    message = write()
    response = front_desk.post(do(message, "answer"), {"answer": " Yes.\r\nSaturdays too. "}, follow=True)

    assert "is on its way" in text(response)
    message.refresh_from_db()
    assert (message.answer, message.answered_by.username) == ("Yes.\nSaturdays too.", "front")
    again = front_desk.post(do(message, "answer"), {"answer": "Typed at the same time"})
    assert again.status_code == 409
    assert "Typed at the same time" in text(again)
    assert Message.objects.filter(kind=MessageKind.CONTACT_ANSWER).count() == 1
    front_desk.post(do(message, "close"))
    message.refresh_from_db()
    assert message.answer == "Yes.\nSaturdays too."


@pytest.mark.parametrize("answer", ["", "\u200b", "x" * 4001, "A\x00B"])
def test_answer_that_cannot_go_out_stays_on_the_page(front_desk: Client, answer: str) -> None:
    message = write()
    response = front_desk.post(do(message, "answer"), {"answer": answer})

    assert response.status_code == 422
    assert answer in text(response)
    message.refresh_from_db()
    assert message.answered_at is None
    assert Message.objects.count() == 1


def test_message_is_done_without_an_email(front_desk: Client) -> None:
    message = write()
    front_desk.post(do(message, "close"))

    message.refresh_from_db()
    assert (message.answer, message.answered_at) == (None, NOW)
    assert Message.objects.count() == 1
    assert "None by email" in text(front_desk.get(page(message)))


def test_lost_key_costs_a_line(front_desk: Client, settings: Any) -> None:
    message = write()
    settings.HEALTH_KEYS = [Fernet.generate_key().decode()]

    shown = front_desk.get(page(message))
    assert shown.status_code == 200
    assert "HEALTH_KEYS" in text(shown)
    assert front_desk.get(LIST).status_code == 200
    assert front_desk.get(INDEX).status_code == 200
    assert front_desk.post(do(message, "answer"), {"answer": "Yes"}).status_code == 302


def test_viewer_reads_and_changes_nothing(viewer: Client) -> None:
    message = write()
    shown = text(viewer.get(page(message)))

    assert "My arm" in shown
    assert do(message, "answer") not in shown
    assert do(message, "close") not in shown
    for what in ("answer", "close"):
        assert viewer.post(do(message, what), {"answer": "Yes"}).status_code == 403
    message.refresh_from_db()
    assert message.answered_at is None


def test_others_see_and_do_nothing(others: list[Client]) -> None:
    message = write()
    ask()
    Booklet(file_name="b.pdf", content=PDF, uploaded_at=NOW).save()
    current = reverse("admin:bookings_booklet_current")
    for client, status in zip(others, (302, 302, 403), strict=True):
        for address in (LIST, page(message), REQUESTS, BOOKLET, current):
            response = client.get(address)
            assert response.status_code == status, address
            assert status == 403 or reverse("admin:login") in response["Location"]
        for what in ("answer", "close"):
            assert client.post(do(message, what), {"answer": "Yes"}).status_code == status
    message.refresh_from_db()
    assert message.answered_at is None


def test_front_desk_reads_requests_and_leaves_the_booklet_alone(front_desk: Client) -> None:
    assert front_desk.get(REQUESTS).status_code == 200
    assert front_desk.get(BOOKLET).status_code == 403


@pytest.mark.parametrize("pk", ["0", "999", str(2**63), "x", "_", "1_0"])
def test_message_that_does_not_exist_is_said(front_desk: Client, pk: str) -> None:
    address = f"{LIST}{pk}/change/"
    assert front_desk.get(address).status_code == 302
    assert front_desk.post(f"{LIST}{2**63}/answer/", {"answer": "x"}).status_code == 404


def test_nobody_adds_or_deletes(owner: Client) -> None:
    message = write()
    assert owner.get(f"{LIST}add/").status_code == 403
    assert owner.post(f"{LIST}{message.pk}/delete/", {"post": "yes"}).status_code == 403
    assert owner.get(f"{REQUESTS}add/").status_code == 403


# On the front page the owner’s list of what is missing asks for a part of them, five for where somebody could come to,
# and programs for one; complaints are one, and another whether the log-in is of somebody who makes visits.
@pytest.mark.parametrize(
    ("address", "make", "most"), [(LIST, write, 28), (REQUESTS, ask, 28), (INDEX, write, 55)]
)
def test_queries_do_not_grow_with_rows(
    address: str, make: Callable[[int], Any], most: int, owner: Client, count_queries: Callable[[], Any]
) -> None:
    make(0)
    owner.get(address)
    with count_queries() as few:
        owner.get(address)
    for number in range(1, 31):
        make(number)
    with count_queries() as many:
        owner.get(address)

    assert len(few) == len(many) <= most


# The booklet -------------------------------------------------------------------------------------------------


def test_consent_is_filtered_and_can_be_taken_back_only(front_desk: Client) -> None:
    yes, no = ask(1, may_follow_up=True), ask(2)
    only_yes = text(front_desk.get(REQUESTS, {"may_follow_up__exact": "1"}))
    assert "Sample 1" in only_yes
    assert "Sample 2" not in only_yes

    front_desk.post(REQUESTS, {"action": "take_consent_back", "_selected_action": [yes.pk, no.pk]})
    assert not BookletRequest.objects.filter(may_follow_up=True).exists()
    change = reverse("admin:bookings_bookletrequest_change", args=[no.pk])
    front_desk.post(change, {"may_follow_up": "on", "consent": "on", "name": "Other"})
    no.refresh_from_db()
    assert (no.may_follow_up, no.name) == (False, "Sample 2")


def upload(name: str = "My booklet (2).PDF", content: bytes = PDF) -> dict[str, Any]:
    return {"upload": SimpleUploadedFile(name, content, "application/pdf")}


def test_owner_puts_a_booklet_on_the_site_and_replaces_it(owner: Client) -> None:
    assert owner.get(BOOKLET)["Location"].endswith("/booklet/add/")
    assert "none yet" in text(owner.get(BOOKLET, follow=True))
    assert owner.post(f"{BOOKLET}add/", upload()).status_code == 302
    first = Booklet.objects.get()
    assert (first.file_name, bytes(first.content), first.uploaded_at) == ("My-booklet-2.pdf", PDF, NOW)
    assert first.is_sample is False

    Booklet.objects.update(is_sample=True)
    shown = text(owner.get(BOOKLET, follow=True))
    assert "My-booklet-2.pdf" in shown
    assert "sample" in shown
    assert owner.post(f"{BOOKLET}1/change/", upload("new.pdf", PDF + b"2")).status_code == 302
    second = Booklet.objects.get()
    assert (second.file_name, bytes(second.content), second.is_sample) == ("new.pdf", PDF + b"2", False)
    current = owner.get(reverse("admin:bookings_booklet_current"))
    assert b"".join(current.streaming_content) == PDF + b"2"  # type: ignore[attr-defined]


def test_owner_s_words_become_the_booklet(owner: Client) -> None:
    written = '# Sitting well\n\nFeet down.\n\n## Notes\n\n- One\n- Two\n\n#read("/etc/passwd")'
    assert owner.post(f"{BOOKLET}add/", {"words": written}).status_code == 302
    first = Booklet.objects.get()
    assert (first.file_name, first.uploaded_at, first.is_sample) == ("Sitting-well.pdf", NOW, False)
    file = bytes(first.content)
    assert unheard(file) == []
    assert said_of(file)["headings"] == [(1, "Sitting well"), (2, "Notes")]
    (page,) = pages_of(file)
    for words in ("Feet down.", "• One", '#read("/etc/passwd")', "(213) 555-0142", "1 / 1"):
        assert words in page, words
    # Who calls after a change of the phone calls the new one.
    Business.objects.update(phone="+12135550199")
    current = owner.get(reverse("admin:bookings_booklet_current"))
    (page,) = pages_of(b"".join(current.streaming_content))  # type: ignore[attr-defined]
    assert page.endswith("Massage Rx · (213) 555-0199 1 / 1")
    # They stay to be changed; a file of one's own takes their place.
    assert "Feet down." in text(owner.get(f"{BOOKLET}1/change/"))
    assert owner.post(f"{BOOKLET}1/change/", {"words": written + "!"}).status_code == 302
    shown = {"words": written + "!", "initial-words": written + "!"}
    assert owner.post(f"{BOOKLET}1/change/", {**shown, **upload()}).status_code == 302
    second = Booklet.objects.get()
    assert (second.words, bytes(second.content)) == ("", PDF)
    refused = text(owner.post(f"{BOOKLET}1/change/", {"words": written, **upload()}))
    assert "either these words or a file" in refused
    assert "Feet down." in refused


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"words": "No title"}, "Begin with the title"),
        ({"words": "# T" + "x" * 20_000}, "at most 20000"),
        (upload(content=b"<html>%PDF-\n%%EOF"), "read this file as a PDF"),
        (
            upload(content=b"%PDF-1.4\n<< /S /JavaScript /JS (app.alert\\(1\\)) >>\n%%EOF"),
            "carries a program",
        ),
        (upload(content=b"%PDF-1.4\n<< /Encrypt 3 0 R >>\n%%EOF"), "asks for a password"),
        (upload(content=b""), "empty"),
        (upload(content=b"%PDF-" + b"x" * MOST_BOOKLET_BYTES), "10 MB at most"),
        ({}, "Choose a PDF file"),
    ],
)
def test_what_is_no_booklet_is_refused(owner: Client, sent: dict[str, Any], words: str) -> None:
    if "upload" in sent:
        sent["upload"].seek(0)
    response = owner.post(f"{BOOKLET}add/", sent)

    assert response.status_code == 200
    assert words in text(response)
    assert not Booklet.objects.exists()


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("booklet.pdf", "booklet.pdf"),
        ('a"; filename="evil.exe', "a-filename-evil.exe.pdf"),
        ("../../etc/passwd", "etc-passwd.pdf"),
        ("文書.pdf", "booklet.pdf"),
        ("a\r\nb.PDF", "a-b.pdf"),
        ("x" * 300 + ".pdf", "x" * 80 + ".pdf"),
    ],
)
def test_file_names_are_made_safe(name: str, safe: str) -> None:
    assert safe_pdf_name(name) == safe
