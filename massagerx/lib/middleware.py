"""Middleware that every request passes: a log line, headers, and 400 for unreadable input."""

import logging
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from csp.constants import HEADER
from csp.middleware import CheckableLazyObject, CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.contrib.admin.options import TO_FIELD_VAR
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.middleware.gzip import GZipMiddleware

log = logging.getLogger("massagerx.requests")
Handler = Callable[[HttpRequest], HttpResponse]


class RequestLogMiddleware:
    """One line a request: method, route name, status, milliseconds and a random id; no path, address or agent,
    which can carry tokens and identify people."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.monotonic()
        request_id = uuid.uuid4().hex[:16]
        response = self.get_response(request)
        match = request.resolver_match
        log.info(
            "request",
            extra={
                "request_id": request_id,
                "method": request.method if request.method in _METHODS else "OTHER",
                "route": match.view_name if match else None,
                "status": response.status_code,
                "milliseconds": round((time.monotonic() - started) * 1000, 1),
            },
        )
        response.headers.setdefault("X-Request-ID", request_id)
        return response


class TextGZipMiddleware(GZipMiddleware):
    """Django's own, which would also pack pictures: they are packed already, and would lose their length."""

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        """Compresses everything but pictures."""
        if response.get("Content-Type", "").startswith("image/"):
            return response
        return super().process_response(request, response)


class PolicyMiddleware(CSPMiddleware):
    """django-csp's own, which builds its policies anew for each response. That of a response without scripts or frames
    of its own depends on the settings alone, which name no second policy and leave out no address."""

    _kept: tuple[Any, str] = None, ""

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        """Adds the policy's header."""
        has_own = getattr(request, "_csp_nonce", None) or not _OWN_POLICY.isdisjoint(vars(response))
        if has_own or response.status_code >= 400 or HEADER in response:
            return super().process_response(request, response)
        source, policy = self._kept
        if source is not settings.CONTENT_SECURITY_POLICY:
            source, policy = self._kept = settings.CONTENT_SECURITY_POLICY, build_policy()
        response[HEADER] = policy
        request.csp_nonce = CheckableLazyObject(self._csp_nonce_post_response)  # type: ignore[attr-defined]
        return response


_OWN_POLICY = {"_csp_config", "_csp_update", "_csp_replace", "_csp_exempt"}
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class ResponseHeadersMiddleware:
    """Headers that Django has no setting for, and those of pages that nobody else may keep, list or hear of: all
    below settings.PRIVATE_PATHS, whatever they answer."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault(
            "Permissions-Policy",
            "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
        )
        if request.path.startswith(tuple(settings.PRIVATE_PATHS)):
            response.headers["Cache-Control"] = "no-store"
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response


#: What a form may hold; those of `settings.MANY_FIELDS_ROUTES` are bounded by DATA_UPLOAD_MAX_NUMBER_FIELDS.
MOST_FIELDS = 500


class HostileInputMiddleware:
    """Answers 400 or 404 where Django or the database would trip over a NUL byte, a huge number or an
    unused method."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "TRACE":
            return HttpResponse(status=405)
        # A quoted cookie can spell a NUL, and PostgreSQL refuses to look for a session by such a name.
        for name in [name for name, value in request.COOKIES.items() if "\x00" in value]:
            del request.COOKIES[name]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *args: object) -> None:
        """Raises `BadRequest` or `Http404` for input that the database or Django would fail on."""
        for key, values in request.GET.lists():
            if "\x00" in key or any("\x00" in value for value in values):
                raise BadRequest("NUL in the query")
        match = request.resolver_match
        # A form that can't be read to its end is the view's to answer.
        with suppress(UnreadablePostError):
            if _fields_sent(request) > MOST_FIELDS and not _may_be_long(request):
                raise BadRequest("too many fields")
        if match is not None and "admin" in match.namespaces:
            # Django checks a field by that name only when it has one, and then looks for it all the same.
            sent = (request.GET, request.POST) if request.method == "POST" else (request.GET,)
            if any(data.get(TO_FIELD_VAR) == "" for data in sent):
                raise BadRequest("a field without a name")

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Turns SQLite's integer overflow into a 400."""
        # SQLite's driver refuses what no column of it could hold; PostgreSQL simply finds no such row.
        if isinstance(exception, OverflowError) and "SQLite INTEGER" in str(exception):
            raise BadRequest("a number too large for a key") from exception


def _fields_sent(request: HttpRequest) -> int:
    """How many fields a form has. Many parts are dear to take apart: they are counted before, where no file lies
    between them."""
    boundary = request.content_params.get("boundary") if request.content_params else None
    is_small = int(request.META.get("CONTENT_LENGTH") or 0) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if boundary and is_small and request.content_type == "multipart/form-data":
        return request.body.count(f"--{boundary}".encode(errors="replace")) - 1
    return sum(len(values) for _key, values in request.POST.lists())


def _may_be_long(request: HttpRequest) -> bool:
    match = request.resolver_match
    is_long = match is not None and match.view_name.startswith(settings.MANY_FIELDS_ROUTES)
    return is_long and request.user.is_authenticated
