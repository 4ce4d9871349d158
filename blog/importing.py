"""A post from elsewhere, pasted as HTML or Markdown: its headings, paragraphs, lists, quotes and links are kept, and
all the rest is dropped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape, unescape
from typing import Literal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from markdown_it import MarkdownIt

from massagerx.lib.html import clean_html, plain_text, refuse_too_many_tags, without_controls
from massagerx.lib.straight import Piece, nested
from massagerx.lib.videos import parse_video

from .prose import lone_links

Kind = Literal["html", "markdown"]

_LOOKS_LIKE_HTML = re.compile(
    r"</?(?:p|h[1-6]|div|span|ul|ol|li|a|b|i|strong|em|br|blockquote|table|html|body|article)\b[^>]*>",
    re.IGNORECASE,
)
_HEADINGS = {"h1": "h2", "h2": "h2", "h3": "h3", "h4": "h3", "h5": "h3", "h6": "h3"}
_INLINE = {"b": "strong", "strong": "strong", "i": "em", "em": "em", "cite": "em"}
_BLOCKS = {
    "p", "div", "section", "article", "main", "header", "footer", "aside", "figure", "figcaption", "pre", "table", "tr",
    "dl", "dt", "dd", "address",
}  # fmt: skip
# Said to be left behind, beside pictures and tables.
_LEFT = {"video", "audio", "embed", "object", "iframe", "svg", "form", "canvas"}
_KEPT = {
    *_HEADINGS,
    *_INLINE,
    *_BLOCKS,
    "ul",
    "ol",
    "li",
    "blockquote",
    "hr",
    "a",
    "br",
    "span",
    "td",
    "th",
    "img",
    *_LEFT,
}
# Word writes a list as paragraphs, with the bullet or number as text in front.
_WORD_LIST = re.compile(r"mso-list\s*:\s*l\d+\s+level(\d)", re.IGNORECASE)
_WORD_MARK = re.compile(
    r"^[\s\xa0]*(?:[·•o§\-–\uf0b7\uf0a7]|(?P<number>(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)]))[\s\xa0]+",
    re.IGNORECASE,
)
# Of an address with a scheme only these; how it is written beyond that is the sanitizer's.
_SAFE = re.compile(r"(?:https?:|mailto:|tel:|[^:/?#]*+(?:[/?#]|$))", re.IGNORECASE)
_BOLD = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_NOT_BOLD = re.compile(r"font-weight\s*:\s*(?:normal|[1-5]00)", re.IGNORECASE)
_ITALIC = re.compile(r"font-style\s*:\s*italic", re.IGNORECASE)
_EMPTY_BLOCK = re.compile(r"<(p|h2|h3|li|blockquote|ul|ol|strong|em|a)(?: [^>]*)?>(?:\s|<br>|\xa0)*</\1>")
# Looked for where a run of them begins, and nowhere inside it.
_LONELY_BREAKS = re.compile(
    r"(<(?:p|h2|h3|li)>)(?:\s|<br>)++|(?<!\s)(?<!<br>)(?:\s|<br>)++(</(?:p|h2|h3|li)>)"
)
_LONE_ADDRESS = re.compile(r"<p>(https?://[^\s<]++)</p>")
_BOLD_LINE = re.compile(r"<p><strong>([^<]{1,90}(?:</?em>[^<]{0,90}){0,4})</strong></p>")
_EMPHASIS = re.compile(r"</?em>")
_BLOCK = re.compile(r"<(p|li|h2|h3)>(?:(?!</\1>).)*+</\1>")
# What introduces a link, at the end of a line.
_PROMISE = re.compile(
    r"\b(?:(?:learn|read|find out|see|watch|listen|click|tap|get it|book|sign up|download)\b[^.!?]{0,30}?"
    r"\bhere|(?:learn|read|find out) more)\W{0,3}$",
    re.IGNORECASE,
)
#: So many of them are shown.
MOST_PROMISES = 10
_FIRST_HEADING = re.compile(r"^\s*<h2>(.*?)</h2>", re.DOTALL)


#: So many lines and marks together, in Markdown.
MOST_MARKS = 2_500
_MARKS = "\n\\`*_[]<>&!"
# No reader follows deeper lists.
_DEEPEST_LIST = 6


@dataclass(frozen=True, slots=True)
class Imported:
    """`title` is the first heading if the text begins with one, which `body` then no longer holds. `pictures`, `tables`
    (whose words were kept) and `others` (players, forms and the like) count what was left behind; `videos` are the
    addresses of those that can be shown, now links on lines of their own; `promises` are lines that speak of a link
    ("Learn more here:") and have none."""

    title: str
    body: str
    pictures: int
    tables: int = 0
    others: int = 0
    videos: tuple[str, ...] = ()
    promises: tuple[str, ...] = ()


def kind_of(text: str) -> Kind:
    """What `text` seems to be. Plain text reads well as Markdown."""
    # Only as far as a tag can end: else each beginning of one would be followed through the whole rest.
    return "html" if _LOOKS_LIKE_HTML.search(text, 0, text.rfind(">") + 1) else "markdown"


def refuse_too_much(text: str, kind: Kind) -> None:
    """Raises `ValidationError` for a text with more formatting than any real one: what it takes to read it grows with
    its tags or marks, not with its letters."""
    if kind == "html":
        refuse_too_many_tags(text)
    elif sum(map(text.count, _MARKS)) > MOST_MARKS:
        raise ValidationError(
            _(
                "This text has more than %(limit)d lines and marks of Markdown. Paste it in parts: the first here, "
                "the others into the draft."
            ),
            code="too_many_marks",
            params={"limit": MOST_MARKS},
        )


def import_text(text: str, kind: Kind | None = None, *, bold_headings: bool = False) -> Imported:
    """The post in `text`; without `kind`, as what it seems to be. The body is clean HTML, empty when no words are
    left. With `bold_headings`, a short line that is all in bold becomes a heading."""
    text = without_controls(text)
    if (kind or kind_of(text)) == "markdown":
        # Raw HTML inside is shown as text would be, so it can't smuggle anything past the rules below.
        text = MarkdownIt("commonmark", {"html": False}).render(text)
    writer = _Writer()
    for piece in nested(text, tags=_KEPT):
        writer.take(piece)
    writer.close()
    body = _tidy("".join(writer.out))
    body = _LONE_ADDRESS.sub(_linked, body)
    if bold_headings:
        body = _BOLD_LINE.sub(lambda match: f"<h2>{_EMPHASIS.sub('', match[1])}</h2>", body)
    heading = _FIRST_HEADING.match(body)
    title = plain_text(heading[1]) if heading else ""
    if heading:
        body = body[heading.end() :]
    body = clean_html(body)
    videos = [address for link in sorted(lone_links(body)) if (address := parse_video(link))]
    return Imported(
        title,
        body,
        writer.pictures,
        writer.tables,
        writer.others,
        tuple(dict.fromkeys(address.watch_url for address in videos)),
        tuple(
            plain_text(match[0])
            for match in _BLOCK.finditer(body)
            if "<a " not in match[0] and _PROMISE.search(plain_text(match[0]))
        )[:MOST_PROMISES],
    )


def _linked(match: re.Match[str]) -> str:
    """A bare address alone on its line as a link, when it is one of a video."""
    address = parse_video(unescape(match[1]))
    if address is None:
        return match[0]
    return f'<p><a href="{escape(address.watch_url)}">{escape(address.watch_url, quote=False)}</a></p>'


def _tidy(html: str) -> str:
    before = ""
    while before != html:
        before = html
        html = _LONELY_BREAKS.sub(lambda match: match[1] or match[2], html)
        html = _EMPTY_BLOCK.sub("", html)
    return html


class _Writer:
    """Writes well-formed HTML anew with the editor's few tags: one block open at a time, lists around it."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.pictures = self.tables = self.others = 0
        self._lists: list[str] = []
        self._lists_too_deep = 0
        self._word_lists: list[str] = []
        self._quotes = 0
        self._block = ""
        self._inline: list[str] = []
        # What each open tag of the source put into `_inline`, to take away when it ends.
        self._opened: list[tuple[str, str]] = []
        self._mark_pending = 0
        self._written = ""

    # Reading --------------------------------------------------------------------------------------------------

    def take(self, piece: Piece) -> None:
        """The next piece of a text whose tags are well nested."""
        if not piece.tag:
            self._data(piece.text)
        elif piece.ends:
            self._end(piece.tag)
        else:
            self._begin(piece.tag, piece.values() if piece.attributes else {})

    def _begin(self, tag: str, values: dict[str, str]) -> None:
        if tag == "br":
            self._break()
        elif tag == "img":
            self.pictures += 1
        elif tag in _LEFT:
            self._leave(values.get("src", ""))
        elif tag in ("td", "th"):
            self._text(" ")
        elif tag in ("ul", "ol"):
            self._open_list(tag, values.get("start", ""))
        elif tag in ("hr", "li", "blockquote") or tag in _HEADINGS or tag in _BLOCKS:
            self._end_block()
            self._begin_block(tag, values.get("style", ""))
        else:
            self._open_inline(tag, values.get("style", ""), values.get("href"))

    def _begin_block(self, tag: str, style: str) -> None:
        if tag == "li":
            if self._lists:
                self._begin_item()
        elif tag == "hr":
            self._end_word_lists()
            self.out.append("<hr>")
        elif tag == "blockquote":
            self._end_word_lists()
            if not self._quotes and not self._lists:
                self.out.append("<blockquote>")
            self._quotes += 1
        elif tag in _HEADINGS:
            self._end_word_lists()
            self._block = _HEADINGS[tag] if not (self._lists or self._quotes) else ""
            self._begin_wanted()
        else:
            self.tables += tag == "table"
            level = _WORD_LIST.search(style)
            if level and not self._lists:
                self._mark_pending = int(level[1])
            elif tag == "p":
                self._end_word_lists()

    def _end(self, tag: str) -> None:
        if tag in ("ul", "ol"):
            self._end_block()
            if self._lists_too_deep:
                self._lists_too_deep -= 1
            elif self._lists:
                self._end_item()
                self.out.append(f"</{self._lists.pop()}>")
        elif tag == "li":
            self._end_block()
        elif tag == "blockquote":
            self._end_block()
            self._quotes = max(0, self._quotes - 1)
            if not self._quotes and not self._lists:
                self.out.append("</blockquote>")
        elif tag in _HEADINGS or tag in _BLOCKS:
            self._end_block()
        else:
            self._close_inline(tag)

    def _data(self, data: str) -> None:
        if self._mark_pending:
            self._written += data
            mark = _WORD_MARK.match(self._written)
            # The mark may come in pieces; a paragraph that has grown past one has none.
            if mark is None and len(self._written.strip()) <= 6:
                return
            data, self._written = self._written[mark.end() if mark else 0 :], ""
            level, self._mark_pending = self._mark_pending, 0
            self._word_item(level, "ol" if mark and mark["number"] else "ul")
        self._text(data)

    # Writing --------------------------------------------------------------------------------------------------

    def _begin_wanted(self) -> None:
        if self._block:
            self.out.append(f"<{self._block}>")
            self.out += [
                opening for opening in self._inline if self._block not in ("h2", "h3") or opening[1] == "a"
            ]

    def _text(self, data: str) -> None:
        data = re.sub(r"[ \t\r\n\f\xa0]+", " ", data)
        if not self._block:
            if not data.strip():
                return
            data = data.lstrip()
            self._block = "p"
            self._begin_wanted()
        self.out.append(escape(data, quote=False))

    def _break(self) -> None:
        if self._block and self._block not in ("h2", "h3"):
            if self.out[-1] == "<br>" and self._block == "p":
                # Two in a row are how some programs write a new paragraph.
                self.out.pop()
                self._end_block()
            else:
                self.out.append("<br>")

    def _end_block(self) -> None:
        if self._mark_pending:
            rest, self._written = self._written, ""
            level, self._mark_pending = self._mark_pending, 0
            if rest.strip():
                mark = _WORD_MARK.match(rest + " ")
                self._word_item(level, "ol" if mark and mark["number"] else "ul")
                self._text(rest[mark.end() :] if mark else rest)
        if self._block:
            heading = self._block in ("h2", "h3")
            self.out += [
                f"</{opening[1:].split()[0].rstrip('>')}>"
                for opening in reversed(self._inline)
                if not heading or opening[1] == "a"
            ]
            self.out.append(f"</{self._block}>")
            self._block = ""

    def _open_inline(self, tag: str, style: str, address: str | None) -> None:
        added = ""
        name = _INLINE.get(tag)
        if address and address.lower().startswith("www."):
            address = f"https://{address}"
        if tag == "a" and address and not address.startswith("#") and _SAFE.match(address):
            added = f'<a href="{escape(address)}">'
        elif name == "strong" and _NOT_BOLD.search(style):
            pass  # how Google Docs wraps a whole text
        elif name:
            added = f"<{name}>"
        elif tag == "span" and _BOLD.search(style):
            added = "<strong>"
        elif tag == "span" and _ITALIC.search(style):
            added = "<em>"
        if added and added in self._inline:
            added = ""
        self._opened.append((tag, added))
        if added:
            self._inline.append(added)
            if self._block and not (self._block in ("h2", "h3") and added[1] != "a"):
                self.out.append(added)

    def _close_inline(self, tag: str) -> None:
        if not any(name == tag for name, _added in self._opened):
            return
        while True:
            name, added = self._opened.pop()
            if added:
                self._inline.remove(added)
                if self._block and not (self._block in ("h2", "h3") and added[1] != "a"):
                    self.out.append(f"</{added[1:].split()[0].rstrip('>')}>")
            if name == tag:
                return

    def _leave(self, address: str) -> None:
        """A player, frame or form: one that shows a video we know becomes a link to it, alone on its line."""
        video = parse_video(f"https:{address}" if address.startswith("//") else address)
        if video is None:
            self.others += 1
            return
        self._end_block()
        self._end_word_lists()
        url = video.watch_url
        self.out.append(f'<p><a href="{escape(url)}">{escape(url, quote=False)}</a></p>')

    def _open_list(self, tag: str, start: str) -> None:
        self._end_block()
        self._end_word_lists()
        if len(self._lists) == _DEEPEST_LIST:
            self._lists_too_deep += 1
            return
        if self._lists and not self._items_open():
            self._begin_item()
        goes_on = tag == "ol" and start.isascii() and start.isdigit()
        self.out.append(f'<ol start="{start}">' if goes_on else f"<{tag}>")
        self._lists.append(tag)

    def _items_open(self) -> bool:
        return bool(self._lists) and self._lists[-1].startswith("*")

    def _begin_item(self) -> None:
        self._end_item()
        self.out.append("<li>")
        self._lists[-1] = f"*{self._lists[-1]}"

    def _end_item(self) -> None:
        if self._items_open():
            self.out.append("</li>")
            self._lists[-1] = self._lists[-1][1:]

    def _word_item(self, level: int, tag: str) -> None:
        while len(self._word_lists) > level:
            self.out.append(f"</li></{self._word_lists.pop()}>")
        if len(self._word_lists) == level:
            if self._word_lists[-1] == tag:
                self.out.append("</li><li>")
            else:
                self.out.append(f"</li></{self._word_lists.pop()}>")
        while len(self._word_lists) < level:
            self.out.append(f"<{tag}><li>")
            self._word_lists.append(tag)

    def _end_word_lists(self) -> None:
        while self._word_lists:
            self.out.append(f"</li></{self._word_lists.pop()}>")

    def close(self) -> None:
        self._end_block()
        self._end_word_lists()
