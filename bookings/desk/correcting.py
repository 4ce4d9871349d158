"""Correcting a visit: what it changes, for client and day, is shown before the press."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import operations
from bookings.domain.operations import Act, Correction, VisitAddress
from bookings.domain.visit_request import Treatment
from bookings.enums import DoorRule
from bookings.exceptions import BookingError, ChangedMeanwhile
from bookings.models import AccessNotes, Booking
from bookings.notifications.calls import how_told
from bookings.refusals import explain
from bookings.staff.labels import local_span, local_when
from bookings.staff.visibility import sees_visits, sees_way_in
from massagerx.lib.encryption import UnreadableValue
from services.templatetags.money import dollars

from .forms import CorrectForm
from .frame import StaffRequest, desk_page, get_visit, log_change, page, say, to_visit

# How a visit reads, line by line: what differs is shown before the press.
_LINES: tuple[tuple[Any, Callable[[Booking], str]], ...] = (
    (gettext_lazy("Visit is for"), lambda visit: visit.visit_for),
    (gettext_lazy("Number to call at the door"), lambda visit: visit.door_phone.as_national),
    (gettext_lazy("Language"), lambda visit: visit.recipient_language or "–"),
    (gettext_lazy("Who pays"), lambda visit: visit.payer_name or visit.contact_name),
    (gettext_lazy("Treatment"), lambda visit: local_span(visit.starts_at, visit.ends_at)),
    (gettext_lazy("At the door"), lambda visit: local_span(visit.blocked_from, visit.blocked_until)),
    (gettext_lazy("People"), lambda visit: str(visit.people)),
    (
        gettext_lazy("Add-ons"),
        lambda visit: ", ".join(sorted(row.name for row in visit.add_ons.all())) or "–",
    ),
    (gettext_lazy("Address"), lambda visit: visit.address),
    (gettext_lazy("At this address"), lambda visit: visit.get_address_rule_display() or "–"),
    (gettext_lazy("To the door"), lambda visit: visit.get_access_type_display()),
    (gettext_lazy("Client’s phone"), lambda visit: visit.client.phone.as_national),
    (gettext_lazy("Discount"), lambda visit: dollars(visit.discount_cents)),
    (gettext_lazy("Total"), lambda visit: dollars(visit.total_cents)),
)


@desk_page(sees_visits, "bookings.change_booking")
def correct_page(request: StaffRequest, pk: int) -> HttpResponse:
    """GET shows the form; POST tries it and shows what would change, and with `save` does it."""
    booking, now = get_visit(request.user, pk), timezone.now()
    way_in, lost = _way_in(request, booking)
    options: dict[str, Any] = {
        "booking": booking,
        "sees_way_in": sees_way_in(request.user) and not lost,
        "changes_clients": request.user.has_perm("bookings.change_client"),
    }
    initial = {**way_in, **_initial(booking)}
    form = CorrectForm(request.POST if request.method == "POST" else None, initial=initial, **options)
    changes: list[tuple[Any, str, str]] | None = None
    tried: Booking | None = None
    if form.is_bound and form.is_valid():
        # What was typed since, nobody has been shown.
        is_shown = form.cleaned_data["seen"] == form.digest() and form.cleaned_data["total_cents"] is not None
        if "save" in request.POST and is_shown:
            if _correct(request, booking, form, now):
                return to_visit(booking)
            booking = get_visit(request.user, pk)
        changes, tried = _try(request, booking, form, now)
    context = {
        "title": _("Correct the visit of %(name)s") % {"name": booking.visit_for},
        "booking": booking,
        "beside": Booking.objects.side_by_side(booking).select_related("client").first(),
        "when": local_when(booking.starts_at),
        "form": form,
        "lost": lost,
        "changes": changes,
        "total_cents": tried.total_cents if tried is not None else None,
        "left": DoorRule(booking.address_rule) if tried is not None and _loses(booking, tried) else None,
        "knows": DoorRule.at_doors([tried] if tried is not None and _gains(booking, tried) else []),
        "seen": form.digest() if changes else "",
    }
    refused = form.is_bound and changes is None
    return page(request, "correct", context, status=422 if refused else 200)


def _way_in(request: StaffRequest, booking: Booking) -> tuple[dict[str, str], bool]:
    """How one gets in, for who may see it, and whether it can't be opened: then it stays as it is."""
    if not sees_way_in(request.user):
        return {}, False
    try:
        found = AccessNotes.objects.filter(booking=booking).first()
    except UnreadableValue:
        return {}, True
    return (dict(found.notes) if found is not None else {}), False


