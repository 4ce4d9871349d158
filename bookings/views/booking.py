"""The booking flow's two ends: what and where, and review, send and done. Works without JavaScript."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.db.models import CharField, DateField, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from phonenumber_field.phonenumber import PhoneNumber

from bookings import exceptions
from bookings.context_processors import travel_from_cents
from bookings.domain import answers, intake, operations, pricing, scheduling
from bookings.domain.visit_request import ANYONE, qualified_therapists
from bookings.enums import BookingStatus, Tier
from bookings.forms import BOTH_AT_ONCE, PressForm, ReviewForm, TreatmentForm, ZipForm
from bookings.models import Booking, HeardFrom, Therapist
from bookings.notifications.calls import how_told
from bookings.refusals import refusal_words
from bookings.screening import Result
from massagerx.lib.compiled_query import CompiledQuery
from massagerx.lib.limits import limited
from services.models import Service

from .calendar import WEEKS
from .enquiries import call_back_page
from .holding import with_another
from .outside import outside_page
from .steps import InForce, back_to, closed, guard, in_force, show
from .visitor_draft import (
    CAME_FROM,
    COURSE,
    SESSION_KEY,
    SIDE_BY_SIDE,
    Complete,
    Progress,
    drop,
    forget_health,
    forget_time,
    load_progress,
    miss_time,
    save,
    sender_of,
)
from .visits.visitor import VisitClosed, get_visit, open_own

# Booking references of this visitor's finished bookings, by submission key: a page sent twice finds its booking.
FINISHED_KEY = "finished_bookings"
FINISHED_KEPT = 10

_OFFERED = CompiledQuery(
    lambda parameter: Service.objects.offered(parameter("today", DateField())).filter(
        slug=parameter("slug", CharField())
    ),
    of_reference_data=True,
)


@require_http_methods(["GET", "HEAD", "POST"])
@limited("60/m", "booking-steps")
def what(request: HttpRequest) -> HttpResponse:
    """Which service; then how long, with what, for how many. `?service=` and `?option=` keep a choice made
    elsewhere, `?zip=` an area asked about, `?therapist=` who is asked for, `?from=` which link it was."""
    progress = load_progress(request)
    if response := closed(request, progress):
        return response
    asked = _asked(request, progress)
    slug = _plain(request.POST.get("service") or request.GET.get("service") or "")
    today = timezone.localdate(progress.now)
    service = _OFFERED.first(slug=slug, today=today) if slug else None
    if service is None:
        if slug:
            messages.warning(
                request, _("That service can't be booked online now. Please choose one of these.")
            )
        services = Service.objects.offered(today).with_prices()
        if asked["therapist"]:
            services = services.filter(therapists=asked["therapist"])
        chosen = progress.treatment.service.slug if progress.treatment else None
        response = show(request, progress, "start", {"services": services, "chosen": chosen, "asked": asked})
        if _is_for_everybody(request):
            # It may be kept for the next visitor (`massagerx.lib.page_cache`).
            response["Cache-Control"] = "no-cache"
        return response
    return _treatment(request, progress, service, asked)


def _is_for_everybody(request: HttpRequest) -> bool:
    """Whether nothing of anybody's is on the page: no draft, no message, nothing asked for or sent."""
    told = settings.MESSAGES_COOKIE_NAME in request.COOKIES
    return request.method != "POST" and request.session.is_empty() and not request.GET and not told


def _treatment(
    request: HttpRequest, progress: Progress, service: Service, asked: dict[str, Any]
) -> HttpResponse:
    """How long, with what and for how many."""
    is_sent = request.method == "POST"
    today = timezone.localdate(progress.now)
    several = service.max_people > 1 and len(qualified_therapists(service, today))
    form = TreatmentForm(
        request.POST if is_sent else None,
        initial=_chosen(request, progress, service) or None,
        service=service,
        travel_from_cents=travel_from_cents(),
        side_by_side=several >= operations.AT_ONE_START,
    )
    if is_sent and form.is_valid():
        return _choose(request, progress, asked, service, form.cleaned_data)
    context = {"service": service, "form": form, "asked": asked}
    return show(request, progress, "start", context, status=422 if is_sent else 200)


