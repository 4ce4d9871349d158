"""Amounts of money in forms: people type dollars, rows keep integer cents."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

CENTS = Decimal(100)


class DollarsInput(forms.TextInput):
    """A short text box: a number box would refuse `$1,250`, which is how people write it."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "decimal", "size": "9", "class": "dollars", **(attrs or {})})


class DollarsField(forms.Field):
    """Reads `125`, `125.50`, `$1,250` and gives integer cents; shows an initial value in cents as dollars.

    `max_cents` is the most that is taken. Errors say what to type.
    """

    widget = DollarsInput
    default_error_messages = {
        "invalid": _("Type an amount in dollars, such as 125 or 62.50."),
        "max_decimal_places": _("Dollars have at most two digits after the point, such as 62.50."),
        "negative": _("An amount can't be less than zero."),
        "too_much": _("An amount here can't be more than $%(limit)s."),
    }

    def __init__(self, *, max_cents: int = 1_000_000, **kwargs: Any) -> None:
        self.max_cents = max_cents
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Cents as dollars with two decimals; what somebody typed stays as it was."""
        if isinstance(value, int) and not isinstance(value, bool):
            return f"{Decimal(value) / CENTS:.2f}"
        return value

    def to_python(self, value: Any) -> Any:
        """Integer cents, or None for a blank. Raises `ValidationError`."""
        if value in self.empty_values:
            return None
        text = str(value).strip().removeprefix("$").replace(",", "").strip()
        if not text:
            return None
        try:
            amount = Decimal(text)
        except InvalidOperation:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None
        if not amount.is_finite() or len(text) > 20:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        if amount < 0:
            raise ValidationError(self.error_messages["negative"], code="negative")
        if amount > Decimal(self.max_cents) / CENTS:
            limit = f"{self.max_cents // 100:,}"
            raise ValidationError(self.error_messages["too_much"], code="too_much", params={"limit": limit})
        cents = amount * CENTS
        if cents != cents.to_integral_value():
            raise ValidationError(self.error_messages["max_decimal_places"], code="max_decimal_places")
        return int(cents)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compares in cents; unreadable input counts as changed."""
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True
