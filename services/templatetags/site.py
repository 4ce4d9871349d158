"""Small tags that every public page uses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

from django import template
from django.conf import settings
from django.forms import BoundField
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString, mark_safe

from massagerx.lib.jsonld import breadcrumb_list, faq_page, json_ld
from massagerx.lib.kept_fragments import render_kept, render_kept_field
from massagerx.lib.urls import absolute_media, absolute_url
from services import structured_data
from services.models import Business, Service, ServiceFaq

register = template.Library()


@register.filter
def sentences(text: str) -> SafeString:
    """A heading in which a line ends with a sentence where it can, instead of in the middle of the next one."""
    found = re.split(r"(?<=[.!?])\s+", text)
    if len(found) == 1:
        return conditional_escape(text)
    return format_html_join(" ", '<span class="sentence">{}</span>', ((sentence,) for sentence in found))


@register.filter
def attributes(attrs: Mapping[str, Any]) -> SafeString:
    """A widget's attributes as markup, each with a blank before it; True has no value, and False isn't there."""
    return mark_safe(
        "".join(
            [
                f" {conditional_escape(name)}" + ("" if value is True else f'="{conditional_escape(value)}"')
                for name, value in attrs.items()
                if value is not False
            ]
        )
    )  # all of it is escaped


@register.simple_tag
@cache
def drawn_icon() -> SafeString:
    """The site's icon as an address that holds the drawing: it costs a page no request beside its fonts."""
    drawing = (
        (settings.BASE_DIR / "static/img/favicon.svg").read_text(encoding="utf-8").strip().replace('"', "'")
    )
    return mark_safe("data:image/svg+xml," + quote(drawing, safe=" !'()*,/:;=@{}"))


@register.simple_tag
def kept(template_name: str, **values: Any) -> SafeString:
    """As `{% include %}` with nothing but these values, rendered once a process for as long as they are the same."""
    return render_kept(template_name, values)


@register.filter
def kept_field(field: BoundField) -> SafeString:
    """As `as_crispy_field`, rendered once a process for as long as choices and what is chosen are the same."""
    return render_kept_field(field)


@register.simple_tag
def absolute(path: str) -> str:
    """The public address of a path: `{% absolute request.path %}`."""
    return absolute_url(path)


@register.simple_tag
def absolute_static(path: str) -> str:
    """The public address of a static file."""
    address = static(path)
    return address if address.startswith(("http://", "https://")) else absolute_url(address)


@register.simple_tag
def absolute_media_url(address: str) -> str:
    """The public address of a stored file, from where the site itself serves it."""
    return absolute_media(address)


@register.simple_tag(takes_context=True)
def business_json_ld(context: Context) -> SafeString:
    """The business as JSON-LD, for the home page, with its zones, hours and prices from the context."""
    business, options = context["business"], context["options"]
    cents = [option.price_cents + context["travel_from_cents"]() for option in options]
    thing = structured_data.business_thing(
        business,
        image=absolute_media(business.share_url) if business.logo else absolute_static("img/share.png"),
        zones=[zone.name for zone in context["area"]],
        hours=context["hours"],
        prices=(min(cents), max(cents)) if cents else None,
    )
    return json_ld(thing)


@register.simple_tag(takes_context=True)
def service_json_ld(
    context: Context, service: Service, crumbs: list[tuple[str, str]], questions: list[ServiceFaq]
) -> SafeString:
    """A service with its offers, what people ask about it, and where its page is, as JSON-LD. `service` comes with
    its `active_options`.

    The travel fee is the context's: this app doesn't know what a drive costs.
    """
    thing = structured_data.service_thing(
        service,
        service.active_options,  # type: ignore[attr-defined]
        context["business"],
        travel_cents=context["travel_from_cents"](),
    )
    asked = faq_page((question.question, question.answer) for question in questions)
    return json_ld(thing, breadcrumb_list(crumbs), *([asked] if questions else []))


@register.simple_tag(takes_context=True)
def sample_data_shown(context: Context) -> bool:
    """Whether to remind the person reading that this is sample data: only staff who may change that.

    Asks for the user only when a session cookie came along, so that a page is the same for all other visitors, and
    can be kept by a cache.
    """
    request = context.get("request")
    if request is None or settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    user = getattr(request, "user", None)
    business = context.get("business")
    if user is None or not user.is_staff or not user.has_perm("services.change_business"):
        return False
    return isinstance(business, Business) and business.is_sample


# The drawing of a service by its slug; others take turns.
_DRAWINGS = {
    "manual-lymphatic-drainage": "arm",
    "postural-correction-training": "back",
    "in-home-relaxation-massage": "lying",
    "deep-pressure-massage": "press",
}
_OTHER_DRAWINGS = ("shoulder", "leg", "hands")


@register.simple_tag
def drawing_of(service: Service) -> SafeString:
    """What a service is about, as a line drawing: ornament, which says nothing that its name doesn't."""
    name = _DRAWINGS.get(service.slug) or _OTHER_DRAWINGS[(service.pk or 0) % len(_OTHER_DRAWINGS)]
    return mark_safe(render_to_string(f"drawings/{name}.svg"))  # a file of ours
