"""Staff accounts of the sample data: their passwords are known to everybody, so they open a local site only."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import Permission
from django.core import checks
from django.db import DatabaseError, transaction
from django.db.models import ProtectedError, Q
from django.http import HttpRequest
from django.utils.translation import gettext as _

from massagerx.lib.content_files import read_toml

from . import rights


@cache
def sample_accounts() -> tuple[dict[str, str], ...]:
    """`role` as run.py prints it, `username`, `password`, `group` and `first_name` of each."""
    return tuple(read_toml(Path(__file__).with_name("sample_accounts.toml"))["staff"])


def working_logins() -> list[tuple[str, str, str]]:
    """(role, username, password) of the sample staff whose password is still the sample one."""
    accounts = sample_accounts()
    users = get_user_model().objects.in_bulk(
        [account["username"] for account in accounts], field_name="username"
    )
    return [
        (account["role"], account["username"], account["password"])
        for account in accounts
        if (user := users.get(account["username"]))
        and user.is_active
        and _fits(account["password"], user.password)
    ]


def remove_logins(*, by: Any) -> None:
    """Deletes the sample staff that `working_logins` names and whom this member of staff may change, but not
    themselves; who has done something that must stay can only not log in any more."""
    names = [username for _role, username, _password in working_logins()]
    for user in get_user_model().objects.filter(username__in=names).exclude(pk=by.pk).order_by("pk"):
        if rights.may_change(by, user) and not _is_deleted(user, by):
            user.is_active = False
            user.save(update_fields=["is_active"])
            _log(by, user, CHANGE)


def _is_deleted(user: Any, by: Any) -> bool:
    """Deletes an account, unless a row needs it or the log says that it did something: that stays theirs."""
    if LogEntry.objects.filter(user=user).exists():
        return False
    try:
        with transaction.atomic():
            _log(by, user, DELETION)
            user.delete()
    except ProtectedError:
        return False
    return True


def _log(by: Any, user: Any, flag: int) -> None:
    LogEntry.objects.log_actions(by.pk, [user], flag, change_message=str(_("Left with the sample.")))


@lru_cache(maxsize=32)
def _fits(password: str, stored: str) -> bool:
    """Whether a sample password is the one of this stored hash: slow to work out, and asked often."""
    return check_password(password, stored)


class StaffBackend(ModelBackend):
    """Django's own, which on a public site takes no password of the sample data, whosever it is, and reads what
    somebody may do in one query."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """The rights of a log-in, as `app.codename`: their own and their groups'."""
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if not hasattr(user_obj, "_perm_cache"):
            rights = Permission.objects.all()
            if not user_obj.is_superuser:
                rights = rights.filter(Q(user=user_obj) | Q(group__user=user_obj))
            rows = rights.order_by().values_list("content_type__app_label", "codename")
            user_obj._perm_cache = {f"{app}.{codename}" for app, codename in rows}
        found: set[str] = user_obj._perm_cache
        return found

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> Any:
        user = super().authenticate(request, username, password, **kwargs)
        is_sample = password in {account["password"] for account in sample_accounts()}
        return None if is_sample and not settings.LOCAL else user


def check_for_sample_accounts(
    *, app_configs: Any = None, databases: Any = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Warns of sample accounts on a public site; asked by `migrate` and when the web server starts."""
    if settings.LOCAL or not databases:
        return []
    try:
        names = [username for _role, username, _password in working_logins()]
    except DatabaseError:
        return []  # not migrated yet, or away
    if not names:
        return []
    return [
        checks.Warning(
            f"Accounts of the sample data are still here: {', '.join(names)}. Nobody can log in to them.",
            hint="Delete them in the admin, or give each a password of its own.",
            id="accounts.W001",
        )
    ]
