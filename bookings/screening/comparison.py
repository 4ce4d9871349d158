"""What answers given again say that was not said before, question by question."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from .evaluation import evaluate
from .people import answers_of, key_of
from .questions import UNREADABLE, is_asked, questions_for, read_answer
from .types import GIVEN, Kind, RuleSet, Tier


def new_tier(
    rules: RuleSet,
    answers: Mapping[str, object],
    before: Mapping[str, object],
    service: str,
    today: date,
    *,
    people: int = 1,
) -> Tier:
    """The worst that ``answers`` come to beyond what ``before`` said to the same question; clear when that is nothing.

    A later date (another surgery) is as grave as the answer that asked for it. What was not asked before is new.
    """
    worst = Tier.CLEAR
    findings = {
        f.question_id: f.tier for f in evaluate(rules, answers, service, today, people=people).findings
    }
    asked = {question.id: question for question in questions_for(rules, service)}
    for person in range(1, people + 1):
        now, then = answers_of(answers, person), answers_of(before, person)
        readings = {name: read_answer(question, then.get(name), today) for name, question in asked.items()}
        for name, question in asked.items():
            tier = findings.get(key_of(name, person), Tier.CLEAR)
            known = is_asked(question, readings) and readings.get(name, UNREADABLE).readable
            if tier > (question.tier_for(readings[name].answer) if known else Tier.CLEAR):
                worst = max(worst, tier)
            if question.kind is Kind.DATE and question.when is not None:
                given = read_answer(question, now.get(name), today).answer == GIVEN
                if given and _is_later(str(now[name]), str(then.get(name, ""))):
                    parent = findings.get(key_of(question.when.question, person), Tier.CLEAR)
                    worst = max(worst, parent)
    return worst


def _is_later(now: str, then: str) -> bool:
    """Whether one rough date is later than another, as far as both are known."""
    known = min(len(now), len(then)) if then[:1].isdigit() else 0
    return now[:known] > then[:known] if known else True
