"""The booking flow's two ends: what and where, and review, send and done. Works without JavaScript."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from phonenumber_field.phonenumber import PhoneNumber

from bookings import exceptions
from bookings.domain import intake, operations, queries
from bookings.domain.visit_request import ANYONE
from bookings.forms import DetailsForm, ReviewForm, TreatmentForm, ZipForm
from massagerx.lib.limits import limited
from services.models import Service

from .outside import outside_page
from .refusals import refusal_words
from .steps import (
    SESSION_KEY,
    InForce,
    Progress,
    back_to,
    closed,
    closed_page,
    drop,
    forget_health,
    forget_time,
    guard,
    in_force,
    load_progress,
    miss_time,
    save,
    show,
)
from .visits.visitor import VisitClosed, get_visit, open_own

# Booking references of this visitor's finished bookings, by submission key: a page sent twice finds its booking.
FINISHED_KEY = "finished_bookings"
FINISHED_KEPT = 10


@require_http_methods(["GET", "HEAD", "POST"])
@limited("60/m", "booking-steps")
def what(request: HttpRequest) -> HttpResponse:
    """Which service; then how long, with what, for how many. `?service=` and `?option=` keep a choice made
    elsewhere, `?zip=` an area asked about."""
    progress = load_progress(request)
    if response := closed(request, now=progress.now):
        return response
    asked = _asked_zip(request)
    slug = request.POST.get("service") or request.GET.get("service") or ""
    offered = Service.objects.offered(timezone.localdate(progress.now))
    service = offered.filter(slug=slug).first() if slug else None
    if service is None:
        if slug:
            messages.warning(
                request, _("That service can't be booked online now. Please choose one of these.")
            )
        services = offered.with_prices()
        chosen = progress.treatment.service.slug if progress.treatment else None
        return show(request, progress, "start", {"services": services, "chosen": chosen, "asked": asked})

    if request.method == "POST":
        form = TreatmentForm(request.POST, service=service, travel_from_cents=queries.lowest_travel_cents())
        if form.is_valid():
            area = {"zip_code": asked["area"].zip_code} if asked["area"] else {}
            people = form.cleaned_data.get("people", 1)
            # What one person answered says nothing of the second.
            more_people = people > progress.answers.get("people", people)
            save(
                request,
                progress,
                service=service.slug,
                option=form.cleaned_data["option"],
                add_ons=form.cleaned_data.get("add_ons", []),
                people=people,
                **area,
                **(forget_health(request, progress) if more_people else {}),
                **forget_time(progress),
            )
            if asked["zip"] and not area:
                return redirect(f"{reverse('bookings:where')}?{urlencode({'zip': asked['zip']})}")
            return back_to("where")
        context = {"service": service, "form": form, "asked": asked}
        return show(request, progress, "start", context, status=422)

    initial: dict[str, Any] = {}
    if progress.treatment is not None and progress.treatment.service == service:
        answers = progress.answers
        initial = {name: answers.get(name) for name in ("option", "add_ons", "people")}
    if request.GET.get("option", "").isascii() and request.GET.get("option", "").isdigit():
        initial["option"] = request.GET["option"]
    form = TreatmentForm(
        initial=initial or None, service=service, travel_from_cents=queries.lowest_travel_cents()
    )
    return show(request, progress, "start", {"service": service, "form": form, "asked": asked})


def _asked_zip(request: HttpRequest) -> dict[str, Any]:
    """The ZIP code that the visitor gave on the way here: `zip` as typed, and `area` where we drive there or
    `outside` where we don't. A code that makes no sense has neither; the next step says what is wrong with it."""
    typed = (request.POST.get("zip") or request.GET.get("zip") or "").strip()[:20]
    asked: dict[str, Any] = {"zip": typed, "area": None, "outside": None}
    form = ZipForm({"zip_code": typed})
    if typed and form.is_valid():
        zip_code = form.cleaned_data["zip_code"]
        try:
            asked["area"] = queries.area(zip_code)
        except exceptions.OutsideArea:
            asked["outside"] = zip_code
    return asked