def _choose(
    request: HttpRequest, progress: Progress, asked: dict[str, Any], service: Service, data: dict[str, Any]
) -> HttpResponse:
    area = {"zip_code": asked["area"].zip_code} if asked["area"] else {}
    people, side_by_side = data.get("people", 1), data.get("side_by_side", False)
    # What one person answered says nothing of the second.
    before = max(progress.answers.get("people", 0), 1 + progress.side_by_side)
    more_people = "people" in progress.answers and max(people, 1 + side_by_side) > before
    save(
        request,
        progress,
        service=service.slug,
        option=data["option"],
        add_ons=data.get("add_ons", []),
        people=people,
        **{SIDE_BY_SIDE: side_by_side or None},
        **area,
        **_preference(asked["therapist"], service),
        **({CAME_FROM: asked["from"]} if asked["from"] else {}),
        **(forget_health(request, progress) if more_people else {}),
        **forget_time(progress),
    )
    if asked["zip"] and not area:
        return redirect(f"{reverse('bookings:where')}?{urlencode({'zip': asked['zip']})}")
    return back_to(("course" if asked["course"] else "when") if area else "where")


def _chosen(request: HttpRequest, progress: Progress, service: Service) -> dict[str, Any]:
    """What was chosen of the service here before, or where the visitor comes from."""
    chosen: dict[str, Any] = {}
    if progress.treatment is not None and progress.treatment.service == service:
        chosen = {name: progress.answers.get(name) for name in ("option", "add_ons", "people")}
        chosen["people"] = BOTH_AT_ONCE if progress.side_by_side else chosen["people"]
    option = request.GET.get("option", "")
    if option.isascii() and option.isdigit():
        chosen["option"] = option
    return chosen


def _preference(therapist: Therapist | None, service: Service) -> dict[str, str]:
    """What is stored of a therapist asked for, who gives the service."""
    if therapist is None or not therapist.services.filter(pk=service.pk).exists():
        return {}
    return {"preference": f"therapist:{therapist.slug}"}


def _asked(request: HttpRequest, progress: Progress) -> dict[str, Any]:
    """What the visitor gives here or gave on the way, and each link and form gives on. The ZIP code: `zip` as typed,
    and `area` where we drive there or `outside` where we don't; a code that makes no sense has neither, and the next
    step says what is wrong with it. `therapist`, if that one can be booked today. `course`, for a whole course.
    `from`, the name in one of the owner's links. `query` has them as they stand in an address."""
    is_sent = request.method == "POST"
    data = request.POST if is_sent else request.GET
    typed = _plain(data.get("zip", "" if is_sent else progress.answers.get("zip_code", ""))).strip()[:20]
    slug = _plain(data.get("therapist", ""))[:50]
    today = timezone.localdate(progress.now)
    therapist = Therapist.objects.bookable(today).filter(slug=slug).first() if slug else None
    is_course = "yes" if data.get("course") else ""
    came_from = _plain(data.get("from", ""))[:30]
    if came_from and not HeardFrom.objects.filter(link_name=came_from).exists():
        came_from = ""
    given = {
        "zip": typed,
        "therapist": therapist.slug if therapist else "",
        "course": is_course,
        "from": came_from,
    }
    form = ZipForm({"zip_code": typed})
    area = form.area(today=today)
    return {
        "course": is_course,
        "zip": typed,
        "area": area,
        "outside": form.cleaned_data["zip_code"] if area is None and form.is_valid() else None,
        "therapist": therapist,
        "from": came_from,
        "query": urlencode({name: value for name, value in given.items() if value}),
    }


def _plain(text: str) -> str:
    """Without NUL, which no database looks for and no address may hold."""
    return text.replace("\x00", "")


@require_http_methods(["GET", "HEAD", "POST"])
@limited("60/m", "booking-steps")
def where(request: HttpRequest) -> HttpResponse:
    """The ZIP code; the answer is the full price, or a kind no. `?zip=`, one typed on the page before, is answered as
    if it had been sent here, but not kept."""
    progress = load_progress(request)
    if response := guard(request, progress, "where"):
        return response
    is_sent = request.method == "POST"
    asked = "" if is_sent else request.GET.get("zip", "")[:20]
    if is_sent or asked:
        form = ZipForm(request.POST if is_sent else {"zip_code": asked})
        by_staff = progress.staff_user is not None
        area = form.area(today=timezone.localdate(progress.now), by_staff=by_staff)
        if area is None:
            return _not_there(request, progress, form)
        if is_sent:
            changes = forget_time(progress) if progress.area != area else {}
            save(request, progress, zip_code=area.zip_code, **changes)
            return back_to("where")
    if not asked and progress.area is None and "zip_code" in progress.answers:
        # The owner has taken this ZIP code out meanwhile.
        return outside_page(request, progress, progress.answers["zip_code"])
    form = ZipForm(initial={"zip_code": asked or progress.answers.get("zip_code")})
    context = {"form": form, "area": progress.area, "evenings": _has_evenings(progress)}
    return show(request, progress, "where", context)


