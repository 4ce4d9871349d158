"""Health screening as pure rules over answers: standard library only, no database, no clock.

Rules are data that the owner edits (``parse_rules`` says what is wrong with them); answers are evaluated
only here, on the server. The questions never name a diagnosis, and doubt is never read as a no.
"""

from .comparison import new_tier
from .evaluation import evaluate, evaluate_so_far
from .people import answers_of, answers_of_people, key_of, people_in
from .questions import Group, groups_for, questions_for, visible
from .reading import MAX_LIST, MAX_QUESTIONS
from .rules import RulesError, digest, parse_rules, rules_to_data
from .sample import sample_rules_data
from .types import (
    FALLBACK_LANGUAGE,
    NO,
    UNSURE,
    YES,
    Card,
    Choice,
    Finding,
    Kind,
    Result,
    RuleSet,
    ScreeningQuestion,
    Text,
    Tier,
    When,
)

__all__ = [
    "FALLBACK_LANGUAGE",
    "MAX_LIST",
    "MAX_QUESTIONS",
    "NO",
    "UNSURE",
    "YES",
    "Card",
    "Choice",
    "Finding",
    "Group",
    "Kind",
    "Result",
    "RuleSet",
    "RulesError",
    "ScreeningQuestion",
    "Text",
    "Tier",
    "When",
    "answers_of",
    "answers_of_people",
    "digest",
    "evaluate",
    "evaluate_so_far",
    "groups_for",
    "key_of",
    "new_tier",
    "parse_rules",
    "people_in",
    "questions_for",
    "rules_to_data",
    "sample_rules_data",
    "visible",
]
