"""Which questions a client is asked, in which order, and how a raw answer is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from .types import GIVEN, UNSURE, Card, Kind, RuleSet, ScreeningQuestion, Tier

#: A day further back than this is a slip of the finger, not a day in the client's life.
_OLDEST_DAYS = 120 * 366

# A day, or a month where nobody knows the day any more.
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?")


@dataclass(frozen=True, slots=True)
class Reading:
    """A raw answer understood: ``readable`` is false when it was blank or made no sense."""

    answer: str
    readable: bool


UNREADABLE = Reading(UNSURE, readable=False)


@lru_cache(maxsize=64)
def questions_for(rules: RuleSet, service: str) -> tuple[ScreeningQuestion, ...]:
    """Every question that may be asked for ``service`` (a slug), worst first, follow-ups after their parent.

    The order is computed, so that an emergency sign comes first wherever the owner wrote it; within one
    severity the owner's order stays. A service that no question names gets the questions meant for all.
    """
    applying = [q for q in rules.questions if not q.services or service in q.services]
    follow_ups: dict[str, list[ScreeningQuestion]] = {}
    for question in applying:
        if question.when is not None:
            follow_ups.setdefault(question.when.question, []).append(question)

    groups = [(q, *follow_ups.get(q.id, ())) for q in applying if q.when is None]
    groups.sort(key=_severity, reverse=True)
    return tuple(question for group in groups for question in group)


@dataclass(frozen=True, slots=True)
class Group:
    """What is put together on a page: the questions of a card, or one question on no card; each with its follow-ups
    after it."""

    card: Card | None
    questions: tuple[ScreeningQuestion, ...]


def groups_for(rules: RuleSet, service: str) -> tuple[Group, ...]:
    """Every question for ``service`` (a slug), once each: card by card in the owner's order, then those on none."""
    asked = set(questions_for(rules, service))
    first = [q for q in rules.questions if q in asked and q.when is None]
    below = {
        q.id: [f for f in rules.questions if f in asked and f.when and f.when.question == q.id] for q in first
    }
    on_cards = [
        Group(card, tuple(one for q in first if q.card == card.id for one in (q, *below[q.id])))
        for card in rules.cards
    ]
    alone = [Group(None, (q, *below[q.id])) for q in first if not q.card]
    return tuple(group for group in (*on_cards, *alone) if group.questions)


def visible(rules: RuleSet, answers: Mapping[str, object], service: str) -> tuple[ScreeningQuestion, ...]:
    """The questions that a client with these answers so far has to answer, follow-ups that apply included."""
    candidates = questions_for(rules, service)
    readings = {q.id: read_option(q, answers.get(q.id)) for q in candidates if q.kind is not Kind.DATE}
    return tuple(q for q in candidates if is_asked(q, readings))


def is_asked(question: ScreeningQuestion, readings: Mapping[str, Reading]) -> bool:
    """Whether ``question`` is put to a client whose other answers were read as ``readings``."""
    if question.when is None:
        return True
    parent = readings.get(question.when.question, UNREADABLE)
    return parent.readable and parent.answer in question.when.answers


def read_answer(question: ScreeningQuestion, raw: object, today: date) -> Reading:
    """What ``raw`` (as posted; anything at all) says. Never raises.

    ``today`` is the local date of the business: a date question takes no later day.
    """
    option = read_option(question, raw)
    if question.kind is not Kind.DATE or option.readable or not isinstance(raw, str):
        return option
    return Reading(GIVEN, readable=True) if _is_past_day(raw.strip(), today) else UNREADABLE


def read_option(question: ScreeningQuestion, raw: object) -> Reading:
    """The offered answer that ``raw`` names; capitals and spaces around it don't matter."""
    if isinstance(raw, str):
        answer = raw.strip().casefold()
        if answer in question.answers:
            return Reading(answer, readable=True)
    return UNREADABLE


def _is_past_day(text: str, today: date) -> bool:
    # date.fromisoformat alone would also take week dates and dates without dashes.
    if not _ISO_DAY.fullmatch(text):
        return False
    try:
        day = date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    except ValueError:
        return False
    return 0 <= (today - day).days <= _OLDEST_DAYS


def _severity(group: tuple[ScreeningQuestion, ...]) -> Tier:
    return max(question.worst for question in group)
