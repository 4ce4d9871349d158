"""The owner's sentences in emails: what they may name of the client and the visit, as `{{ day }}`, and how that is
filled in. A list of ours and nothing else: no template is ever made of what somebody typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bookings.enums import MessageKind

from .registry import KINDS

_PLACE = re.compile(r"\{\{\s*([a-z]+)\s*\}\}")
# What looks like a place, or like the start or end of one.
_BRACES = re.compile(r"\{\{[^{}]*\}\}|\{[{%#]|[}%#]\}")


def places(kind: MessageKind) -> tuple[str, ...]:
    """The names that a sentence in emails of this kind may hold. Several visits have no one day, time or therapist."""
    of_a_visit = KINDS[kind].about == "booking" and kind != MessageKind.TOGETHER
    return ("name", "day", "time", "therapist", "service") if of_a_visit else ("name",)


def written(names: tuple[str, ...]) -> str:
    """The names as they are typed."""
    return ", ".join(f"{{{{ {name} }}}}" for name in names)


def check(kind: MessageKind, words: str) -> None:
    """Raises `ValidationError`, with the list, for a name that such an email doesn't know, and for odd braces."""
    left = _PLACE.sub(lambda found: "" if found[1] in places(kind) else found[0], words)
    if odd := _BRACES.search(left):
        said = _("“%(typed)s” can’t be filled in. In this email you may write %(places)s.")
        raise ValidationError(said % {"typed": odd[0], "places": written(places(kind))})


def fill(kind: MessageKind, words: str, context: Mapping[str, Any]) -> str:
    """The words with what the email's `context` knows in place of the names. In one pass: braces that a client typed
    as their name stay as they are."""
    if "{{" not in words:
        return words
    booking = context.get("booking")
    # Some names can't be said (`safe_name`).
    known = {"name": context.get("name") or _("there")}
    if booking is not None:
        known |= {"day": context["day"], "time": context["start"]}
        known |= {"therapist": booking.therapist.name, "service": booking.service.name}
    return _PLACE.sub(
        lambda found: known[found[1]] if found[1] in known and found[1] in places(kind) else found[0], words
    )
