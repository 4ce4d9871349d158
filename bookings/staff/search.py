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
# More clients than these hold what is in one in twenty or so: to read row by row finds some of them soon. More visits
# than these are not handed over as keys.
_MANY, _VERY_MANY = 5_000, 20_000


def search(queryset: QuerySet[_Row], text: str, *columns: str) -> QuerySet[_Row]:
    """The rows of which the columns hold every part of `text`. Reads each row, but for `OF_CLIENT`."""
    wanted = parts(text)
    if not wanted:
        return queryset.none() if text.strip() else queryset
    for part in wanted:
        queryset = queryset.filter(ContainsPart(*columns, part=part, indexed=columns == OF_CLIENT))
    return queryset


def search_clients(queryset: QuerySet[Client], text: str) -> QuerySet[Client]:
    """The clients who hold every part of `text`, those first who are meant; by name alone when every part is in
    thousands, such as the domain of a mailbox: then nobody is meant, and the first page is found on the way."""
    wanted = parts(text)
    if not wanted or not all(map(_is_common, wanted)):
        return search(queryset, text, *OF_CLIENT).order_by(best_first("name", text), "name", "-pk")
    for part in wanted:
        queryset = queryset.filter(ContainsPart(*OF_CLIENT, part=part))
    return queryset.order_by("name", "-pk")


def best_first(column: str, text: str) -> Case:
    """An order for what `search` found: who is called just so, then those whose `column` holds every part of `text`,
    then those who are found by something else, such as a part of their number."""
    exactly = Q(**{f"{column}__iexact": " ".join(text.split())})
    ranks = [When(exactly, then=Value(0))]
    if wanted := parts(text):
        ranks.append(When(Q(*(ContainsPart(column, part=part) for part in wanted)), then=Value(1)))
    return Case(*ranks, default=Value(2))


def search_visits(queryset: QuerySet[_Row], text: str, path: str = "") -> QuerySet[_Row]:
    """The visits that hold every part of `text`, each part in the visit itself, with its client or in its ZIP code. Of
    other rows those whose visit does: `path` leads to it (`booking__`).

    Looks their keys up at once: in one question with the list's order and its first page, PostgreSQL would guess how
    soon it finds the page's rows on the way through all visits, and guess wrong. Where there are very many, the first
    page is found soon on the way.
    """
    wanted = parts(text)
    if not wanted:
        return queryset.none() if text.strip() else queryset
    areas = _areas() if any(_is_zip(part) for part in wanted) else []
    common = {part for part in wanted if _is_common(part)}
    if len(common) < len(wanted):
        found = Booking.objects.order_by()
        for part in wanted:
            found = found.filter((_read if part in common else _looked_up)(part, areas))
        if found[: _VERY_MANY + 1].count() <= _VERY_MANY:
            return queryset.filter(OneOf(f"{path}pk", list(found.values_list("pk", flat=True))))
    for part in wanted:
        queryset = queryset.filter(_read(part, areas, path))
    return queryset


def visits_of_client() -> Coalesce:
    """How many visits a client has, counted for the rows that are shown and no others."""
    of_client = Booking.objects.filter(client=OuterRef("pk")).order_by().values("client")
    return Coalesce(Subquery(of_client.annotate(number=Count("pk")).values("number")), 0)


def _with(part: Part) -> QuerySet[Client]:
    return Client.objects.filter(ContainsPart(*OF_CLIENT, part=part, indexed=True)).order_by()


def _is_common(part: Part) -> bool:
    """Whether thousands of clients have it."""
    return _with(part)[: _MANY + 1].count() > _MANY


def _looked_up(part: Part, areas: list[tuple[int, str]]) -> Q:
    """A condition on visits, answered from indexes."""
    found = Q(ContainsPart(*_OF_VISIT, part=part, indexed=True)) | Q(AmongKeys("client_id", _with(part)))
    return found | Q(area__in=_within(part, areas))


def _read(part: Part, areas: list[tuple[int, str]], path: str = "") -> Q:
    """The same condition, for rows that are read anyway."""
    found = Q(ContainsPart(*(path + column for column in _OF_VISIT), part=part))
    found |= Q(ContainsPart(*(f"{path}client__{column}" for column in OF_CLIENT), part=part))
    return found | Q(**{f"{path}area__in": _within(part, areas)})


def _within(part: Part, areas: list[tuple[int, str]]) -> list[int]:
    return [key for key, zip_code in areas if part[-1] in zip_code]


def _areas() -> list[tuple[int, str]]:
    """Keys and ZIP codes of all areas: few, and PostgreSQL plans better with the keys than with a question for them."""
    return list(ServiceArea.objects.values_list("pk", "zip_code"))


def _is_zip(part: Part) -> bool:
    return part[-1].isdecimal() and len(part[-1]) <= _ZIP_DIGITS
