"""Bookings: the list, a page per visit, and what staff may do with one. Every change goes through the domain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import intake, lifecycle, operations, queries
from bookings.enums import BookingStatus, Tier
from bookings.exceptions import BookingError
from bookings.models import AccessNotes, Booking, ScreeningRecord, Zone
from massagerx.lib.admin import ListMixin
from massagerx.lib.encryption import UnreadableValue
from massagerx.lib.fields import LineField, LinesField
from massagerx.lib.localtime import day_bounds

from .access import only_seen_by, sees_every_visit, sees_own_visits
from .board import BoardMixin, map_url
from .changes import waiting_words
from .moving import MovingMixin
from .phone import PhoneMixin
from .reports import ReportsMixin, sees_reports
from .search import search
from .words import explain, local_span, local_when, state_mark, status_mark, tier_mark, two_lines

# More rows than this in one go are a slip of the finger: one may be sorry for 'select all 5,000'.
MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Verb:
    """Something staff do with a booking: its button, the status that follows, and the operation that does it."""

    slug: str
    label: Any
    wanted: BookingStatus
    done: Any
    operation: Callable[..., Booking]
    look: str = ""
    asks_first: bool = False
    after_start: bool = False


VERBS = {
    verb.slug: verb
    for verb in (
        Verb(
            "confirm",
            gettext_lazy("Confirm"),
            BookingStatus.CONFIRMED,
            gettext_lazy("confirmed"),
            operations.confirm_booking,
            look="default",
        ),
        Verb(
            "decline",
            gettext_lazy("Decline"),
            BookingStatus.DECLINED,
            gettext_lazy("declined"),
            operations.decline_booking,
            asks_first=True,
        ),
        Verb(
            "complete",
            gettext_lazy("Mark as completed"),
            BookingStatus.COMPLETED,
            gettext_lazy("completed"),
            operations.complete_booking,
            after_start=True,
        ),
        Verb(
            "no-show",
            gettext_lazy("Mark as no-show"),
            BookingStatus.NO_SHOW,
            gettext_lazy("marked as no-show"),
            operations.mark_no_show,
            asks_first=True,
            after_start=True,
        ),
        Verb(
            "cancel",
            gettext_lazy("Cancel"),
            BookingStatus.CANCELLED,
            gettext_lazy("canceled"),
            operations.cancel_booking,
            asks_first=True,
        ),
    )
}

ACCESS_LABELS = {
    "parking": gettext_lazy("Parking"),
    "gate_code": gettext_lazy("Gate code"),
    "pets": gettext_lazy("Pets"),
    "room": gettext_lazy("Room for the table"),
    "notes": gettext_lazy("Notes"),
}
ANSWER_LABELS = {"yes": gettext_lazy("Yes"), "no": gettext_lazy("No"), "unsure": gettext_lazy("Not sure")}


class ReasonForm(forms.Form):
    reason = LineField(label=gettext_lazy("Reason"), max_length=300, required=False)


class LookForm(forms.Form):
    reason = LineField(
        label=gettext_lazy("Why you need to see them"),
        max_length=120,
        error_messages={"required": gettext_lazy("Say why you need to see the health answers.")},
    )


class ClinicianNoteForm(forms.Form):
    note = LinesField(
        label=gettext_lazy("What the clinician said"),
        max_length=2000,
        error_messages={"required": gettext_lazy("Write down what the clinician said, and who it was.")},
    )


# What may stand in the list's address without asking for anything: order, page, and marks of Django's own.
_NO_QUESTION = frozenset({"o", "p", "e", "all"})
# Days of which the nearest is read first; of others the latest.
_AHEAD = frozenset({"coming", "today", "tomorrow", "week", "upcoming"})


def days_shown(request: HttpRequest) -> str:
    """Which days the list shows: those asked for; from today on when nothing is asked; else, as when somebody
    searches, all."""
    bare = not {name for name, value in request.GET.items() if value} - _NO_QUESTION
    return request.GET.get("day") or ("coming" if bare else "any")


class DayFilter(admin.SimpleListFilter):
    """By local day: a few near ones by name, or any as `?day=2026-11-24`."""

    title = gettext_lazy("day")
    parameter_name = "day"

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        super().__init__(request, *args)
        self._shown = days_shown(request)

    def value(self) -> str:
        return self._shown

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Without Django's "All", which removes the question: here that means from today on."""
        for value, title in self.lookup_choices:
            yield {
                "selected": self._shown == value,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": title,
            }

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [
            ("coming", _("From today on")),
            ("any", _("Any day")),
            ("today", _("Today")),
            ("tomorrow", _("Tomorrow")),
            ("week", _("The next seven days")),
            ("upcoming", _("From now on")),
            ("past", _("Past")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Booking]) -> QuerySet[Booking]:
        now = timezone.now()
        today = timezone.localdate(now)
        value = self._shown
        if value == "any":
            return queryset
        if value == "coming":
            return queryset.filter(starts_at__gte=day_bounds(today)[0])
        if value == "upcoming":
            return queryset.filter(ends_at__gt=now)
        if value == "past":
            return queryset.filter(ends_at__lte=now)
        days = {"today": (today, 1), "tomorrow": (today + timedelta(days=1), 1), "week": (today, 7)}.get(
            value
        )
        if days is None:
            try:
                days = (date.fromisoformat(value), 1)
            except ValueError:
                return queryset
        first, count = days
        if not 2000 <= first.year <= 2100:
            return queryset.none()
        start, _end = day_bounds(first)
        _start, end = day_bounds(first + timedelta(days=count - 1))
        return queryset.filter(starts_at__gte=start, starts_at__lt=end)


