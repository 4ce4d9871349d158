"""The screening's texts in the visitor's language."""

from django import template

from bookings.domain import intake
from bookings.screening import Text

register = template.Library()


@register.filter
def translated(text: Text | None) -> str:
    """`{{ question.text|words }}`"""
    return intake.translated(text)
