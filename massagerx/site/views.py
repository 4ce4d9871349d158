"""Pages made of all three apps, machine-readable answers, and the error pages."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from blog.models import FaqEntry, HomeBlock, Page, Post, Testimonial
from blog.reading import read
from blog.views import with_frames
from bookings.domain.area_check import check_area
from bookings.domain.queries import opening_hours
from bookings.domain.reach import zones_within_reach
from bookings.domain.soonest import soonest_times
from bookings.exceptions import OutsideArea
from bookings.forms import ZipForm
from bookings.models import Photo, Therapist
from bookings.program.example import example_of
from bookings.reviews import operations as reviews
from bookings.reviews.models import Review
from bookings.views.enquiries import write_to_us
from massagerx.lib import palette
from massagerx.lib.jsonld import breadcrumb_list, json_ld
from massagerx.lib.limits import limited
from massagerx.lib.localtime import local
from massagerx.lib.urls import absolute_url
from services.context_processors import last_known_business
from services.models import Business, Service

# When the database is away: after how many seconds programs may ask again.
RETRY_SECONDS = 30
# Who had surgery reads first what it takes, where this service is on offer.
_AFTER_SURGERY = "manual-lymphatic-drainage"


# Blocks that are about what the page shows under their name; one about nothing is left out.
_ABOUT = frozenset({"therapists", "surgery", "program", "area", "questions", "posts", "reviews"})


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What we do, for whom, by whom and where. `?zip=` is answered on it, or alone to `X-Part: area`, for scripts."""
    return _home_with_answer(request) if "zip" in request.GET else _home(request)


@limited("20/m", "area-check", methods=frozenset({"GET", "HEAD"}))
def _home_with_answer(request: HttpRequest) -> HttpResponse:
    check = _area_check(request, timezone.now())
    if request.headers.get("X-Part") == "area":
        response = render(request, "components/area_answer.html", {"check": check})
    else:
        response = _home(request, check)
    response["Cache-Control"] = "no-store"
    return response


def _home(request: HttpRequest, check: dict[str, Any] | None = None) -> HttpResponse:
    now = timezone.now()
    today = timezone.localdate(now)
    services = list(Service.objects.offered(today).with_prices())
    options = [option for service in services for option in service.active_options]  # type: ignore[attr-defined]
    everybody = list(Therapist.objects.bookable(today).select_related("home_zip__zone"))
    therapists = everybody[:5]
    shown_reviews = list(Review.objects.published().with_visit()[:2])
    context: dict[str, Any] = {
        "check": check,
        "services": services[:6],
        "options": options,
        "hours": opening_hours(today),
        # The first price that anybody sees; the page adds the drive.
        "least": min(options, key=lambda option: (option.price_cents, option.minutes), default=None),
        "therapists": therapists,
        "soonest": soonest_times(therapists, days=1, now=now),
        "surgery": next((service for service in services if service.slug == _AFTER_SURGERY), None),
        "program": example_of(services),
        "visit": _visit(services, now),
        "table_photo": Photo.objects.filter(slot=Photo.Slot.TABLE).exclude(cover_widths=[]).first(),
        # Where there are reviews with dates, they speak.
        "testimonials": [] if shown_reviews else Testimonial.objects.shown()[:1],
        "posts": Post.objects.published(now)[:1],
        "questions": FaqEntry.objects.active()[:3],
        "area": zones_within_reach(today=today),
        "reviews": shown_reviews,
    }
    if shown_reviews:
        context["summary"] = reviews.summary()
    blocks = [block for block in HomeBlock.in_order() if block.slug not in _ABOUT or context[block.slug]]
    context["blocks"] = blocks
    # Whose certificate stands beside their face needs no second place at the foot.
    faces = therapists if any(block.slug == HomeBlock.Slug.THERAPISTS for block in blocks) else []
    rest = everybody[len(faces) :]
    context["certificates"] = [(therapist.name, therapist.certificate_number) for therapist in rest]
    return render(request, "home.html", context)


