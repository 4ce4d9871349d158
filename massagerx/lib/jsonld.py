"""Data for search engines, as JSON-LD that is safe inside a script element."""

import json
from collections.abc import Iterable
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.safestring import SafeString, mark_safe

from .urls import absolute_url

# Inside a script element nothing is unescaped, so what could end it or begin a comment is written as JSON escapes.
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def json_ld(*things: dict[str, Any]) -> SafeString:
    """The schema.org `things` as one JSON-LD document, for `<script type="application/ld+json">`.

    Such an element is data, which no browser runs, so a Content-Security-Policy doesn't ask for a nonce.
    """
    text = json.dumps(
        {"@context": "https://schema.org", "@graph": list(things)}, cls=DjangoJSONEncoder, ensure_ascii=False
    )
    return mark_safe(text.translate(_ESCAPES))


def breadcrumb_list(crumbs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """A `BreadcrumbList` of (name, path) pairs from the home page down."""
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "name": str(name), "item": absolute_url(path)}
            for position, (name, path) in enumerate(crumbs, start=1)
        ],
    }


def faq_page(questions: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """An `FAQPage` of (question, answer) pairs in plain text."""
    return {
        "@type": "FAQPage",
        "mainEntity": [
            {"@type": "Question", "name": question, "acceptedAnswer": {"@type": "Answer", "text": answer}}
            for question, answer in questions
        ],
    }
