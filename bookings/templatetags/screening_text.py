"""The screening's texts in the visitor's language, and the parts of its fields."""

from django import forms, template

from bookings.domain import intake
from bookings.forms import health
from bookings.screening import Text

register = template.Library()


@register.filter
def translated(text: Text | None) -> str:
    """`{{ question.text|words }}`"""
    return intake.translated(text)


@register.filter
def date_parts(field: forms.BoundField) -> health.DateParts:
    """`{% with parts=field|date_parts %}` for a field with a `RoughDateInput`"""
    return health.date_parts(field)
