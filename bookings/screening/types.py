"""Values of the health screening: tiers, words in several languages, questions, rule sets, results.

Everything here is frozen and hashable, knows no database and no clock, and can be built only by
``parse_rules`` in practice: the parser is where unsafe rules are refused.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

YES = "yes"
NO = "no"
UNSURE = "unsure"
#: What a date question's answer counts as once it is a real day in the past.
GIVEN = "given"

FALLBACK_LANGUAGE = "en"


class Tier(enum.IntEnum):
    """How far an answer takes a request, mildest first, so that ``max`` is the worst."""

    CLEAR = 0
    CAUTION = 1
    CLEARANCE = 2
    STOP = 3
    EMERGENCY = 4

    @property
    def slug(self) -> str:
        """The word used for this tier in rule data and in stored rows."""
        return self.name.lower()

    @classmethod
    def from_slug(cls, slug: str) -> Tier:
        """The tier named by ``slug``; raises ``KeyError`` for any other word."""
        return _TIERS[slug]


_TIERS = {tier.slug: tier for tier in Tier}


class Kind(enum.Enum):
    """What shape of answer a question takes."""

    YES_NO_UNSURE = "yes_no_unsure"
    CHOICE = "choice"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in one or more languages; English is always among them."""

    translations: tuple[tuple[str, str], ...]

    def in_language(self, code: str) -> str:
        """The words in ``code``, else in its base language (``es-mx`` → ``es``), else in English."""
        words = dict(self.translations)
        wanted = code.replace("_", "-").lower()
        for candidate in (wanted, wanted.partition("-")[0], FALLBACK_LANGUAGE):
            if candidate in words:
                return words[candidate]
        return self.translations[0][1] if self.translations else ""

    def __str__(self) -> str:
        return self.in_language(FALLBACK_LANGUAGE)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers offered by a question of the kind ``choice``."""

    id: str
    text: Text


@dataclass(frozen=True, slots=True)
class When:
    """Ask a question only after ``question`` was answered with one of ``answers``."""

    question: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Card:
    """Questions that are put together: 'none of these' answers no to each of them. ``spoken`` asks for all of them in
    one breath, as staff say it on the phone."""

    id: str
    title: Text
    text: Text
    spoken: Text | None = None


@dataclass(frozen=True, slots=True)
class ScreeningQuestion:
    """One question, the tier that each of its answers leads to, and the words that go with the tier.

    ``services`` empty means every service. ``card`` empty means that it stands on no card and is answered by itself; a
    follow-up stands where its parent does. ``messages`` are for the client, ``note`` is for the therapist.
    ``of_surgery``: it asks of the surgery itself, of which a surgeon's office speaks when it clears a patient.
    """

    id: str
    kind: Kind
    text: Text
    tiers: tuple[tuple[str, Tier], ...]
    help: Text | None = None
    points: tuple[Text, ...] = ()
    choices: tuple[Choice, ...] = ()
    services: tuple[str, ...] = ()
    when: When | None = None
    messages: tuple[tuple[Tier, Text], ...] = ()
    note: Text | None = None
    card: str = ""
    of_surgery: bool = False

    @property
    def answers(self) -> tuple[str, ...]:
        """The answers a form offers, 'not sure' always last; a date question takes a day beside these."""
        if self.kind is Kind.YES_NO_UNSURE:
            return (YES, NO, UNSURE)
        return (*(choice.id for choice in self.choices), UNSURE)

    @property
    def worst(self) -> Tier:
        """The worst tier that a definite answer (anything but 'not sure') can lead to."""
        return max((tier for answer, tier in self.tiers if answer != UNSURE), default=Tier.CLEAR)

    def tier_for(self, answer: str) -> Tier:
        """The tier of an answer that was already read; what isn't known counts as 'not sure'.

        'Not sure' is never below clearance here, whatever the data says, so that not even a rule set
        that went around the parser can read doubt as a no.
        """
        tiers = dict(self.tiers)
        if answer != UNSURE and answer in tiers:
            return tiers[answer]
        return max(Tier.CLEARANCE, tiers.get(UNSURE, Tier.CLEARANCE))

    def message_for(self, tier: Tier) -> Text | None:
        """This question's own words for ``tier``, when it has any."""
        return dict(self.messages).get(tier)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A whole screening: questions in the owner's order and the words used where a question has none."""

    title: Text
    questions: tuple[ScreeningQuestion, ...]
    intro: Text | None = None
    approval_note: Text | None = None
    messages: tuple[tuple[Tier, Text], ...] = ()
    cards: tuple[Card, ...] = ()

    def __hash__(self) -> int:
        """Of a part, so that it costs little to look up what is kept of a rule set."""
        return hash((self.title, len(self.questions)))

    def message_for(self, question: ScreeningQuestion, tier: Tier) -> Text | None:
        """The words for ``tier``: the question's own, else the rule set's."""
        return question.message_for(tier) or dict(self.messages).get(tier)


@dataclass(frozen=True, slots=True)
class Finding:
    """An answer that was not clear. Health data: keep it out of logs, emails and task arguments."""

    question_id: str
    answer: str
    tier: Tier
    message: Text | None
    note: Text | None
    of_surgery: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a set of answers. Health data, like the answers themselves.

    ``findings`` worst first; ``messages`` are the words to show the client, most urgent first;
    ``caution_notes`` are for the therapist; ``unanswered`` names the questions that were asked and have
    no answer that we can read (each already counts as 'not sure').
    """

    tier: Tier
    findings: tuple[Finding, ...]
    messages: tuple[Text, ...]
    caution_notes: tuple[Text, ...]
    unanswered: tuple[str, ...]

    @property
    def is_clear(self) -> bool:
        """Nothing stands in the way: the only tier that may be confirmed without a person looking."""
        return self.tier is Tier.CLEAR

    @property
    def bookable(self) -> bool:
        """Whether the request may be taken online at all."""
        return self.tier < Tier.STOP

    @property
    def asks_of_surgery_alone(self) -> bool:
        """Whether nothing but the surgery itself asks for a clinician's word."""
        graver = [finding for finding in self.findings if finding.tier >= Tier.CLEARANCE]
        return bool(graver) and self.bookable and all(finding.of_surgery for finding in graver)

    @property
    def needs_clinician(self) -> bool:
        """Whether some answer asks for a clinician's word, or for more than that."""
        return self.tier >= Tier.CLEARANCE

    @property
    def stops(self) -> tuple[str, ...]:
        """Ids of the questions whose answers keep this visit from being booked online."""
        return tuple(finding.question_id for finding in self.findings if finding.tier >= Tier.STOP)
