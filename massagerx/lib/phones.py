"""Telephone numbers in rows: each text is parsed once, and its number judged once.

A number of `django-phonenumber-field` parses its text when a row is read and when it is written, and asks the patterns
of all countries each time that it is compared, shown or stored. A press that books does so some forty times.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from phonenumber_field import modelfields
from phonenumber_field.phonenumber import PhoneNumber, to_python
from phonenumbers import PhoneNumber as Numbers
from phonenumbers import PhoneNumberFormat, region_code_for_number

#: Of numbers without a country's code.
REGION = "US"


class Phone(PhoneNumber):
    """A number that doesn't change."""

    @cached_property
    def _is_valid(self) -> bool:
        # A number is found to be of this region, one of several with its code, by the patterns that make it valid.
        return region_code_for_number(self) == REGION or super().is_valid()

    @cached_property
    def stored(self) -> str:
        """As E.164, such as "+13235550123"; what was typed where that is no valid number."""
        return self.format_as(PhoneNumberFormat.E164) if self._is_valid else str(self.raw_input or "")

    @cached_property
    def _shown(self) -> str:
        return super().__str__()

    def is_valid(self) -> bool:
        return self._is_valid

    def __str__(self) -> str:
        return self._shown

    def __bool__(self) -> bool:
        return bool(self.stored)

    def __eq__(self, other: object) -> bool:
        """Whether another number, or a text, is stored as the same."""
        number = parse_phone(other) if isinstance(other, str | Numbers) else None
        return isinstance(number, Phone) and self.stored == number.stored

    __hash__ = PhoneNumber.__hash__


def parse_phone(value: Any) -> Any:
    """The `Phone` of a text or of another number; None and "" as they are. A text that is no number gives one that
    isn't valid."""
    if type(value) is Phone:
        return value
    if isinstance(value, str) and value:
        return _parsed(value)
    number = to_python(value, region=REGION)
    return _frozen(number) if isinstance(number, PhoneNumber) else number


@lru_cache(maxsize=2048)
def _parsed(text: str) -> Phone:
    return _frozen(to_python(text, region=REGION))


def _frozen(number: PhoneNumber) -> Phone:
    phone = Phone()
    phone.merge_from(number)
    return phone


class _Descriptor(modelfields.PhoneNumberDescriptor):
    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.name] = parse_phone(value)


class PhoneNumberField(modelfields.PhoneNumberField):
    """As the library's, which migrations name: a column of text."""

    descriptor_class = _Descriptor

    if TYPE_CHECKING:  # what the descriptor does

        def __get__(self, instance: Any, owner: Any = None) -> Any: ...

        def __set__(self, instance: Any, value: Any) -> None: ...

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"region": REGION, **options})

    def to_python(self, value: Any) -> Any:
        return parse_phone(value)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return parse_phone(value)

    def get_prep_value(self, value: Any) -> Any:
        phone = parse_phone(value)
        return phone.stored if isinstance(phone, Phone) else phone

    def deconstruct(self) -> Any:
        name, _path, args, options = super().deconstruct()
        return name, "phonenumber_field.modelfields.PhoneNumberField", args, options
