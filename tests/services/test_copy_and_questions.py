"""The words of the sample services and the sample health questions say the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from blog.sample import POSTS
from bookings.screening import Tier, parse_rules, questions_for, sample_rules_data
from massagerx.lib.content_files import read_toml

RULES = parse_rules(sample_rules_data())
CATALOGUE = read_toml(Path(__file__).parents[2] / "services/sample_data/catalogue.toml")
SERVICES: dict[str, dict[str, Any]] = {service["slug"]: service for service in CATALOGUE["services"]}

#: What the words of a service speak of, and the questions that are asked for it then, with what a yes leads to.
SPOKEN_OF: dict[str, dict[str, Tier]] = {
    r"blood thinner": {"blood_thinners": Tier.CAUTION},
    r"\bfirm\b|strong pressure": {
        "blood_thinners": Tier.CAUTION,
        "neck": Tier.CAUTION,
        "belly": Tier.CAUTION,
    },
    r"lymph": {"neck": Tier.CAUTION, "belly": Tier.CAUTION, "kidneys_or_swelling": Tier.STOP},
    r"surge(ry|on)": {"surgery": Tier.CLEARANCE, "open_wound": Tier.CLEARANCE},
    r"cancer": {"cancer": Tier.CLEARANCE},
    r"\bclot\b": {"leg_or_clot": Tier.STOP, "clot_heart_kidney_history": Tier.CLEARANCE},
    r"\bfever\b|infection": {"fever_or_infection": Tier.STOP},
    r"pregnan": {"pregnancy": Tier.CLEARANCE},
    r"\bwound|drain\b|incision": {"open_wound": Tier.CLEARANCE},
}


def words_of(slug: str) -> str:
    """All that the page of a service says."""
    service = SERVICES[slug]
    own = [value for value in service.values() if isinstance(value, str)]
    asked = [text for question in service["questions"] for text in question.values()]
    return "\n".join([*own, *asked])


@pytest.mark.parametrize("slug", SERVICES)
def test_what_a_service_page_speaks_of_is_asked(slug: str) -> None:
    asked = {question.id: question for question in questions_for(RULES, slug)}
    for spoken, questions in SPOKEN_OF.items():
        if re.search(spoken, words_of(slug), re.I):
            for name, tier in questions.items():
                assert name in asked, (slug, spoken, name)
                assert asked[name].tier_for("yes") is tier, (slug, spoken, name)


def test_the_words_that_promise_a_question_are_there() -> None:
    """The table above is about words that stand on the pages; each of its questions is one of the rules."""
    pages = "\n".join([*map(words_of, SERVICES), *(path.read_text() for path in POSTS.glob("*.md"))])
    for spoken in (
        r"blood thinner",
        r"\bfirm\b|strong pressure",
        r"lymph",
        r"surge(ry|on)",
        r"cancer",
        r"\bfever\b",
    ):
        assert re.search(spoken, pages, re.I), spoken
    known = {question.id for question in RULES.questions}
    assert {name for questions in SPOKEN_OF.values() for name in questions} <= known


def answer_to(slug: str, question: str) -> str:
    return next(row["answer"] for row in SERVICES[slug]["questions"] if question in row["question"])


def test_a_blood_thinner_is_answered_as_the_rules_have_it() -> None:
    """Bookable, with light pressure, on the page and in the note to the therapist."""
    question = next(question for question in RULES.questions if question.id == "blood_thinners")
    words = answer_to("deep-pressure-massage", "blood thinner")
    assert words.startswith("Yes.")
    assert "keeps the pressure light" in words
    assert question.tier_for("yes") is Tier.CAUTION
    assert "no firm pressure" in str(question.note)


def test_surgery_and_an_open_cut_are_two_questions_and_both_wait_for_a_clinician() -> None:
    by_id = {question.id: question for question in RULES.questions}
    surgery, wound = by_id["surgery"], by_id["open_wound"]
    assert not re.search(r"open|leak|drain|wound|cut", str(surgery.text))
    assert all(word in str(wound.text) for word in ("open", "leaking", "drain"))
    assert surgery.tier_for("yes") is wound.tier_for("yes") is Tier.CLEARANCE
    assert "for your surgeon to say" in answer_to("manual-lymphatic-drainage", "surgery")


def test_a_note_that_a_page_speaks_of_is_one_that_answers_ask_for() -> None:
    """Where a page says that a clinician’s word may be needed, some answer for that service needs it."""
    for slug in SERVICES:
        if re.search(r"clinician’s word|note from your (doctor|clinician)", words_of(slug)):
            assert any(q.tier_for("yes") is Tier.CLEARANCE for q in questions_for(RULES, slug)), slug
