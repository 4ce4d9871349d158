"""For staff: every part that pages are made of, in each of its states, from the very templates that pages use.

What is shown is made up on the spot and never saved.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from blog.models import Announcement, HomeBlock, Picture, Post, Testimonial
from bookings import screening
from bookings.desk.messages import HTML_POLICY
from bookings.domain import pricing
from bookings.domain.area_check import AreaAnswer
from bookings.domain.intake import Screening
from bookings.domain.scheduling import Offer, Start
from bookings.domain.visit_request import ANYONE, Treatment, VisitRequest
from bookings.forms import HealthForms
from bookings.models import Booking, BookingRules, ScreeningVersion, ServiceArea, Therapist, Zone
from bookings.notifications.faces import with_faces
from bookings.notifications.registry import SiteSettings
from bookings.notifications.samples import SAMPLES, write_sample
from bookings.program import drawings
from bookings.program.figures import WeekFigures, plot_of
from bookings.program.models import Sport
from bookings.reviews.models import Review
from bookings.reviews.operations import Summary
from bookings.screening import sample_rules_data
from bookings.views.calendar import Asked, CalendarPage
from massagerx.lib.localtime import local
from massagerx.lib.videos import VideoAddress
from services.models import AddOn, Category, Service, ServiceOption


class SampleForm(forms.Form):
    """One field of each kind that pages have."""

    name = forms.CharField(
        label=_("Your name"), max_length=80, error_messages={"required": _("Type your name.")}
    )
    email = forms.EmailField(
        label=_("Email"),
        help_text=_("We send your visit's details here."),
        error_messages={"required": _("Type your email address.")},
    )
    unit = forms.CharField(label=_("Apartment or unit"), required=False)
    who = forms.ChoiceField(
        label=_("Who should come?"),
        choices=[("", _("Anyone, soonest")), ("woman", _("A woman"))],
        error_messages={"required": _("Choose who should come.")},
    )
    length = forms.ChoiceField(
        label=_("How long?"),
        widget=forms.RadioSelect,
        choices=[("60", _("60 minutes · from $140")), ("90", _("90 minutes · from $190"))],
        error_messages={"required": _("Choose a length.")},
    )
    extras = forms.MultipleChoiceField(
        label=_("Anything to add?"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[("towels", _("Warm towels · +$10")), ("oil", _("Unscented oil · no charge"))],
    )
    notes = forms.CharField(label=_("Anything else?"), required=False, widget=forms.Textarea)
    agree = forms.BooleanField(
        label=_("I have read this and agree"), error_messages={"required": _("Please tick this to go on.")}
    )


@require_safe
@csp_update({"frame-src": [SELF]})
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in each of its states, with sample data. For staff."""
    now = timezone.now()
    service, option = _service()
    area = ServiceArea(zip_code="90026", city="Los Angeles", zone=Zone(name="Central", travel_fee_cents=1000))
    treatment = Treatment(
        service=service, option=option, add_ons=(AddOn(name="Warm towels", price_cents=1000),), people=1
    )
    rules = BookingRules()
    starts_at = _tomorrow_at_ten(now)
    quote = pricing.quote(treatment=treatment, area=area, rules=rules, starts_at=starts_at)
    therapist = Therapist(
        slug="sample-therapist",
        name="Sample Therapist",
        certificate_number="SAMPLE-00001",
        bio="A few lines on how they work and where they trained.",
    )
    progress = SimpleNamespace(
        treatment=treatment,
        area=area,
        rules=rules,
        starts_at=starts_at,
        quote=quote,
        answers={},
        therapist=therapist,
    )
    answer = AreaAnswer(area=area, treatment=treatment, starts_at=starts_at, therapist=therapist, quote=quote)
    context: dict[str, Any] = {
        "service": service,
        "services": [service],
        # In the state in which visits can be booked.
        "booking_is_open": True,
        "therapist": therapist,
        "post": Post(
            title="A post about a visit",
            slug="sample",
            summary="One or two sentences that say what it is about.",
            published_at=now,
        ),
        "announcement": Announcement(text=str(_("We are closed on Thanksgiving.")), link="/policies/"),
        "testimonial": Testimonial(
            words=str(_("Sample words of a client.")), name=str(_("Sample client")), place="Los Angeles"
        ),
        "summary": Summary(count=12, mean=4.6, shown=11, waiting=1, declined=0, not_about_us=0),
        "reviews": [
            Review(
                booking=Booking(service=service, therapist=therapist),
                stars=4,
                public_words=str(_("Sample words of a client.")),
                shown_as=str(_("Sample client")),
                written_at=now,
                answer=str(_("A sample answer of the owner’s.")),
            )
        ],
        # The only thing here that is somebody's: the newest picture of the library, when there is one.
        "picture": Picture.objects.last(),
        "video": SimpleNamespace(
            where=VideoAddress("youtube", "sample-code"),
            title=_("A sample video"),
            poster=None,
            get_provider_display="YouTube",
        ),
        "program": HomeBlock.named("program"),
        "sports": Sport.labels,
        "plot": plot_of([WeekFigures(1, done=6, pains=[3]), WeekFigures(2, done=9, pains=[2, 1])]),
        "exercise_drawings": [(name, drawings.parts_of(key)) for key, name in drawings.NAMES],
        "form": SampleForm(initial={"length": "90", "extras": ["towels"]}),
        "wrong_form": SampleForm({}, auto_id="wrong_%s"),
        "forms": _health_forms(now.date()),
        "checks": [
            {"zip": "90026", "answer": answer},
            {
                "zip": "90026",
                "answer": AreaAnswer(
                    area=area, treatment=treatment, starts_at=None, therapist=None, quote=None
                ),
            },
            {"zip": "92101", "outside": "92101"},
            {"zip": "9", "error": _("A ZIP code has five digits, like 90012.")},
        ],
        "progress": progress,
        "hold": SimpleNamespace(expires_at=now + timedelta(minutes=10)),
        "held": {"seconds": 600, "longer": True},
        "steps": [
            {"name": "start", "label": _("What"), "state": "done"},
            {"name": "where", "label": _("Where"), "state": "current"},
            {"name": "when", "label": _("When"), "state": "ahead"},
        ],
        "step_number": 2,
        "step_count": 3,
        "emails": [(name, sample.title) for name, sample in SAMPLES.items()],
        "headings": [SimpleNamespace(anchor="words-title", text=_("Words"))],
        "calendar": _calendar(request, treatment, area, now),
    }
    return render(request, "styleguide.html", context)


