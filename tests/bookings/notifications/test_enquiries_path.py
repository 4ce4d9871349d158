"""From the form to the mailbox and back: a message and its answer, and the booklet by its link."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.models import Booklet, ContactMessage, Message
from bookings.notifications import delivery
from massagerx.lib.form_tokens import issue_form_token
from tests.bookings.admin.conftest import signed_in, staff_user
from tests.factories import NOW, World

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.4\nsample"
BOOKLET = "/services/postural-correction-training/booklet/"


def send() -> list[Any]:
    """What leaves now; nothing may be stuck."""
    mail.outbox.clear()
    delivery.send_due(clock=timezone.now)
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}
    return list(mail.outbox)


def form(name: str, **fields: str) -> dict[str, str]:
    form_token = issue_form_token(name, now=NOW - timedelta(minutes=1))
    return {"name": "Ana O'Brien", "email": "ana@example.com", "form_token": form_token, **fields}


@time_machine.travel(NOW, tick=False)
def test_message_reaches_staff_and_its_answer_the_writer(client: Client, world: World) -> None:
    client.post("/contact/", form("contact", body="My left arm is swollen"))
    [alert] = send()
    message = ContactMessage.objects.get()
    page = reverse("admin:bookings_contactmessage_change", args=[message.pk])
    whole = alert.message().as_string()

    assert alert.to != ["ana@example.com"]
    assert page in alert.body
    assert "swollen" not in whole
    assert "Ana" not in whole
    desk = signed_in(staff_user("front", "view_contactmessage", "change_contactmessage"))
    answer = reverse("admin:bookings_contactmessage_answer", args=[message.pk])
    desk.post(answer, {"answer": "Call us & we <will> talk.\nToday?"})
    [sent] = send()

    assert sent.to == ["ana@example.com"]
    assert "Call us & we <will> talk." in sent.body
    assert "Call us &amp; we &lt;will&gt; talk." in sent.alternatives[0][0]
    assert "swollen" not in sent.message().as_string()


@time_machine.travel(NOW, tick=False)
def test_booklet_comes_by_the_link_in_the_email(client: Client, world: World) -> None:
    Booklet(file_name="posture.pdf", content=PDF, uploaded_at=NOW).save()
    client.post(BOOKLET, form("booklet"))
    [email] = send()
    [path] = re.findall(rf"https?://[^/\s]+({BOOKLET}[\w-]{{43}}/)", email.body)

    assert email.to == ["ana@example.com"]
    assert path in email.alternatives[0][0]
    reader = Client()
    assert reader.get(path).status_code == 200
    response: Any = reader.post(path)
    assert b"".join(response.streaming_content) == PDF
    # On the phone, and again on the computer.
    assert Client().post(path).status_code == 200
