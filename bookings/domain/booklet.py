"""The general booklet, made of the owner's words.

A line that begins with `#` is the title, one with `##` a heading, with `-` an item, with a number and a period a
numbered one. `---` begins a page, `___` is a line to write on. What follows each other without an empty line is one
paragraph.
"""

from __future__ import annotations

import logging
import re
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from bookings.models import Booklet
from massagerx.lib.typeset import NotTypeset, Paper, typeset
from services.models import Business

log = logging.getLogger("massagerx.booklet")

_KINDS = (
    ("title", re.compile(r"#\s+(\S.*)")),
    ("head", re.compile(r"##+\s+(\S.*)")),
    ("items", re.compile(r"[-*•]\s+(\S.*)")),
    ("numbers", re.compile(r"\d{1,3}[.)]\s+(\S.*)")),
    ("page", re.compile(r"(---+)")),
    ("line", re.compile(r"(___+)")),
)


def blocks_of(words: str) -> list[dict[str, Any]]:
    """The words as blocks, in order: each with its `kind`, and its `text` or `items`."""
    blocks: list[dict[str, Any]] = []
    goes_on = False
    for line in words.splitlines():
        if not line.strip():
            goes_on = False
            continue
        kind, text = _kind_of(line.strip())
        last = blocks[-1] if blocks and goes_on and blocks[-1]["kind"] == kind else None
        if kind in ("items", "numbers"):
            if last is not None:
                last["items"].append(text)
            else:
                blocks.append({"kind": kind, "items": [text]})
        elif kind == "text" and last is not None:
            last["text"] += f" {text}"
        else:
            blocks.append({"kind": kind, "text": text})
        goes_on = True
    return blocks


def _kind_of(line: str) -> tuple[str, str]:
    for kind, pattern in _KINDS:
        if (found := pattern.fullmatch(line)) is not None:
            return kind, found[1]
    return "text", line


def title_of(words: str) -> str:
    """The title, if that is what they begin with; else ""."""
    first = next(iter(blocks_of(words)), None)
    return str(first["text"]) if first is not None and first["kind"] == "title" else ""


def fill(booklet: Booklet, words: str, *, is_sample: bool = False, now: datetime) -> None:
    """Makes a booklet, which is not saved, of these words: its file is on US letter, tagged for screen readers. Raises
    `NotTypeset`."""
    business = Business.load()
    booklet.words, booklet.is_sample, booklet.foot = words, is_sample, _foot(business, is_sample)
    data = {
        "title": title_of(words),
        "business": business.name,
        "foot": booklet.foot,
        "blocks": blocks_of(words),
    }
    booklet.content = typeset("booklet", data, paper=Paper.LETTER, made_at=now)


def current_booklet(*, now: datetime) -> Booklet | None:
    """The booklet as it is handed out: one made of the owner's words is made anew first when the name or the phone of
    the business has changed since."""
    found = Booklet.objects.first()
    if found is None or not found.words or found.foot == _foot(Business.load(), found.is_sample):
        return found
    try:
        fill(found, found.words, is_sample=found.is_sample, now=now)
    except NotTypeset:
        log.exception("the booklet can't be made anew")
        return found
    # What the owner saved meanwhile stays.
    Booklet.objects.filter(uploaded_at=found.uploaded_at).update(foot=found.foot, content=found.content)
    return found


def _foot(business: Business, is_sample: bool) -> str:
    """What stands at the foot of each page."""
    phone = str(business.phone.as_national) if business.phone else ""
    return " · ".join(filter(None, (_("Sample booklet") if is_sample else "", business.name, phone)))
