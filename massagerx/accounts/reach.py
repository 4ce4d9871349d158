"""Whose account somebody may change, and which roles they may give."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db.models import QuerySet


def may_change(user: User | AnonymousUser, account: Any) -> bool:
    """Whether an account (None: any) is in this member of staff's reach: only a superuser changes a superuser."""
    return account is None or not account.is_superuser or user.is_superuser


def roles_to_give(user: User | AnonymousUser) -> QuerySet[Group]:
    """The roles that may do nothing that this member of staff may not; all for a superuser. What somebody may do with
    their own visits alone (`…_own_…`) is less than any right, so it stands in nobody's way."""
    if user.is_superuser:
        return Group.objects.order_by("name")
    own = Permission.objects.filter(group__user=user.pk).values("pk")
    beyond = Permission.objects.exclude(pk__in=own).exclude(codename__contains="_own_").values("pk")
    return Group.objects.exclude(permissions__in=beyond).order_by("name")
