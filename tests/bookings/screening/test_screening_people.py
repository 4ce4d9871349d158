"""Two people's answers in one mapping, and cards that can't be used."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest

from bookings.screening import (
    RulesError,
    Tier,
    answers_of,
    answers_of_people,
    evaluate,
    evaluate_so_far,
    groups_for,
    key_of,
    parse_rules,
    people_in,
    rules_to_data,
    sample_rules_data,
)

MLD = "manual-lymphatic-drainage"
TODAY = date(2026, 5, 4)
RULES = parse_rules(sample_rules_data())
HEALTHY = {q.id: "no" for q in RULES.questions if q.when is None} | {"adult": "yes"}
BOTH = HEALTHY | {key_of(name, 2): answer for name, answer in HEALTHY.items()}


def test_each_person_has_answers_of_their_own() -> None:
    answers = BOTH | {"2.cancer": "yes"}
    assert people_in(HEALTHY) == 1
    assert people_in(answers) == 2
    assert answers_of(answers, 1) == HEALTHY
    assert answers_of(answers, 2) == HEALTHY | {"cancer": "yes"}
    assert answers_of_people(answers, 1) == HEALTHY
    assert answers_of_people(answers, 2) == answers


def test_the_worst_of_two_people_decides() -> None:
    def tier(changes: dict[str, str]) -> Tier:
        return evaluate(RULES, BOTH | changes, MLD, TODAY, people=2).tier

    assert tier({}) is Tier.CLEAR
    assert tier({"2.cancer": "yes"}) is Tier.CLEARANCE
    assert tier({"cancer": "yes", "2.leg_or_clot": "yes"}) is Tier.STOP
    assert tier({"leg_or_clot": "yes", "2.urgent_signs": "yes"}) is Tier.EMERGENCY
    # Who has not answered is in doubt, and never healthy.
    assert evaluate(RULES, HEALTHY, MLD, TODAY, people=2).tier is Tier.CLEARANCE
    assert "2.cancer" in evaluate(RULES, HEALTHY, MLD, TODAY, people=2).unanswered
    assert evaluate_so_far(RULES, HEALTHY, MLD, TODAY, people=2).tier is Tier.CLEAR


def test_doubt_about_the_second_persons_emergency_sign_is_answered_beside_a_stop() -> None:
    result = evaluate(RULES, BOTH | {"leg_or_clot": "yes", "2.urgent_signs": "unsure"}, MLD, TODAY, people=2)
    assert any("call 911 right away" in str(words) for words in result.messages)


def test_a_month_is_a_date_where_the_day_is_forgotten() -> None:
    asked = HEALTHY | {"surgery": "yes"}
    for day, is_read in (
        ("2026-03", True),
        ("2026-03-25", True),
        ("2026-13", False),
        ("2026-06", False),
        ("2026", False),
    ):
        result = evaluate(RULES, asked | {"surgery_date": day}, MLD, TODAY)
        assert ("surgery_date" not in result.unanswered) is is_read, day


def _question(data: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(question for question in data["questions"] if question["id"] == name)
    return found


@pytest.mark.parametrize(
    ("name", "changes", "problem"),
    [
        ("cancer", {"card": None}, 'needs a "card"'),
        ("cancer", {"card": "attic"}, "there is no such card"),
        ("adult", {"card": "today"}, "can't stand on a card"),
        ("surgery_date", {"card": "treatment"}, "stands where its question does"),
        ("cancer", {"tiers": {"yes": "clearance", "no": "caution"}}, "can't stand on a card"),
        ("urgent_signs", {"card": "everyday"}, "must come first"),
    ],
)
def test_cards_that_would_answer_what_nobody_asked_are_refused(
    name: str, changes: dict[str, Any], problem: str
) -> None:
    data = copy.deepcopy(sample_rules_data())
    question = _question(data, name)
    question |= changes
    if question["card"] is None:
        del question["card"]
    with pytest.raises(RulesError) as error:
        parse_rules(data)
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("cards", "problem"),
    [
        ("today", "must be a list"),
        ([{"id": "today"}], '"title" is missing'),
        ([7], "must be an object"),
        (
            [{"id": "empty", "title": {"en": "A"}, "text": {"en": "B"}}],
            'no question stands on the card "empty"',
        ),
    ],
)
def test_cards_that_make_no_sense_are_told(cards: Any, problem: str) -> None:
    with pytest.raises(RulesError) as error:
        parse_rules(sample_rules_data() | {"cards": cards})
    assert problem in str(error.value)


def test_the_same_card_twice_is_told() -> None:
    data: dict[str, Any] = sample_rules_data()
    data["cards"].append(data["cards"][0])
    with pytest.raises(RulesError, match="is used by 2 cards"):
        parse_rules(data)


def test_rules_without_cards_put_each_question_by_itself() -> None:
    data: dict[str, Any] = sample_rules_data()
    del data["cards"]
    for question in data["questions"]:
        question.pop("card", None)
    rules = parse_rules(data)
    assert all(group.card is None for group in groups_for(rules, MLD))
    assert len(groups_for(rules, MLD)) == 15
    assert parse_rules(rules_to_data(RULES)) == RULES
