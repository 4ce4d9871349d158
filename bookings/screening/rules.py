"""Rule sets as plain data: strict reading, writing back, and the digest that answers are bound to.

The shape (schema 1), all of it JSON::

    {"schema": 1, "title": TEXT, "intro": TEXT?, "approval_note": TEXT?,
     "messages": {TIER: TEXT}?,             used where a question has no words of its own
     "cards": [{"id": SLUG, "title": TEXT, "text": TEXT,   in the order in which they are shown
                "spoken": TEXT?}]?,          all of it in one breath, for staff to say on the phone
     "questions": [{
        "id": SLUG, "kind": "yes_no_unsure" | "choice" | "date", "text": TEXT, "help": TEXT?,
        "points": [TEXT]?,                  signs listed under the question
        "choices": [{"id": SLUG, "text": TEXT}],       for the kind choice only
        "services": [SLUG]?,                none = every service
        "card": SLUG?,                      the card that it stands on; never for a follow-up
        "when": {"question": SLUG, "answer": ANSWER or [ANSWER]}?,  a follow-up; one level deep
        "tiers": {ANSWER: TIER}, "messages": {TIER: TEXT}?, "note": TEXT?,
        "of_surgery": BOOL?}]}               it asks of the surgery itself, which a surgeon's office may clear

TEXT is {"en": words, other languages as you like}; TIER one of clear, caution, clearance, stop, emergency.
ANSWER is yes, no, unsure, a choice's id, or given (a date). Left out, 'no' and 'given' are clear and 'unsure'
is clearance.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from .reading import SCHEMA, Reader
from .types import Card, RuleSet, ScreeningQuestion, Text, Tier


class RulesError(ValueError):
    """The rule data can't be used. ``problems`` lists every fault found, in words for the owner."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def parse_rules(data: object) -> RuleSet:
    """Read rule data (what ``json.loads`` gives); raises only ``RulesError``, with the problems found."""
    reader = Reader()
    rules = reader.rule_set(data)
    if rules is None or reader.problems:
        raise RulesError(reader.problems)
    return rules


def rules_to_data(rules: RuleSet) -> dict[str, object]:
    """The rule set as JSON-able data; ``parse_rules`` of it gives an equal rule set."""
    data: dict[str, object] = {"schema": SCHEMA, "title": dict(rules.title.translations)}
    if rules.intro is not None:
        data["intro"] = dict(rules.intro.translations)
    if rules.approval_note is not None:
        data["approval_note"] = dict(rules.approval_note.translations)
    if rules.messages:
        data["messages"] = _messages_to_data(rules.messages)
    if rules.cards:
        data["cards"] = [_card_to_data(card) for card in rules.cards]
    data["questions"] = [_question_to_data(question) for question in rules.questions]
    return data


def digest(rules: RuleSet) -> str:
    """SHA-256 (64 hex digits) of what the rules say, to bind answers to the rules they were given under.

    The same for the same content: key order and defaults that were left out make no difference; any word,
    tier or order of questions does.
    """
    canonical = json.dumps(rules_to_data(rules), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _messages_to_data(messages: tuple[tuple[Tier, Text], ...]) -> dict[str, object]:
    return {tier.slug: dict(text.translations) for tier, text in messages}


def _card_to_data(card: Card) -> dict[str, object]:
    texts = {"title": card.title, "text": card.text, "spoken": card.spoken}
    return {"id": card.id} | {
        name: dict(text.translations) for name, text in texts.items() if text is not None
    }


def _question_to_data(question: ScreeningQuestion) -> dict[str, object]:
    data: dict[str, object] = {
        "id": question.id,
        "kind": question.kind.value,
        "text": dict(question.text.translations),
        "tiers": {answer: tier.slug for answer, tier in question.tiers},
    }
    if question.help is not None:
        data["help"] = dict(question.help.translations)
    if question.points:
        data["points"] = [dict(point.translations) for point in question.points]
    if question.choices:
        data["choices"] = [{"id": c.id, "text": dict(c.text.translations)} for c in question.choices]
    if question.card:
        data["card"] = question.card
    if question.services:
        data["services"] = list(question.services)
    if question.when is not None:
        data["when"] = {"question": question.when.question, "answer": list(question.when.answers)}
    if question.messages:
        data["messages"] = _messages_to_data(question.messages)
    if question.note is not None:
        data["note"] = dict(question.note.translations)
    if question.of_surgery:
        data["of_surgery"] = True
    return data