@require_http_methods(["GET", "HEAD", "POST"])
@limited("60/m", "booking-steps")
def where(request: HttpRequest) -> HttpResponse:
    """The ZIP code; the answer is the whole price, or a kind no."""
    progress = load_progress(request)
    if response := guard(request, progress, "where"):
        return response
    if request.method == "POST":
        form = ZipForm(request.POST)
        if form.is_valid():
            zip_code = form.cleaned_data["zip_code"]
            try:
                area = queries.area(zip_code)
            except exceptions.OutsideArea:
                return outside_page(request, progress, zip_code, zip_form=form, status=422)
            changes = forget_time(progress) if progress.area != area else {}
            save(request, progress, zip_code=zip_code, **changes)
            return back_to("where")
        return show(request, progress, "where", {"form": form, "area": None}, status=422)
    asked = request.GET.get("zip", "")[:20]
    if not asked and progress.area is None and "zip_code" in progress.answers:
        # The owner has taken this ZIP code out meanwhile.
        return outside_page(request, progress, progress.answers["zip_code"])
    form = ZipForm(initial={"zip_code": asked or progress.answers.get("zip_code")})
    return show(request, progress, "where", {"form": form, "area": progress.area})


@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/m", "booking-send")
def review(request: HttpRequest) -> HttpResponse:
    """The whole on one page, and the one press that books."""
    if request.method == "POST" and (finished := _finished(request)):
        return finished
    progress = load_progress(request)
    current = in_force(now=progress.now)
    if current is None:
        return closed_page(request)
    if response := guard(request, progress, "review"):
        return response
    if "submission_key" not in progress.answers:
        save(request, progress, submission_key=str(uuid.uuid4()))
    if request.method != "POST":
        return _review_page(request, progress, current)

    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _review_page(request, progress, current, form=form, status=422)
    data = form.cleaned_data
    if str(data["submission_key"]) != progress.answers["submission_key"]:
        messages.warning(
            request, _("That page was from an earlier visit to this form. Please check this one.")
        )
        return _review_page(request, progress, current, status=409)
    try:
        booking = operations.request_booking(
            submission=_submission(progress, data),
            now=progress.now,
            draft=progress.draft.key,
            looked_up=_looked_up(progress, current),
            actor=progress.staff_user,
        )
    except exceptions.PriceChanged:
        messages.warning(
            request, _("The price has changed since you opened this page. Please look at it again.")
        )
        return _review_page(request, progress, current, status=409)
    except exceptions.TermsChanged:
        messages.warning(
            request, _("Our policy has changed since you opened this page. Please read it again.")
        )
        return _review_page(request, progress, current, status=409)
    except (exceptions.SlotTaken, exceptions.SlotNotOffered) as error:
        messages.error(request, refusal_words(error))
        save(request, progress, **miss_time(progress))
        return back_to("when")
    except (exceptions.NoLongerOffered, exceptions.OutsideArea) as error:
        messages.error(request, refusal_words(error))
        return back_to("start" if isinstance(error, exceptions.NoLongerOffered) else "where")
    except exceptions.ScreeningChanged:
        messages.warning(request, _("Our health questions have changed. Please answer them once more."))
        save(request, progress, health=None)
        return back_to("health")
    except exceptions.ScreeningStops:
        return back_to("health")
    except exceptions.SubmissionReused:
        messages.warning(
            request, _("This was already sent with other answers. Please check and send once more.")
        )
        save(request, progress, submission_key=str(uuid.uuid4()))
        return _review_page(request, progress, current, status=409)
    except exceptions.TooManyRequests:
        return _review_page(request, progress, current, too_many=True, status=409)

    finished_bookings = dict(request.session.get(FINISHED_KEY, {}))
    finished_bookings[str(data["submission_key"])] = booking.reference
    request.session[FINISHED_KEY] = dict(list(finished_bookings.items())[-FINISHED_KEPT:])
    request.session.pop(SESSION_KEY, None)
    intake.discard_draft(progress.draft)
    if progress.staff_user is not None:
        words = _("%(reference)s is booked. The client gets an email.") % {"reference": booking.reference}
        messages.success(request, words)
        return redirect("admin:bookings_booking_change", booking.pk)
    open_own(request, booking, now=progress.now)
    return redirect("bookings:done")