def _visit(services: list[Service], now: datetime) -> dict[str, datetime] | None:
    """The minutes of a visit that begins at ten, of the first service and its shortest length."""
    if not services:
        return None
    service = services[0]
    begins = local(now).replace(hour=10, minute=0, second=0, microsecond=0)
    ends = begins + timedelta(minutes=service.active_options[0].minutes)  # type: ignore[attr-defined]
    return {
        "arrives": begins - timedelta(minutes=service.setup_minutes),
        "begins": begins,
        "ends": ends,
        "leaves": ends + timedelta(minutes=service.packdown_minutes),
    }


def _area_check(request: HttpRequest, now: datetime) -> dict[str, Any]:
    """`zip` as typed and `service` as chosen, with `answer`, or `outside` (a ZIP code that we don't drive to), or
    `error` (words about what was typed)."""
    typed = request.GET["zip"].strip()[:20]
    check: dict[str, Any] = {"zip": typed, "service": request.GET.get("service", "")}
    form = ZipForm({"zip_code": typed})
    if not form.is_valid():
        return {**check, "error": form.errors["zip_code"][0]}
    zip_code = form.cleaned_data["zip_code"]
    try:
        return {**check, "answer": check_area(zip_code=zip_code, service_slug=check["service"], now=now)}
    except OutsideArea:
        return {**check, "outside": zip_code}


@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    """The owner's words on how to reach us, and a form that does it."""
    page = Page.load(Page.Slug.CONTACT)
    crumbs = [(_("Home"), reverse("home")), (page.title, request.path)]
    reading = read(page.body)
    context = {
        "page": page,
        "reading": reading,
        "crumbs": crumbs,
        "json_ld": json_ld(breadcrumb_list(crumbs)),
    }

    def show(form: Form, form_token: str, status: int) -> HttpResponse:
        shown = context | {"form": form, "form_token": form_token}
        return with_frames(render(request, "blog/contact.html", shown, status=status), reading)

    return write_to_us(request, show)


@require_safe
def colors(request: HttpRequest, name: str) -> HttpResponse:
    """The style sheet of the owner's colors, from its address alone: it needs no database. A copy is kept for good by
    whoever asked for it under the digest that it has today."""
    parts = name.split("-")
    main, press = (f"#{part}" if part != "own" else "" for part in parts[:2]) if len(parts) == 3 else ("", "")
    if not (main or press) or not all(palette.COLOR.fullmatch(color) for color in (main, press) if color):
        raise Http404
    response = HttpResponse(palette.sheet(main, press), content_type="text/css; charset=utf-8")
    is_today = palette.sheet_name(main, press) == name
    response["Cache-Control"] = "public, max-age=31536000, immutable" if is_today else "no-cache"
    return response


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """`robots.txt`."""
    lines = [
        "User-agent: *",
        "Disallow: /admin/",
        # The way in may be found; the steps hold what somebody typed.
        "Allow: /book/$",
        "Disallow: /book/",
        "Disallow: /visits/",
        "Disallow: /calendar/",
        f"Sitemap: {settings.SITE_URL}/sitemap.xml",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Where to report a hole in the site, as RFC 9116 says; the business's email is the contact."""
    expires = timezone.now() + timedelta(days=180)
    lines = [
        f"Contact: mailto:{Business.load().email}",
        f"Expires: {expires:%Y-%m-%dT00:00:00Z}",
        "Preferred-Languages: en",
        f"Canonical: {absolute_url('/.well-known/security.txt')}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def _error(request: HttpRequest, status: int) -> HttpResponse:
    response = render(request, f"errors/{status}.html", status=status)
    response["Cache-Control"] = "no-store"
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 400 page."""
    return _error(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 403 page."""
    return _error(request, 403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose cookie has gone or whose page is too old: nothing was saved, and the page says what to do."""
    response = render(request, "errors/csrf.html", status=403)
    response["Cache-Control"] = "no-store"
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 404 page."""
    return _error(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Shown when something broke: asks nothing of the database, which may be what broke.

    503 when it was the database that didn't answer: then nothing is wrong with the request, and it may come again.
    """
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        page = render_to_string("errors/503.html", {"business": last_known_business()})
        response = HttpResponse(page, status=503)
        response["Retry-After"] = str(RETRY_SECONDS)
    else:
        page = render_to_string("errors/500.html", {"business": last_known_business()})
        response = HttpResponse(page, status=500)
    response["Cache-Control"] = "no-store"
    return response