class TierFilter(admin.SimpleListFilter):
    title = gettext_lazy("screening")
    parameter_name = "screening"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return list(Tier.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Booking]) -> QuerySet[Booking]:
        return queryset.filter(screening__tier=self.value()) if self.value() in Tier.values else queryset


class ZoneFilter(admin.SimpleListFilter):
    title = gettext_lazy("zone")
    parameter_name = "zone"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [(str(pk), name) for pk, name in Zone.objects.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Booking]) -> QuerySet[Booking]:
        value = self.value() or ""
        known = value.isascii() and value.isdigit() and len(value) < 10
        return queryset.filter(area__zone=int(value)) if known else queryset


SEARCHED = [
    "reference", "contact_name", "recipient_name", "client__name", "client__email", "street", "area__zip_code",
]  # fmt: skip


@admin.register(Booking)
class BookingAdmin(BoardMixin, MovingMixin, PhoneMixin, ReportsMixin, ListMixin):
    list_display = ["reference", "when", "who", "therapist", "zone", "state", "screened"]
    list_select_related = ["client", "therapist", "service", "area__zone"]
    list_filter = ["status", DayFilter, "therapist", "service", ZoneFilter, TierFilter]
    # Most of the page's time goes into its rows.
    list_per_page = 25
    show_full_result_count = False
    search_fields = ["reference"]
    search_help_text = gettext_lazy("Name, email, phone in any format, reference, street or ZIP code.")
    actions = [
        "confirm_selected",
        "decline_selected",
        "complete_selected",
        "no_show_selected",
        "cancel_selected",
    ]

    # The list ----------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Booking]:
        # The tier alone: to join the whole screening would decrypt the answers of every row.
        rows = super().get_queryset(request).annotate(tier=F("screening__tier"))
        return only_seen_by(request.user, rows, "therapist")

    def get_ordering(self, request: HttpRequest) -> list[str | Combinable]:
        """The next visit first, or where the past is shown the latest."""
        return ["starts_at" if days_shown(request) in _AHEAD else "-starts_at"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Booking], search_term: str
    ) -> tuple[QuerySet[Booking], bool]:
        return search(queryset, search_term, words=SEARCHED, phone="client__phone"), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        may_export = sees_reports(request.user) and sees_every_visit(request.user)
        context = {"title": _("Bookings"), "may_export": may_export, **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    @admin.display(description=gettext_lazy("when"), ordering="starts_at")
    def when(self, booking: Booking) -> str:
        return two_lines(booking.starts_at)

    @admin.display(description=gettext_lazy("client"), ordering="client__name")
    def who(self, booking: Booking) -> str:
        name, service = booking.client.name, booking.service.name
        return format_html('{}<br><span class="quiet">{}</span>', name, service)

    @admin.display(description=gettext_lazy("zone"), ordering="area__zone__position")
    def zone(self, booking: Booking) -> str:
        zone, code = booking.area.zone.name, booking.area.zip_code
        return format_html('{}<br><span class="quiet">{}</span>', zone, code)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, booking: Booking) -> str:
        return status_mark(booking.status)

    @admin.display(description=gettext_lazy("screening"), ordering="screening__tier")
    def screened(self, booking: Any) -> str:
        return tier_mark(booking.tier)

    # What may be done --------------------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or sees_own_visits(request.user)

    def may_do(self, request: HttpRequest, verb: Verb) -> bool:
        """Whether this member of staff may do this with the bookings that they may see."""
        if verb.after_start and request.user.has_perm("bookings.finish_own_visits"):
            return True
        return self.has_change_permission(request)

    def has_finish_permission(self, request: HttpRequest) -> bool:
        """Whether this member of staff may say how a visit ended."""
        return self.may_do(request, VERBS["complete"])

    def has_look_permission(self, request: HttpRequest) -> bool:
        """Whether this member of staff may ask to see health answers."""
        return bool(request.user.has_perm("bookings.view_screeningrecord"))

    def has_note_permission(self, request: HttpRequest) -> bool:
        """Whether this member of staff may record what a clinician said."""
        return bool(request.user.has_perm("bookings.add_cliniciannote"))

    # A page per visit --------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        name = "bookings_booking"
        own = [
            path("<int:pk>/do/<slug:verb>/", wrap(self.do_view), name=f"{name}_do"),
            path("<int:pk>/health/", wrap(self.health_view), name=f"{name}_health"),
            path("<int:pk>/clinician-note/", wrap(self.note_view), name=f"{name}_note"),
        ]
        return own + super().get_urls()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The visit's page. Nothing on it is a field: every change is a button that posts to its own address."""
        booking = self._visit(request, object_id)
        if booking is None:
            self.message_user(request, _("There is no such booking."), messages.WARNING)
            return redirect("admin:bookings_booking_changelist")
        if not self.has_view_or_change_permission(request, booking):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return self._only(request, booking, "GET")
        return self._page(request, booking)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return redirect(reverse("admin:bookings_booking_change", args=[object_id]) + "#history")

    def do_view(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Confirm, decline, complete, no-show or cancel one booking."""
        booking = self._booking(request, pk)
        known = VERBS.get(verb)
        if known is None:
            raise Http404
        if not self.may_do(request, known):
            raise PermissionDenied
        if request.method != "POST":
            return self._only(request, booking, "POST")
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return self._refused(request, booking, form)
        ok, sentence = self._do(request, booking, known, form.cleaned_data["reason"])
        self.message_user(request, sentence, messages.SUCCESS if ok else messages.ERROR)
        return self._back(booking)

    def health_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The health answers, on a page that is not kept; who looked, when and why is written down first."""
        booking = self._booking(request, pk)
        if not (self.has_view_permission(request, booking) and self.has_look_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return self._only(request, booking, "POST")
        form = LookForm(request.POST)
        if not form.is_valid():
            return self._refused(request, booking, form)
        try:
            seen = intake.look_at_screening(
                booking=booking,
                user=self._staff(request),
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except ScreeningRecord.DoesNotExist:
            self.message_user(request, _("This booking has no health answers."), messages.WARNING)
            return self._back(booking)
        except UnreadableValue:
            self.message_user(request, self._unreadable(), messages.ERROR)
            return self._back(booking)
        try:
            again = intake.recheck_in_words(booking)
        except UnreadableValue:
            again = None
            self.message_user(request, self._unreadable(), messages.ERROR)
        context = {
            **self._context(request, booking),
            "title": _("Health answers for %(reference)s") % {"reference": booking.reference},
            "answers": self._answers(seen),
            "answers_again": self._answers(again) if again is not None else None,
            "caution_notes": list(
                dict.fromkeys([*(again.caution_notes if again else []), *seen.caution_notes])
            ),
            "clinician_notes": self._clinician_notes(booking),
            "tier": tier_mark(booking.tier),  # type: ignore[attr-defined]
        }
        response = TemplateResponse(request, "admin/bookings/booking/health.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @staticmethod
    def _answers(seen: intake.AnswersInWords) -> list[tuple[str, list[str], Any]]:
        """(question, what it asks about, answer) of each question."""
        return [
            (question, points, ANSWER_LABELS.get(answer, answer))
            for (question, answer), points in zip(seen.answers, seen.points, strict=True)
        ]

    def note_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Record a clinician's go-ahead."""
        booking = self._booking(request, pk)
        if not (self.has_change_permission(request, booking) and self.has_note_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return self._only(request, booking, "POST")
        if booking.status != BookingStatus.REQUESTED:
            sentence = _("%(reference)s waits for nobody's answer any more, so no note was recorded.")
            self.message_user(request, sentence % {"reference": booking.reference}, messages.ERROR)
            return self._back(booking)
        form = ClinicianNoteForm(request.POST)
        if not form.is_valid():
            # On the page itself, not by a redirect: what was typed must not be lost.
            return self._page(request, booking, note_form=form, status=422)
        try:
            operations.record_clinician_note(
                booking=booking,
                actor=self._staff(request),
                note=form.cleaned_data["note"],
                now=timezone.now(),
            )
        except BookingError as error:
            self.message_user(request, f"{booking.reference}: {explain(error)}", messages.ERROR)
        else:
            sentence = _("%(reference)s: the clinician's note is on record. It can be confirmed now.")
            self.message_user(request, sentence % {"reference": booking.reference}, messages.SUCCESS)
        return self._back(booking)

    # Actions on many rows ----------------------------------------------------------------------------------------

    @admin.action(description=gettext_lazy("Confirm"), permissions=["change"])
    def confirm_selected(self, request: HttpRequest, queryset: QuerySet[Booking]) -> None:
        self._do_many(request, queryset, VERBS["confirm"])

    @admin.action(description=gettext_lazy("Decline"), permissions=["change"])
    def decline_selected(self, request: HttpRequest, queryset: QuerySet[Booking]) -> HttpResponse | None:
        return self._ask_then_do_many(request, queryset, VERBS["decline"])

    @admin.action(description=gettext_lazy("Mark as completed"), permissions=["finish"])
    def complete_selected(self, request: HttpRequest, queryset: QuerySet[Booking]) -> None:
        self._do_many(request, queryset, VERBS["complete"])

    @admin.action(description=gettext_lazy("Mark as no-show"), permissions=["finish"])
    def no_show_selected(self, request: HttpRequest, queryset: QuerySet[Booking]) -> HttpResponse | None:
        return self._ask_then_do_many(request, queryset, VERBS["no-show"])

    @admin.action(description=gettext_lazy("Cancel"), permissions=["change"])
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[Booking]) -> HttpResponse | None:
        return self._ask_then_do_many(request, queryset, VERBS["cancel"])

    def _ask_then_do_many(
        self, request: HttpRequest, queryset: QuerySet[Booking], verb: Verb
    ) -> HttpResponse | None:
        """Names the visits and asks why before anything is done: the clients get an email, and none of it can be
        taken back."""
        chosen = list(
            queryset.select_related("client", "therapist").order_by("starts_at")[: MOST_AT_ONCE + 1]
        )
        form = ReasonForm(request.POST) if "sure" in request.POST else ReasonForm()
        if len(chosen) > MOST_AT_ONCE:
            self._do_many(request, queryset, verb)
            return None
        if form.is_valid():
            self._do_many(request, queryset, verb, form.cleaned_data["reason"])
            return None
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("%(verb)s: are you sure?") % {"verb": verb.label},
            "verb": verb,
            "action": request.POST["action"],
            "checkbox": ACTION_CHECKBOX_NAME,
            "form": form,
            "visits": [
                {
                    "pk": booking.pk,
                    "reference": booking.reference,
                    "who": booking.visit_for,
                    "when": local_when(booking.starts_at),
                    "therapist": booking.therapist.name,
                    "status": status_mark(booking.status),
                }
                for booking in chosen
            ],
        }
        return TemplateResponse(request, "admin/bookings/booking/sure.html", context)

    def _do_many(
        self, request: HttpRequest, queryset: QuerySet[Booking], verb: Verb, reason: str = ""
    ) -> None:
        chosen = list(queryset.order_by("starts_at")[: MOST_AT_ONCE + 1])
        if len(chosen) > MOST_AT_ONCE:
            sentence = _("Choose at most %(most)d bookings at a time; nothing was changed.")
            self.message_user(request, sentence % {"most": MOST_AT_ONCE}, messages.ERROR)
            return
        for booking in chosen:
            ok, sentence = self._do(request, booking, verb, reason)
            self.message_user(request, sentence, messages.SUCCESS if ok else messages.ERROR)

    def _do(self, request: HttpRequest, booking: Booking, verb: Verb, reason: str) -> tuple[bool, str]:
        """Whether it was done, and the sentence that says so or why not."""
        try:
            verb.operation(booking=booking, actor=self._staff(request), now=timezone.now(), reason=reason)
        except BookingError as error:
            return False, f"{booking.reference}: {explain(error)}"
        return True, f"{booking.reference}: {verb.done}."

    # Parts -------------------------------------------------------------------------------------------------------

    @staticmethod
    def _staff(request: HttpRequest) -> User:
        user = request.user
        assert isinstance(user, User)  # the admin lets nobody else in
        return user

    def _visit(self, request: HttpRequest, object_id: str) -> Booking | None:
        """With all that the page shows, except the encrypted columns, which are read one by one so that a lost
        key costs a line and not the page."""
        queryset = Booking.objects.select_related(
            "client", "therapist", "service", "option", "area__zone", "policy_version"
        ).annotate(tier=F("screening__tier"))
        try:
            rows = queryset.prefetch_related("add_ons").filter(pk=int(object_id))
            return only_seen_by(request.user, rows, "therapist").first()
        except ValueError:
            return None

    def _booking(self, request: HttpRequest, pk: int) -> Booking:
        booking = self._visit(request, str(pk)) if pk < 2**63 else None
        if booking is None:
            raise Http404
        return booking

    def _page(
        self,
        request: HttpRequest,
        booking: Any,
        *,
        note_form: ClinicianNoteForm | None = None,
        status: int = 200,
    ) -> HttpResponse:
        now = timezone.now()
        may_change = self.has_change_permission(request, booking)
        may_enter = request.user.has_perm("bookings.view_accessnotes")
        access, access_lost = self._access(booking) if may_enter else ([], False)
        context = {
            **self._context(request, booking),
            "title": _("%(reference)s · %(name)s")
            % {"reference": booking.reference, "name": booking.visit_for},
            "status": status_mark(booking.status),
            "tier": tier_mark(booking.tier),
            "when": local_when(booking.starts_at),
            "session": local_span(booking.starts_at, booking.ends_at),
            "at_door": local_span(booking.blocked_from, booking.blocked_until),
            "map_url": map_url(booking),
            "access": access,
            "access_lost": self._unreadable() if access_lost else "",
            "verbs": [verb for verb in self._verbs(booking, now) if self.may_do(request, verb)],
            "may_move": may_change and booking.status in operations.MOVABLE and booking.starts_at > now,
            "late_change": waiting_words(queries.waiting_change(booking)),
            "may_answer": request.user.has_perm("bookings.change_changerequest"),
            "recheck": self._recheck(booking),
            "reason_form": ReasonForm(),
            "look_form": LookForm(auto_id="id_look_%s"),
            "note_form": note_form or ClinicianNoteForm(),
            "needs_note": booking.status == BookingStatus.REQUESTED
            and operations.needs_clinician_note(booking),
            "may_look": booking.tier and self.has_look_permission(request),
            "may_note": may_change
            and self.has_note_permission(request)
            and booking.status == BookingStatus.REQUESTED,
            "events": [
                {
                    "what": event.get_kind_display(),
                    "when": local_when(event.at),
                    "who": event.actor.get_username()
                    if event.actor
                    else (_("the client") if event.by_client else _("the site")),
                    "why": event.reason,
                }
                for event in booking.events.select_related("actor")
            ],
            "sendings": [
                {
                    "pk": message.pk,
                    "what": message.get_kind_display(),
                    "state": state_mark(message.state),
                    "when": local_when(message.sent_at or message.due_at),
                    "error": message.last_error,
                }
                for message in booking.messages.order_by("created_at", "pk")
            ],
            "may_see_messages": request.user.has_perm("bookings.view_message"),
            "looks": [
                {"when": local_when(look.at), "who": look.user.get_username(), "why": look.reason}
                for look in booking.screening_looks.select_related("user")
            ],
            "notes": [
                {"when": local_when(at), "who": who}
                for at, who in booking.clinician_notes.values_list("recorded_at", "recorded_by__username")
            ],
        }
        return TemplateResponse(request, "admin/bookings/booking/visit.html", context, status=status)

    @staticmethod
    def _recheck(booking: Any) -> dict[str, Any] | None:
        """What the health answers given again came to, the gravest that no clinician's note came after, or else the
        newest; the answers stay shut."""
        rows = booking.rechecks.values_list("evaluated_at", "tier")
        found = rows.since_last_note().gravest_first().first() or rows.first()
        if found is None:
            return None
        at, tier = found
        return {
            "when": local_when(at),
            "tier": tier_mark(tier),
            "is_graver": operations.is_graver(tier, booking.tier),
        }

    def _context(self, request: HttpRequest, booking: Booking) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "booking": booking}

    @staticmethod
    def _verbs(booking: Booking, now: Any) -> list[Verb]:
        return [
            verb
            for verb in VERBS.values()
            if lifecycle.may_become(booking.status, verb.wanted)
            and (not verb.after_start or now >= booking.starts_at)
        ]

    @staticmethod
    def _access(booking: Booking) -> tuple[list[tuple[Any, str]], bool]:
        """(label, text) of each access note, and whether they are there and can't be opened."""
        try:
            found = AccessNotes.objects.filter(booking=booking).first()
        except UnreadableValue:
            return [], True
        notes = found.notes if found else {}
        return [(label, notes[key]) for key, label in ACCESS_LABELS.items() if notes.get(key)], False

    def _clinician_notes(self, booking: Booking) -> list[dict[str, str]]:
        """What clinicians said, read one by one so that a lost key costs a line and not the page."""
        found = []
        for pk, at, who in booking.clinician_notes.values_list("pk", "recorded_at", "recorded_by__username"):
            try:
                said = str(booking.clinician_notes.get(pk=pk).note)
            except UnreadableValue:
                said = self._unreadable()
            found.append({"when": local_when(at), "who": who, "said": said})
        return found

    @staticmethod
    def _unreadable() -> str:
        return _("This can't be opened with the keys of this installation (HEALTH_KEYS). Tell the owner.")

    def _back(self, booking: Booking) -> HttpResponse:
        return redirect("admin:bookings_booking_change", booking.pk)

    def _refused(self, request: HttpRequest, booking: Booking, form: forms.Form) -> HttpResponse:
        for errors in form.errors.values():
            for error in errors:
                self.message_user(request, f"{booking.reference}: {error}", messages.ERROR)
        return self._back(booking)

    def _only(self, request: HttpRequest, booking: Booking, method: str) -> HttpResponse:
        """405 with the way back: somebody who was logged out in between lands here with a GET."""
        context = {**self._context(request, booking), "title": _("Nothing was changed")}
        response = TemplateResponse(request, "admin/bookings/booking/only.html", context, status=405)
        response["Allow"] = "POST" if method == "POST" else "GET, HEAD"
        return response
