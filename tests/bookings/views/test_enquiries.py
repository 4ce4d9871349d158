"""Writing to us, and the booklet: as visitors, robots and what looks at links in emails do it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from bookings.domain.links import booklet_token
from bookings.enums import MessageKind
from bookings.models import Booklet, BookletRequest, ContactMessage, Link, Message
from massagerx.lib.form_tokens import issue_form_token
from tests.factories import NOW, World

pytestmark = pytest.mark.django_db

CONTACT = "/contact/"
BOOKLET = "/services/postural-correction-training/booklet/"
PDF = b"%PDF-1.4\nsample"


@pytest.fixture
def clock(_clock: None) -> Iterator[time_machine.Traveller]:
    """Stands still, until a test moves it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def booklet(db: None) -> Booklet:
    booklet = Booklet(file_name="posture.pdf", content=PDF, uploaded_at=NOW)
    booklet.save()
    return booklet


def form_token(response: Any) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', response.content.decode())
    assert found
    return found[1]


def filled(path: str, *, seconds_ago: float = 60, **changes: Any) -> dict[str, Any]:
    """What a visitor sends who opened the form so long ago."""
    name = "contact" if path == CONTACT else "booklet"
    shown_at = NOW - timedelta(seconds=seconds_ago)
    person = {
        "name": "Ana O'Brien",
        "email": "Ana@example.com",
        "form_token": issue_form_token(name, now=shown_at),
    }
    body = {"phone": "(213) 555-0123", "body": "Do you come\r\nto Echo Park?"} if path == CONTACT else {}
    return {**person, **body, **changes}


# Writing to us -----------------------------------------------------------------------------------------------


def test_form_stands_on_the_owners_page_and_sends(
    client: Client, world: World, clock: time_machine.Traveller
) -> None:
    page = client.get(CONTACT)
    assert page.resolver_match.view_name == "blog:contact"
    clock.shift(20)
    data = {**filled(CONTACT), "form_token": form_token(page)}
    response = client.post(CONTACT, data)

    assert (response.status_code, response["Location"]) == (302, "/contact/sent/")
    assert "We have your message" in client.get("/contact/sent/").content.decode()
    message = ContactMessage.objects.get()
    assert (message.name, message.email, message.phone) == ("Ana O'Brien", "ana@example.com", "+12135550123")
    assert message.body == "Do you come\nto Echo Park?"
    assert list(message.messages.values_list("kind", flat=True)) == [MessageKind.CONTACT_ALERT]


def test_pressed_twice_is_one_message(client: Client, world: World) -> None:
    data = filled(CONTACT)
    assert [client.post(CONTACT, data).status_code for _ in range(2)] == [302, 302]
    assert (ContactMessage.objects.count(), Message.objects.count()) == (1, 1)


def test_replay_with_other_words_is_refused_and_can_be_sent_anew(client: Client, world: World) -> None:
    data = filled(CONTACT)
    client.post(CONTACT, data)
    refused = client.post(CONTACT, {**data, "body": "Something else"})

    assert refused.status_code == 409
    assert "Something else" in refused.content.decode()
    assert ContactMessage.objects.count() == 1
    with time_machine.travel(NOW + timedelta(seconds=5), tick=False):
        again = client.post(CONTACT, {**data, "body": "Something else", "form_token": form_token(refused)})
    assert again.status_code == 302
    assert ContactMessage.objects.count() == 2


@pytest.mark.parametrize("path", [CONTACT, BOOKLET])
def test_too_quick_asks_to_press_again_and_loses_nothing(
    path: str, client: Client, world: World, booklet: Booklet
) -> None:
    data = filled(path, seconds_ago=1)
    quick = client.post(path, data)

    assert quick.status_code == 422
    assert "Please press again" in quick.content.decode()
    assert "Ana O&#x27;Brien" in quick.content.decode()
    assert form_token(quick) == data["form_token"]
    assert not Message.objects.exists()
    with time_machine.travel(NOW + timedelta(seconds=3), tick=False):
        assert client.post(path, data).status_code == 302
    assert Message.objects.count() == 1


