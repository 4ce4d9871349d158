"""Passwords that a stranger would try first at this business."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

# Words of the trade, the place and the calendar; what people put together when a password is asked of them.
_GUESSABLE = re.compile(
    r"massage|therap(?:y|ist)|posture|lymph(?:atic)?|drainage|booking|visit|owner|desk|admin|staff|welcome|password"
    r"|losangeles|angeles|california|hollywood|beverly|malibu|santamonica|usa"
    r"|spring|summer|autumn|winter|fall|january|february|march|april|june|july|august|september|october|november"
    r"|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|rx"
)
_LEAST_LEFT = 6


class NotOurWords:
    """Refuses a password in which little is left without digits, marks and words that anybody would guess here."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError unless six letters that nobody would guess are left of `password`."""
        letters = re.sub(r"[\W\d_]+", "", password.lower())
        left = _GUESSABLE.sub("", letters)
        if len(left) < min(_LEAST_LEFT, len(letters)):
            raise ValidationError(
                _("This is made of words that a stranger would try first. Use three or four others."),
                code="password_of_our_words",
            )

    def get_help_text(self) -> str:
        """What Django's forms say of it."""
        return _("Three or four words that have nothing to do with this business make a good password.")
