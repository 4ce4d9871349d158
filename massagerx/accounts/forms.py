"""The forms of logging in and of the second factor."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import log_ins, second_factor
from .models import LogInOutcome


def code_field(**options: Any) -> forms.CharField:
    """A field for a code from an app, or a recovery code."""
    return forms.CharField(
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "off", "spellcheck": "false"}
        ),
        **options,
    )


class StaffLoginForm(AdminAuthenticationForm):
    """Name, password and, of an account with a second factor, its code. One answer to whatever was wrong."""

    code = code_field(
        label=_("Code"),
        required=False,
        help_text=_("From your app, or a recovery code. Leave it blank if you have not set one up."),
    )
    error_messages = {
        "invalid_login": _(
            "That didn't work. Check your name, your password (small and capital letters differ) and, if you have "
            "set up a second factor, the code. After some tries, wait a few minutes."
        ),
        "inactive": _("That didn't work."),
    }

    def confirm_login_allowed(self, user: Any) -> None:
        """Refuses accounts that are not staff, and a missing or wrong code where a second factor is set
        up."""
        super().confirm_login_allowed(user)
        if not user.is_staff:
            raise self.get_invalid_login_error()
        if not second_factor.is_set_up(user):
            return
        device = second_factor.verify(user, self.cleaned_data.get("code") or "")
        if device is None:
            log_ins.record(self.request, user, LogInOutcome.WRONG_CODE, now=timezone.now())
            raise self.get_invalid_login_error()
        # Django's log-in keeps it in the session.
        user.otp_device = device


class CodeForm(forms.Form):
    """A code that an account's second factor takes."""

    code = code_field(
        label=_("Code"),
        help_text=_("From your app, or a recovery code."),
        error_messages={"required": _("Type the code that your app shows.")},
    )


class PasswordForm(forms.Form):
    """The password of an account that has no second factor."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": _("Type your password.")},
    )


class SetupForm(forms.Form):
    """The first code of a new secret."""

    code = code_field(
        label=_("The six digits that the app shows now"),
        error_messages={"required": _("Type the six digits that the app shows.")},
    )
