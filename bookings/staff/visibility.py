"""What a member of staff may see and do: everybody's visits, or only those that are their own to make."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Exists, OuterRef, Q, QuerySet

from bookings.enums import ABOUT_SAFETY
from bookings.models import Booking, Client, Therapist

OWN = "bookings.view_own_visits"
FINISH_OWN = "bookings.finish_own_visits"


def sees_every_visit(user: User | AnonymousUser) -> bool:
    """Front desk and owner."""
    return sees_rows(user, "booking")


def sees_own_visits(user: User | AnonymousUser) -> bool:
    """A therapist at their own log-in, and nobody who sees every visit."""
    return user.has_perm(OWN) and not sees_every_visit(user)


def sees_visits(user: User | AnonymousUser) -> bool:
    """Everybody's or their own."""
    return sees_every_visit(user) or sees_own_visits(user)


def makes_visits(user: User | AnonymousUser) -> bool:
    """A therapist, and whoever else has visits of their own to make beside what they do at the desk."""
    return sees_own_visits(user) or Therapist.objects.filter(user=user.pk).exists()


def is_own(user: User | AnonymousUser, booking: Booking) -> bool:
    """Whether the visit is this member of staff's to make."""
    return user.pk is not None and booking.therapist.user_id == user.pk


def sees_rows(user: User | AnonymousUser, model: str) -> bool:
    """Whether they may see or change rows of a model of `bookings`, as Django's admin asks it."""
    return user.has_perm(f"bookings.view_{model}") or user.has_perm(f"bookings.change_{model}")


def sees_way_in(user: User | AnonymousUser) -> bool:
    """Gate codes and notes on how to get in, of the visits that the user sees."""
    return user.has_perm("bookings.view_accessnotes")


def sees_reports(user: User | AnonymousUser) -> bool:
    """What the business makes."""
    return user.has_perm("bookings.view_reports")


def therapists_seen_by(user: User | AnonymousUser) -> QuerySet[Therapist]:
    """The therapists whose days this member of staff may see, those who visit first."""
    rows = Therapist.objects.select_related("home_zip__zone").order_by("-is_active", "position", "name")
    if sees_every_visit(user):
        return rows
    return rows.filter(user=user.pk) if sees_own_visits(user) else rows.none()


_Rows = TypeVar("_Rows", bound=QuerySet[Any])


def only_seen_by(user: User | AnonymousUser, rows: _Rows, path: str) -> _Rows:
    """Of `rows` those that belong to therapists this member of staff may see; `path` leads to the therapist, and is
    empty where the rows are therapists."""
    if not sees_own_visits(user):
        return rows
    return rows.filter(**{f"{path}__user" if path else "user": user.pk})


def messages_seen_by(user: User | AnonymousUser, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Of these messages those about visits that they see; never what is written about themselves at a door, where
    somebody may look at their phone with them."""
    if not makes_visits(user):
        return rows
    seen = only_seen_by(user, rows, "booking__therapist")
    # Looked up for the few of these kinds alone: joined, every visit would be read with every message.
    own = Booking.objects.filter(pk=OuterRef("booking"), therapist__user=user.pk)
    return seen.exclude(Q(kind__in=ABOUT_SAFETY) & Exists(own))


def clients_seen_by(user: User | AnonymousUser) -> QuerySet[Client]:
    """All, or for a therapist those of their own visits."""
    if not sees_own_visits(user):
        return Client.objects.all()
    return Client.objects.filter(pk__in=Booking.objects.filter(therapist__user=user.pk).values("client"))
