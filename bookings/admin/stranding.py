"""A change that strands booked visits is shown before it is saved, with the visits concerned."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.domain.stranding import Stranded, lock_therapists_of_change, stranded_by
from bookings.models import Booking
from bookings.refusals import stranding_words
from bookings.staff.labels import local_when
from massagerx.lib.admin_preview import is_preview

# The buttons that save all the same send the keys of the visits they were shown with.
CONFIRM = "confirm_stranding"
# Which of the buttons that lead elsewhere than to the list was pressed when the visits were shown.
PRESSED = "pressed_before_stranding"
_LEAD_ON = ("_continue", "_addanother")
_BEFORE = "_stranded_before"
_SHOWN = "_stranded_shown"


class StrandsVisits(Exception):
    """The change was made, and has to be rolled back: it strands visits that nobody has been asked about."""

    def __init__(self, stranded: list[Stranded], row: Any) -> None:
        super().__init__(len(stranded))
        self.stranded = stranded
        self.row = row

    def were_shown(self, request: HttpRequest) -> bool:
        """Whether the page that was sent had shown each of these visits."""
        shown = set(request.POST.get(CONFIRM, "").split(","))
        return all(str(row.booking.pk) in shown for row in self.stranded)


class StrandingMixin(admin.ModelAdmin):
    """For admin pages whose rows decide which visits can be kept. Before a change that would strand visits is saved,
    the form comes back with all that was typed, the visits, and a button that saves all the same."""

    change_form_template = "admin/bookings/stranding_form.html"
    #: Only a change of one of these can strand a visit; None: any change.
    stranding_fields: frozenset[str] | None = None

    def stranding_therapists(self, obj: Any) -> Collection[int] | None:
        """The therapists whose visits a change of `obj` concerns; None: all."""
        return None

    def only_asks(self, request: HttpRequest) -> bool:
        """Whether who is at the page can't strand visits, but ask the desk to."""
        return False

    def way_out(self, request: HttpRequest, row: Any, first: Booking) -> tuple[str, str]:
        """Where the visits that a change of `row` strands can be kept all the same, `first` of them, and what happens
        there. Without an address it is said how to get there; both are empty where there is no such way."""
        return "", ""

    def ask_the_desk(self, request: HttpRequest, row: Any) -> HttpResponse:
        """Writes down what is asked for, when nothing of the change was."""
        raise NotImplementedError

    # Forms -------------------------------------------------------------------------------------------------------

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        pressed = request.POST.get(PRESSED, "")
        if CONFIRM in request.POST and pressed in _LEAD_ON:
            # Saving anyway leads where the button led that was pressed first.
            sent = request.POST.copy()
            sent[pressed] = "1"
            request.POST = sent  # type: ignore[assignment]
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except StrandsVisits as found:
            # All is rolled back.
            if found.were_shown(request):
                return self.ask_the_desk(request, found.row)
            # Once more, with a form that is not valid: so the page keeps what was typed.
            setattr(request, _SHOWN, found.stranded)
            first = min((row.booking for row in found.stranded), key=lambda booking: booking.starts_at)
            context = {
                **(extra_context or {}),
                "stranded": _rows(request, found.stranded),
                "confirm": CONFIRM,
                "only_asks": self.only_asks(request),
                "way_out": self.way_out(request, found.row, first),
                "pressed_name": PRESSED,
                "pressed": next((name for name in _LEAD_ON if name in request.POST), ""),
            }
            return super().changeform_view(request, object_id, form_url, context)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if not getattr(request, _SHOWN, None):
            return form

        class Refused(form):  # type: ignore[valid-type, misc]
            def clean(self) -> Any:
                cleaned = super().clean()
                self.add_error(
                    None, _("Nothing is saved yet: visits are booked that this change would strand.")
                )
                return cleaned

        return Refused

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if self._matters(request, form):
            self._look_before(request, obj)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if self._matters(request, form):
            stranded = self._look_after(request, form.instance)
            if stranded:
                self.log_change(request, form.instance, self._sentence(stranded))

    def _matters(self, request: HttpRequest, form: Any) -> bool:
        if is_preview(request):
            return False
        return self.stranding_fields is None or bool(self.stranding_fields & set(form.changed_data))

    # Deleting ----------------------------------------------------------------------------------------------------

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        key = obj.pk
        self._look_before(request, obj)
        super().delete_model(request, obj)
        stranded = self._look_after(request, obj)
        if stranded:
            obj.pk = key  # for the log; deleting took it away
            self.log_change(request, obj, self._sentence(stranded))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        rows = list(queryset)
        self._look_before(request, None)
        super().delete_queryset(request, queryset)
        stranded = self._look_after(request, None)
        if stranded:
            for row in rows:
                self.log_change(request, row, self._sentence(stranded))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        return self._or_ask(
            request, lambda: super(StrandingMixin, self).delete_view(request, object_id, extra_context)
        )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return self._or_ask(
            request, lambda: super(StrandingMixin, self).changelist_view(request, extra_context)
        )

    def _or_ask(self, request: HttpRequest, view: Callable[[], Any]) -> Any:
        if request.method != "POST":
            return view()
        try:
            with transaction.atomic():
                return view()
        except StrandsVisits as found:
            return self._question(request, found.stranded)

    def _question(self, request: HttpRequest, stranded: list[Stranded]) -> HttpResponse:
        sent = [
            (name, value)
            for name, values in request.POST.lists()
            if name not in (CONFIRM, "csrfmiddlewaretoken")
            for value in values
        ]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Booked visits that this change would strand"),
            "stranded": _rows(request, stranded),
            "confirm": CONFIRM,
            "sent": sent,
        }
        return TemplateResponse(request, "admin/bookings/stranding.html", context)

    # The check ---------------------------------------------------------------------------------------------------

    def _look_before(self, request: HttpRequest, obj: Any) -> None:
        therapist_ids = self.stranding_therapists(obj) if obj is not None else None
        lock_therapists_of_change(therapist_ids)
        before = stranded_by(therapist_ids=therapist_ids, now=timezone.now(), as_saved=True)
        setattr(request, _BEFORE, {row.booking.pk for row in before})

    def _look_after(self, request: HttpRequest, obj: Any) -> list[Stranded]:
        """The visits stranded now and not before, all of them confirmed. Raises `StrandsVisits` for others."""
        before: set[int] = getattr(request, _BEFORE, set())
        therapist_ids = self.stranding_therapists(obj) if obj is not None else None
        after = stranded_by(therapist_ids=therapist_ids, now=timezone.now(), as_saved=True)
        stranded = [row for row in after if row.booking.pk not in before]
        found = StrandsVisits(stranded, obj)
        if stranded and (self.only_asks(request) or not found.were_shown(request)):
            raise found
        if stranded:
            self.message_user(request, self._sentence(stranded), messages.WARNING)
        return stranded

    @staticmethod
    def _sentence(stranded: list[Stranded]) -> str:
        references = ", ".join(row.booking.reference for row in stranded)
        return _(
            "Saved, although it strands these visits: %(references)s. Move or cancel them, or agree with the client."
        ) % {"references": references}


def _rows(request: HttpRequest, stranded: list[Stranded]) -> list[dict[str, Any]]:
    may_view = request.user.has_perm("bookings.view_booking")
    return [
        {
            "pk": row.booking.pk,
            # Whose visit it is, only for those who may open it.
            "url": reverse("admin:bookings_booking_change", args=[row.booking.pk]) if may_view else "",
            "reference": row.booking.reference,
            "who": row.booking.visit_for if may_view else "",
            "therapist": row.booking.therapist.name,
            "when": local_when(row.booking.starts_at),
            "why": stranding_words(row.reason),
        }
        for row in stranded
    ]
