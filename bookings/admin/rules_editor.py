"""The health questions as fields of a form: a widget that shows rules part by part, and puts what comes back together
as the data that `bookings.screening` reads. Each text has its place for every language that the rules speak."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django import forms
from django.template.loader import render_to_string
from django.utils.text import slugify
from django.utils.translation import gettext as _

from bookings.screening import FALLBACK_LANGUAGE, MAX_LIST, MAX_QUESTIONS, NO, UNSURE, YES, Kind, Tier
from services.models import Service

BLANK_QUESTIONS, BLANK_CARDS = 2, 1
# Tiers that have words for the client.
_WITH_WORDS = [tier.slug for tier in Tier if tier > Tier.CLEAR]
_TEXTS = ("title", "intro", "approval_note")
_YES_NO = (YES, NO, UNSURE)

Data = Mapping[str, Any]


class RulesEditor(forms.Widget):
    """Gives the rules as data; what is missing or wrong in them is for the field to say."""

    template_name = "admin/bookings/rules_editor.html"

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> Any:
        """The fields, with blank ones for more questions; of what can't be read, whatever can."""
        rules = value if isinstance(value, dict) else {}
        return render_to_string(self.template_name, {"name": name, **_shown(rules)})

    def value_from_datadict(self, data: Data, files: Any, name: str) -> Any:
        """The rules as typed; from a file they come as data, which no browser can send."""
        whole = data.get(name)
        return whole if isinstance(whole, dict) else _Typed(data, name).rules()

    def value_omitted_from_data(self, data: Data, files: Any, name: str) -> bool:
        return f"{name}-languages" not in data

    def id_for_label(self, id_: str) -> str:
        """None: the whole has no field of its own."""
        return ""


