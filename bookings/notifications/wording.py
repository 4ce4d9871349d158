"""Names, times and the owner's texts as messages write them: plain, on one line, in the business's zone."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from html import unescape

from django.conf import settings
from django.utils.dateformat import format as date_format
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from massagerx.lib.localtime import clock_time, local


def clock_span(start: datetime, end: datetime) -> str:
    """Two wall times, such as `2:10 to 2:20 PM PST`; the first says its half of the day only where it is another."""
    first = clock_time(start, labelled=False)
    if local(start).hour // 12 == local(end).hour // 12:
        first = first.split()[0]
    said = {"start": first, "end": clock_time(end)}
    return _("%(start)s to %(end)s") % said


def one_line(text: str) -> str:
    """`text` on one line, without control characters: fit for a header."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


# What mail programs make a link of; "St.John" they leave alone.
_NOT_A_NAME = re.compile(r"[/@:<>]|(?<!\bSt)(?<=\w)\.\w{2}|\bSt\.(?![A-Z][a-z])\w")
_TITLES = frozenset({"dr", "miss", "mr", "mrs", "ms", "mx", "prof"})


def safe_name(name: str) -> str:
    """The name as it may stand in an email, empty when it looks like an address on the web: a form that mails what
    strangers type must not carry their advertising."""
    line = one_line(name)
    return "" if _NOT_A_NAME.search(line) else line


def greeting_name(name: str) -> str:
    """The first name, without a title; the whole name when it begins with initials. Empty as `safe_name`."""
    words = safe_name(name).split()
    while len(words) > 1 and words[0].rstrip(".").lower() in _TITLES:
        del words[0]
    if not words or len(words[0].rstrip(".")) > 1:
        return words[0] if words else ""
    return " ".join(words)


def time_span(start: datetime, end: datetime) -> str:
    """From when until when, with the zone's name; both names where the clocks change in between."""
    changes = local(start).tzname() != local(end).tzname()
    return f"{clock_time(start, labelled=changes)} – {clock_time(end)}"


def moment(instant: datetime) -> str:
    """A day and a time, such as `Wed, Oct 14, 2:30 PM PDT`; neither half is broken over two lines."""
    day, time = date_format(local(instant), "D, M j"), clock_time(instant)
    return ", ".join(half.replace(" ", "\N{NO-BREAK SPACE}") for half in (day, time))


def span_of_days(start: datetime, end: datetime) -> str:
    """Whole days as `Mon, Dec 7` or `Mon, Dec 7 – Wed, Dec 9`; else two moments."""
    first, last = local(start), local(end - timedelta(microseconds=1))
    if first.time() != time.min or local(end).time() != time.min:
        return f"{moment(start)} – {moment(end)}"
    days = [date_format(day, "D, M j") for day in (first, last)]
    return days[0] if first.date() == last.date() else " – ".join(days)


_SITE_LINK = re.compile(r'href="(/(?!/)[^"]*)"')


def absolute_links(html: str) -> SafeString:
    """The owner's cleaned HTML, with links to our own pages that work from a mailbox. Only for HTML that
    `clean_html` has passed."""
    return mark_safe(_SITE_LINK.sub(lambda match: f'href="{settings.SITE_URL}{match[1]}"', html))


_LINK = re.compile(r'<a\s[^>]*href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_ITEM = re.compile(r"<li[^>]*>\s*(?:<p[^>]*>)?")
_END_OF_BLOCK = re.compile(r"</(?:p|h2|h3|li|blockquote)>|<br\s*/?>|<hr\s*/?>")


def html_to_text(html: str) -> str:
    """The owner's cleaned HTML as plain text: blocks on lines of their own, items with dashes, links spelt out."""
    html = _LINK.sub(r"\2 (\1)", absolute_links(html))
    html = re.sub(r"</p>\s*</li>", "</li>", _ITEM.sub("- ", " ".join(html.split())))
    lines = unescape(strip_tags(_END_OF_BLOCK.sub("\n", html))).split("\n")
    return "\n".join(line.strip() for line in lines if line.strip())


def tidy(text: str) -> str:
    """No blanks at the ends of lines, never two empty lines, one line end at the end."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"
