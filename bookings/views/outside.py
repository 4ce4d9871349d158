"""For visitors at a ZIP code that we don't drive to: a kind no, and a form to be told when we can come."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import exceptions
from bookings.domain import area_requests
from bookings.forms import AreaRequestForm, ZipForm
from massagerx.lib.limits import limited
from massagerx.lib.localtime import local

from .steps import back_to, closed, show
from .visitor_draft import Progress, load_progress


@require_http_methods(["GET", "HEAD", "POST"])
@limited("10/h", "area-requests")
def outside(request: HttpRequest) -> HttpResponse:
    """The form, for the ZIP code of `?zip=`; a code that we drive to leads to the step that says so."""
    progress = load_progress(request)
    if response := closed(request, progress):
        return response
    sent = request.method == "POST"
    asked = ZipForm({"zip_code": (request.POST.get("zip_code") if sent else request.GET.get("zip")) or ""})
    if not asked.is_valid():
        return back_to("where")
    zip_code = asked.cleaned_data["zip_code"]
    if asked.area(today=local(progress.now).date()) is not None:
        return redirect(f"{reverse('bookings:where')}?{urlencode({'zip': zip_code})}")
    if not sent:
        return outside_page(request, progress, zip_code)
    form = AreaRequestForm(request.POST)
    if not form.is_valid():
        return outside_page(request, progress, zip_code, form, status=422)
    try:
        _leave_request(progress, zip_code, form.cleaned_data)
    except exceptions.TooManyRequests:
        form.add_error(None, _("We have several requests of yours already, and will answer them."))
        return outside_page(request, progress, zip_code, form, status=409)
    words = _("Thank you, we have your request for %(zip)s. We will write or call when we can come there.")
    messages.success(request, words % {"zip": zip_code})
    return back_to("where" if progress.treatment is not None else "start")


def _leave_request(progress: Progress, zip_code: str, data: dict[str, Any]) -> None:
    area_requests.leave_area_request(
        name=data["name"],
        email=data["email"],
        phone=data["phone"],
        zip_code=zip_code,
        service=progress.treatment.service if progress.treatment is not None else None,
        note=data["note"],
        now=progress.now,
    )


def outside_page(
    request: HttpRequest,
    progress: Progress,
    zip_code: str,
    form: AreaRequestForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """The step that asks where, with the no to `zip_code` and the form."""
    context = {
        "outside": zip_code,
        "area": None,
        "form": ZipForm(initial={"zip_code": zip_code}),
        "area_form": form or AreaRequestForm(initial={"zip_code": zip_code}),
    }
    return show(request, progress, "where", context, status=status)
