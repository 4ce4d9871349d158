"""The policy of a response: the library's own, however it was made."""

from __future__ import annotations

from typing import Any

import pytest
from csp.constants import NONE, SELF
from csp.decorators import csp, csp_exempt, csp_replace, csp_update
from csp.exceptions import CSPNonceError
from csp.middleware import CSPMiddleware
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from massagerx.lib.middleware import PolicyMiddleware


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("A page")


def with_script(request: HttpRequest) -> HttpResponse:
    request._csp_nonce = "always-the-same"  # type: ignore[attr-defined]
    return HttpResponse(request.csp_nonce)  # type: ignore[attr-defined]


def with_policy(request: HttpRequest) -> HttpResponse:
    return HttpResponse("A page", headers={"Content-Security-Policy": "sandbox"})


def lost(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Not here", status=404)


VIEWS: dict[str, Any] = {
    "plain": plain,
    "a script": with_script,
    "more": csp_update({"frame-src": [SELF]})(plain),
    "other": csp_replace({"img-src": [NONE]})(plain),
    "all other": csp({"default-src": [SELF]})(plain),
    "none": csp_exempt()(plain),
    "its own header": with_policy,
    "an error": lost,
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_the_policy_is_the_librarys(view: Any, rf: RequestFactory) -> None:
    theirs: Any = CSPMiddleware(view)
    ours: Any = PolicyMiddleware(view)
    for _time in range(2):
        assert ours(rf.get("/")).headers == theirs(rf.get("/")).headers


def test_a_changed_policy_is_the_one_sent(rf: RequestFactory, settings: Any) -> None:
    middleware: Any = PolicyMiddleware(plain)
    before = middleware(rf.get("/"))["Content-Security-Policy"]
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"default-src": [SELF]}}
    assert middleware(rf.get("/"))["Content-Security-Policy"] == "default-src 'self'" != before


def test_a_script_that_comes_too_late_has_no_nonce(rf: RequestFactory) -> None:
    request = rf.get("/")
    PolicyMiddleware(plain)(request)
    with pytest.raises(CSPNonceError):
        str(request.csp_nonce)  # type: ignore[attr-defined]


def test_the_settings_have_what_is_kept_and_no_more(settings: Any) -> None:
    assert set(settings.CONTENT_SECURITY_POLICY) == {"DIRECTIVES"}
    assert not hasattr(settings, "CONTENT_SECURITY_POLICY_REPORT_ONLY")