def _finished(request: HttpRequest) -> HttpResponse | None:
    """To the booking that this very page already made, when it was sent twice."""
    key = request.POST.get("submission_key", "")
    return redirect("bookings:done") if key in request.session.get(FINISHED_KEY, {}) else None


def _looked_up(progress: Progress, current: InForce) -> operations.LookedUp:
    assert progress.treatment is not None
    assert progress.area is not None
    return operations.LookedUp(
        rules=progress.rules,
        treatment=progress.treatment,
        area=progress.area,
        agreed=current.terms_version,
        screening=current.screening,
    )


def _submission(progress: Progress, data: dict[str, Any]) -> operations.Submission:
    answers = progress.answers
    details = answers["details"]
    assert progress.treatment is not None
    assert progress.starts_at is not None
    return operations.Submission(
        key=data["submission_key"],
        service_slug=progress.treatment.service.slug,
        option_id=progress.treatment.option.pk,
        add_on_ids=tuple(sorted(add_on.pk for add_on in progress.treatment.add_ons)),
        people=progress.treatment.people,
        zip_code=answers["zip_code"],
        preference=answers.get("preference", ANYONE),
        starts_at=progress.starts_at,
        name=details["name"],
        email=details["email"],
        phone=details["phone"],
        recipient_name=details.get("recipient_name", ""),
        street=details["street"],
        unit=details.get("unit", ""),
        access_type=details["access_type"],
        access={name: details[name] for name in DetailsForm.ACCESS_FIELDS if details.get(name)},
        screening_version=answers["health"]["version"],
        screening_service=answers["health"]["service"],
        answers=answers["health"]["answers"],
        terms_version=data["terms_version"],
        total_cents=data["total_cents"],
    )


def _review_page(
    request: HttpRequest,
    progress: Progress,
    current: InForce,
    *,
    form: ReviewForm | None = None,
    too_many: bool = False,
    status: int = 200,
) -> HttpResponse:
    quote = progress.quote
    assert quote is not None
    initial = {
        "submission_key": progress.answers["submission_key"],
        "total_cents": quote.total_cents,
        "terms_version": current.terms_version.number,
    }
    context = {
        "form": form or ReviewForm(initial=initial),
        "fresh": initial,
        "quote": quote,
        "terms_version": current.terms_version,
        "details": progress.answers["details"],
        "phone": PhoneNumber.from_string(progress.answers["details"]["phone"]).as_national,
        "care_words": _care_words(progress, current),
        "too_many": too_many,
    }
    return show(request, progress, "review", context, status=status)


def _care_words(progress: Progress, current: InForce) -> list[str]:
    """What the rules say to answers that can be booked but need care, such as a clinician's note first."""
    health = progress.answers["health"]
    result = current.screening.evaluate(
        health["answers"], health["service"], timezone.localdate(progress.now)
    )
    return [intake.translated(text) for text in result.messages]


@require_safe
def done(request: HttpRequest) -> HttpResponse:
    """The visitor's newest booking; nobody else's."""
    references = list(request.session.get(FINISHED_KEY, {}).values())
    try:
        # For as long as this browser may see the visit, and no longer: the page tells the address.
        booking, _access = get_visit(request, references[-1] if references else "", now=timezone.now())
    except VisitClosed:
        return back_to("start")
    response = render(request, "bookings/done.html", {"booking": booking})
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@limited("60/m", "booking-steps")
def start_over(request: HttpRequest) -> HttpResponse:
    """Forgets what was typed."""
    progress = load_progress(request)
    drop(request, progress)
    return back_to("start")
