"""Order of the questions, and which ones a client sees."""

from __future__ import annotations

from typing import Any

import pytest

from bookings.screening import RuleSet, parse_rules, questions_for, sample_rules_data, visible

MLD = "manual-lymphatic-drainage"


def make_rules(*questions: dict[str, Any]) -> RuleSet:
    filled = [
        {"kind": "yes_no_unsure", "text": {"en": question["id"]}, "note": {"en": "Look."}, **question}
        for question in questions
    ]
    messages = {tier: {"en": f"{tier}: call 911"} for tier in ("clearance", "stop", "emergency")}
    return parse_rules({"schema": 1, "title": {"en": "T"}, "messages": messages, "questions": filled})


def ids(questions: tuple[Any, ...]) -> list[str]:
    return [question.id for question in questions]


def test_questions_come_by_severity_and_keep_the_owners_order_within_one() -> None:
    rules = make_rules(
        {"id": "mild", "tiers": {"yes": "caution"}},
        {"id": "held", "tiers": {"yes": "clearance"}},
        {"id": "stop_b", "tiers": {"yes": "stop"}},
        {"id": "stop_a", "tiers": {"yes": "stop"}},
        {"id": "sudden", "tiers": {"yes": "emergency"}},
    )
    assert ids(questions_for(rules, MLD)) == ["sudden", "stop_b", "stop_a", "held", "mild"]


def test_a_no_counts_for_severity_and_doubt_does_not() -> None:
    rules = make_rules(
        {"id": "doubtful", "tiers": {"yes": "caution", "unsure": "stop"}},
        {"id": "bad_no", "tiers": {"yes": "clear", "no": "clearance"}},
    )
    assert ids(questions_for(rules, MLD)) == ["bad_no", "doubtful"]


def test_a_follow_up_stands_after_its_parent_and_lifts_it() -> None:
    rules = make_rules(
        {"id": "deeper", "tiers": {"yes": "emergency"}, "when": {"question": "parent", "answer": "yes"}},
        {"id": "stop", "tiers": {"yes": "stop"}},
        {"id": "parent", "tiers": {"yes": "clear"}},
    )
    assert ids(questions_for(rules, MLD)) == ["parent", "deeper", "stop"]


def test_a_follow_up_goes_where_its_parent_goes() -> None:
    rules = make_rules(
        {"id": "all", "tiers": {"yes": "stop"}},
        {"id": "parent", "tiers": {"yes": "stop"}, "services": [MLD, "deep-tissue"]},
        {"id": "inherits", "tiers": {"yes": "stop"}, "when": {"question": "parent", "answer": "yes"}},
        {
            "id": "narrower",
            "tiers": {"yes": "stop"},
            "services": [MLD],
            "when": {"question": "parent", "answer": "yes"},
        },
    )
    assert ids(questions_for(rules, MLD)) == ["all", "parent", "inherits", "narrower"]
    assert ids(questions_for(rules, "deep-tissue")) == ["all", "parent", "inherits"]
    assert ids(questions_for(rules, "other")) == ["all"]


@pytest.mark.parametrize(
    ("answers", "shown"),
    [
        ({}, set()),
        ({"adult": "yes", "pregnancy": "no", "surgery": "no"}, set()),
        ({"adult": "no"}, {"guardian"}),
        ({"adult": "unsure"}, {"guardian"}),
        ({"adult": "what"}, set()),
        ({"pregnancy": "yes"}, {"pregnancy_signs"}),
        ({"pregnancy": " Unsure"}, {"pregnancy_signs"}),
        ({"surgery": "yes"}, {"surgery_date"}),
        ({"surgery": "unsure"}, set()),
        ({"surgery": ["yes"], "surgery_date": "2026-01-01"}, set()),
    ],
)
def test_visible_shows_the_follow_ups_that_the_answers_call_for(
    answers: dict[str, Any], shown: set[str]
) -> None:
    rules = parse_rules(sample_rules_data())
    top_level = {question.id for question in rules.questions if question.when is None}

    assert set(ids(visible(rules, answers, MLD))) == top_level | shown
