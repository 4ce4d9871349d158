"""From answers to a tier. The one place that decides what a screening comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from .people import answers_of, key_of
from .questions import UNREADABLE, Reading, is_asked, questions_for, read_answer
from .types import UNSURE, Finding, Result, RuleSet, ScreeningQuestion, Text, Tier


def evaluate(
    rules: RuleSet, answers: Mapping[str, object], service: str, today: date, *, people: int = 1
) -> Result:
    """What ``answers`` (question id → raw answer) of so many people come to for ``service`` (a slug).

    Total: it never raises on what a client sends. Unknown ids are ignored; a blank or unknown answer
    counts as 'not sure', which is at least clearance. ``today`` is the local date of the business.
    """
    return _result(rules, _by_person(answers, people), service, today, blanks=True)


def evaluate_so_far(
    rules: RuleSet, answers: Mapping[str, object], service: str, today: date, *, people: int = 1
) -> Result:
    """The result of the answers so far, while questions are still open: what wasn't answered is no finding yet.

    Only to say at once what can't wait. It clears nobody: whether a visit may be booked is for `evaluate` to say.
    """
    return _result(rules, _by_person(answers, people), service, today, blanks=False)


def _by_person(answers: Mapping[str, object], people: int) -> list[Mapping[str, object]]:
    return [answers_of(answers, person) for person in range(1, people + 1)]


def _result(
    rules: RuleSet, answers: list[Mapping[str, object]], service: str, today: date, *, blanks: bool
) -> Result:
    asked = questions_for(rules, service)
    found: list[tuple[Finding, ScreeningQuestion]] = []
    unanswered: list[str] = []
    for person, given in enumerate(answers, start=1):
        readings = {question.id: read_answer(question, given.get(question.id), today) for question in asked}
        for question in asked:
            if not _counts(question, readings) or not (blanks or readings[question.id].readable):
                continue
            answer, key = readings[question.id].answer, key_of(question.id, person)
            tier = question.tier_for(answer)
            if tier is not Tier.CLEAR:
                words = rules.message_for(question, tier)
                finding = Finding(key, answer, tier, words, question.note, question.of_surgery)
                found.append((finding, question))
        unanswered += [
            key_of(q.id, person) for q in asked if not readings[q.id].readable and is_asked(q, readings)
        ]

    findings = [finding for finding, _ in found]
    # A rule set that asks nothing has cleared nobody.
    tier = max((finding.tier for finding in findings), default=Tier.CLEAR if asked else Tier.CLEARANCE)
    return Result(
        tier=tier,
        findings=tuple(sorted(findings, key=lambda finding: finding.tier, reverse=True)),
        messages=_messages_to_show(rules, found, tier),
        caution_notes=_distinct(finding.note for finding in findings),
        unanswered=tuple(unanswered),
    )


def _counts(question: ScreeningQuestion, readings: Mapping[str, Reading]) -> bool:
    """A follow-up counts when it was asked, and also when it was answered while its parent is in doubt.

    The second half closes a gap: leaving the parent blank must not make a 'yes' below it disappear. After
    a definite other answer a follow-up is moot (an adult needs no guardian), whatever the form still sent.
    """
    if question.when is None or is_asked(question, readings):
        return True
    parent = readings.get(question.when.question, UNREADABLE)
    return parent.answer == UNSURE and readings[question.id].readable


def _messages_to_show(
    rules: RuleSet, found: list[tuple[Finding, ScreeningQuestion]], worst: Tier
) -> tuple[Text, ...]:
    """The words of the worst tier; doubt about an emergency sign is always answered, even beside a stop.

    Milder words are left out: 'we hold your time' must not stand under 'we can't book this online'.
    """
    if not found and worst is not Tier.CLEAR:
        return _distinct([dict(rules.messages).get(worst)])
    return _distinct(
        finding.message
        for finding, question in found
        if finding.tier is worst or question.worst is Tier.EMERGENCY
    )


def _distinct(texts: Iterable[Text | None]) -> tuple[Text, ...]:
    return tuple(dict.fromkeys(text for text in texts if text is not None))
