"""Parts of staff's pages."""

from __future__ import annotations

from django import template
from django.contrib.auth.models import AnonymousUser, User
from django.template.context import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from phonenumber_field.phonenumber import PhoneNumber
from phonenumbers import NumberParseException

from bookings.staff.visibility import sees_own_visits

register = template.Library()


@register.simple_tag(takes_context=True)
def nav_link(context: Context, name: str, words: str) -> SafeString:
    """`{% nav_link "admin:index" _("Desk") %}`: a link that is marked on its own page and on those of its rows."""
    address = reverse(name)
    path = context["request"].path
    own = path == address or (path.startswith(address) and path[len(address) :][:1].isdigit())
    current = mark_safe(' aria-current="page"') if own else ""
    return format_html('<a href="{}"{}>{}</a>', address, current, words)


@register.filter
def is_therapist(user: User | AnonymousUser) -> bool:
    """Whether this member of staff sees their own visits alone: their pages have tabs at the foot instead of the desk's
    bar."""
    return sees_own_visits(user)


@register.filter
def national_phone(number: str) -> str:
    """`(213) 555-0142` of a number kept as text; as it is where it can't be read."""
    try:
        return str(PhoneNumber.from_string(number, region="US").as_national)
    except NumberParseException:
        return number
