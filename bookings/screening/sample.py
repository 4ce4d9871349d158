"""The sample rules of a new installation; not for real clients before a therapist approves them."""

from __future__ import annotations

import json
from pathlib import Path

_SAMPLE = Path(__file__).with_name("sample_rules.json")


def sample_rules_data() -> dict[str, object]:
    """A fresh copy of the sample rule data, ready to be stored as the first version."""
    data: dict[str, object] = json.loads(_SAMPLE.read_text(encoding="utf-8"))
    return data