class _Typed:
    """What a form sent, read part by part."""

    def __init__(self, data: Data, name: str) -> None:
        self.data, self.name = data, name
        languages = str(data.get(f"{name}-languages", ""))[:100].split()
        self.languages = [FALLBACK_LANGUAGE, *(code for code in languages if code != FALLBACK_LANGUAGE)]
        parts = [f"c{number}" for number in range(MAX_LIST)] + [
            f"q{number}" for number in range(MAX_QUESTIONS)
        ]
        # Ids that are kept come first; one that is made is another.
        self.taken = {self.value(f"{part}-id") for part in parts}

    def rules(self) -> dict[str, Any]:
        rules: dict[str, Any] = {"schema": 1}
        rules |= {part: text for part in _TEXTS if (text := self.text(part))}
        rules |= self.messages("")
        cards = [card for number in range(MAX_LIST) if (card := self.card(f"c{number}"))]
        if cards:
            rules["cards"] = cards
        numbered = [
            (self.place(f"q{number}", number), number, question)
            for number in range(MAX_QUESTIONS)
            if (question := self.question(f"q{number}"))
        ]
        rules["questions"] = [
            question for _place, _number, question in sorted(numbered, key=lambda row: row[:2])
        ]
        return rules

    def value(self, part: str) -> str:
        return str(self.data.get(f"{self.name}-{part}", "")).replace("\r\n", "\n").strip()

    def values(self, part: str) -> list[str]:
        key = f"{self.name}-{part}"
        found = self.data.getlist(key) if hasattr(self.data, "getlist") else self.data.get(key, [])
        return [str(value) for value in found]

    def text(self, part: str) -> dict[str, str]:
        return {code: words for code in self.languages if (words := self.value(f"{part}-{code}"))}

    def messages(self, of: str) -> dict[str, Any]:
        found = {tier: text for tier in _WITH_WORDS if (text := self.text(f"{of}message-{tier}"))}
        return {"messages": found} if found else {}

    def place(self, part: str, number: int) -> int:
        typed = self.value(f"{part}-place")
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 5 else (number + 1) * 10

    def identifier(self, part: str, words: Mapping[str, str], otherwise: str) -> str:
        """The id that it has, or one made of its words."""
        if kept := self.value(f"{part}-id"):
            return kept
        made = _unused(words.get(FALLBACK_LANGUAGE, ""), otherwise, self.taken)
        self.taken.add(made)
        return made

    def card(self, part: str) -> dict[str, Any] | None:
        title, text = self.text(f"{part}-title"), self.text(f"{part}-text")
        spoken = self.text(f"{part}-spoken")
        if not (title or text or spoken or self.value(f"{part}-id")) or self.value(f"{part}-remove"):
            return None
        identifier = self.identifier(part, title or text, "card")
        card = {"id": identifier, "title": title, "text": text, "spoken": spoken}
        return {key: value for key, value in card.items() if value}

    def question(self, part: str) -> dict[str, Any] | None:
        said: dict[str, Any] = {
            key: words for key in ("text", "help", "note") if (words := self.text(f"{part}-{key}"))
        }
        if points := self.points(part):
            said["points"] = points
        said |= self.messages(f"{part}-")
        # What is typed without its text is kept, and refused for that.
        is_blank = not (said or self.value(f"{part}-id") or self.value(f"{part}-choices"))
        if is_blank or self.value(f"{part}-remove"):
            return None
        kind = self.value(f"{part}-kind")
        question = {"id": self.identifier(part, said.get("text", {}), "question"), "kind": kind, **said}
        if kind == Kind.CHOICE.value:
            question["choices"], tiers = self.choices(part)
        else:
            names = {YES: "given"} if kind == Kind.DATE.value else {}
            tiers = {
                names.get(answer, answer): self.value(f"{part}-tier-{answer}")
                for answer in (_YES_NO if kind != Kind.DATE.value else (YES, UNSURE))
            }
        question["tiers"] = {**tiers, UNSURE: self.value(f"{part}-tier-{UNSURE}")}
        if card := self.value(f"{part}-card"):
            question["card"] = card
        if self.value(f"{part}-of-surgery"):
            question["of_surgery"] = True
        if services := self.values(f"{part}-services"):
            question["services"] = services
        parent, _colon, answers = self.value(f"{part}-after").partition(":")
        if parent:
            question["when"] = {"question": parent, "answer": answers.split()}
        return question

    def points(self, part: str) -> list[dict[str, str]]:
        """One a line, in each language as many."""
        lines = {code: self.value(f"{part}-points-{code}").split("\n") for code in self.languages}
        count = max(map(len, lines.values()))
        rows = [
            {code: said[row].strip() for code, said in lines.items() if row < len(said) and said[row].strip()}
            for row in range(count)
        ]
        return [row for row in rows if row]

    def choices(self, part: str) -> tuple[list[dict[str, Any]], dict[str, str]]:
        """Lines of `words = tier`, in English. An answer whose words were there before keeps its id and its other
        languages; the id of another is made of its words."""
        lines = []
        for line in self.value(f"{part}-choices").split("\n"):
            words, _sign, tier = (piece.strip() for piece in line.rpartition("="))
            if words or tier:
                lines.append((words, tier) if words else (tier, ""))
        before = {_english(choice["text"]): choice for choice in self.choices_before(part)}
        taken = {before[words]["id"] for words, _tier in lines if words in before}
        choices, tiers = [], {}
        for words, tier in lines:
            new = {"id": _unused(words, "answer", taken), "text": {FALLBACK_LANGUAGE: words}}
            choices.append(before.get(words, new))
            tiers[choices[-1]["id"]] = tier
        return choices, tiers

    def choices_before(self, part: str) -> list[dict[str, Any]]:
        """The answers that the page was made with, as it sends them back."""
        try:
            found = _dicts(json.loads(self.value(f"{part}-choices-before") or "[]"))
        except (ValueError, RecursionError):
            return []
        return [row for row in found if isinstance(row.get("id"), str) and isinstance(row.get("text"), dict)]


def _unused(words: str, otherwise: str, taken: set[str]) -> str:
    """An id made of these words, or of `otherwise`, that is none of those `taken`."""
    made = slugify(words)[:40].strip("-")
    made = made if made[:1].isalpha() else f"{otherwise}-{made}".strip("-")
    unique, count = made, 2
    while unique in taken:
        unique, count = f"{made}-{count}", count + 1
    return unique


