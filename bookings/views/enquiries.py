"""Writing to us, and the booklet: asked for by a form, fetched by a link from an email."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models.functions import Length
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings import exceptions
from bookings.domain import operations
from bookings.domain.booklet import current_booklet
from bookings.domain.links import find_link, use_link
from bookings.enums import LinkPurpose
from bookings.forms import BookletForm, CallForm, ContactForm
from bookings.forms.person import PersonForm
from bookings.models import BookingRules, Booklet
from bookings.refusals import refusal_words
from massagerx.lib.form_tokens import issue_form_token, read_form_token
from massagerx.lib.jsonld import breadcrumb_list, json_ld
from massagerx.lib.limits import limited
from services.models import Service

# A person needs longer than this to fill a form in.
QUICKEST = timedelta(seconds=3)
PROGRAM = "postural-correction-training"

Show = Callable[[PersonForm, str, int], HttpResponse]


@dataclass(frozen=True, slots=True)
class _Enquiry:
    """A form that is taken: the name in its token, its class, what is done with it, and the page after it."""

    name: str
    form_class: type[PersonForm]
    send: Callable[[UUID, dict[str, Any], datetime], None]
    done: str


def _send_contact(key: UUID, data: dict[str, Any], now: datetime) -> None:
    operations.send_contact(
        key=key, name=data["name"], email=data["email"], phone=data["phone"], body=data["body"], now=now
    )


def _ask_for_call(key: UUID, data: dict[str, Any], now: datetime) -> None:
    operations.send_contact(
        key=key, name=data["name"], email="", phone=data["phone"], body=data["body"], now=now
    )


def _request_booklet(key: UUID, data: dict[str, Any], now: datetime) -> None:
    operations.request_booklet(
        key=key, name=data["name"], email=data["email"], may_follow_up=data["may_follow_up"], now=now
    )


_CONTACT = _Enquiry("contact", ContactForm, _send_contact, "bookings:message_sent")
_CALL = _Enquiry("call", CallForm, _ask_for_call, "bookings:call_asked")
_BOOKLET = _Enquiry("booklet", BookletForm, _request_booklet, "bookings:booklet_asked")


@limited("10/m", "contact")
@limited("60/h", "contact-hour")
def write_to_us(request: HttpRequest, show: Show) -> HttpResponse:
    """The contact form. `show(form, form token, status)` makes the page around it."""
    return _take(request, _CONTACT, show)


@require_safe
def message_sent(request: HttpRequest) -> HttpResponse:
    """The page after a message was sent."""
    return _unlisted(render(request, "bookings/message_sent.html"))


@require_http_methods(["GET", "HEAD", "POST"])
@limited("10/m", "contact")
@limited("60/h", "contact-hour")
def call_back(request: HttpRequest) -> HttpResponse:
    """Asks to be called, by people who can't or won't book online."""
    return _take(request, _CALL, partial(_call_back, request))


def call_back_page(request: HttpRequest) -> HttpResponse:
    """The same page in place of a booking step that can't be shown."""
    response = _call_back(request, CallForm(), issue_form_token(_CALL.name, now=timezone.now()), 200)
    response["Cache-Control"] = "no-store"
    return response


def _call_back(request: HttpRequest, form: PersonForm, form_token: str, status: int) -> HttpResponse:
    context = {"form": form, "form_token": form_token, "rules": BookingRules.load()}
    return render(request, "bookings/call_back.html", context, status=status)


@require_safe
def call_asked(request: HttpRequest) -> HttpResponse:
    """The page after a call was asked for."""
    return _unlisted(render(request, "bookings/message_sent.html", {"by_phone": True}))


