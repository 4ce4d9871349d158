"""The editor's extensions, and the allow-list that stored HTML is cleaned with."""

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import urljoin

import nh3
from django.core.exceptions import ValidationError
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from .straight import count_tags, straight
from .text import refuse_too_long

PROSE_EXTENSIONS = {
    "Bold": True,
    "Italic": True,
    "Heading": {"levels": [2, 3]},
    "BulletList": True,
    "OrderedList": True,
    "ListItem": True,
    "Blockquote": True,
    "HorizontalRule": True,
    "Link": {"enableTarget": False, "protocols": ["http", "https", "mailto", "tel"]},
}

_PICTURE_TAGS = {"figure", "figcaption", "img"}
_PICTURE_ATTRIBUTES = {"img": {"src", "alt"}}
_TAGS = {"p", "br", "strong", "em", "h2", "h3", "ul", "ol", "li", "blockquote", "hr", "a"}
# The star takes away what nh3 leaves on every tag unless told: lang and title.
_ATTRIBUTES: dict[str, set[str]] = {"a": {"href"}, "ol": {"start"}, "*": set()}
# The number that a list goes on with.
_START = re.compile(r"[2-9]|[1-9][0-9]{1,2}")
_SCHEMES = {"http", "https", "mailto", "tel"}
# XML has no way to write these, so that one of them in a post would break the whole feed.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_TAG = re.compile(r"<[^>]*>")
_NO_SOURCE = re.compile(r"<img(?![^>]* src=)[^>]*>")
_NO_PICTURE = re.compile(r"<figure>(?:(?!<img|</figure>).)*</figure>", re.DOTALL)
#: A text may be so long, and hold so many tags: ten times a long post.
LONGEST_HTML, MOST_TAGS = 100_000, 2_500
_EMPTY = re.compile(r"^(?:<p>(?:\s|<br>|&nbsp;)*</p>|\s)*$")


def clean_html(html: str) -> str:
    """`html` with only the tags of the editor and safe links: no class, style, script or data attribute.

    Source of the rule: OWASP's allow-list approach to stored HTML; nh3 parses as browsers do. An editor's empty
    paragraph becomes the empty string.
    """
    cleaned = nh3.clean(
        straight(without_controls(html), tags=_TAGS, attributes=_ATTRIBUTES),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener",
        attribute_filter=_sane_start,
    )
    return "" if _EMPTY.match(cleaned) else cleaned


def clean_html_with_pictures(html: str, source: re.Pattern[str]) -> str:
    """As `clean_html`, and pictures whose whole address matches `source`, bare or in a figure with its caption.

    A picture from anywhere else goes, and with it a figure that held nothing else.
    """

    def ours(tag: str, attribute: str, value: str) -> str | None:
        if (tag, attribute) == ("img", "src"):
            return value if source.fullmatch(value) else None
        return _sane_start(tag, attribute, value)

    tags, attributes = _TAGS | _PICTURE_TAGS, _ATTRIBUTES | _PICTURE_ATTRIBUTES
    cleaned = nh3.clean(
        straight(without_controls(html), tags=tags, attributes=attributes),
        tags=tags,
        attributes=attributes,
        url_schemes=_SCHEMES,
        link_rel="noopener",
        attribute_filter=ours,
    )
    cleaned = _NO_PICTURE.sub("", _NO_SOURCE.sub("", cleaned))
    return "" if _EMPTY.match(cleaned) else cleaned


def _sane_start(tag: str, attribute: str, value: str) -> str | None:
    return value if (tag, attribute) != ("ol", "start") or _START.fullmatch(value) else None


def refuse_too_many_tags(html: str) -> None:
    """Raises `ValidationError` for a text of more tags than any real one."""
    if count_tags(html) > MOST_TAGS:
        raise ValidationError(
            _(
                "This text holds more than %(limit)d pieces of formatting. Please take it in parts, or without its "
                "formatting."
            ),
            code="too_many_tags",
            params={"limit": MOST_TAGS},
        )


def when_typed(clean: Callable[[str], str]) -> Callable[[str], str]:
    """`clean` for what is typed into a form: raises `ValidationError` for what is too long, or too full of tags, to be
    cleaned."""

    def refuse_or_clean(html: str) -> str:
        refuse_too_long(html, LONGEST_HTML)
        refuse_too_many_tags(html)
        return clean(html)

    return refuse_or_clean


def without_controls(text: str) -> str:
    """`text` without control characters, except tab and the ends of lines."""
    return _CONTROLS.sub("", text)


def plain_text(html: str) -> str:
    """The words of cleaned `html` on one line, with blocks kept apart."""
    # After the last tag there is none: looking for one behind each "<" there would take the square of their number.
    end = html.rfind(">") + 1
    return " ".join(unescape(_TAG.sub(" ", html[:end]) + html[end:]).split())


def excerpt(html: str, words: int = 32) -> str:
    """The first `words` words of cleaned `html` as plain text, with an ellipsis when there are more."""
    return Truncator(plain_text(html)).words(words, truncate="…")


def absolute_links(html: str, base: str) -> str:
    """Cleaned `html` with each link and picture made absolute against the address `base`, for readers outside the
    site."""

    def absolute(tag: str, attribute: str, value: str) -> str:
        return urljoin(base, value) if attribute in ("href", "src") else value

    return nh3.clean(
        html,
        tags=_TAGS | _PICTURE_TAGS,
        attributes=_ATTRIBUTES | _PICTURE_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener",
        attribute_filter=absolute,
    )
