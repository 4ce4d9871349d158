"""Searching as people at a telephone do: part of a name, a number in any format, a street."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Case, Count, Model, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from bookings.models import Booking, Client, ServiceArea
from massagerx.lib.text_search import AmongKeys, ContainsPart, OneOf, Part, parts

_Row = TypeVar("_Row", bound=Model)

# The columns that migration 0002 indexes, in its order.
_OF_VISIT = ("reference", "contact_name", "recipient_name", "street")
OF_CLIENT = ("name", "email", "phone")
_ZIP_DIGITS = 5


def search(queryset: QuerySet[_Row], text: str, *columns: str) -> QuerySet[_Row]:
    """The rows of which the columns hold every part of `text`. Reads each row, but for `OF_CLIENT`."""
    wanted = parts(text)
    if not wanted:
        return queryset.none() if text.strip() else queryset
    for part in wanted:
        queryset = queryset.filter(ContainsPart(*columns, part=part, indexed=columns == OF_CLIENT))
    return queryset


def best_first(column: str, text: str) -> Case:
    """An order for what `search` found: who is called just so, then those whose `column` holds every part of `text`,
    then those who are found by something else, such as a part of their number."""
    exactly = Q(**{f"{column}__iexact": " ".join(text.split())})
    ranks = [When(exactly, then=Value(0))]
    if wanted := parts(text):
        ranks.append(When(Q(*(ContainsPart(column, part=part) for part in wanted)), then=Value(1)))
    return Case(*ranks, default=Value(2))


def search_visits(queryset: QuerySet[Booking], text: str) -> QuerySet[Booking]:
    """The visits that hold every part of `text`, each part in the visit itself, with its client or in its ZIP code.

    Looks their keys up at once: in one question with the list's order and its first page, PostgreSQL would guess how
    soon it finds the page's rows on the way through all visits, and guess wrong.
    """
    wanted = parts(text)
    if not wanted:
        return queryset.none() if text.strip() else queryset
    areas = _areas() if any(_is_zip(part) for part in wanted) else []
    found = Booking.objects.order_by()
    for part in wanted:
        found = found.filter(_in_visit_or_client(part, areas))
    return queryset.filter(OneOf("pk", list(found.values_list("pk", flat=True))))


def visits_of_client() -> Coalesce:
    """How many visits a client has, counted for the rows that are shown and no others."""
    of_client = Booking.objects.filter(client=OuterRef("pk")).order_by().values("client")
    return Coalesce(Subquery(of_client.annotate(number=Count("pk")).values("number")), 0)


def _in_visit_or_client(part: Part, areas: list[tuple[int, str]]) -> Q:
    clients = Client.objects.filter(ContainsPart(*OF_CLIENT, part=part, indexed=True))
    found = Q(ContainsPart(*_OF_VISIT, part=part, indexed=True)) | Q(AmongKeys("client_id", clients))
    within = [key for key, zip_code in areas if part[-1] in zip_code]
    return found | Q(area__in=within) if within else found


def _areas() -> list[tuple[int, str]]:
    """Keys and ZIP codes of all areas: few, and PostgreSQL plans better with the keys than with a question for them."""
    return list(ServiceArea.objects.values_list("pk", "zip_code"))


def _is_zip(part: Part) -> bool:
    return part[-1].isdecimal() and len(part[-1]) <= _ZIP_DIGITS