def _initial(booking: Booking) -> dict[str, Any]:
    return {
        "street": booking.street,
        "unit": booking.unit,
        "zip_code": booking.area.zip_code,
        "access_type": booking.access_type,
        "option": booking.option_id,
        "add_ons": [row.pk for row in booking.add_ons.all()],
        "people": booking.people,
        "recipient_name": booking.recipient_name,
        **{name: getattr(booking, name) for name in CorrectForm.WHO},
        "phone": booking.client.phone,
        "phone_shown": booking.client.phone.as_e164,
        "discount": booking.discount_cents or None,
        "event": _newest_event(booking),
        "tells": True,
    }


def _newest_event(booking: Booking) -> int:
    """The key of what was done last with the visit: another one when anything of it has changed since; 0 for none."""
    return booking.events.order_by("-pk").values_list("pk", flat=True).first() or 0


def _run(
    request: StaffRequest,
    booking: Booking,
    form: CorrectForm,
    now: datetime,
    *,
    door: str,
    total_cents: int | None = None,
    takes_rule_along: bool = False,
) -> Booking:
    """Raises as `operations.correct_visit`, and `ChangedMeanwhile` when the visit is not as the page had it. `door` is
    as in `Act`."""
    sent = form.cleaned_data
    way_in = [name for name in CorrectForm.WAY_IN if name in form.fields]
    phone = form.new_phone()

    def as_shown(fresh: Booking) -> None:
        # A quiet correction, and another way in, make no revision.
        if _newest_event(fresh) != sent["event"]:
            raise ChangedMeanwhile
        # Another visit's page, and the client's own, write no event of this one.
        # Nor does what is written down of an address.
        if fresh.address_rule != booking.address_rule:
            raise ChangedMeanwhile
        if phone is not None and fresh.client.phone.as_e164 != sent["phone_shown"]:
            raise ChangedMeanwhile

    return operations.correct_visit(
        booking=booking,
        correction=Correction(
            address=VisitAddress.told(sent, way_in),
            treatment=Treatment(
                service=booking.service,
                option=sent["option"],
                add_ons=tuple(sent["add_ons"]),
                people=sent["people"],
            ),
            **{name: sent[name] for name in ("recipient_name", *CorrectForm.WHO)},
            discount_cents=sent["discount"] or 0,
            phone=phone,
            total_cents=total_cents,
            takes_rule_along=takes_rule_along,
        ),
        act=Act(now, request.user, reason=sent["reason"], door=door),
        tells=sent["tells"],
        check=as_shown,
    )


def _loses(booking: Booking, corrected: Booking) -> bool:
    """Whether less is written down of the address that it comes to than of the one that it leaves."""
    there = corrected.address_rule
    return DoorRule.stricter(booking.address_rule, there) != there


def _gains(booking: Booking, corrected: Booking) -> bool:
    """Whether more holds at its door than did: who comes has to know."""
    here = booking.door_rule
    return DoorRule.stricter(here, corrected.door_rule) != here


def _try(
    request: StaffRequest, booking: Booking, form: CorrectForm, now: datetime
) -> tuple[list[tuple[Any, str, str]] | None, Booking | None]:
    """What would differ, before and after, and the visit then: by the same door, as if whoever comes knew what holds
    there, and rolled back. None when it is refused, which is said."""
    before = [words(booking) for _label, words in _LINES]
    try:
        with transaction.atomic():
            tried = _run(request, booking, form, now, door=DoorRule.stricter(*DoorRule.values))
            after = [words(tried) for _label, words in _LINES]
            transaction.set_rollback(True)
    except BookingError as error:
        say(request, False, f"{booking.reference}: {explain(error)}")
        return None, None
    labels = [label for label, _words in _LINES]
    lines = [line for line in zip(labels, before, after, strict=True) if line[1] != line[2]]
    if set(form.changed_data) & set(CorrectForm.WAY_IN):
        lines.append((_("Way in"), "", _("as typed below")))
    return lines, tried


def _correct(request: StaffRequest, booking: Booking, form: CorrectForm, now: datetime) -> bool:
    """Whether it was corrected. If not, something has come between, and the page has to be looked at again."""
    door, goes_along = request.POST.get("door", ""), request.POST.get("along")
    total_cents = form.cleaned_data["total_cents"]
    try:
        with transaction.atomic():
            corrected = _run(
                request,
                booking,
                form,
                now,
                door=door,
                total_cents=total_cents,
                takes_rule_along=goes_along == "yes",
            )
            if _loses(booking, corrected) and goes_along != "no":
                transaction.set_rollback(True)
                words = _("%(reference)s: please say whether it holds at the new address too.")
                say(request, False, words % {"reference": booking.reference})
                return False
    except BookingError as error:
        say(request, False, f"{booking.reference}: {explain(error)}")
        return False
    if form.new_phone() is not None:
        log_change(request, booking.client, _("Phone corrected"))
    told = corrected.revision != booking.revision
    words = _("%(reference)s: corrected.") if told else _("%(reference)s: corrected. The client is not told.")
    said = words % {"reference": booking.reference}
    say(request, True, f"{said} {how_told(booking.client)}" if told else said)
    return True
