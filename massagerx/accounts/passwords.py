"""Passwords that a stranger would try first at this business."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

# Words of the trade, the place and the calendar; what people put together when a password is asked of them.
_GUESSABLE = re.compile(
    r"massage|therap(?:y|ist)|posture|lymph(?:atic)?|drainage|booking|visit|owner|desk|admin|staff|welcome|password"
    r"|losangeles|angeles|california|hollywood|beverly|malibu|santamonica|usa"
    r"|spring|summer|autumn|winter|fall|january|february|march|april|june|july|august|september|october|november"
    r"|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|rx"
)
_NO_LETTERS = re.compile(r"[\W\d_]+")
_LEAST_LEFT = 6
# A word of the name this short stands in other words by chance.
_LONGEST_CHANCE = 2


class NotOurWords:
    """Refuses a password in which little is left without digits, marks and words that anybody would guess here. The
    dotted path `name_of` leads to what gives the business's own name."""

    def __init__(self, name_of: str) -> None:
        self.name_of = name_of

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError unless six letters that nobody would guess are left of `password`."""
        letters = _NO_LETTERS.sub("", password.lower())
        left = _GUESSABLE.sub("", letters)
        name: str = import_string(self.name_of)().lower()
        for word in (_NO_LETTERS.sub("", word) for word in [name, *name.split()]):
            if len(word) > _LONGEST_CHANCE:
                left = _GUESSABLE.sub("", left.replace(word, ""))
        if len(left) < min(_LEAST_LEFT, len(letters)):
            raise ValidationError(
                _("This is made of words that a stranger would try first. Use three or four others."),
                code="password_of_our_words",
            )

    def get_help_text(self) -> str:
        """What Django's forms say of it."""
        return _("Three or four words that have nothing to do with this business make a good password.")
