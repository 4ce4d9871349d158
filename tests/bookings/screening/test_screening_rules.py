"""Reading rule data: what is refused and how it is said, writing back, and the digest."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings.screening import (
    RulesError,
    Tier,
    digest,
    parse_rules,
    rules_to_data,
    sample_rules_data,
)

Change = Callable[[dict[str, Any]], object]


def small_rules() -> dict[str, Any]:
    """Four sound questions, one of each kind and a second plain one."""
    return {
        "schema": 1,
        "title": {"en": "Health"},
        "messages": {"clearance": {"en": "We'll hold your time."}, "stop": {"en": "Please call us."}},
        "questions": [
            {
                "id": "surgery",
                "kind": "yes_no_unsure",
                "text": {"en": "Surgery lately?"},
                "tiers": {"yes": "clearance", "no": "clear", "unsure": "clearance"},
            },
            {
                "id": "day",
                "kind": "date",
                "text": {"en": "When?"},
                "when": {"question": "surgery", "answer": "yes"},
            },
            {
                "id": "pain",
                "kind": "choice",
                "text": {"en": "How much pain?"},
                "choices": [{"id": "none", "text": {"en": "None"}}, {"id": "bad", "text": {"en": "Bad"}}],
                "tiers": {"none": "clear", "bad": "stop"},
            },
            {
                "id": "asthma",
                "kind": "yes_no_unsure",
                "text": {"en": "Asthma?"},
                "tiers": {"yes": "caution"},
                "note": {"en": "Asthma."},
            },
        ],
    }


def on(index: int, **values: Any) -> Change:
    return lambda data: data["questions"][index].update(values)


def without(index: int, key: str) -> Change:
    return lambda data: data["questions"][index].pop(key)


def top(**values: Any) -> Change:
    return lambda data: data.update(values)


def problems_of(data: object) -> tuple[str, ...]:
    with pytest.raises(RulesError) as caught:
        parse_rules(data)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def test_sound_rules_are_read_with_their_defaults_filled_in() -> None:
    surgery, day, pain, asthma = parse_rules(small_rules()).questions

    assert dict(surgery.tiers) == {"yes": Tier.CLEARANCE, "no": Tier.CLEAR, "unsure": Tier.CLEARANCE}
    assert dict(day.tiers) == {"given": Tier.CLEAR, "unsure": Tier.CLEARANCE}
    assert dict(pain.tiers) == {"none": Tier.CLEAR, "bad": Tier.STOP, "unsure": Tier.CLEARANCE}
    assert dict(asthma.tiers) == {"yes": Tier.CAUTION, "no": Tier.CLEAR, "unsure": Tier.CLEARANCE}


@pytest.mark.parametrize("data", [None, [], "{}", 1, True, object()])
def test_what_is_not_an_object_is_refused(data: object) -> None:
    assert "must be an object with a title and questions" in problems_of(data)[0]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # the whole
        (lambda data: data.pop("schema"), 'Rules: "schema" must be 1, not nothing.'),
        (top(schema=2), 'Rules: "schema" must be 1, not 2.'),
        (top(schema=True), 'Rules: "schema" must be 1, not true.'),
        (top(schema=10**5000), 'Rules: "schema" must be 1, not a number.'),
        (lambda data: data.pop("title"), 'Rules: "title" is missing.'),
        (
            top(title="Health"),
            'Rules: "title" must give the English words, such as {"en": "..."}, not "Health".',
        ),
        (top(qestions=[]), 'Rules: unknown key "qestions"; the keys are schema, title'),
        (top(questions=[]), 'Rules: "questions" must be a list with at least one question.'),
        (top(questions={"id": "x"}), 'Rules: "questions" must be a list'),
        (top(questions=[{}] * 41), "Rules: 41 questions are too many; 24 is the most."),
        (top(messages=[]), 'Rules: "messages" must give words for tiers'),
        (top(messages={"panic": {"en": "Oh."}}), 'Rules, "messages": unknown tier "panic"'),
        (
            top(
                messages={
                    "clearance": {"en": "x"},
                    "stop": {"en": "x"},
                    "emergency": {"en": "Call for help."},
                }
            ),
            "Rules: the emergency message (en) must tell the client to call 911.",
        ),
        (
            lambda data: [q.update(services=["mld"]) for q in data["questions"]],
            "Rules: at least one question must be asked for every service.",
        ),
        # one question
        (lambda data: data["questions"].append("asthma"), 'Question 5: must be an object, not "asthma".'),
        (without(0, "id"), 'Question 1: "id" must be a short name'),
        (on(0, id="Recent Surgery"), 'not "Recent Surgery".'),
        (on(3, id="surgery"), 'Rules: the id "surgery" is used by 2 questions; each needs its own.'),
        (
            without(0, "kind"),
            'Question 1 ("surgery"): "kind" must be one of yes_no_unsure, choice, date, not nothing.',
        ),
        (on(0, kind="free_text"), '"kind" must be one of yes_no_unsure, choice, date, not "free_text".'),
        (without(0, "text"), 'Question 1 ("surgery"): "text" is missing.'),
        (on(0, text={"es": "¿Cirugía?"}), '"text" must give the English words'),
        (on(0, text={"en": "  "}), '"text" has no words in en.'),
        (on(0, text={"en": "Yes?", "es": ""}), '"text" has no words in es.'),
        (on(0, text={"en": "Yes?", "Spanish": "¿Sí?"}), '"text" has "Spanish" for a language'),
        (on(0, text={"en": "a\x00b"}), '"text" has a character in en that can\'t be shown.'),
        (on(0, text={"en": "a\ud800b"}), '"text" has a character in en that can\'t be shown.'),
        (on(0, text={"en": "x" * 801}), '"text" is too long in en; 800 characters is the most.'),
        (on(0, note="careful"), '"note" must give the English words'),
        (on(0, help=[]), '"help" must give the English words, such as {"en": "..."}, not a list.'),
        (on(0, kind="¿Sí?\ud800\n"), 'not "¿Sí?\\ud800\\u000a".'),
        (on(0, tier="stop"), 'Question 1 ("surgery"): unknown key "tier"; the keys are id, kind'),
        (on(0, points="one"), '"points" must be a list, not "one".'),
        (on(0, points=[{"en": "One"}, {}]), '"points" 2 must give the English words'),
        (on(0, points=[{"en": "One"}] * 21), '"points" has 21 items; 20 is the most.'),
        (on(3, services="mld"), '"services" must be a list, not "mld".'),
        (on(3, services=["MLD"]), '"services" must list the web names of services'),
        (on(3, services=["mld", "mld"]), '"services" names a service twice.'),
        # tiers
        (without(0, "tiers"), '"tiers" must say which tier each answer leads to'),
        (on(0, tiers={}), '"tiers" must say which tier the answer "yes" leads to.'),
        (
            on(0, tiers={"yes": "halt"}),
            'unknown tier "halt"; the tiers are clear, caution, clearance, stop, emergency.',
        ),
        (on(0, tiers={"yes": 3}), "unknown tier 3; the tiers are"),
        (on(0, tiers={"yes": ["stop"]}), "unknown tier a list; the tiers are"),
        (
            on(0, tiers={"yes": "stop", "si": "stop"}),
            '"tiers" has the answer "si"; the answers are yes, no, unsure.',
        ),
        (
            on(0, tiers={"yes": "stop", "unsure": "caution"}),
            '"not sure" leads to caution; it must be at least clearance',
        ),
        (
            on(3, tiers={"yes": "caution", "unsure": "clear"}),
            '"not sure" leads to clear; it must be at least clearance',
        ),
        (on(1, tiers={"unsure": "clear"}), '"not sure" leads to clear; it must be at least clearance'),
        (on(0, tiers={"yes": "clear"}), None),  # it has a follow-up, so it does something
        (on(3, tiers={"yes": "clear"}), 'Question 4 ("asthma"): every answer leads to clear'),
        (
            without(3, "note"),
            'Question 4 ("asthma"): an answer leads to caution, so the therapist needs a "note".',
        ),
        (
            lambda data: data["messages"].pop("stop"),
            'Question 3 ("pain"): an answer leads to stop, but "messages" has no words for stop.',
        ),
        (
            lambda data: data.pop("messages"),
            'Question 4 ("asthma"): an answer leads to clearance, but "messages" has no words for clearance.',
        ),
        (on(3, tiers={"yes": "emergency"}), '"messages" has no words for emergency.'),
        (
            on(3, tiers={"yes": "emergency"}, messages={"emergency": {"en": "Call 911.", "es": "Llame."}}),
            'Question 4 ("asthma"): the emergency message (es) must tell the client to call 911.',
        ),
        # choices
        (without(2, "choices"), '"choices" must be a list, not nothing.'),
        (on(2, choices=[{"id": "bad", "text": {"en": "Bad"}}]), "a choice needs at least two answers"),
        (on(2, choices=["none", "bad"]), 'choice 1: must be an object, not "none".'),
        (
            on(2, choices=[{"id": "bad", "text": {"en": "A"}}, {"id": "bad", "text": {"en": "B"}}]),
            "the same id",
        ),
        (
            on(2, choices=[{"id": "bad", "text": {"en": "A"}}, {"id": "unsure", "text": {"en": "?"}}]),
            'the id "unsure" is taken',
        ),
        (on(2, tiers={"none": "clear"}), '"tiers" must say which tier the answer "bad" leads to.'),
        (on(0, choices=[]), '"choices" belong to the kind choice, not to yes_no_unsure.'),
        # follow-ups
        (without(1, "when"), "a date is asked only as a follow-up"),
        (on(1, when="surgery"), '"when" must be an object with "question" and "answer".'),
        (on(1, when={"question": "surgery"}), '"when" must say after which answer'),
        (on(1, when={"question": "surgery", "answer": []}), '"when" must say after which answer'),
        (on(1, when={"question": "surgery", "answer": ["yes", "yes"]}), '"when" names an answer twice.'),
        (on(1, when={"question": "surgery", "answer": "yes", "or": 1}), '"when": unknown key "or"'),
        (
            on(1, when={"question": "operation", "answer": "yes"}),
            'follows "operation", and there is no such question.',
        ),
        (
            on(1, when={"question": "surgery", "answer": "often"}),
            'waits for "often", but "surgery" offers only yes',
        ),
        (on(1, when={"question": "day", "answer": "unsure"}), 'follows "day", which is itself a follow-up'),
        (on(3, when={"question": "day", "answer": "unsure"}), 'follows "day", which is itself a follow-up'),
        (
            lambda data: (on(0, services=["mld"])(data), on(1, services=["deep-tissue"])(data)),
            'must name only services for which "surgery" is asked too.',
        ),
    ],
)
def test_a_fault_is_named_in_words(change: Change, expected: str | None) -> None:
    data = small_rules()
    change(data)

    if expected is None:
        parse_rules(data)
    else:
        assert any(expected in problem for problem in problems_of(data)), problems_of(data)


def test_all_faults_are_listed_at_once() -> None:
    data = small_rules()
    del data["title"]
    on(0, tiers={"yes": "halt", "unsure": "clear"})(data)
    on(3, text={}, sevices=[])(data)

    problems = problems_of(data)

    assert [problem.split(":")[0] for problem in problems] == [
        "Rules",
        'Question 1 ("surgery")',
        'Question 1 ("surgery")',
        'Question 4 ("asthma")',
        'Question 4 ("asthma")',
    ]


def test_a_no_may_be_the_worrying_answer() -> None:
    data = small_rules()
    on(0, tiers={"yes": "clear", "no": "stop"})(data)

    assert parse_rules(data).questions[0].tier_for("no") is Tier.STOP


def test_doubt_stays_clearance_even_in_rules_that_went_around_the_parser() -> None:
    question = parse_rules(small_rules()).questions[0]
    object.__setattr__(question, "tiers", (("yes", Tier.STOP), ("no", Tier.CLEAR), ("unsure", Tier.CLEAR)))

    assert question.tier_for("unsure") is Tier.CLEARANCE
    assert question.tier_for("whatever") is Tier.CLEARANCE


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=200)
@given(
    value=JSON_VALUES,
    key=st.sampled_from(
        ["id", "kind", "text", "help", "points", "choices", "services", "when", "tiers", "messages", "note"]
    ),
    index=st.integers(0, 3),
)
def test_any_value_anywhere_is_read_or_refused_in_words(value: Any, key: str, index: int) -> None:
    data = small_rules()
    data["questions"][index][key] = value
    problems: tuple[str, ...] = ()
    try:
        rules = parse_rules(data)
    except RulesError as error:
        problems = error.problems or ("",)
    else:
        assert parse_rules(rules_to_data(rules)) == rules

    # Whatever was typed, what comes back can be shown on a page.
    assert all(0 < len(problem) < 1000 and problem.isprintable() for problem in problems)


def test_deep_nesting_is_refused_without_recursion() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    data = small_rules()
    data["questions"][0]["text"] = deep
    assert "not a list" in problems_of(data)[0]
    while deep:  # taken apart by hand: freeing it in one go would recurse
        deep = deep.pop()


@pytest.mark.parametrize("data", [small_rules(), sample_rules_data()], ids=["small", "sample"])
def test_written_back_rules_read_the_same(data: dict[str, Any]) -> None:
    rules = parse_rules(data)
    through_json = json.loads(json.dumps(rules_to_data(rules)))

    assert parse_rules(through_json) == rules
    assert digest(parse_rules(through_json)) == digest(rules)


def test_parsing_leaves_the_data_alone() -> None:
    data = sample_rules_data()
    before = copy.deepcopy(data)
    parse_rules(data)
    assert data == before


def test_digest_overlooks_key_order_and_spelled_out_defaults() -> None:
    data = small_rules()
    other = json.loads(json.dumps(data, sort_keys=True))
    other["questions"][3]["tiers"] = {"unsure": "clearance", "no": "clear", "yes": "caution"}
    other["questions"][1]["when"]["answer"] = ["yes"]
    other["questions"][0]["services"] = []

    assert digest(parse_rules(other)) == digest(parse_rules(data))
    assert len(digest(parse_rules(data))) == 64


@pytest.mark.parametrize(
    "change",
    [
        top(title={"en": "Health questions"}),
        top(title={"en": "Health", "es": "Salud"}),
        top(intro={"en": "Please answer."}),
        top(approval_note={"en": "Approved."}),
        top(messages={"clearance": {"en": "Held."}, "stop": {"en": "Please call us."}}),
        on(0, tiers={"yes": "stop"}),
        on(0, text={"en": "Surgery this year?"}),
        on(0, points=[{"en": "Any kind"}]),
        on(0, help={"en": "Any kind."}),
        on(0, note={"en": "Ask."}),
        on(0, messages={"clearance": {"en": "Held."}}),
        on(3, services=["mld"]),
        on(1, when={"question": "surgery", "answer": ["yes", "unsure"]}),
        on(2, choices=[{"id": "none", "text": {"en": "None at all"}}, {"id": "bad", "text": {"en": "Bad"}}]),
        lambda data: data["questions"].reverse(),
        lambda data: data["questions"].pop(),
    ],
)
def test_digest_changes_with_any_content(change: Change) -> None:
    data = small_rules()
    before = digest(parse_rules(data))
    change(data)
    assert digest(parse_rules(data)) != before