def _not_there(request: HttpRequest, progress: Progress, form: ZipForm) -> HttpResponse:
    """What is wrong with the ZIP code of `form`, or that we don't drive there."""
    status = 422 if request.method == "POST" else 200
    if form.is_valid():
        return outside_page(request, progress, form.cleaned_data["zip_code"], status=status)
    return show(request, progress, "where", {"form": form, "area": None}, status=status)


def _has_evenings(progress: Progress) -> bool:
    """Whether a visit can begin in an evening that costs more, in the first weeks that the next page shows."""
    if progress.visit_request is None or not progress.rules.evening_fee_cents:
        return False
    offer = scheduling.find_times_between(
        visit_request=progress.visit_request.asking_for(ANYONE),
        first_day=timezone.localdate(progress.now),
        last_day=timezone.localdate(progress.now) + WEEKS,
        rules=progress.rules,
        now=progress.now,
    )
    return any(
        pricing.is_evening(start.starts_at, progress.rules)
        for starts in offer.by_day.values()
        for start in starts
    )


@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/m", "booking-send")
def review(request: HttpRequest) -> HttpResponse:
    """The whole on one page, and the one press that books."""
    if request.method == "POST" and (response := finished(request)):
        return response
    progress = load_progress(request)
    current = in_force(progress)
    if current is None:
        return call_back_page(request)
    if COURSE in progress.answers:
        return redirect("bookings:course_check")
    complete = progress.complete
    if complete is None:
        meanwhile = booked_meanwhile(request, key_of_press(request))
        return meanwhile or guard(request, progress, "review") or back_to("start")
    if "submission_key" not in progress.answers:
        save(request, progress, submission_key=str(uuid.uuid4()))
    page = _Review(request, progress, complete, current)
    return page.press() if request.method == "POST" else page.show()


def booked(request: HttpRequest, progress: Progress, booking: Booking) -> HttpResponse:
    """Ends the draft, and leads to the page that says so: staff to the visit's own."""
    finished_bookings = dict(request.session.get(FINISHED_KEY, {}))
    finished_bookings[str(progress.answers["submission_key"])] = booking.reference
    request.session[FINISHED_KEY] = dict(list(finished_bookings.items())[-FINISHED_KEPT:])
    request.session.pop(SESSION_KEY, None)
    intake.discard_draft(progress.draft, holds_times=False)
    if progress.staff_user is not None:
        words = (
            _("%(reference)s is booked.")
            if booking.status == BookingStatus.CONFIRMED
            else _("%(reference)s is a request: please confirm it.")
            if operations.first_tier(booking)
            else _("%(reference)s is a request until the client has answered the health questions.")
        )
        told = how_told(booking.client)
        messages.success(request, f"{words % {'reference': booking.reference}} {told}")
        return redirect("admin:bookings_booking_change", booking.pk)
    open_own(request, booking, now=progress.now)
    return redirect("bookings:done")


def finished(request: HttpRequest, visits: Iterable[Booking] | None = None) -> HttpResponse | None:
    """To the booking that this very page already made, when it was sent twice; with another body under its key nothing
    more is booked, and that is said. `visits` are those that the page's key booked, where they aren't all that is
    together."""
    reference = request.session.get(FINISHED_KEY, {}).get(request.POST.get("submission_key", ""))
    booking = Booking.objects.filter(reference=reference).first() if reference else None
    if booking is None:
        return None
    if visits is None:
        visits = Booking.objects.together_with(booking).select_related("terms_version")
    is_same = is_as_booked(request, visits)
    if request.user.has_perm("bookings.change_booking"):
        if is_same:
            return redirect("admin:bookings_booking_change", booking.pk)
        return render(request, "bookings/booked_already.html", {"booking": booking}, status=409)
    if is_same:
        return redirect("bookings:done")
    messages.warning(request, _("This is booked already, as it stands here. Nothing more was sent."))
    return _done_page(request, booking.reference, status=409)


def key_of_press(request: HttpRequest) -> uuid.UUID | None:
    """The key of the page that was sent, or None where it has none."""
    try:
        return uuid.UUID(request.POST.get("submission_key", ""))
    except ValueError:
        return None


