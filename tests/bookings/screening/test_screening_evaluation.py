"""Every combination of answers, odd answers, follow-ups and the words that are shown."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.screening import (
    Kind,
    Result,
    RuleSet,
    Text,
    Tier,
    evaluate,
    parse_rules,
    questions_for,
    sample_rules_data,
    visible,
)

MLD = "manual-lymphatic-drainage"
TODAY = date(2026, 5, 4)
SAMPLE = parse_rules(sample_rules_data())

# Spelled out, not read from the rules: what a yes to each of the fourteen health questions must lead to.
YES_TIERS = {
    "urgent_signs": Tier.EMERGENCY,
    "leg_or_clot": Tier.STOP,
    "fever_or_infection": Tier.STOP,
    "heart_or_lungs": Tier.STOP,
    "kidneys_or_swelling": Tier.STOP,
    "pregnancy": Tier.CLEARANCE,
    "cancer": Tier.CLEARANCE,
    "clot_heart_kidney_history": Tier.CLEARANCE,
    "surgery": Tier.CLEARANCE,
    "open_wound": Tier.CLEARANCE,
    "blood_thinners": Tier.CAUTION,
    "neck": Tier.CAUTION,
    "belly": Tier.CAUTION,
    "everyday_conditions": Tier.CAUTION,
}
HEALTH = tuple(YES_TIERS)
HEALTHY = {**dict.fromkeys(HEALTH, "no"), "adult": "yes"}
FOLLOW_UPS = {"pregnancy_signs": "no", "surgery_date": "2026-04-01", "guardian": "yes"}


def screen(answers: dict[str, Any], rules: RuleSet = SAMPLE, service: str = MLD) -> Result:
    return evaluate(rules, answers, service, TODAY)


def words(texts: tuple[Text, ...]) -> list[str]:
    return [str(text) for text in texts]


@pytest.fixture(scope="module")
def every_combination() -> dict[tuple[bool, ...], Result]:
    """Yes (true) and no to the fourteen questions, all 16,384 ways, follow-ups answered harmlessly."""
    return {
        combination: screen(
            {"adult": "yes", **FOLLOW_UPS}
            | {name: "yes" if yes else "no" for name, yes in zip(HEALTH, combination, strict=True)}
        )
        for combination in itertools.product((False, True), repeat=len(HEALTH))
    }


def test_every_combination_comes_to_its_worst_answer(
    every_combination: dict[tuple[bool, ...], Result],
) -> None:
    assert len(every_combination) == 16384
    for combination, result in every_combination.items():
        expected = max(
            (YES_TIERS[q] for q, yes in zip(HEALTH, combination, strict=True) if yes), default=Tier.CLEAR
        )
        assert result.tier is expected, combination
        assert result.unanswered == ()


def test_every_combination_holds_back_stops_and_clearances(
    every_combination: dict[tuple[bool, ...], Result],
) -> None:
    tally = {"stop": 0, "clearance": 0, "free": 0}
    for combination, result in every_combination.items():
        said_yes = {YES_TIERS[q] for q, yes in zip(HEALTH, combination, strict=True) if yes}
        if said_yes & {Tier.STOP, Tier.EMERGENCY}:
            tally["stop"] += 1
            assert not result.bookable
            assert not result.is_clear
            assert result.stops
            assert result.messages, "a refusal needs words"
        elif Tier.CLEARANCE in said_yes:
            tally["clearance"] += 1
            assert result.bookable
            assert result.tier is Tier.CLEARANCE
            assert not result.is_clear
            assert result.messages
        else:
            tally["free"] += 1
            assert result.bookable
            assert result.tier < Tier.CLEARANCE
    # 2^9 combinations have no stop, 2^4 of them no clearance either.
    assert tally == {"stop": 16384 - 512, "clearance": 512 - 16, "free": 16}


def test_a_yes_instead_of_a_no_never_lowers_the_tier(
    every_combination: dict[tuple[bool, ...], Result],
) -> None:
    for combination, result in every_combination.items():
        for position, yes in enumerate(combination):
            if not yes:
                worse = (*combination[:position], True, *combination[position + 1 :])
                assert every_combination[worse].tier >= result.tier, (combination, HEALTH[position])


ANSWERS = st.sampled_from(["yes", "no", "unsure", "", None, "maybe", "YES", " yes ", "0"])


@settings(deadline=None, max_examples=300)
@given(answers=st.fixed_dictionaries(dict.fromkeys(HEALTH, ANSWERS)))
def test_doubt_is_at_least_clearance_and_never_hides_a_yes(answers: dict[str, Any]) -> None:
    result = screen({"adult": "yes", **FOLLOW_UPS, **answers})

    floor = Tier.CLEAR
    for name, raw in answers.items():
        said = raw.strip().lower() if raw else ""
        floor = max(floor, {"yes": YES_TIERS[name], "no": Tier.CLEAR}.get(said, Tier.CLEARANCE))
    assert result.tier is floor
    unreadable = {name for name, raw in answers.items() if raw in ("", None, "maybe", "0")}
    assert set(result.unanswered) == unreadable


@settings(deadline=None, max_examples=200)
@given(
    answers=st.fixed_dictionaries(dict.fromkeys(HEALTH, st.sampled_from(["yes", "no", "unsure", ""]))),
    name=st.sampled_from(HEALTH),
)
def test_any_answer_instead_of_a_no_never_lowers_the_tier(answers: dict[str, Any], name: str) -> None:
    base = {"adult": "yes", **FOLLOW_UPS, **answers}
    calm = screen(base | {name: "no"})
    for other in ("yes", "unsure", ""):
        assert screen(base | {name: other}).tier >= calm.tier


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.dates())
ODD = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.text(), SCALARS, max_size=2))
IDS = st.one_of(st.sampled_from([q.id for q in SAMPLE.questions]), st.text())


@settings(deadline=None, max_examples=300)
@given(answers=st.dictionaries(IDS, ODD), service=st.text(), today=st.dates())
def test_odd_answers_never_raise_and_are_never_clear(
    answers: dict[str, Any], service: str, today: date
) -> None:
    result = evaluate(SAMPLE, answers, service, today)

    asked = visible(SAMPLE, answers, service)
    plain = {q.id: str(answers.get(q.id, "")).strip().casefold() for q in asked}
    if any(plain[q.id] not in q.answers for q in asked if q.kind is not Kind.DATE):
        assert result.tier >= Tier.CLEARANCE
    assert all(str(message) for message in result.messages)


@pytest.mark.parametrize(
    "odd",
    [
        "nope",
        "n",
        "false",
        "0",
        "none",
        "n o",
        "no\x00",
        "\ud800",
        "nо",
        pytest.param("x" * 1_000_000, id="a megabyte"),
        0,
        False,
        ["no"],
        b"no",
    ],
)
def test_something_like_a_no_is_not_a_no(odd: object) -> None:
    # One of these is spelled with a Cyrillic letter.
    result = screen({**HEALTHY, "cancer": odd})

    assert result.tier is Tier.CLEARANCE
    assert result.unanswered == ("cancer",)


def test_no_answers_at_all_are_clearance_with_every_question_named() -> None:
    result = screen({})

    assert result.tier is Tier.CLEARANCE
    top_level = tuple(q.id for q in questions_for(SAMPLE, MLD) if q.when is None)
    assert result.unanswered == top_level
    assert tuple(f.question_id for f in result.findings) == top_level, "follow-ups weren't asked"


@pytest.mark.parametrize("name", [*HEALTH, "adult"])
@pytest.mark.parametrize("blank", ["", "   ", None])
def test_one_blank_answer_is_never_clear(name: str, blank: str | None) -> None:
    assert screen(HEALTHY).tier is Tier.CLEAR, "or this would show nothing"
    result = screen({**HEALTHY, name: blank})
    assert result.tier is Tier.CLEARANCE
    assert result.unanswered == (name,)
    del (answers := {**HEALTHY})[name]
    assert screen(answers).tier is Tier.CLEARANCE


def test_unknown_questions_are_ignored() -> None:
    assert screen({**HEALTHY, "favourite_colour": "yes", "": "stop", "urgent_signs ": "yes"}) == screen(
        HEALTHY
    )


# -- services -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["deep-tissue", "no-such-service", "", "manual-lymphatic-drainage "])
def test_another_or_unknown_service_asks_what_is_meant_for_all(service: str) -> None:
    asked = {q.id for q in questions_for(SAMPLE, service)}
    assert asked == {q.id for q in SAMPLE.questions} - {"neck", "belly"}

    assert screen({**HEALTHY, "neck": "yes", "belly": "yes"}, service=service).tier is Tier.CLEAR
    assert screen({**HEALTHY, "leg_or_clot": "yes"}, service=service).tier is Tier.STOP
    assert screen({}, service=service).tier is Tier.CLEARANCE


def test_rules_that_ask_nothing_clear_nobody() -> None:
    # The parser refuses such rules; a hand-made set must not open the door either.
    words_for_clearance = dict(SAMPLE.messages)[Tier.CLEARANCE]
    result = screen(HEALTHY, rules=RuleSet(SAMPLE.title, (), messages=SAMPLE.messages))

    assert result.tier is Tier.CLEARANCE
    assert result.messages == (words_for_clearance,)


# -- follow-ups -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("adult", "guardian", "tier", "unanswered"),
    [
        ("yes", "", Tier.CLEAR, ()),
        ("yes", "no", Tier.CLEAR, ()),  # an adult needs none, whatever a form without JavaScript sent
        ("no", "yes", Tier.CAUTION, ()),
        ("no", "no", Tier.STOP, ()),
        ("no", "unsure", Tier.CLEARANCE, ()),
        ("no", "", Tier.CLEARANCE, ("guardian",)),
        ("unsure", "yes", Tier.CLEARANCE, ()),
        ("unsure", "no", Tier.STOP, ()),
        ("unsure", "", Tier.CLEARANCE, ("guardian",)),
        ("", "no", Tier.STOP, ("adult",)),
        ("", "yes", Tier.CLEARANCE, ("adult",)),
        ("", "", Tier.CLEARANCE, ("adult",)),
    ],
)
def test_a_minor_needs_a_guardian_who_is_there(
    adult: str, guardian: str, tier: Tier, unanswered: tuple[str, ...]
) -> None:
    result = screen({**HEALTHY, "adult": adult, "guardian": guardian})

    assert result.tier is tier
    assert result.unanswered == unanswered


@pytest.mark.parametrize(
    ("pregnancy", "signs", "tier"),
    [
        ("no", "", Tier.CLEAR),
        ("no", "yes", Tier.CLEAR),
        ("yes", "no", Tier.CLEARANCE),
        ("yes", "yes", Tier.STOP),
        ("yes", "", Tier.CLEARANCE),
        ("unsure", "yes", Tier.STOP),
        ("", "yes", Tier.STOP),  # a blank above must not swallow a yes below
        ("what", "yes", Tier.STOP),
    ],
)
def test_warning_signs_count_unless_pregnancy_was_ruled_out(pregnancy: str, signs: str, tier: Tier) -> None:
    assert screen({**HEALTHY, "pregnancy": pregnancy, "pregnancy_signs": signs}).tier is tier


def date_rules() -> RuleSet:
    """Rules whose parent question is only caution, so that the date alone can raise the tier."""
    return parse_rules(
        {
            "schema": 1,
            "title": {"en": "Health"},
            "messages": {"clearance": {"en": "We'll hold your time."}},
            "questions": [
                {
                    "id": "surgery",
                    "kind": "yes_no_unsure",
                    "text": {"en": "Surgery lately?"},
                    "tiers": {"yes": "caution"},
                    "note": {"en": "Surgery"},
                },
                {
                    "id": "when",
                    "kind": "date",
                    "text": {"en": "When?"},
                    "when": {"question": "surgery", "answer": "yes"},
                },
            ],
        }
    )


@pytest.mark.parametrize("day", ["2026-05-04", "2026-05-03", " 2024-02-29 ", "1950-01-01"])
def test_a_real_past_day_is_an_answer(day: str) -> None:
    result = screen({"surgery": "yes", "when": day}, rules=date_rules())

    assert result.tier is Tier.CAUTION
    assert result.unanswered == ()


@pytest.mark.parametrize(
    "day",
    [
        "2026-05-05",
        "9999-12-31",
        "2026-02-30",
        "2025-02-29",
        "0001-01-01",
        "0000-01-01",
        "1890-01-01",
        "1",
        "last week",
        "20260101",
        "2026-W01-1",
        "01/02/2026",
        "2026-01-01T00:00",
        "2026-01-01\x00",
        "٢٠٢٦-٠١-٠١",
        "given",
        "yes",
        "",
        None,
        20260101,
        date(2026, 1, 1),
    ],
)
def test_a_day_that_cannot_be_is_not_sure(day: object) -> None:
    result = screen({"surgery": "yes", "when": day}, rules=date_rules())

    assert result.tier is Tier.CLEARANCE
    assert result.unanswered == ("when",)


def test_not_knowing_the_day_is_an_answer_too() -> None:
    result = screen({"surgery": "yes", "when": "unsure"}, rules=date_rules())

    assert result.tier is Tier.CLEARANCE
    assert result.unanswered == ()


@pytest.mark.parametrize("day", ["", "2026-02-30", "2026-01-01"])
def test_a_day_is_moot_when_nothing_happened(day: str) -> None:
    assert screen({"surgery": "no", "when": day}, rules=date_rules()).tier is Tier.CLEAR


@pytest.mark.parametrize("today", [date.min, date.max])
def test_the_ends_of_the_calendar_do_not_raise(today: date) -> None:
    for day in ("0001-01-01", "9999-12-31"):
        evaluate(date_rules(), {"surgery": "yes", "when": day}, MLD, today)


# -- choices --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "tier"),
    [
        ("none", Tier.CLEAR),
        ("mild", Tier.CAUTION),
        ("bad", Tier.STOP),
        ("unsure", Tier.CLEARANCE),
        ("yes", Tier.CLEARANCE),
    ],
)
def test_a_choice_leads_to_its_own_tier(answer: str, tier: Tier) -> None:
    rules = parse_rules(
        {
            "schema": 1,
            "title": {"en": "Health"},
            "messages": {"clearance": {"en": "Held."}, "stop": {"en": "Please call us."}},
            "questions": [
                {
                    "id": "pain",
                    "kind": "choice",
                    "text": {"en": "How much pain?"},
                    "choices": [{"id": i, "text": {"en": i}} for i in ("none", "mild", "bad")],
                    "tiers": {"none": "clear", "mild": "caution", "bad": "stop"},
                    "note": {"en": "Pain"},
                }
            ],
        }
    )
    assert rules.questions[0].answers == ("none", "mild", "bad", "unsure")
    assert screen({"pain": answer}, rules=rules).tier is tier


# -- words ----------------------------------------------------------------------------------------------


def test_an_emergency_shows_only_the_call_for_help() -> None:
    shown = words(screen({**HEALTHY, "urgent_signs": "yes", "cancer": "yes", "leg_or_clot": "yes"}).messages)

    assert len(shown) == 1
    assert shown[0].startswith("Please call 911 now.")


def test_a_stop_does_not_promise_to_hold_the_time() -> None:
    shown = words(
        screen({**HEALTHY, "fever_or_infection": "yes", "cancer": "yes", "neck": "unsure"}).messages
    )

    assert len(shown) == 1
    assert "We can't book this visit online" in shown[0]
    assert "hold your time" not in shown[0]


def test_doubt_about_an_emergency_sign_is_answered_even_beside_a_stop() -> None:
    shown = words(screen({**HEALTHY, "urgent_signs": "unsure", "fever_or_infection": "yes"}).messages)

    assert len(shown) == 2
    assert "911" in shown[0], "the most urgent words come first"
    assert "We can't book this visit online" in shown[1]


def test_the_same_words_are_shown_once() -> None:
    result = screen({**HEALTHY, "cancer": "yes", "clot_heart_kidney_history": "yes", "belly": "unsure"})

    assert len(result.messages) == 1
    assert len(result.caution_notes) == 3, "but the therapist gets each note"


def test_findings_are_worst_first_and_a_clear_screening_has_none() -> None:
    result = screen({**HEALTHY, "neck": "yes", "cancer": "unsure", "kidneys_or_swelling": "yes"})

    assert [(f.question_id, f.answer, f.tier) for f in result.findings] == [
        ("kidneys_or_swelling", "yes", Tier.STOP),
        ("cancer", "unsure", Tier.CLEARANCE),
        ("neck", "yes", Tier.CAUTION),
    ]
    assert result.stops == ("kidneys_or_swelling",)
    assert screen(HEALTHY) == Result(Tier.CLEAR, (), (), (), ())


@pytest.mark.parametrize(
    ("code", "expected"),
    [("en", "Hello"), ("es", "Hola"), ("es-mx", "Hola"), ("ES_MX", "Hola"), ("fr", "Hello"), ("", "Hello")],
)
def test_words_fall_back_to_the_base_language_then_english(code: str, expected: str) -> None:
    assert Text((("en", "Hello"), ("es", "Hola"))).in_language(code) == expected
