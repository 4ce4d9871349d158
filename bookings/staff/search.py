"""Searching as people at a telephone do: part of a name, a number in any format, a street."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Case, Count, Model, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from bookings.models import Booking, Client, ServiceArea
from massagerx.lib.text_search import AmongKeys, ContainsPart, OneOf, Part, parts

_Row = TypeVar("_Row", bound=Model)

# The columns that migration 0002 indexes, in its order.
_OF_VISIT = ("reference", "contact_name", "recipient_name", "street")
OF_CLIENT = ("name", "email", "phone")
_ZIP_DIGITS = 5
# More clients than these who hold all of it: to read visits row by row finds some of them soon. More clients or visits
# than these are not handed over as keys.
_MANY, _VERY_MANY = 5_000, 20_000
# Of more clients than these none is meant more than another, but who is called just so.
_RANKED = 1_000


def search(queryset: QuerySet[_Row], text: str, *columns: str) -> QuerySet[_Row]:
    """The rows of which the columns hold every part of `text`. Reads each row, but for `OF_CLIENT`."""
    wanted = parts(text)
    if not wanted:
        return queryset.none() if text.strip() else queryset
    for part in wanted:
        queryset = queryset.filter(ContainsPart(*columns, part=part, indexed=columns == OF_CLIENT))
    return queryset


def search_clients(queryset: QuerySet[_Row], text: str, *then: Any) -> QuerySet[_Row]:
    """The clients who hold every part of `text`, those first who are meant and of these in the order `then`; by name
    when a thousand hold all of it, after who is called just so. What very many hold, such as the domain of a mailbox,
    is found on the way through the list.

    Of thousands the keys are looked up at once: in one question with the order by name PostgreSQL would look at
    everybody's parts on the way through the names.
    """
    wanted = parts(text)
    many = _how_many(wanted) if wanted else 0
    if many <= _RANKED:
        found = search(queryset, text, *OF_CLIENT)
        return found.order_by(best_first("name", text), *then, "name", "-pk")
    if many <= _VERY_MANY:
        keys = list(_with(wanted).values_list("pk", flat=True))
        if len(keys) <= _VERY_MANY:  # it was an estimate
            order = Case(When(_is_just(text, "name"), then=Value(0)), default=Value(1))
            return queryset.filter(OneOf("pk", keys)).order_by(order, "name", "-pk")
    for part in wanted:
        queryset = queryset.filter(ContainsPart(*OF_CLIENT, part=part))
    return queryset.order_by("name", "-pk")


def _is_just(text: str, column: str) -> Q:
    """Whether the column holds the text and nothing else, in small letters or capitals."""
    return Q(**{f"{column}__iexact": " ".join(text.split())})


def best_first(column: str, text: str) -> Case:
    """An order for what `search` found: who is called just so, then those whose `column` holds every part of `text`,
    then those who are found by something else, such as a part of their number."""
    ranks = [When(_is_just(text, column), then=Value(0))]
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
    fewest_first = sorted((_how_many([part]), part) for part in wanted)
    if fewest_first[0][0] <= _MANY or _how_many(wanted) <= _MANY:
        found = Booking.objects.order_by()
        # Looked up are the part that fewest clients have, and others that aren't everybody's.
        for rank, (clients, part) in enumerate(fewest_first):
            found = found.filter((_read if rank and clients > _VERY_MANY else _looked_up)(part, areas))
        if found[: _VERY_MANY + 1].count() <= _VERY_MANY:
            return queryset.filter(OneOf(f"{path}pk", list(found.values_list("pk", flat=True))))
    for part in wanted:
        queryset = queryset.filter(_read(part, areas, path))
    return queryset


def visits_of_client() -> Coalesce:
    """How many visits a client has, counted for the rows that are shown and no others."""
    of_client = Booking.objects.filter(client=OuterRef("pk")).order_by().values("client")
    return Coalesce(Subquery(of_client.annotate(number=Count("pk")).values("number")), 0)


def _with(wanted: list[Part]) -> QuerySet[Client]:
    conditions = [ContainsPart(*OF_CLIENT, part=part, indexed=True) for part in wanted]
    return Client.objects.filter(*conditions).order_by()


def _how_many(wanted: list[Part]) -> int:
    """How many clients have every part. PostgreSQL tells what it expects without looking, as to count thousands takes a
    second; it knows the parts that many have since it last analyzed the table, and takes others for few."""
    if connection.vendor != "postgresql":
        return _with(wanted)[: _VERY_MANY + 1].count()
    (plan,) = json.loads(_with(wanted).explain(format="json"))
    return int(plan["Plan"]["Plan Rows"])


def _looked_up(part: Part, areas: list[tuple[int, str]]) -> Q:
    """A condition on visits, answered from indexes."""
    found = Q(ContainsPart(*_OF_VISIT, part=part, indexed=True)) | Q(AmongKeys("client_id", _with([part])))
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