def booked_meanwhile(request: HttpRequest, key: uuid.UUID | None) -> HttpResponse | None:
    """To what the same press, sent at the same moment, has booked under `key` since this one began: the draft went with
    it, and the session that knows of it was read before. Staff are led only to what they pressed themselves."""
    is_staff = request.user.has_perm("bookings.change_booking")
    own = Q(events__actor=request.user.pk) if is_staff else Q()
    booking = Booking.objects.filter(own, submission_key=key).first() if key else None
    visits = Booking.objects.together_with(booking).select_related("terms_version") if booking else []
    if booking is None or not is_as_booked(request, visits):
        return None
    return redirect("admin:bookings_booking_change", booking.pk) if is_staff else redirect("bookings:done")


def is_as_booked(request: HttpRequest, visits: Iterable[Booking]) -> bool:
    """Whether the price and the terms that a page sends are those of the `visits` that its key has booked."""
    form = PressForm(request.POST)
    if not form.is_valid():
        return False
    figures = [(visit.total_cents, visit.terms_version.number) for visit in visits]
    terms = {number for _cents, number in figures}
    sent = form.cleaned_data
    return (sent["total_cents"], {sent["terms_version"]}) == (sum(cents for cents, _number in figures), terms)


# Where a refused press leads; all others stay on the page.
_BACK_TO = {
    exceptions.SlotNotOffered: "when",
    exceptions.SlotTaken: "when",
    exceptions.NoLongerOffered: "start",
    exceptions.OutsideArea: "where",
    exceptions.ScreeningChanged: "health",
    exceptions.ScreeningStops: "health",
}


@dataclass(frozen=True, slots=True)
class _Review:
    """The review page of one visitor: what it shows, what it sends, and what it says to a refusal."""

    request: HttpRequest
    progress: Progress
    complete: Complete
    current: InForce

    @property
    def looked_up(self) -> operations.LookedUp:
        return operations.LookedUp(
            rules=self.progress.rules,
            treatment=self.complete.visit_request.treatment,
            area=self.complete.visit_request.area,
            agreed=self.current.terms_version,
            screening=self.current.screening,
        )

    def book(self, data: dict[str, Any]) -> Booking:
        """Books the visit, or the two side by side; the first of them."""
        key = data["submission_key"]
        submissions = self.complete.submissions(
            key=key, terms_version=data["terms_version"], total_cents=data["total_cents"]
        )
        press: dict[str, Any] = {
            "now": self.progress.now,
            "sender": sender_of(self.request, self.progress),
            "looked_up": self.looked_up,
        }
        if self.complete.beside is None:
            return operations.request_booking(submission=submissions[0], **press)
        return operations.request_together(submissions=submissions, together=key, **press)[0]

    def press(self) -> HttpResponse:
        """Books, or says why not."""
        request, progress = self.request, self.progress
        form = PressForm(request.POST)
        if not form.is_valid():
            return self.show(form=ReviewForm(request.POST), status=422)
        data = form.cleaned_data
        if str(data["submission_key"]) != progress.answers["submission_key"]:
            messages.warning(
                request, _("That page was from an earlier visit to this form. Please check this one.")
            )
            return self.show(status=409)
        try:
            booking = self.book(data)
        except exceptions.BookingError as error:
            return self.refused(error)
        return booked(request, progress, booking)

    def refused(self, error: exceptions.BookingError) -> HttpResponse:
        """The page again, as things are now, or the step that has to be answered anew; nothing typed is lost."""
        if isinstance(error, exceptions.TooManyRequests):
            unproved = isinstance(error, exceptions.TooManyUnproved)
            return self.show(too_many="unproved" if unproved else "unanswered", status=409)
        if isinstance(error, exceptions.SlotNotOffered) and with_another(self.request, self.progress):
            return self.with_another()
        step = _BACK_TO.get(type(error))
        if step != "health":
            (messages.error if step else messages.warning)(self.request, refusal_words(error))
        if isinstance(error, exceptions.SlotNotOffered):
            save(self.request, self.progress, **miss_time(self.progress))
        elif isinstance(error, exceptions.ScreeningChanged):
            messages.warning(self.request, refusal_words(error))
            save(self.request, self.progress, health=None)
        elif isinstance(error, exceptions.SubmissionReused):
            save(self.request, self.progress, submission_key=str(uuid.uuid4()))
        return back_to(step) if step else self.show(status=409)

    def with_another(self) -> HttpResponse:
        """The page with another therapist, who is booked by its next press only."""
        save(self.request, self.progress, submission_key=str(uuid.uuid4()))
        complete = self.progress.complete
        return replace(self, complete=complete).show(status=409) if complete is not None else back_to("when")

    def show(self, *, form: ReviewForm | None = None, too_many: str = "", status: int = 200) -> HttpResponse:
        complete, current = self.complete, self.current
        details, health = complete.details, complete.health
        today = timezone.localdate(self.progress.now)
        people = self.progress.people
        names = [details.get("recipient_name", "")]
        if complete.beside is not None:
            names.append(details["second_name"])
        result = None
        if not health.get("later"):
            result = current.screening.evaluate(health["answers"], health["service"], today, people=people)
        tier = intake.tier_of(result) if result is not None else Tier.CLEAR
        # What covers one of two people says nothing of the other.
        alone = complete.beside is None and self.progress.staff_user is not None
        covered = result is not None and alone and self._is_covered(result)
        initial = {
            "submission_key": self.progress.answers["submission_key"],
            "total_cents": complete.total_cents,
            "terms_version": current.terms_version.number,
        }
        submission = complete.submission(
            key=uuid.UUID(initial["submission_key"]),
            terms_version=initial["terms_version"],
            total_cents=initial["total_cents"],
        )
        context = {
            "form": named(form or ReviewForm(initial=initial), *names),
            "fresh": initial,
            "quote": self.progress.quote,
            "terms_version": current.terms_version,
            # Each text that is put on record: of two people at least one isn't who books.
            "consent": "\n\n".join(
                current.terms_version.consent_words(for_other=for_other)
                for for_other in sorted({bool(name) for name in names})
            ),
            "details": details,
            "phone": PhoneNumber.from_string(details["phone"]).as_national,
            **{
                name: PhoneNumber.from_string(told).as_national
                for name in ("recipient_phone", "second_phone")
                if (told := details.get(name))
            },
            "way_in": Booking.AccessType(details.get("access_type") or Booking.AccessType.GROUND),
            "care_words": [intake.translated(text) for text in result.messages] if result else [],
            "health_later": result is None,
            "at_once": result is not None
            and operations.would_confirm(
                submission=submission,
                result=result,
                rules=self.progress.rules,
                actor=self.progress.staff_user,
                covered=covered,
            ),
            "door": operations.door_rule_of(submission) if self.progress.staff_user is not None else None,
            "needs_note": tier == Tier.CLEARANCE and not covered,
            "answer_by": answers.answer_by(
                asked_at=self.progress.now,
                starts_at=complete.starts_at,
                rules=self.progress.rules,
                patience=operations.patience_with(tier),
            ),
            "free_until": current.terms_version.free_until(complete.starts_at),
            "late_fee_cents": (1 if complete.beside is None else operations.AT_ONE_START)
            * current.terms_version.late_fee_cents(
                treatment_cents=complete.quote.treatment_cents, total_cents=complete.quote.total_cents
            ),
            "too_many": too_many,
        }
        return show(self.request, self.progress, "review", context, status=status)

    def _is_covered(self, result: Result) -> bool:
        submission = self.complete.submission(
            key=uuid.UUID(self.progress.answers["submission_key"]),
            terms_version=self.current.terms_version.number,
            total_cents=self.complete.quote.total_cents,
        )
        return operations.is_covered(
            submission=submission, looked_up=self.looked_up, result=result, now=self.progress.now
        )