@require_http_methods(["GET", "HEAD", "POST"])
@limited("10/m", "booklet")
@limited("60/h", "booklet-hour")
def booklet_ask(request: HttpRequest) -> HttpResponse:
    """Asks for the booklet; without one, says how else to get it."""
    service = Service.objects.offered(timezone.localdate()).filter(slug=PROGRAM).first()
    crumbs = [(_("Home"), reverse("home")), (_("Services"), reverse("services:list"))]
    if service is not None:
        crumbs.append((service.name, service.get_absolute_url()))
    crumbs.append((_("Booklet"), request.path))
    context = {"crumbs": crumbs, "json_ld": json_ld(breadcrumb_list(crumbs)), "service": service}
    missing = "bookings/booklet_missing.html"
    if request.method != "POST" and not Booklet.objects.exists():
        return _unlisted(render(request, missing, context))

    def show(form: PersonForm, form_token: str, status: int) -> HttpResponse:
        more = {"form": form, "form_token": form_token}
        return render(request, "bookings/booklet_ask.html", context | more, status=status)

    try:
        return _take(request, _BOOKLET, show)
    except exceptions.BookletMissing:
        return _unlisted(render(request, missing, context, status=409))


@require_safe
def booklet_asked(request: HttpRequest) -> HttpResponse:
    """The page after a booklet was asked for."""
    return _unlisted(render(request, "bookings/booklet_asked.html"))


@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/m", "booklet-fetch")
def booklet_fetch(request: HttpRequest, token: str) -> HttpResponse:
    """A page with a button that sends the file, for as long as the link lasts. What looks at links in emails before
    people do asks by GET, and is no fetch."""
    now = timezone.now()
    link = find_link(token, purpose=LinkPurpose.BOOKLET, now=now)
    rows = Booklet.objects.defer("content").annotate(size=Length("content"))
    booklet = rows.first() if request.method != "POST" else current_booklet(now=now)
    if link is None or booklet is None:
        return private(render(request, "bookings/booklet_gone.html", status=410))
    if request.method != "POST":
        return private(render(request, "bookings/booklet_fetch.html", {"booklet": booklet}))
    use_link(link, now=now)
    response = FileResponse(
        io.BytesIO(booklet.content),
        as_attachment=True,
        filename=booklet.file_name,
        content_type="application/pdf",
    )
    return private(response)


def _take(request: HttpRequest, enquiry: _Enquiry, show: Show) -> HttpResponse:
    """One form from its first showing to its redirect. Whatever is wrong, what was typed stays in its fields."""
    now = timezone.now()
    if request.method != "POST":
        response = show(enquiry.form_class(), issue_form_token(enquiry.name, now=now), 200)
        response["Cache-Control"] = "private, no-cache"
        return response
    form, token = enquiry.form_class(request.POST), request.POST.get("form_token", "")
    status = _send(enquiry, form, token, now)
    if status == 302:
        return redirect(enquiry.done)
    # One that is too old, or under which other words were sent, is replaced.
    is_used_up = status == 409 or read_form_token(token, enquiry.name) is None
    response = show(form, issue_form_token(enquiry.name, now=now) if is_used_up else token, status)
    if status == 429:
        response["Retry-After"] = "3600"
    response["Cache-Control"] = "no-store"
    return response


def _send(enquiry: _Enquiry, form: PersonForm, sent_token: str, now: datetime) -> int:
    """Sends what can be sent. The status of the answer: 302 when it was, else the form has an error that says why."""
    token = read_form_token(sent_token, enquiry.name)
    if token is None:
        form.add_error(None, _("This page was open for too long. Please press the button again."))
        return 422
    if not form.is_valid():
        return 422
    if now - token.shown_at < QUICKEST:
        words = _("That was very quick, so we want to be sure that a person sent it. Please press again.")
        form.add_error(None, words)
        return 422
    try:
        enquiry.send(token.key, form.cleaned_data, now)
    except exceptions.SubmissionReused:
        words = _(
            "You have sent this form already, with different words. To send these too, press the button again."
        )
        form.add_error(None, words)
        return 409
    except exceptions.TooManyMessages as error:
        form.add_error(None, refusal_words(error))
        return 429
    return 302


def private(response: Any) -> Any:
    """For pages whose address is a secret. The address is kept from other sites; our own form needs it."""
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "same-origin"
    response["X-Content-Type-Options"] = "nosniff"
    return _unlisted(response)


def _unlisted(response: Any) -> Any:
    response["X-Robots-Tag"] = "noindex"
    return response
