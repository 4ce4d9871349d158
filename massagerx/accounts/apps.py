"""Log-ins of staff."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core.checks import Tags, register
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def _stamp(*, request: Any, user: Any, **others: Any) -> None:
    from . import log_ins, sessions

    if user.is_staff:
        sessions.begin(request.session)
        log_ins.record_success(request, user, now=timezone.now())


def _write_down(*, credentials: dict[str, Any], request: Any = None, **others: Any) -> None:
    from .log_ins import record_failure

    record_failure(request, credentials, now=timezone.now())


class AccountsConfig(AppConfig):
    name = "massagerx.accounts"
    label = "accounts"
    verbose_name = _("Staff")

    def ready(self) -> None:
        """Stamps staff sessions at log-in, writes attempts down, and registers the check for sample accounts."""
        from .sample_accounts import check_for_sample_accounts

        register(check_for_sample_accounts, Tags.database)
        # Django's own hook: whichever way somebody logs in, the session's age counts from then.
        user_logged_in.connect(_stamp, dispatch_uid="massagerx.accounts")
        user_login_failed.connect(_write_down, dispatch_uid="massagerx.accounts")
