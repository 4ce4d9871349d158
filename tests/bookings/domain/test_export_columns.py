"""Every column of every table about a client is found in an export, or named here with why it is left out."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User

from bookings import models
from bookings.domain.export import all_about, as_data
from bookings.program.models import Assessment, Program
from bookings.referrals.models import Referral
from bookings.reviews.models import Review
from services.models import Business
from tests.factories import World

from .test_erasure import a_life

pytestmark = pytest.mark.django_db
Model = Any
_OUR_NUMBER = "a number of ours, which says nothing"
_TIES = "says whose the record is, which stands among that person's"
_STAFF = "who of staff did it is theirs, and in our log"
_SENDING = "how the sending went"
_PROOF = "opens something, so it is shown to nobody"

#: By table: the section of the export, and the line of it for each column that has another name there.
EXPORTED: dict[Model, tuple[str, dict[str, str]]] = {
    models.Client: ("client", {}),
    models.Booking: ("visits", {"terms_version": "terms"}),
    models.AccessNotes: ("visits", {"notes": "access"}),
    models.VisitPurpose: ("visits", {"text": "purpose"}),
    models.DriveOverride: ("visits", {"minutes": "drives", "reason": "drives"}),
    models.BookingEvent: ("history", {}),
    models.LateFee: ("late_fees", {}),
    models.VisitStep: ("steps", {}),
    models.ChangeRequest: ("late_moves", {}),
    models.ScreeningRecord: ("health", {"tier": "result", "evaluated_at": "at"}),
    models.ScreeningRecheck: ("health", {"tier": "result", "evaluated_at": "at"}),
    models.NoteFile: ("note_files", {}),
    models.ClinicianNote: ("clinicians", {"recorded_at": "at", "recorded_by": "by"}),
    models.HealthAccess: ("health_access_log", {}),
    models.ClientNote: ("notes", {}),
    models.OwnConsent: ("own_consents", {}),
    models.Pairing: ("pairings", {}),
    models.Message: ("messages", {"copy": "text"}),
    models.ContactMessage: ("enquiries", {}),
    models.BookletRequest: ("booklets", {}),
    models.AreaRequest: ("places", {}),
    models.Link: ("links", {}),
    Referral: ("referrals", {}),
    Program: ("program", {}),
    Assessment: ("assessments", {}),
    Review: ("reviews", {}),
}
#: By table, `None` for all: the columns that are left out, and why.
LEFT_OUT: dict[Model | None, dict[str, str]] = {
    None: {"id": _OUR_NUMBER, "client": _TIES, "booking": _TIES},
    models.Client: {"erased_at": "nothing of an erased client is left to export"},
    models.Booking: {
        "option": "its minutes are those between start and end",
        "answer_by": "what we promised of our own work; it stands in the email",
        "prove_by": "until when we wait for the press in an email",
        "source": "a digest of an address on the network, gone with the press in the email",
        "told_once": "may be somebody else’s word; what is the client’s is noted in their record",
        "revision": _OUR_NUMBER,
        "submission_key": _OUR_NUMBER,
        "submission_digest": _OUR_NUMBER,
        "together": _OUR_NUMBER,
    },
    models.DriveOverride: {"from_booking": _TIES, "to_booking": _TIES, "by": _STAFF, "at": _STAFF},
    models.BookingEvent: {
        "from_status": "the kind says it",
        "to_status": "the kind says it",
        "actor": _STAFF,
        "moved_from_therapist": "the day of another person",
    },
    models.LateFee: {"decided_by": _STAFF},
    models.VisitStep: {"received_at": "when our server had it", "key": _OUR_NUMBER, "by": _STAFF},
    models.NoteFile: {
        "data": "a file of its own in the archive",
        "digest": "a keyed digest of the file, which says nothing",
        "seen_at": _STAFF,
    },
    models.ChangeRequest: {"answered_by": _STAFF},
    models.ScreeningRecord: {
        "version": "the answers stand beside the words that were asked",
        "is_covered": "follows from the clinician's note",
    },
    models.ScreeningRecheck: {
        "version": "the answers stand beside the words that were asked",
        "new_tier": "what is new in it, which the answers tell",
    },
    models.Message: {
        "told_by": _STAFF,
        "link": _TIES,
        "contact_message": _TIES,
        "wish": "a therapist's",
        "booklet_request": _TIES,
        "revision": _OUR_NUMBER,
        "day": "of what only the desk is told",
        **dict.fromkeys(
            (
                "due_at", "attempts", "first_tried_at", "lease", "leased_until", "handed_over_at",
                "uncertain_attempts", "message_uuid", "last_error",
            ),
            _SENDING,
        ),
    },
    models.ContactMessage: {"answered_by": _STAFF, "submission_key": _OUR_NUMBER},
    models.BookletRequest: {"submission_key": _OUR_NUMBER},
    models.AreaRequest: {"is_answered": "a mark of staff"},
    models.Link: {
        "nonce": _PROOF,
        "digest": _PROOF,
        "therapist": _TIES,
        "booklet_request": _TIES,
        "user": "of a member of staff's own link",
        "expires_at": "follows from when it was sent",
        "revoked_at": "ours",
        "misses": "ours",
    },
    Review: {"link": _PROOF, "decided_by": _STAFF},
    Program: {"link": _PROOF, "submission_key": _OUR_NUMBER, "course_key": _TIES, "spans": "for our figures"},
    Referral: {
        "approved_by": _STAFF,
        "link": _PROOF,
        "course": _TIES,
        "submission_key": _OUR_NUMBER,
    },
}  # fmt: skip
#: Tables with an email, a phone, a client or a visit that no export is about. That the desk was told why a visit can't
#: be kept speaks of the day of another person, and is gone when the visit is solved or over; a check-in at a door
#: speaks of who stood there.
NOT_ABOUT_CLIENTS = {
    User, Business, models.Therapist, models.Erasure, models.StrandedNotice, models.CheckIn,
}  # fmt: skip


def about_clients() -> set[Model]:
    """Each table that points at a client or a visit, or has an email or a phone."""
    found = set()
    for model in apps.get_models():
        columns = model._meta.concrete_fields
        points = any(column.related_model in (models.Client, models.Booking) for column in columns)
        carries = any(column.name in ("email", "phone") for column in columns)
        is_history = model.__name__.startswith("Historical")
        if (points or carries or model is models.Booking) and not is_history:
            found.add(model)
    return found


def test_every_table_about_a_client_has_a_section() -> None:
    assert about_clients() - NOT_ABOUT_CLIENTS == set(EXPORTED)


def test_every_column_is_exported_or_named_with_why_not(world: World) -> None:
    client = a_life(world, User.objects.create_user("owner", is_staff=True))
    data = as_data(all_about(client))
    for model, (section, other_names) in EXPORTED.items():
        assert data[section], section
        lines = set.union(*(set(record) for record in data[section]))
        left_out = LEFT_OUT[None] | LEFT_OUT.get(model, {})
        for column in model._meta.concrete_fields:
            said = other_names.get(column.name, column.name) in lines
            # Neither forgotten nor named though it is there.
            assert said is not (column.name in left_out), (model.__name__, column.name)


def test_what_is_left_out_is_a_column() -> None:
    for model, columns in LEFT_OUT.items():
        if model is not None:
            assert set(columns) <= {column.name for column in model._meta.concrete_fields}
