"""The ways in: an emailed link, a sign-in link, a code; and the way out.

The first GET of an emailed link trades the token for a short-lived signed cookie and leads to an address without it.
There one button opens the visit. So a scanner that fetches every link, or even runs its scripts, changes nothing and
uses nothing up.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings.domain import intake, links, operations, persons, queries
from bookings.domain import sign_in as signing_in
from bookings.enums import LinkPurpose
from bookings.exceptions import SlotTaken
from bookings.forms import CodeForm, FindForm
from bookings.models import Booking, Link
from bookings.views import visitor_draft
from bookings.views.booking import FINISHED_KEY
from massagerx.lib.limits import limited

from . import visitor as visitors
from .visitor import VisitClosed, get_visit, load_visitor, visits_page

COOKIE = "__Host-visit-link" if settings.SESSION_COOKIE_SECURE else "visit-link"
COOKIE_SECONDS = 15 * 60
_SALT = "bookings.visits.link"
# Where a code or an emailed link leads on to, by the word in the address.
_NEXT = {
    "visit": "visits:visit",
    "address": "visits:address",
    "calendar": "visits:calendar",
    "health": "visits:health",
    "move": "visits:move",
    "note": "visits:note",
    "person": "visits:person",
    "cancel-rest": "visits:cancel_rest",
}


@require_safe
@visits_page
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """The link in every email about a visit; `?to=calendar` and the like lead on to a page of it."""
    wanted = request.GET.get("to", "")
    now = timezone.now()
    link = links.find_link(token, purpose=LinkPurpose.VISIT, now=now)
    if link is None or link.booking is None:
        raise VisitClosed
    # A mailbox is proved by a press, also in the browser that booked.
    is_open = load_visitor(request, now=now).visits().filter(pk=link.booking.pk).exists()
    if is_open and not _proves(link.booking):
        return redirect(_NEXT.get(wanted, "visits:visit"), link.booking.reference)
    return _lead_on(link, wanted)


@require_safe
@visits_page
def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """The link that signs in once."""
    now = timezone.now()
    link = links.find_link(token, purpose=LinkPurpose.SIGN_IN, now=now)
    if link is None:
        raise VisitClosed
    if link.used_at is not None:
        return _used(request, link, now)
    return _lead_on(link)


def _proves(booking: Booking) -> bool:
    """Whether the press would prove the mailbox for this visit, or one that was asked for with it."""
    return Booking.objects.together_with(booking).unproved().exists()


def _lead_on(link: Link, wanted: str = "") -> HttpResponse:
    """To the page with the button. The cookie says which link it was, and which page is wanted."""
    response = redirect("visits:open")
    response.set_signed_cookie(
        COOKIE,
        f"{link.pk}:{wanted if wanted in _NEXT else ''}",
        salt=_SALT,
        max_age=COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _used(request: HttpRequest, link: Link, now: datetime) -> HttpResponse:
    """A sign-in link once more: who is signed in by it goes on, anybody else starts anew."""
    if load_visitor(request, now=now).email == link.email:
        return redirect("visits:find")
    raise VisitClosed


@require_http_methods(["GET", "HEAD", "POST"])
@limited("30/m", "visits-open")
@visits_page
def open_link(request: HttpRequest) -> HttpResponse:
    """One button, which opens what the link is for."""
    now = timezone.now()
    cookie = request.get_signed_cookie(COOKIE, default="", salt=_SALT, max_age=COOKIE_SECONDS) or ""
    key, _colon, wanted = cookie.partition(":")
    link = Link.objects.live(now).filter(pk=key).select_related("booking").first() if key else None
    if link is None:
        raise VisitClosed
    if link.used_at is not None:
        return _used(request, link, now)
    if request.method != "POST":
        visit = link.booking
        context = {
            "signs_in": link.purpose == LinkPurpose.SIGN_IN,
            "proves": visit is not None and _proves(visit),
        }
        return render(request, "visits/open.html", context)
    if link.purpose != LinkPurpose.SIGN_IN:
        return _open_visit(request, link, wanted, now)
    if not links.use_link(link, now=now):
        raise VisitClosed
    visitor_draft.drop_what_belongs_to_others(request, link.email)
    visitors.sign_in(request, link.email, now=now)
    return redirect("visits:find")


def _open_visit(request: HttpRequest, link: Link, wanted: str, now: datetime) -> HttpResponse:
    """Opens the one visit of a link, at the page that is `wanted`; and proves the mailbox that it was sent to."""
    if link.booking is None:
        raise VisitClosed
    try:
        is_proved = operations.prove_mailbox(booking=link.booking, now=now)
    except SlotTaken:
        messages.warning(request, _("That did not work just now. Please press once more."))
        return redirect("visits:open")
    visitors.open_visit(request, link, now=now)
    if is_proved:
        messages.success(
            request, _("Thank you. Your email address is confirmed, and we’re holding your time.")
        )
    return redirect(_NEXT.get(wanted, "visits:visit"), link.booking.reference)


@require_http_methods(["GET", "HEAD", "POST"])
@limited("10/m", "visits-find")
@visits_page
def find(request: HttpRequest) -> HttpResponse:
    """All visits of who is signed in; anybody else can ask for a link."""
    now = timezone.now()
    visitor = load_visitor(request, now=now)
    if request.method == "POST":
        form = FindForm(request.POST)
        if not form.is_valid():
            return render(request, "visits/find.html", {"form": form}, status=422)
        signing_in.send_sign_in(email=form.cleaned_data["email"], now=now)
        return redirect("visits:sent")
    if not visitor.email:
        return render(request, "visits/find.html", {"form": FindForm()})
    upcoming, past = queries.visits_by_time(visitor.visits(), now=now)
    mine = Booking.objects.filter(client__email=visitor.email)
    context = {
        "upcoming": upcoming,
        "past": past,
        "email": visitor.email,
        "persons": persons.persons_among(mine),
    }
    return render(request, "visits/list.html", context)


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """The same for everybody, whether we know the address or not."""
    return render(request, "visits/sent.html")


@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/m", "visits-code")
@visits_page
def code(request: HttpRequest, reference: str) -> HttpResponse:
    """A code by email, before the address, the way in or the health questions are shown."""
    now = timezone.now()
    booking, visitor = get_visit(request, reference, now=now)
    wanted = request.GET.get("next", "")
    onward = redirect(_NEXT.get(wanted, "visits:visit"), booking.reference)
    if visitor.is_proved(booking.client.email):
        return onward
    if not booking.client.email:
        return _code_page(request, booking, CodeForm(), now)
    if request.method == "POST" and "send" in request.POST:
        return _send_code(request, booking, now)
    if request.method != "POST":
        return _code_page(request, booking, CodeForm(), now)
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _code_page(request, booking, form, now, status=422)
    key = visitors.code_key(request)
    email = signing_in.check_code(key=key, typed=form.cleaned_data["code"], now=now) if key else None
    if email != booking.client.email:
        form.add_error("code", _("That is not the code we sent last. Check the newest email."))
        return _code_page(request, booking, form, now, status=422)
    visitor_draft.drop_what_belongs_to_others(request, email)
    visitors.prove(request, email, now=now)
    return onward


def _send_code(request: HttpRequest, booking: Booking, now: datetime) -> HttpResponse:
    link = signing_in.send_code(email=booking.client.email, instead_of=visitors.code_key(request), now=now)
    if link is None:
        messages.warning(
            request,
            _("We have sent several codes already. Please use the newest, or wait an hour for another."),
        )
    else:
        visitors.keep_code(request, link, now=now)
    # To the same page again, so that a reload sends nothing.
    return redirect(request.get_full_path())


def _code_page(
    request: HttpRequest, booking: Booking, form: CodeForm, now: datetime, *, status: int = 200
) -> HttpResponse:
    name, _at, host = booking.client.email.partition("@")
    key = visitors.code_key(request)
    context = {
        "booking": booking,
        "form": form,
        "is_sent": key is not None and signing_in.is_open(key=key, now=now),
        "was_sent": key is not None,
        "masked": f"{name[:1]}…@{host}",
        "here": request.get_full_path(),
    }
    return render(request, "visits/code.html", context, status=status)


@require_POST
@limited("60/m", "visits-sign-out")
def sign_out(request: HttpRequest) -> HttpResponse:
    """Closes everything that this browser had open of a client; staff stay logged in to the admin."""
    intake.discard_draft(visitor_draft.load_progress(request).draft)
    if request.user.is_authenticated:
        for key in (visitors.SESSION_KEY, visitor_draft.SESSION_KEY, FINISHED_KEY):
            request.session.pop(key, None)
    else:
        request.session.flush()
    messages.success(request, _("You are signed out. Your visits are no longer open here."))
    response = redirect(reverse("visits:find"))
    response.delete_cookie(COOKIE)
    return response
