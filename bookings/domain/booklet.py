"""The general booklet, made of the owner's words.

A line that begins with `#` is the title, one with `##` a heading, with `-` an item, with a number and a period a
numbered one. `---` begins a page, `___` is a line to write on. What follows each other without an empty line is one
paragraph.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from massagerx.lib.typeset import Paper, typeset
from services.models import Business

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


def make_booklet(words: str, *, note: str = "", now: datetime) -> bytes:
    """The PDF, on US letter, tagged for screen readers; `note` stands at the foot of each page. Raises `NotTypeset`."""
    business = Business.load()
    phone = str(business.phone.as_national) if business.phone else ""
    data = {
        "title": title_of(words),
        "business": business.name,
        "foot": " · ".join(filter(None, (note, business.name, phone))),
        "blocks": blocks_of(words),
    }
    return typeset("booklet", data, paper=Paper.LETTER, made_at=now)