@pytest.mark.parametrize("path", [CONTACT, BOOKLET])
@pytest.mark.parametrize("sent", ["", "nonsense", "\x00", "a:b:c", "x" * 100_000, None])
def test_form_token_of_no_use_is_replaced_and_nothing_is_lost(
    path: str, sent: str | None, client: Client, world: World, booklet: Booklet
) -> None:
    data = filled(path)
    if sent is None:
        del data["form_token"]
    else:
        data["form_token"] = sent
    response = client.post(path, data)

    assert response.status_code == 422
    assert "Ana O&#x27;Brien" in response.content.decode()
    assert len(form_token(response)) < 300
    assert not Message.objects.exists()


def test_form_token_of_one_form_is_none_of_the_other(client: Client, world: World, booklet: Booklet) -> None:
    data = filled(BOOKLET, form_token=filled(CONTACT)["form_token"])

    assert client.post(BOOKLET, data).status_code == 422
    assert not BookletRequest.objects.exists()


@pytest.mark.parametrize("path", [CONTACT, BOOKLET])
def test_field_for_robots_must_stay_empty(path: str, client: Client, world: World, booklet: Booklet) -> None:
    response = client.post(path, filled(path, website="https://example.com"))

    assert response.status_code == 422
    assert "filled in a field" in response.content.decode()
    assert "https://example.com" not in response.content.decode(), (
        "it comes back empty: sending again is enough"
    )
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "Type your name."),
        ("name", "A\x00B", "can&#x27;t be read"),
        ("name", "Ana\r\nBcc: b@example.com", "without line breaks"),
        ("name", "\u200b\u200b", "looks blank"),
        ("name", "123", "at least one letter"),
        ("name", "x" * 121, "120 characters at most. This has 121."),
        ("email", "a\x00@example.com", "Null characters are not allowed"),
        ("email", "ana@example.com\r\nBcc: b@example.com", "like name@example.com"),
        ("email", "ana@exämple.com", "plain letters"),
        ("email", "a" * 300 + "@example.com", "at most 254 characters"),
        ("phone", "12", "with its area code"),
        ("phone", "\x00", "Null characters are not allowed"),
        ("body", "", "Type your message."),
        ("body", "\u200b\ufeff", "looks blank"),
        ("body", "A\x00B", "can&#x27;t be read"),
        ("body", "A\x1b[2JB", "can&#x27;t be read"),
        ("body", "x" * 4001, "4000 characters at most. This has 4001."),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(
    field: str, value: str, words: str, client: Client, world: World
) -> None:
    response = client.post(CONTACT, {**filled(CONTACT), field: value})

    assert response.status_code == 422
    assert words in response.content.decode()
    assert "Echo Park" in response.content.decode() or field == "body"
    assert not ContactMessage.objects.exists()
    assert not Message.objects.exists()


def test_line_ends_do_not_count_against_the_length(client: Client, world: World) -> None:
    text = "x\r\n" * 1999 + "ab"
    assert client.post(CONTACT, filled(CONTACT, body=text)).status_code == 302
    assert len(ContactMessage.objects.get().body) == 4000


@pytest.mark.parametrize("path", [CONTACT, BOOKLET])
def test_megabyte_is_refused(path: str, client: Client, world: World, booklet: Booklet) -> None:
    client.raise_request_exception = False
    # As a browser sends it: the test client's multipart would be read as a file.
    body = "name=" + "x" * 1_000_000
    response = client.post(path, body, content_type="application/x-www-form-urlencoded")

    assert response.status_code in (400, 413)
    assert not Message.objects.exists()


def test_phone_may_be_left_out(client: Client, world: World) -> None:
    client.post(CONTACT, filled(CONTACT, phone=""))
    assert ContactMessage.objects.get().phone == ""


def test_markup_is_shown_as_it_was_typed(client: Client, world: World) -> None:
    response = client.post(CONTACT, filled(CONTACT, body="<script>alert(1)</script>", email=""))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in response.content.decode()


