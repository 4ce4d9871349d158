"""Words of a review that seem to tell of somebody's health: a warning for who writes it, never a refusal."""

from __future__ import annotations

import re

_HEALTH = re.compile(
    r"\b(?:surg(?:ery|eries|eon|eons|ical)|operation|post[- ]?op|lipo\w*|tummy tuck|bbl|mastectomy|c-section|"
    r"face ?lift|implants?|scars?|cancer|tumou?r|chemo\w*|lymph?edema|diagnos\w+|disease|disorder|syndrome|arthritis|"
    r"fibromyalgia|migraines?|stroke|diabet\w+|pregnan\w+|postpartum|depress\w+|anxiety|injur\w+|sciatica|herniated|fracture\w*|"
    r"medication|prescription|(?:back|neck|shoulder|knee|hip|chronic) pain|swelling|inflammation)\b",
    re.IGNORECASE,
)
# Nobody reads a longer list.
_MOST = 5


def tells_of_health(words: str) -> list[str]:
    """What in the words seems to, as it was written, each once; the first few."""
    found = dict.fromkeys(match[0] for match in _HEALTH.finditer(words))
    return list(found)[:_MOST]
