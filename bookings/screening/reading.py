"""Reads rule data part by part and notes every problem in words for the owner. ``rules.py`` has the shape."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from .consistency import named, problems_in, shown
from .types import (
    FALLBACK_LANGUAGE,
    GIVEN,
    NO,
    UNSURE,
    YES,
    Card,
    Choice,
    Kind,
    RuleSet,
    ScreeningQuestion,
    Text,
    Tier,
    When,
)

SCHEMA = 1
MAX_QUESTIONS = 24  # as many as one page can hold
MAX_LIST = 20
MAX_WORDS = 800  # characters in one text

_SLUG = re.compile(r"[a-z][a-z0-9_-]{0,59}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})?")
# Control characters (a NUL can't even be stored in PostgreSQL) and halves of surrogate pairs.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

_TIER_WORDS = ", ".join(tier.slug for tier in Tier)
_KIND_WORDS = ", ".join(kind.value for kind in Kind)

_RULE_KEYS = ("schema", "title", "intro", "approval_note", "messages", "cards", "questions")
_CARD_KEYS = ("id", "title", "text", "spoken")
_QUESTION_KEYS = (
    "id", "kind", "text", "help", "points", "choices", "services", "card", "when", "tiers", "messages", "note",
    "of_surgery",
)  # fmt: skip


class Reader:
    """Reads the parts, noting each problem and going on, so that the owner sees all of them at once."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def problem(self, where: str, what: str) -> None:
        """Notes one problem and goes on."""
        self.problems.append(f"{where}: {what}")

    # -- the whole ---------------------------------------------------------------------------------

    def rule_set(self, data: object) -> RuleSet | None:
        """The whole of the rules, or None when the outermost value is no object."""
        where = "Rules"
        if not isinstance(data, dict):
            self.problem(where, f"must be an object with a title and questions, not {shown(data)}.")
            return None
        self.known_keys(where, data, _RULE_KEYS)
        schema = data.get("schema")
        if type(schema) is not int or schema != SCHEMA:
            self.problem(where, f'"schema" must be {SCHEMA}, not {shown(schema)}.')
        title = self.text(where, data, "title")
        intro = self.text(where, data, "intro", required=False)
        approval_note = self.text(where, data, "approval_note", required=False)
        messages = self.messages(where, data)
        cards = self.cards(where, data.get("cards", []))

        raw = data.get("questions")
        if not isinstance(raw, list) or not raw:
            self.problem(where, '"questions" must be a list with at least one question.')
            return None
        if len(raw) > MAX_QUESTIONS:
            self.problem(where, f"{len(raw)} questions are too many; {MAX_QUESTIONS} is the most.")
            return None
        read = [self.question(f"Question {number}", item) for number, item in enumerate(raw, start=1)]
        questions = tuple(question for question in read if question is not None)

        self.unique_ids(where, raw)
        if title is None or len(questions) < len(raw):
            return None
        rules = RuleSet(title, questions, intro, approval_note, messages, cards)
        self.problems.extend(problems_in(rules))
        return rules

    def cards(self, where: str, value: object) -> tuple[Card, ...]:
        """The cards that questions stand on."""
        items = self.list_of(where, "cards", value)
        read = [self.card(f"Card {number}", item) for number, item in enumerate(items, start=1)]
        self.unique_ids(where, items, "cards")
        return tuple(card for card in read if card is not None)

    def card(self, where: str, data: object) -> Card | None:
        """One card, or None when a part is missing."""
        if not isinstance(data, dict):
            self.problem(where, f"must be an object, not {shown(data)}.")
            return None
        self.known_keys(where, data, _CARD_KEYS)
        identifier = self.slug(where, data, "id")
        title, text = self.text(where, data, "title"), self.text(where, data, "text")
        spoken = self.text(where, data, "spoken", required=False)
        if identifier is None or title is None or text is None:
            return None
        return Card(identifier, title, text, spoken)

    def unique_ids(self, where: str, raw: list[object], kind: str = "questions") -> None:
        """Notes ids that several questions or cards use."""
        ids = (item.get("id") for item in raw if isinstance(item, dict))
        counts = Counter(identifier for identifier in ids if isinstance(identifier, str))
        for identifier, times in counts.items():
            if times > 1:
                self.problem(
                    where, f"the id {shown(identifier)} is used by {times} {kind}; each needs its own."
                )

    # -- one question ------------------------------------------------------------------------------

    def question(self, where: str, data: object) -> ScreeningQuestion | None:
        """One question, or None when a required part is missing."""
        if not isinstance(data, dict):
            self.problem(where, f"must be an object, not {shown(data)}.")
            return None
        identifier = self.slug(where, data, "id")
        if identifier is not None:
            where = named(where, identifier)
        self.known_keys(where, data, _QUESTION_KEYS)
        kind = self.kind(where, data.get("kind"))
        text = self.text(where, data, "text")
        helping = self.text(where, data, "help", required=False)
        note = self.text(where, data, "note", required=False)
        points = self.points(where, data.get("points", []))
        services = self.services(where, data.get("services", []))
        when = self.when(where, data["when"]) if "when" in data else None
        messages = self.messages(where, data)
        choices = self.choices(where, data, kind)
        card = self.slug(where, data, "card") if "card" in data else ""
        of_surgery = data.get("of_surgery", False)
        if not isinstance(of_surgery, bool):
            self.problem(where, f'"of_surgery" must be true or false, not {shown(of_surgery)}.')
        if kind is None:
            return None
        if kind is Kind.DATE and "when" not in data:
            self.problem(where, 'a date is asked only as a follow-up; say after which answer with "when".')
        tiers = self.tiers(where, data.get("tiers"), kind, choices)
        if identifier is None or text is None:
            return None
        return ScreeningQuestion(
            id=identifier,
            kind=kind,
            text=text,
            tiers=tiers,
            help=helping,
            points=points,
            choices=choices,
            services=services,
            when=when,
            messages=messages,
            note=note,
            card=card or "",
            of_surgery=of_surgery is True,
        )

    def kind(self, where: str, value: object) -> Kind | None:
        """The kind of a question."""
        for kind in Kind:
            if value == kind.value:
                return kind
        self.problem(where, f'"kind" must be one of {_KIND_WORDS}, not {shown(value)}.')
        return None

    def points(self, where: str, value: object) -> tuple[Text, ...]:
        """The points listed under a question."""
        items = self.list_of(where, "points", value)
        read = [self.words(where, f'"points" {number}', item) for number, item in enumerate(items, start=1)]
        return tuple(text for text in read if text is not None)

    def services(self, where: str, value: object) -> tuple[str, ...]:
        """Slugs of the services that a question is asked for; empty for all."""
        items = self.list_of(where, "services", value)
        slugs = [item for item in items if isinstance(item, str) and _SLUG.fullmatch(item)]
        if len(slugs) < len(items):
            self.problem(where, '"services" must list the web names of services, such as "deep-tissue".')
        if len(set(slugs)) < len(slugs):
            self.problem(where, '"services" names a service twice.')
        return tuple(slugs)

    def when(self, where: str, value: object) -> When | None:
        """The question and the answers that a follow-up depends on."""
        if not isinstance(value, dict):
            self.problem(where, '"when" must be an object with "question" and "answer".')
            return None
        self.known_keys(f'{where}, "when"', value, ("question", "answer"))
        parent = self.slug(f'{where}, "when"', value, "question")
        answer = value.get("answer")
        answers = answer if isinstance(answer, list) else [answer]
        texts = [item for item in answers if isinstance(item, str)]
        if not texts or len(texts) < len(answers):
            self.problem(where, '"when" must say after which answer, such as "yes" or ["yes", "unsure"].')
            return None
        if len(set(texts)) < len(texts):
            self.problem(where, '"when" names an answer twice.')
        return None if parent is None else When(parent, tuple(texts))

    def choices(self, where: str, data: Mapping[object, object], kind: Kind | None) -> tuple[Choice, ...]:
        """The choices of a question of kind `choice`; empty for other kinds."""
        if kind is not Kind.CHOICE:
            if kind is not None and "choices" in data:
                self.problem(where, f'"choices" belong to the kind choice, not to {kind.value}.')
            return ()
        items = self.list_of(where, "choices", data.get("choices"))
        read: list[Choice] = []
        for number, item in enumerate(items, start=1):
            place = f"{where}, choice {number}"
            if not isinstance(item, dict):
                self.problem(place, f"must be an object, not {shown(item)}.")
                continue
            self.known_keys(place, item, ("id", "text"))
            identifier, text = self.slug(place, item, "id"), self.text(place, item, "text")
            if identifier in (UNSURE, GIVEN):
                self.problem(
                    place, f'the id "{identifier}" is taken; every question offers "not sure" by itself.'
                )
            if identifier is not None and text is not None:
                read.append(Choice(identifier, text))
        if len(items) < 2:
            self.problem(where, "a choice needs at least two answers to choose from.")
        if len({choice.id for choice in read}) < len(read):
            self.problem(where, "two choices have the same id.")
        return tuple(read)

    def tiers(
        self, where: str, value: object, kind: Kind, choices: tuple[Choice, ...]
    ) -> tuple[tuple[str, Tier], ...]:
        """The tier of every answer, defaults filled in, in the order in which the answers are offered."""
        if kind is Kind.DATE and value is None:
            value = {}
        if not isinstance(value, dict):
            self.problem(where, '"tiers" must say which tier each answer leads to, such as {"yes": "stop"}.')
            return ()
        known, defaults = _answers_of(kind, choices)
        for answer in value:
            if answer not in known:
                self.problem(
                    where, f'"tiers" has the answer {shown(answer)}; the answers are {", ".join(known)}.'
                )
        tiers: list[tuple[str, Tier]] = []
        for answer in known:
            tier = self.tier(where, value[answer]) if answer in value else defaults.get(answer)
            if answer not in value and tier is None:
                self.problem(where, f'"tiers" must say which tier the answer "{answer}" leads to.')
            if answer == UNSURE and tier is not None and tier < Tier.CLEARANCE:
                self.problem(
                    where,
                    f'"not sure" leads to {tier.slug}; it must be at least clearance, never read as no.',
                )
            if tier is not None:
                tiers.append((answer, tier))
        return tuple(tiers)

    def tier(self, where: str, value: object) -> Tier | None:
        """The tier of a slug."""
        if isinstance(value, str):
            try:
                return Tier.from_slug(value)
            except KeyError:
                pass
        self.problem(where, f"unknown tier {shown(value)}; the tiers are {_TIER_WORDS}.")
        return None

    # -- small parts -------------------------------------------------------------------------------

    def known_keys(self, where: str, data: Mapping[object, object], known: Iterable[str]) -> None:
        """Notes keys that mean nothing."""
        known = tuple(known)
        for key in data:
            if key not in known:
                self.problem(where, f"unknown key {shown(key)}; the keys are {', '.join(known)}.")

    def slug(self, where: str, data: Mapping[object, object], key: str) -> str | None:
        """A short name."""
        value = data.get(key)
        if isinstance(value, str) and _SLUG.fullmatch(value):
            return value
        self.problem(
            where,
            f'"{key}" must be a short name of small letters, digits, - and _ that starts with a letter, '
            f"not {shown(value)}.",
        )
        return None

    def list_of(self, where: str, key: str, value: object) -> list[object]:
        """The list, cut to `MAX_LIST` items; empty when it is no list."""
        if not isinstance(value, list):
            self.problem(where, f'"{key}" must be a list, not {shown(value)}.')
            return []
        if len(value) > MAX_LIST:
            self.problem(where, f'"{key}" has {len(value)} items; {MAX_LIST} is the most.')
        return value[:MAX_LIST]

    def messages(self, where: str, data: Mapping[object, object]) -> tuple[tuple[Tier, Text], ...]:
        """Texts by tier."""
        value = data.get("messages", {})
        if not isinstance(value, dict):
            self.problem(where, '"messages" must give words for tiers, such as {"stop": {"en": "..."}}.')
            return ()
        read: list[tuple[Tier, Text]] = []
        for key, item in value.items():
            tier = self.tier(f'{where}, "messages"', key)
            text = self.words(where, f"the message for {shown(key)}", item)
            if tier is not None and text is not None:
                read.append((tier, text))
        return tuple(sorted(read, key=lambda pair: pair[0]))

    def text(
        self, where: str, data: Mapping[object, object], key: str, *, required: bool = True
    ) -> Text | None:
        """The text under a key; None when it is missing."""
        if key not in data:
            if required:
                self.problem(where, f'"{key}" is missing.')
            return None
        return self.words(where, f'"{key}"', data[key])

    def words(self, where: str, what: str, value: object) -> Text | None:
        """A text in several languages, English at least."""
        if not isinstance(value, dict) or FALLBACK_LANGUAGE not in value:
            self.problem(
                where, f'{what} must give the English words, such as {{"en": "..."}}, not {shown(value)}.'
            )
            return None
        read: list[tuple[str, str]] = []
        for language, words in value.items():
            if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
                self.problem(
                    where, f"{what} has {shown(language)} for a language; use codes such as en or es."
                )
            elif not isinstance(words, str) or not words.strip():
                self.problem(where, f"{what} has no words in {language}.")
            elif len(words) > MAX_WORDS:
                self.problem(where, f"{what} is too long in {language}; {MAX_WORDS} characters is the most.")
            elif _UNPRINTABLE.search(words):
                self.problem(where, f"{what} has a character in {language} that can't be shown.")
            else:
                read.append((language, words.strip()))
        return Text(tuple(sorted(read))) if len(read) == len(value) else None


def _answers_of(kind: Kind, choices: tuple[Choice, ...]) -> tuple[tuple[str, ...], dict[str, Tier]]:
    """The answers to a question of this kind, as they are offered, and the tiers of those that needn't be named."""
    if kind is Kind.YES_NO_UNSURE:
        return (YES, NO, UNSURE), {NO: Tier.CLEAR, UNSURE: Tier.CLEARANCE}
    if kind is Kind.DATE:
        return (GIVEN, UNSURE), {GIVEN: Tier.CLEAR, UNSURE: Tier.CLEARANCE}
    return (*(choice.id for choice in choices), UNSURE), {UNSURE: Tier.CLEARANCE}