# What the page shows --------------------------------------------------------------------------------------------------


def _shown(rules: dict[str, Any]) -> dict[str, Any]:
    """Everything that the template puts into fields."""
    questions = _dicts(rules.get("questions"))
    cards = _dicts(rules.get("cards"))
    languages = _languages(rules)
    rows = [*questions[:MAX_QUESTIONS], *({} for _blank in range(BLANK_QUESTIONS))][:MAX_QUESTIONS]
    services = [(row.slug, row.name) for row in Service.objects.all()]
    beside = _Beside(languages, cards, _parents(questions), services)
    labels = {
        "title": _("Title"),
        "intro": _("Words above the questions"),
        "approval_note": _("Note for staff"),
    }
    return {
        "languages": languages,
        "texts": [_text(part, labels[part], rules.get(part), languages) for part in _TEXTS],
        "messages": _messages("", rules, languages),
        "cards": [
            {
                "prefix": f"c{number}",
                "id": card.get("id", ""),
                "heading": _english(card.get("title")),
                "texts": [
                    _text(f"c{number}-title", _("Title"), card.get("title"), languages),
                    _text(f"c{number}-text", _("Question for all of it"), card.get("text"), languages),
                    _text(
                        f"c{number}-spoken",
                        _("Said on the phone: names every question of the card"),
                        card.get("spoken"),
                        languages,
                    ),
                ],
            }
            for number, card in enumerate([*cards, *({} for _blank in range(BLANK_CARDS))][:MAX_LIST])
        ],
        "questions": [_question(number, row, beside) for number, row in enumerate(rows)],
        "is_full": len(questions) >= MAX_QUESTIONS,
    }


class _Beside(NamedTuple):
    """What a question can name: languages, cards, questions after whose answer it is asked, and services."""

    languages: list[str]
    cards: list[dict[str, Any]]
    parents: list[tuple[str, str]]
    services: list[tuple[str, str]]


def _question(number: int, row: dict[str, Any], beside: _Beside) -> dict[str, Any]:
    languages = beside.languages
    part, tiers = f"q{number}", _dict(row.get("tiers"))
    when = _dict(row.get("when"))
    answers = when.get("answer", []) if when else []
    after = (
        f"{when['question']}:{' '.join(answers if isinstance(answers, list) else [answers])}" if when else ""
    )
    chosen = _list(row.get("services"))
    points, choices = _dicts(row.get("points")), _dicts(row.get("choices"))
    is_new = not row
    defaults = {YES: Tier.CLEARANCE.slug, NO: Tier.CLEAR.slug, UNSURE: Tier.CLEARANCE.slug} if is_new else {}
    of_yes = tiers.get("given") or tiers.get(YES)
    return {
        "prefix": part,
        "id": row.get("id", ""),
        "number": number + 1,
        "place": (number + 1) * 10,
        "heading": _english(row.get("text")),
        "is_new": is_new,
        "kinds": [(value, label, value == row.get("kind", "yes_no_unsure")) for value, label in _kinds()],
        "text": _text(f"{part}-text", _("Text"), row.get("text"), languages),
        "more": [
            _text(f"{part}-help", _("Help below it"), row.get("help"), languages),
            _text(
                f"{part}-points",
                _("Signs listed below it, one a line"),
                {code: "\n".join(str(point.get(code, "")) for point in points) for code in languages},
                languages,
            ),
            _text(f"{part}-note", _("Note for the therapist"), row.get("note"), languages),
        ],
        "choices": "\n".join(
            f"{_english(choice.get('text'))} = {tiers.get(str(choice.get('id')), '')}" for choice in choices
        ),
        "choices_before": json.dumps(choices) if choices else "",
        "tiers": [
            {"answer": answer, "label": label, "options": _options(_tiers(), of or defaults.get(answer, ""))}
            for answer, label, of in (
                (YES, _("Yes, or a date"), of_yes),
                (NO, _("No"), tiers.get(NO)),
                (UNSURE, _("Not sure"), tiers.get(UNSURE)),
            )
        ],
        "cards": _options(
            [
                ("", _("none: by itself")),
                *((c.get("id", ""), _english(c.get("title"))) for c in beside.cards),
            ],
            row.get("card", ""),
        ),
        "parents": _options(
            [("", _("always"))] + [pair for pair in beside.parents if pair[0] != row.get("id")], after
        ),
        "of_surgery": row.get("of_surgery") is True,
        "services": [(slug, label, slug in chosen) for slug, label in _with_unknown(beside.services, chosen)],
        "messages": _messages(f"{part}-", row, languages),
    }