@require_safe
@xframe_options_sameorigin
def sample_email(request: HttpRequest, name: str, part: str) -> HttpResponse:
    """One part (`html` or `txt`) of an email about a made-up visit, for a frame that may run and load nothing."""
    if name not in SAMPLES:
        raise Http404
    site_settings = SiteSettings.load()
    # A business that has no address yet can't be written to; what staff would get is shown all the same.
    site_settings.business.email = site_settings.business.email or "staff@example.com"
    mail = write_sample(name, site_settings, now=timezone.now())
    headers = {"Content-Security-Policy": HTML_POLICY, "Referrer-Policy": "no-referrer"}
    if part == "html":
        # The frame asks no server for anything: a face is shown in place.
        return HttpResponse(with_faces(mail.html), headers=headers)
    text = f"{_('Subject')}: {mail.subject}\n\n{mail.text}"
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=headers)


def _service() -> tuple[Service, ServiceOption]:
    service = Service(
        category=Category(name="Gentle care", slug="gentle-care"),
        name="Manual lymphatic drainage",
        slug="manual-lymphatic-drainage",
        summary="A mild, slow massage that follows the path of the lymph vessels, in your own home.",
    )
    options = [
        ServiceOption(service=service, minutes=minutes, price_cents=cents, pk=minutes)
        for minutes, cents in ((60, 14_000), (90, 19_000))
    ]
    # As ServiceQuerySet.with_prices adds them.
    service.active_options = options  # type: ignore[attr-defined]
    service.from_cents = options[0].price_cents  # type: ignore[attr-defined]
    return service, options[0]


class SampleCalendar(CalendarPage):
    """The calendar page with times that nobody offers."""

    def find(self) -> Offer:
        """Some times tomorrow and the day after, with two therapists."""
        first = _tomorrow_at_ten(self.asked.now)
        days = [(first, (0, 1, 4, 9)), (first + timedelta(days=1), (2, 3))]
        return Offer(
            {
                day.date(): tuple(
                    Start((day + timedelta(hours=hours)).astimezone(UTC), False, 1 + hours % 2)
                    for hours in starts
                )
                for day, starts in days
            }
        )


def _calendar(request: HttpRequest, treatment: Treatment, area: ServiceArea, now: datetime) -> CalendarPage:
    therapists = tuple(
        Therapist(pk=number, slug=f"sample-{number}", name=name)
        for number, name in ((1, "Sample Therapist"), (2, "Another Sample Therapist"))
    )
    rules = BookingRules(evening_fee_cents=2000)
    plain = pricing.quote(treatment=treatment, area=area, rules=rules).total_cents
    asked = Asked(
        visit_request=VisitRequest(
            treatment=treatment, area=area, preference=ANYONE, therapists=therapists, qualified=therapists
        ),
        preference=ANYONE,
        rules=rules,
        now=now,
        cents=lambda at: pricing.quote(treatment=treatment, area=area, rules=rules, starts_at=at).total_cents,
        plain_cents=plain,
        came_last="sample-2",
    )
    return SampleCalendar(request, asked)


def _tomorrow_at_ten(now: datetime) -> datetime:
    return local(now + timedelta(days=1)).replace(hour=10, minute=0, second=0, microsecond=0)


def _health_forms(today: date) -> HealthForms:
    """The health questions of the sample rules: the first card answered, one opened, and the rest left blank."""
    rules = Screening(ScreeningVersion(number=1), screening.parse_rules(sample_rules_data()))
    sent = {"card.today": "none", "card.treatment": "some", "surgery": "yes"}
    shown = HealthForms(
        sent, people=1, screening_now=rules, service_slug="manual-lymphatic-drainage", today=today
    )
    shown.is_valid()
    return shown
