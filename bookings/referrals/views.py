"""An office's private page, and the page on which its patient begins."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import exceptions
from bookings.courses.forms import asked_again
from bookings.courses.models import CoursePlan
from bookings.courses.planning import opens_on
from bookings.domain.visit_request import ANYONE
from bookings.forms import ZipForm
from bookings.models import BookingRules, ServiceArea
from bookings.refusals import refusal_words
from bookings.views import steps, visitor_draft
from bookings.views.enquiries import private
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.form_tokens import issue_form_token, read_form_token
from massagerx.lib.limits import limited

from . import operations
from .forms import ReferralForm
from .models import Referral, ReferralOffice

_FORM = "refer"


@require_http_methods(["GET", "HEAD", "POST"])
@limited("30/m", "refer")
def refer(request: HttpRequest, token: str) -> HttpResponse:
    """The form for one patient, and the progress of those who agreed to it."""
    now = timezone.now()
    office = operations.office_of(token, now=now)
    if office is None:
        return private(render(request, "bookings/link_closed.html", status=404))
    plans = list(CoursePlan.objects.offered().select_related("option__service").order_by("name"))
    today = timezone.localdate(now)
    if request.method != "POST":
        initial = {"plan": plans[0].pk} if len(plans) == 1 else None
        return _page(request, office, ReferralForm(plans=plans, today=today, initial=initial), now=now)
    form = ReferralForm(request.POST, plans=plans, today=today)
    status = _send(office, form, plans, request.POST.get("form_token", ""), now)
    if status != 302:
        return _page(request, office, form, now=now, status=status)
    name = form.cleaned_data["name"]
    if office.approve_each:
        words = _("Thank you. One of us looks at it, and then we get in touch with %(name)s.")
    elif form.cleaned_data["email"]:
        words = _("Thank you. We have written to %(name)s.")
    else:
        words = _("Thank you. We call %(name)s.")
    messages.success(request, words % {"name": name})
    return private(redirect(request.path))


def _send(
    office: ReferralOffice, form: ReferralForm, plans: list[CoursePlan], sent_token: str, now: datetime
) -> int:
    """Keeps what can be kept. The status of the answer: 302 when it was, else the form has an error that says why."""
    token = read_form_token(sent_token, _FORM)
    if token is None:
        form.add_error(None, _("This page was open for too long. Please press the button again."))
        return 422
    if not form.is_valid():
        return 422
    data = form.cleaned_data
    try:
        operations.refer(
            office=office,
            key=token.key,
            plan=next(plan for plan in plans if plan.pk == data["plan"]),
            name=data["name"],
            email=data["email"],
            phone=data["phone"],
            health=form.health(),
            now=now,
        )
    except exceptions.SubmissionReused:
        form.add_error(
            None, _("You have sent this form already, with other words. To send these too, press again.")
        )
        return 409
    except exceptions.TooManyMessages as error:
        form.add_error(None, refusal_words(error))
        return 429
    return 302


def _page(
    request: HttpRequest, office: ReferralOffice, form: ReferralForm, *, now: datetime, status: int = 200
) -> HttpResponse:
    sent = request.POST.get("form_token", "")
    # One that is too old, or under which other words were sent, is replaced.
    keeps = status == 422 and read_form_token(sent, _FORM) is not None
    context = {
        "office": office,
        "form": form,
        "has_plans": bool(form.fields["plan"].choices),  # type: ignore[attr-defined]
        "form_token": sent if keeps else issue_form_token(_FORM, now=now),
        "seen": operations.seen_by(office),
    }
    response = private(render(request, "referrals/refer.html", context, status=status))
    if status == 429:
        response["Retry-After"] = "86400"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@limited("30/m", "referred")
def referred(request: HttpRequest, token: str) -> HttpResponse:
    """What the office prepared; one press leads to the visits. What looks at links in emails before people do asks by
    GET, and changes nothing."""
    try:
        referral = operations.referral_of(token, now=timezone.now())
    except UnreadableValue:
        referral = None
    if referral is None:
        return private(render(request, "bookings/link_closed.html", status=404))
    opens = None if referral.course is not None else _opens(referral, now=timezone.now())
    if request.method != "POST" or opens is not None:
        status = 200 if request.method != "POST" else 422
        return _patient_page(request, referral, ZipForm(), opens=opens, status=status)
    if referral.course is not None:
        operations.let_see(referral=referral, may_see="may_see" in request.POST)
        messages.success(request, _("Thank you. That is noted."))
        return private(redirect(request.path))
    form = ZipForm(request.POST)
    area, plan = _area(form, today=timezone.localdate()), offered_plan(referral)
    if area is None or plan is None:
        return _patient_page(request, referral, form, status=422)
    operations.let_see(referral=referral, may_see="may_see" in request.POST)
    return private(start_course(request, referral, plan, area=area))


def _opens(referral: Referral, *, now: datetime) -> date | None:
    """The day on which the visits can be booked; None when that is now."""
    surgery = date.fromisoformat(referral.health["surgery"])
    return opens_on(surgery, rules=BookingRules.load(), now=now)


def _area(form: ZipForm, *, today: date) -> ServiceArea | None:
    """Where to come; None with the reason on the form."""
    area = form.area(today=today)
    if area is None and form.is_valid():
        form.add_error("zip_code", refusal_words(exceptions.OutsideArea(form.cleaned_data["zip_code"])))
    return area


def _patient_page(
    request: HttpRequest,
    referral: Referral,
    form: ZipForm,
    *,
    opens: date | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "referral": referral,
        "plan": offered_plan(referral),
        "surgery": date.fromisoformat(referral.health["surgery"]),
        "form": form,
        # While the surgery is later than clients can book.
        "opens": opens,
        "may_see": "may_see" in request.POST if request.method == "POST" else referral.may_see,
    }
    return private(render(request, "referrals/referred.html", context, status=status))


def offered_plan(referral: Referral) -> CoursePlan | None:
    """The version of the plan that is offered now under its name; None when it is offered no more."""
    rows = CoursePlan.objects.offered().filter(
        name=referral.plan.name, option__service=referral.plan.option.service_id
    )
    return rows.select_related("option__service").first()


def start_course(
    request: HttpRequest,
    referral: Referral,
    plan: CoursePlan,
    *,
    area: ServiceArea | None = None,
    staff: int | None = None,
) -> HttpResponse:
    """Begins the visitor's draft anew with what the office entered, and leads to the visits of the course; who comes
    back to what they began goes on with it. `staff` is the key of who books for a patient on the phone."""
    progress = visitor_draft.load_progress(request)
    begun = progress.answers.get(visitor_draft.REFERRAL) or {}
    if begun.get("key") == referral.pk and area is not None and progress.area == area and staff is None:
        return steps.onward(progress) if visitor_draft.COURSE in progress.answers else steps.back_to("course")
    cleared_from = referral.health["cleared_from"]
    answers: dict[str, Any] = {
        "service": plan.service.slug,
        "option": plan.option_id,
        "add_ons": [],
        "people": 1,
        "preference": ANYONE,
        "known": {"name": referral.name, "email": referral.email, "phone": str(referral.phone)},
        visitor_draft.COURSE_ASKED: asked_again(
            plan.pk, referral.health["surgery"], cleared_from=cleared_from
        ),
        visitor_draft.REFERRAL: {"key": referral.pk, "cleared_from": cleared_from},
    }
    if staff is not None:
        answers[visitor_draft.STAFF_BOOKING] = staff
    else:
        answers |= {visitor_draft.FILLED_FOR: referral.email, visitor_draft.CAME_BY_MAIL: referral.email}
    if area is not None:
        answers["zip_code"] = area.zip_code
    visitor_draft.save_anew(request, progress, **answers)
    return steps.back_to("course" if area is not None else "where")