@pytest.mark.parametrize(("path", "most"), [(CONTACT, 5), (BOOKLET, 3)])
def test_one_email_address_can_ask_only_so_often(
    path: str, most: int, client: Client, world: World, booklet: Booklet
) -> None:
    codes = [client.post(path, filled(path)).status_code for _ in range(most)]
    response = client.post(path, filled(path))

    assert codes == [302] * most
    assert (response.status_code, response["Retry-After"]) == (429, "3600")
    assert "Ana O&#x27;Brien" in response.content.decode()
    assert Message.objects.count() == most


@pytest.mark.parametrize("path", [CONTACT, BOOKLET])
def test_one_visitor_can_press_only_so_often(
    path: str, client: Client, world: World, booklet: Booklet, settings: Any
) -> None:
    settings.RATELIMIT_ENABLE = True
    codes = [client.post(path, {}).status_code for _ in range(11)]

    assert codes == [422] * 10 + [429]
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", [CONTACT, BOOKLET])
def test_form_needs_its_token(path: str, world: World, booklet: Booklet) -> None:
    assert Client(enforce_csrf_checks=True).post(path, filled(path)).status_code == 403
    assert not Message.objects.exists()


@pytest.mark.parametrize("path", [CONTACT, BOOKLET, "/contact/sent/", f"{BOOKLET}asked/"])
def test_other_methods_are_refused(path: str, client: Client, world: World, booklet: Booklet) -> None:
    assert client.put(path).status_code == 405
    assert client.head(path).status_code == 200


# The booklet -------------------------------------------------------------------------------------------------


def test_asking_writes_row_and_email(client: Client, world: World, booklet: Booklet) -> None:
    page = client.get(BOOKLET)
    assert 'name="may_follow_up"' in page.content.decode()
    assert "checked" not in page.content.decode()
    response = client.post(BOOKLET, filled(BOOKLET))

    assert response["Location"] == f"{BOOKLET}asked/"
    request = BookletRequest.objects.get()
    assert (request.name, request.email, request.may_follow_up) == ("Ana O'Brien", "ana@example.com", False)
    assert list(request.messages.values_list("kind", flat=True)) == [MessageKind.BOOKLET]


def test_consent_is_kept_only_when_ticked(client: Client, world: World, booklet: Booklet) -> None:
    client.post(BOOKLET, filled(BOOKLET, may_follow_up="on"))
    assert BookletRequest.objects.get().may_follow_up is True


def test_without_a_booklet_the_page_says_how_else(client: Client, world: World) -> None:
    page = client.get(BOOKLET)

    assert page.status_code == 200
    assert 'method="post"' not in page.content.decode()
    assert reverse("blog:contact") in page.content.decode()
    assert client.post(BOOKLET, filled(BOOKLET)).status_code == 409
    assert not BookletRequest.objects.exists()


def test_service_page_leads_to_the_booklet_when_there_is_one(client: Client, world: World) -> None:
    page = f"/services/{world.service.slug}/"
    assert BOOKLET not in client.get(page).content.decode()
    Booklet(file_name="b.pdf", content=PDF, uploaded_at=NOW).save()
    assert BOOKLET not in client.get(page).content.decode()
    world.service.slug = "postural-correction-training"
    world.service.save()
    assert f'href="{BOOKLET}"' in client.get("/services/postural-correction-training/").content.decode()
    assert BOOKLET in client.get("/sitemap.xml").content.decode()


@pytest.fixture
def link(booklet: Booklet, world: World) -> str:
    """The address that an email carries."""
    request = BookletRequest.objects.create(
        name="Sample", email="a@example.com", asked_at=NOW, submission_key=uuid.uuid4()
    )
    return reverse("bookings:booklet_fetch", args=[booklet_token(request, now=NOW)])


def is_pdf(response: Any) -> bool:
    return response.status_code == 200 and b"".join(response.streaming_content) == PDF


