"""Who counts as staff on a request: somebody whose log-in is fresh, and who has shown a second factor where one is
required."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from . import log_ins, sessions

# What somebody without the second factor that is required may open.
_OPEN = {"second_factor", "second_factor_link", "login", "logout", "jsi18n"}


class StaffMiddleware:
    """In the admin, ends log-ins that have lasted long enough, and leads to the second factor. On other pages staff
    whose log-in is over, or lacks its second factor, are visitors like any other; who somebody is, is not even
    looked up there before a page asks. A session that got another name is still found by its log-in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        known: Any = request.user
        request.user = SimpleLazyObject(lambda: _as_staff(request, known))  # type: ignore[assignment]
        request.known_user = known  # type: ignore[attr-defined]
        response = self.get_response(request)
        # A new name is a change; a session that wasn't changed isn't even read.
        if request.session.modified:
            log_ins.follow(request.session)
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Ends staff sessions that are over, and leads staff without a required second factor to its
        set-up."""
        match = request.resolver_match
        if match is None or not _in_admin(match):
            return None
        known: Any = request.known_user  # type: ignore[attr-defined]
        request.user = known
        if not (known.is_authenticated and known.is_staff):
            return None
        if sessions.is_over(request.session):
            logout(request)
            messages.info(request, _("You were logged out after a while. Please log in again."))
            return None
        if sessions.lost_factor(request.session, known):
            logout(request)
            messages.info(request, _("Your second factor was changed. Please log in again."))
            return None
        sessions.touch(request.session)
        if _lacks_factor(known) and match.url_name not in _OPEN:
            return redirect("admin:second_factor")
        return None


def _in_admin(match: Any) -> bool:
    return "admin" in match.app_names


def _lacks_factor(user: Any) -> bool:
    return settings.REQUIRE_SECOND_FACTOR and not user.is_verified()


def _as_staff(request: HttpRequest, known: Any) -> Any:
    if known.is_authenticated and known.is_staff:
        if (
            sessions.is_over(request.session)
            or sessions.lost_factor(request.session, known)
            or _lacks_factor(known)
        ):
            return AnonymousUser()
        sessions.touch(request.session)
    return known
