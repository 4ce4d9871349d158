"""Whose account somebody may change, and which roles they may give."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db.models import Q, QuerySet


def may_change(user: User | AnonymousUser, account: Any) -> bool:
    """Whether an account (None: any) is in this member of staff's reach: one that may do nothing that they may not.
    Only a superuser changes a superuser."""
    if account is None or user.is_superuser:
        return True
    rights = Q(user=account.pk) | Q(group__user=account.pk)
    return not account.is_superuser and not _beyond(user).filter(rights).exists()


def roles_to_give(user: User | AnonymousUser) -> QuerySet[Group]:
    """The roles that may do nothing that this member of staff may not; all for a superuser."""
    if user.is_superuser:
        return Group.objects.order_by("name")
    return Group.objects.exclude(permissions__in=_beyond(user).values("pk")).order_by("name")


def _beyond(user: User | AnonymousUser) -> QuerySet[Permission]:
    """What this member of staff may not do. What somebody may do with their own visits alone (`…_own_…`) is less than
    any right, so it stands in nobody's way."""
    own = Permission.objects.filter(Q(user=user.pk) | Q(group__user=user.pk)).values("pk")
    return Permission.objects.exclude(pk__in=own).exclude(codename__contains="_own_").order_by()
