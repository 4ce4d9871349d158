"""Small tags that every public page uses."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.template.context import Context
from django.templatetags.static import static

from massagerx.lib.urls import absolute_url
from services.models import Business

register = template.Library()


@register.simple_tag
def absolute(path: str) -> str:
    """The public address of a path: `{% absolute request.path %}`."""
    return absolute_url(path)


@register.simple_tag
def absolute_static(path: str) -> str:
    """The public address of a static file."""
    address = static(path)
    return address if address.startswith(("http://", "https://")) else absolute_url(address)


@register.simple_tag(takes_context=True)
def sample_data_shown(context: Context) -> bool:
    """Whether to remind the person reading that this is sample data: staff only.

    Asks for the user only when a session cookie came along, so that a page is the same for all other visitors, and
    can be kept by a cache.
    """
    request = context.get("request")
    if request is None or settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    user = getattr(request, "user", None)
    business = context.get("business")
    return bool(user and user.is_staff and isinstance(business, Business) and business.is_sample)


@register.filter
def initials(name: str) -> str:
    """The first letters of the first and last word of a name, for a picture's place."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
