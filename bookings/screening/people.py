"""Answers of several people in one mapping: the first person's under the questions' ids, another's under
``2.cancer``. No id begins with a digit, so the two never meet."""

from __future__ import annotations

from collections.abc import Mapping


def key_of(question_id: str, person: int) -> str:
    """The key under which a person's answer is kept; people are counted from 1."""
    return question_id if person == 1 else f"{person}.{question_id}"


def answers_of(answers: Mapping[str, object], person: int) -> dict[str, object]:
    """One person's answers, by question id."""
    if person == 1:
        return {key: value for key, value in answers.items() if not key[:1].isdigit()}
    mark = key_of("", person)
    return {key.removeprefix(mark): value for key, value in answers.items() if key.startswith(mark)}


def answers_of_people(answers: Mapping[str, str], people: int) -> dict[str, str]:
    """The answers of the first so many people; what was told of others is left out."""
    others = tuple(key_of("", person) for person in range(people + 1, people_in(answers) + 1))
    return {key: value for key, value in answers.items() if not key.startswith(others)}


def people_in(answers: Mapping[str, object]) -> int:
    """How many people answered: 1, or the highest number among the keys."""
    numbers = [key.partition(".")[0] for key in answers if key[:1].isdigit()]
    return max((int(number) for number in numbers if number.isascii() and number.isdigit()), default=1)
