"""Log-ins of staff."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.core.checks import Tags, register
from django.utils.translation import gettext_lazy as _


def _stamp(*, request: Any, user: Any, **others: Any) -> None:
    from .sessions import begin

    if user.is_staff:
        begin(request.session)


class AccountsConfig(AppConfig):
    name = "massagerx.accounts"
    label = "accounts"
    verbose_name = _("Staff")

    def ready(self) -> None:
        """Stamps staff sessions at log-in, and registers the check for sample accounts."""
        from .sample_accounts import check_for_sample_accounts

        register(check_for_sample_accounts, Tags.database)
        # Django's own hook: whichever way somebody logs in, the session's age counts from then.
        user_logged_in.connect(_stamp, dispatch_uid="massagerx.accounts")
