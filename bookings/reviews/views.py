"""A client's page on which they write, change or withdraw their review; and the page of all that are shown."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings.exceptions import ChangedMeanwhile
from bookings.views.enquiries import private
from massagerx.lib.limits import limited
from massagerx.lib.text import initials

from . import operations
from .forms import WriteForm
from .health_mentions import tells_of_health
from .models import Review

_A_PAGE = 20


@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    """All reviews that are shown, the newest first, and how we come by them; three queries of its own."""
    rows = Review.objects.published().with_visit()
    context = {
        "summary": operations.summary(),
        "page": Paginator(rows, _A_PAGE).get_page(request.GET.get("page")),
        "crumbs": [(_("Home"), reverse("home")), (_("Reviews"), request.path)],
    }
    return render(request, "reviews/reviews.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@limited("30/m", "review")
def your_review(request: HttpRequest, token: str) -> HttpResponse:
    """The form, filled in with what the client wrote before. What looks at links in emails before people do asks by
    GET, and changes nothing."""
    now = timezone.now()
    found = operations.review_of(token, now=now)
    if found is None:
        return private(render(request, "bookings/link_closed.html", status=404))
    if request.method != "POST":
        return _page(request, found, WriteForm(initial=_written(found)))
    try:
        if request.POST.get("press") == "withdraw":
            operations.withdraw(review=found, now=now)
            messages.success(
                request, _("Your review is withdrawn and deleted. It leaves our pages within a minute.")
            )
            return private(redirect(request.path))
        return _write(request, found, now)
    except ChangedMeanwhile:
        messages.info(request, _("There is nothing to withdraw anymore."))
        return private(redirect(request.path))


def _write(request: HttpRequest, found: Review, now: datetime) -> HttpResponse:
    form = WriteForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    health = tells_of_health(form.cleaned_data["words"]) if form.cleaned_data["may_publish"] else []
    if health and "knows" not in request.POST:
        return _page(request, found, form, health=health, status=422)
    operations.write(review=found, now=now, **form.cleaned_data)
    shown = _("Thank you. We read it, and then show it as you wrote it.")
    kept = _("Thank you. Only the owner reads it.")
    messages.success(request, shown if form.cleaned_data["may_publish"] else kept)
    return private(redirect(request.path))


def _written(review: Review) -> dict[str, object]:
    return {
        "stars": review.stars,
        "words": operations.words_written(review),
        "shown_as": review.shown_as or initials(review.booking.contact_name),
        "may_publish": review.may_publish,
    }


def _page(
    request: HttpRequest,
    review: Review,
    form: WriteForm,
    *,
    health: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "review": review,
        "form": form,
        "health": health,
        "knows": bool(health) or "knows" in request.POST,
    }
    return private(render(request, "reviews/your_review.html", context, status=status))
