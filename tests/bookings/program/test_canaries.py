"""What a client and a therapist say of health in a program stands nowhere but in encrypted columns: in no table, log or
email, and on nobody else's page."""

from __future__ import annotations

import csv
import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from bookings.models import Booking, Message
from bookings.notifications import delivery
from bookings.program import reminders
from bookings.program.models import Assessment, ExerciseDay, Program, ProgramTemplate, WeekCheck
from massagerx.lib.encryption import EncryptedJSONField
from tests.factories import NOW, World, at

from .conftest import confirmed, exercise_of, make, page_of, staff_client, therapist_client

pytestmark = [pytest.mark.django_db, pytest.mark.integrity]

GOAL, POSTURE, MEASURE, NOTE, WEEK = (
    "canary-goal", "canary-posture", "canary-measure", "canary-note", "canary-week",
)  # fmt: skip
CANARIES = (GOAL, POSTURE, MEASURE, NOTE, WEEK)
FINDINGS = {
    "regions": ["left_knee"], "pain": 8, "sport": "running", "goal": GOAL, "sitting": 9, "training": 3,
    "posture": POSTURE, "measures": MEASURE,
}  # fmt: skip
CHECK = {"week": 1, "at_rest": 6, "moving": 9, "ease": "hard", "posture": "worse", "words": WEEK}


def stored() -> str:
    """All that any table holds, as a dump has it."""
    quote = connection.ops.quote_name
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {quote(table)}")
            found += [
                str(bytes(value) if isinstance(value, memoryview) else value)
                for row in cursor.fetchall()
                for value in row
            ]
    return "\n".join(found).lower()


def lived(hands: Client, visit: Booking, template: ProgramTemplate, staff: User) -> Program:
    """A program with all that can be said in it, each through its own page; none of them shows it unasked."""
    assert hands.post(reverse("admin:program_assessment", args=[visit.pk]), FINDINGS).status_code == 302
    program = make(visit, template, staff)
    written = hands.post(reverse("admin:program_program_do", args=[program.pk, "note"]), {"note": NOTE})
    assert written.status_code == 302
    page, client = page_of(program), Client()
    pressed = {"key": uuid.uuid4(), "outcome": "done", "pain": 9}
    assert client.post(f"{page}{exercise_of(program).pk}/", pressed).status_code == 302
    with time_machine.travel(NOW + timedelta(days=5), tick=False):
        assert client.post(f"{page}week/", CHECK).status_code == 302
    assert client.post(f"{page}reminders/", {"press": "on"}).status_code == 302
    reminders.write_reminders(now=NOW + timedelta(days=9))
    return program


def test_the_canaries_are_kept(world: World, visit: Booking, template: ProgramTemplate, staff: User) -> None:
    """What the other tests look for is there."""
    program = lived(therapist_client(world), visit, template, staff)
    assert Assessment.objects.get().findings == FINDINGS
    program.refresh_from_db()
    assert program.note == NOTE
    assert WeekCheck.objects.get().answers["words"] == WEEK
    assert ExerciseDay.objects.get().pain == 9


def test_a_dump_holds_none(
    world: World, visit: Booking, template: ProgramTemplate, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = therapist_client(world)
    lived(hands, visit, template, staff)
    dumped = stored()
    assert [canary for canary in CANARIES if canary in dumped] == []
    assert "left_knee" not in dumped
    # The search finds what is stored in the clear.
    monkeypatch.setattr(
        EncryptedJSONField, "get_prep_value", lambda _field, value: value if value is None else str(value)
    )
    assert hands.post(reverse("admin:program_assessment", args=[visit.pk]), FINDINGS).status_code == 302
    assert GOAL in stored()


def test_no_log_and_no_email_says_any(
    world: World, visit: Booking, template: ProgramTemplate, staff: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    lived(therapist_client(world), visit, template, staff)
    delivery.send_due(clock=lambda: NOW + timedelta(days=9))
    assert Message.objects.filter(kind__in=["program", "program_reminder"], state="sent").count() == 2
    letters = "".join(f"{letter.subject}{letter.body}{letter.alternatives}" for letter in mail.outbox)
    assert "/program/" in letters
    logged = "".join(str(record.__dict__) for record in caplog.records)
    for canary in (*CANARIES, "left_knee"):
        assert canary not in letters
        assert canary not in logged


def test_nobody_else_s_page_says_any(
    world: World, visit: Booking, template: ProgramTemplate, staff: User, owner: Client, desk: Client
) -> None:
    """Of another client, of another therapist; and unasked no page of staff's either."""
    second = world.add_therapist()
    hands = therapist_client(world)
    program = lived(hands, visit, template, staff)
    other = confirmed(
        world, staff, preference=f"therapist:{second.slug}", name="Bo", email="bo@example.com",
        phone="+12135550188", starts_at=at(14),
    )  # fmt: skip
    theirs = make(other, template, staff)
    stranger = staff_client("second", "Therapist")
    second.user = User.objects.get(username="second")
    second.save()
    own = {"visit": [visit.pk], "program": [program.pk]}
    shown: list[Any] = [Client().get(page_of(theirs)), Client().get(page_of(program))]
    for who in (stranger, hands, desk, owner):
        shown += [
            who.get(reverse(f"admin:{name}", args=own.get(of, [])))
            for name, of in (
                ("bookings_booking_change", "visit"),
                ("program_assessment", "visit"),
                ("program_program_make", "visit"),
                ("program_program_changelist", ""),
                ("index", ""),
            )
        ]
    shown += [stranger.get(reverse("admin:program_program_change", args=own["program"]))]
    with time_machine.travel(NOW + timedelta(days=3), tick=False):
        figures = owner.get(f"{reverse('admin:program_program_figures')}?csv=1")
    rows = list(csv.reader(b"".join(figures).decode().splitlines()))
    assert len(rows) > 1
    # The therapist's word is for the client's own page, and stands nowhere else.
    assert NOTE in shown[1].content.decode()
    for number, response in enumerate(shown):
        for canary in (set(CANARIES) - {NOTE}) if number == 1 else CANARIES:
            assert canary not in response.content.decode(), (number, canary)
    assert not any(canary in cell for row in rows for cell in row for canary in CANARIES)
    # Who may not open it can't: no press of another therapist's opens the assessment.
    assert (
        stranger.post(reverse("admin:program_assessment", args=own["visit"]), {"press": "open"}).status_code
        == 404
    )
    assert stranger.post(reverse("admin:program_program_open", args=own["program"])).status_code == 404