def named(form: ReviewForm, *names: str) -> ReviewForm:
    """The form, whose tick speaks of the people who are visited where that is somebody else; a blank is who books."""
    others = [name for name in names if name]
    if others:
        words = ngettext(
            "I have read this and agree. %(name)s knows about this visit and agrees to it too.",
            "I have read this and agree. %(name)s know about these visits and agree to them too.",
            len(others),
        )
        form.fields["agree"].label = words % {"name": get_text_list(others, _("and"))}
    return form


@require_safe
def done(request: HttpRequest) -> HttpResponse:
    """The visitor's newest booking; nobody else's."""
    references = list(request.session.get(FINISHED_KEY, {}).values())
    return _done_page(request, references[-1] if references else "")


def _done_page(request: HttpRequest, reference: str, *, status: int = 200) -> HttpResponse:
    try:
        # For as long as this browser may see the visit, and no longer: the page tells the address.
        booking, visitor = get_visit(request, reference, now=timezone.now())
    except VisitClosed:
        return back_to("start")
    beside = visitor.side_by_side(booking)
    context = {
        "booking": booking,
        "together": visitor.together_with(booking),
        "beside": beside,
        "need_note": [
            visit
            for visit in (booking, beside)
            if visit is not None
            and operations.first_tier(visit) == Tier.CLEARANCE
            and operations.needs_clinician_note(visit)
        ],
    }
    response = render(request, "bookings/done.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@limited("60/m", "booking-steps")
def start_over(request: HttpRequest) -> HttpResponse:
    """Forgets what was typed."""
    progress = load_progress(request)
    drop(request, progress)
    return back_to("start")