def test_looking_uses_nothing_up_and_pressing_fetches(client: Client, link: str) -> None:
    for _ in range(3):
        page = client.get(link)
        assert page.status_code == 200
        assert client.head(link).status_code == 200
    assert "Download the booklet" in page.content.decode()
    for header, value in (
        ("Cache-Control", "no-store"), ("Referrer-Policy", "same-origin"), ("X-Robots-Tag", "noindex"),
    ):  # fmt: skip
        assert page[header] == value
    assert Link.objects.get().used_at is None

    response = client.post(link)
    assert is_pdf(response)
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="posture.pdf"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store"
    assert Link.objects.get().used_at == NOW


def test_link_works_for_a_week_on_any_device(
    client: Client, link: str, clock: time_machine.Traveller
) -> None:
    assert is_pdf(client.post(link))
    assert is_pdf(client.post(link))
    clock.shift(timedelta(days=7) - timedelta(seconds=1))
    phone = Client()
    assert phone.get(link).status_code == 200
    assert is_pdf(phone.post(link))
    assert Link.objects.get().used_at == NOW
    clock.shift(1)
    ended = client.post(link)
    assert ended.status_code == 410
    assert BOOKLET in ended.content.decode()


def test_link_that_ran_out_or_never_was_says_so(
    client: Client, link: str, clock: time_machine.Traveller
) -> None:
    for token in ("x" * 43, "a", "%00", "x" * 5000, "\u200b"):
        assert client.get(f"{BOOKLET}{token}/").status_code == 410
    clock.shift(timedelta(days=7))
    assert client.get(link).status_code == 410
    assert client.post(link).status_code == 410


def test_pages_cost_a_fixed_number_of_queries(
    client: Client, world: World, booklet: Booklet, link: str, count_queries: Callable[[], Any]
) -> None:
    # The first two promise a visit, and one query tells whether it can be booked.
    for path, most in ((CONTACT, 5), (BOOKLET, 7), (link, 8)):
        client.get(path)
        with count_queries() as queries:
            assert client.get(path).status_code == 200
        assert len(queries) <= most, [query["sql"] for query in queries]


CALL = "/call-back/"


def asked(**changes: Any) -> dict[str, str]:
    token = issue_form_token("call", now=NOW - timedelta(minutes=1))
    return {
        "name": "Ana O'Brien",
        "phone": "(213) 555-0123",
        "body": "My back",
        "form_token": token,
        **changes,
    }


def test_who_wants_a_call_leaves_a_number_and_no_email(client: Client, clock: Any, world: World) -> None:
    page = client.get(CALL).content.decode()
    assert 'name="email"' not in page
    answer = client.post(CALL, asked())
    assert answer["Location"] == "/call-back/asked/"
    assert "calls you back" in client.get("/call-back/asked/").content.decode()
    message = ContactMessage.objects.get()
    assert (message.name, message.email, message.phone, message.body) == (
        "Ana O'Brien", "", "+12135550123", "My back",
    )  # fmt: skip
    assert Message.objects.get().kind == MessageKind.CONTACT_ALERT


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"phone": ""}, "Type the number that we should call."),
        ({"phone": "ring me"}, "Type a phone number with its area code"),
        ({"name": "123"}, "A name needs at least one letter."),
        ({"body": "x" * 4001}, "characters at most"),
    ],
)
def test_what_is_wrong_with_a_number_is_said_and_nothing_is_lost(
    client: Client, clock: Any, changes: dict[str, str], words: str
) -> None:
    answer = client.post(CALL, asked(**changes))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert ("My back" if "body" not in changes else "x" * 4001) in page
    assert not ContactMessage.objects.exists()


def test_one_phone_asks_for_five_calls_an_hour(client: Client, clock: Any, world: World) -> None:
    for number in range(5):
        assert client.post(CALL, asked(body=str(number), name=f"Ana {'abcde'[number]}")).status_code == 302
    assert client.post(CALL, asked()).status_code == 429
    assert client.post(CALL, asked(phone="(213) 555-0124")).status_code == 302
    assert ContactMessage.objects.count() == 6