def _with_unknown(services: list[tuple[str, str]], chosen: Iterable[Any]) -> list[tuple[str, str]]:
    """The services to choose from, and those that are named and aren't there, so that saving doesn't drop them."""
    there = {slug for slug, _name in services}
    return [*services, *((str(slug), str(slug)) for slug in chosen if slug not in there)]


def _parents(questions: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """After which answers a follow-up can be asked."""
    found = []
    for row in questions:
        if row.get("when") or not isinstance(row.get("id"), str) or row.get("kind") == Kind.DATE.value:
            continue
        choices = [(c.get("id", ""), _english(c.get("text"))) for c in _dicts(row.get("choices"))]
        for answer, label in choices or ((YES, _("Yes")), (NO, _("No"))):
            words = _("after “%(question)s”: %(answer)s")
            said = {"question": _english(row.get("text"))[:50], "answer": label}
            found.append((f"{row['id']}:{answer}", words % said))
            unsure = _("%(answer)s, or Not sure") % {"answer": label}
            found.append((f"{row['id']}:{answer} {UNSURE}", words % {**said, "answer": unsure}))
    return found


def _messages(of: str, row: Mapping[str, Any], languages: list[str]) -> list[dict[str, Any]]:
    said = _dict(row.get("messages"))
    words = _("Message for “%(tier)s”")
    return [
        _text(f"{of}message-{tier}", words % {"tier": tier}, said.get(tier), languages)
        for tier in _WITH_WORDS
    ]


def _text(part: str, label: str, value: Any, languages: list[str]) -> dict[str, Any]:
    """A text with its field for each language; one that isn't there in English has no place for another."""
    said = _dict(value)
    there = [
        code
        for code in languages
        if code == FALLBACK_LANGUAGE or said.get(FALLBACK_LANGUAGE) or said.get(code)
    ]
    fields = [{"part": f"{part}-{code}", "code": code, "value": said.get(code, "")} for code in there]
    return {"label": label, "fields": fields, "rows": 2 if "title" in part else 3}


def _languages(rules: Any) -> list[str]:
    """English, and each other language that any text of the rules is in."""
    found = {FALLBACK_LANGUAGE: None}
    waiting = [rules]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if isinstance(part.get(FALLBACK_LANGUAGE), str):
                found |= dict.fromkeys(code for code in part if isinstance(code, str) and len(code) < 12)
            else:
                waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return list(found)


def _english(text: Any) -> str:
    return str(_dict(text).get(FALLBACK_LANGUAGE, ""))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [row for row in _list(value) if isinstance(row, dict)]


def _options(choices: Iterable[tuple[str, str]], chosen: str) -> list[tuple[str, str, bool]]:
    """Choices with a mark at the chosen one, which is among them whatever it is."""
    rows = list(choices)
    if chosen and chosen not in dict(rows):
        rows.append((chosen, chosen))
    return [(value, label, value == chosen) for value, label in rows]


def _kinds() -> list[tuple[str, str]]:
    return [
        (Kind.YES_NO_UNSURE.value, _("Yes, no or not sure")),
        (Kind.CHOICE.value, _("One of several answers")),
        (Kind.DATE.value, _("A date")),
    ]


def _tiers() -> list[tuple[str, str]]:
    return [
        ("clear", _("clear: may be booked")),
        ("caution", _("caution: the therapist reads of it")),
        ("clearance", _("clearance: waits for a clinician’s note")),
        ("stop", _("stop: can’t be booked online")),
        ("emergency", _("emergency: call 911")),
    ]
