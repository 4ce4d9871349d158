"""What every page of staff needs: who may open it, the admin's frame around it, and the visit it speaks of."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import F, Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.models import Booking
from bookings.staff.visibility import only_seen_by

# A right by its name, or a question about the member of staff.
Right = str | Callable[[User], bool]
View = Callable[..., HttpResponseBase]
CHANGE = "bookings.change_booking"


class StaffRequest(HttpRequest):
    """A request of which the log-in is known: the admin lets nobody else in."""

    user: User


def desk_page(*rights: Right, pressed_on: str = "") -> Callable[[View], View]:
    """Makes a view a page of staff: whoever isn't logged in to the admin is asked to, and who lacks one of `rights` is
    refused (403). Nothing may keep a copy of the answer.

    With `pressed_on`, the model on whose page the button is, the address takes POST only.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not all(_holds(request.user, right) for right in rights):
                raise PermissionDenied
            if pressed_on and request.method != "POST":
                return _not_pressed(request, reverse(change_page(pressed_on), args=[kwargs["pk"]]))
            return view(request, *args, **kwargs)

        return admin.site.admin_view(checked)

    return decorate


def _holds(user: User, right: Right) -> bool:
    return user.has_perm(right) if isinstance(right, str) else right(user)


def _not_pressed(request: StaffRequest, back: str) -> HttpResponse:
    """405 with the way back: somebody who was logged out in between lands here with a GET."""
    context = {"title": _("Nothing was changed"), "back": back}
    response = page(request, "405", context, status=405)
    response["Allow"] = "POST"
    return response


def page(request: StaffRequest, name: str, context: dict[str, Any], *, status: int = 200) -> TemplateResponse:
    """The template `desk/<name>.html` in the admin's frame. `context` has the `title`."""
    around = admin.site.each_context(request)
    return TemplateResponse(request, f"desk/{name}.html", {**around, **context}, status=status)


def page_or_part(request: StaffRequest, names: dict[str, str], context: dict[str, Any]) -> TemplateResponse:
    """A page of which a script asks for one part alone: `names` has the whole page at "", and each part by its name
    in the header `X-Part`."""
    name = names.get(request.headers.get("X-Part", ""), names[""])
    response = page(request, name, context)
    response["Vary"] = "X-Part"
    return response


def change_page(model: str) -> str:
    """The name of the address at which a row of a model of `bookings` opens."""
    return f"admin:bookings_{model}_change"


def to_visit(booking: Booking) -> HttpResponse:
    """Back to the visit's page."""
    return redirect(change_page("booking"), booking.pk)


def say(request: StaffRequest, done: bool, sentence: str) -> None:
    """Tells on the next page what was done, or what stood in the way."""
    messages.add_message(request, messages.SUCCESS if done else messages.ERROR, sentence)


def say_faults(request: StaffRequest, booking: Booking, form: forms.Form) -> HttpResponse:
    """Tells on the visit's page what is wrong with a form that stands there."""
    for errors in form.errors.values():
        for error in errors:
            say(request, False, f"{booking.reference}: {error}")
    return to_visit(booking)


def log_change(request: StaffRequest, row: Model, words: Any) -> None:
    """A line in the admin's history of the row."""
    admin.site.get_model_admin(type(row)).log_change(request, row, words)


def read_key(text: str) -> int | None:
    """A key from an address; None for what can't be one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def get_visit(user: User, pk: int) -> Any:
    """The visit, among those that this member of staff may see, with all that its page shows but the encrypted
    columns: these are read one by one, so that a lost key costs a line and not the page. Raises Http404."""
    rows = Booking.objects.select_related(
        "client", "therapist", "service", "option", "area__zone", "terms_version"
    ).annotate(tier=F("screening__tier"))
    booking = only_seen_by(user, rows.prefetch_related("add_ons"), "therapist").filter(pk=pk).first()
    if booking is None:
        raise Http404
    return booking
