"""The pages of one's own second factor and log-ins."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import django_otp
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from massagerx.lib.encryption import UnreadableValue, seal, unseal

from . import log_ins, open_log_ins, second_factor, sessions
from .forms import CodeForm, PasswordForm, SetupForm
from .models import LogIn, LogInOutcome

_KEY = "second_factor_key"


def second_factor_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Sets a second factor up, or asks for its code, or gives new recovery codes or another phone to somebody who
    types a code. `context` is the admin's own."""
    user: Any = request.user
    if not second_factor.is_set_up(user):
        return _set_up(request, user, context)
    if not user.is_verified():
        return _ask(request, user, context)
    return _change(request, user, context)


def _set_up(request: HttpRequest, user: User, context: dict[str, Any]) -> HttpResponse:
    if not sessions.may_set_up(request.session, user):
        return _page(request, "mailbox", context)
    # The same secret until it is confirmed: a page that is loaded again must not outdate the phone.
    key = pending_key(request.session)
    if key is None:
        key = second_factor.new_key()
        # Sessions lie in the database.
        request.session[_KEY] = seal(key, _KEY)
    form = SetupForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        done = second_factor.set_up(user, key, form.cleaned_data["code"], at=time.time())
        if done is not None:
            device, codes = done
            del request.session[_KEY]
            django_otp.login(request, device)
            note(user, by=user, what=_("Second factor set up."))
            return _codes(request, codes, context)
        form.add_error("code", _no_luck())
    setup = second_factor.Setup(username=user.get_username(), key=key)
    return _page(request, "set-up", {**context, "form": form, "setup": setup})


def pending_key(session: Any) -> str | None:
    """The secret that a session's setup page shows until a code of it is typed."""
    try:
        return unseal(str(session[_KEY]), _KEY)
    except (KeyError, UnreadableValue):
        return None


def _ask(request: HttpRequest, user: User, context: dict[str, Any]) -> HttpResponse:
    form = CodeForm(request.POST if request.method == "POST" else None)
    device = _device(form, user)
    if device is None:
        return _page(request, "ask", {**context, "form": form})
    django_otp.login(request, device)
    return redirect("admin:index")


def _change(request: HttpRequest, user: User, context: dict[str, Any]) -> HttpResponse:
    does: dict[str, Callable[[], HttpResponse]] = {
        "codes": lambda: _new_codes(request, user, context),
        "phone": lambda: _other_phone(request, user),
    }
    wanted = request.POST.get("do", "")
    forms = {name: CodeForm(auto_id=f"id_{name}_%s") for name in does}
    if wanted in does:
        forms[wanted] = CodeForm(request.POST, auto_id=f"id_{wanted}_%s")
        if _device(forms[wanted], user) is not None:
            return does[wanted]()
    left = second_factor.recovery_codes_left(user)
    return _page(request, "change", {**context, "forms": forms, "left": left, "form": forms.get(wanted)})


def _new_codes(request: HttpRequest, user: User, context: dict[str, Any]) -> HttpResponse:
    codes = second_factor.new_recovery_codes(user)
    device = second_factor.totp_device_of(user)
    # Whoever came in with a recovery code stays in: those codes are gone now.
    django_otp.login(request, device)
    note(user, by=user, what=_("New recovery codes made."))
    return _codes(request, codes, context)


def _other_phone(request: HttpRequest, user: User) -> HttpResponse:
    second_factor.reset(user)
    sessions.forget_factor(request.session)
    sessions.show_mailbox(request.session, user)
    note(user, by=user, what=_("Second factor removed."))
    messages.info(request, _("Now set up the other phone."))
    return redirect("admin:second_factor")


def note(user: User, *, by: User, what: str) -> None:
    """Writes into an account's history what was done with its second factor."""
    rows = User.objects.filter(pk=user.pk)
    LogEntry.objects.log_actions(by.pk, rows, CHANGE, change_message=what, single_object=True)


def _device(form: CodeForm, user: User) -> Any:
    """The device that takes the form's code; None, and an error in the form, without one."""
    if not form.is_valid():
        return None
    device = second_factor.verify(user, form.cleaned_data["code"])
    if device is None:
        form.add_error("code", _no_luck())
    return device


def _no_luck() -> str:
    return _(
        "That code did not work. A code changes every 30 seconds and works once; look at the app again. After "
        "wrong ones, wait a little."
    )


def _codes(request: HttpRequest, codes: list[str], context: dict[str, Any]) -> HttpResponse:
    spaced = [" ".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]
    return _page(request, "codes", {**context, "codes": spaced})


def _page(request: HttpRequest, step: str, context: dict[str, Any]) -> HttpResponse:
    user: Any = request.user
    form = context.get("form")
    return TemplateResponse(
        request,
        "admin/accounts/second_factor.html",
        {
            **context,
            "title": _("Second factor"),
            "step": step,
            # Nothing else is open, so no links lead there.
            "is_shut": step in ("mailbox", "set-up", "ask") and not user.is_verified(),
        },
        status=422 if form is not None and form.errors else 200,
    )


# Where one is logged in ------------------------------------------------------------------------------------------


def own_log_ins_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Shows where a member of staff is logged in now, and ends it in one other browser or in all of them for a code of
    their second factor; without one, for their password."""
    user: Any = request.user
    found = open_log_ins.of_user(user, here=request.session.session_key, now=timezone.now())
    kind = CodeForm if second_factor.is_set_up(user) else PasswordForm
    form = kind(request.POST if request.method == "POST" else None)
    wanted = request.POST.get("end", "")
    if request.method == "POST" and not wanted:
        form.add_error(None, _("Choose what to end."))
    elif request.method == "POST":
        chosen = _chosen(request, wanted, [one for one in found if not one.is_here])
        if not chosen:
            messages.info(request, _("That log-in had ended already."))
            return redirect("admin:own_log_ins")
        if _is_them(request, form, user):
            open_log_ins.end(chosen)
            note(user, by=user, what=_("Log-ins ended in other browsers."))
            messages.success(request, _said(len(chosen)))
            return redirect("admin:own_log_ins")
    title = _("Where you are logged in")
    page = {**context, "title": title, "form": form, "found": found, "wanted": wanted}
    return TemplateResponse(
        request, "admin/accounts/own_log_ins.html", page, status=422 if form.errors else 200
    )


def _said(count: int) -> str:
    return ngettext(
        "Ended: %(count)s browser has to log in again.",
        "Ended: %(count)s browsers have to log in again.",
        count,
    ) % {"count": count}


def _chosen(request: HttpRequest, wanted: str, others: list[open_log_ins.OpenLogIn]) -> list[str]:
    """The sessions that somebody wants to end: their own, in other browsers. Raises `Http404` for anybody else's."""
    if wanted == "others":
        return open_log_ins.others_of(request.user, here=request.session.session_key, now=timezone.now())
    own = LogIn.objects.filter(user=request.user.pk)
    if not (wanted.isdecimal() and len(wanted) < 19 and own.filter(pk=int(wanted)).exists()):
        raise Http404
    return [one.key for one in others if one.row.pk == int(wanted)]


def _is_them(request: HttpRequest, form: CodeForm | PasswordForm, user: User) -> bool:
    """Whether the code or the password that was typed is the account's; an error in the form where not."""
    if isinstance(form, CodeForm):
        return _device(form, user) is not None
    if form.is_valid() and not user.check_password(form.cleaned_data["password"]):
        log_ins.record(request, user, LogInOutcome.WRONG_PASSWORD, now=timezone.now())
        form.add_error("password", _("That isn’t your password."))
    return form.is_valid()
