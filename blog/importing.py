"""A post from elsewhere, pasted as HTML or Markdown: its headings, paragraphs, lists, quotes and links are kept, and
all the rest is dropped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from typing import Literal

import nh3
from markdown_it import MarkdownIt

from massagerx.lib.html import clean_html, plain_text, without_controls

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
}
_WRITTEN_AWAY = {
    "script",
    "style",
    "title",
    "template",
    "svg",
    "math",
    "object",
    "iframe",
    "noscript",
    "textarea",
}
# Word writes a list as paragraphs, with the bullet or number as text in front.
_WORD_LIST = re.compile(r"mso-list\s*:\s*l\d+\s+level(\d)", re.IGNORECASE)
_WORD_MARK = re.compile(
    r"^[\s\xa0]*(?:[·•o§\-–\uf0b7\uf0a7]|(?P<number>(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)]))[\s\xa0]+",
    re.IGNORECASE,
)
_BOLD = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_NOT_BOLD = re.compile(r"font-weight\s*:\s*(?:normal|[1-5]00)", re.IGNORECASE)
_ITALIC = re.compile(r"font-style\s*:\s*italic", re.IGNORECASE)
_EMPTY_BLOCK = re.compile(r"<(p|h2|h3|li|blockquote|ul|ol|strong|em|a)(?: [^>]*)?>(?:\s|<br>|\xa0)*</\1>")
_LONELY_BREAKS = re.compile(r"(<(?:p|h2|h3|li)>)(?:\s|<br>)+|(?:\s|<br>)+(</(?:p|h2|h3|li)>)")
_FIRST_HEADING = re.compile(r"^\s*<h2>(.*?)</h2>", re.DOTALL)


# No reader follows deeper lists, and no text may cost minutes.
_DEEPEST_LIST = 6


@dataclass(frozen=True, slots=True)
class Imported:
    """`title` is the first heading if the text begins with one, which `body` then no longer holds; `pictures` counts
    those that were left behind."""

    title: str
    body: str
    pictures: int


def kind_of(text: str) -> Kind:
    """What `text` seems to be. Plain text reads well as Markdown."""
    # Only as far as a tag can end: else each beginning of one would be followed through the whole rest.
    return "html" if _LOOKS_LIKE_HTML.search(text, 0, text.rfind(">") + 1) else "markdown"


def import_text(text: str, kind: Kind | None = None) -> Imported:
    """The post in `text`; without `kind`, as what it seems to be. The body is clean HTML, empty when no words are
    left."""
    text = without_controls(text)
    if (kind or kind_of(text)) == "markdown":
        # Raw HTML inside is shown as text would be, so it can't smuggle anything past the rules below.
        text = MarkdownIt("commonmark", {"html": False}).render(text)
    # Parsed as browsers do; comments, Word's conditions among them, are gone after this.
    text = nh3.clean(
        text,
        tags=_KEPT,
        clean_content_tags=_WRITTEN_AWAY,
        attributes={"*": {"style"}, "a": {"href"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
    )
    writer = _Writer()
    writer.feed(text)
    writer.close()
    body = _tidy("".join(writer.out))
    heading = _FIRST_HEADING.match(body)
    title = plain_text(heading[1]) if heading else ""
    if heading:
        body = body[heading.end() :]
    return Imported(title, clean_html(body), writer.pictures)


def _tidy(html: str) -> str:
    before = ""
    while before != html:
        before = html
        html = _LONELY_BREAKS.sub(lambda match: match[1] or match[2], html)
        html = _EMPTY_BLOCK.sub("", html)
    return html


class _Writer(HTMLParser):
    """Writes well-formed HTML anew with the editor's few tags: one block open at a time, lists around it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.pictures = 0
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

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        style = values.get("style") or ""
        if tag == "br":
            self._break()
        elif tag == "hr":
            self._end_block()
            self._end_word_lists()
            self.out.append("<hr>")
        elif tag == "img":
            self.pictures += 1
        elif tag in ("td", "th"):
            self._text(" ")
        elif tag in ("ul", "ol"):
            self._open_list(tag)
        elif tag == "li":
            self._end_block()
            if self._lists:
                self._begin_item()
        elif tag == "blockquote":
            self._end_block()
            self._end_word_lists()
            if not self._quotes and not self._lists:
                self.out.append("<blockquote>")
            self._quotes += 1
        elif tag in _HEADINGS:
            self._end_block()
            self._end_word_lists()
            self._block = _HEADINGS[tag] if not (self._lists or self._quotes) else ""
            self._begin_wanted()
        elif tag in _BLOCKS:
            self._end_block()
            level = _WORD_LIST.search(style)
            if level and not self._lists:
                self._mark_pending = int(level[1])
            elif tag == "p":
                self._end_word_lists()
        else:
            self._open_inline(tag, style, values.get("href"))

    def handle_endtag(self, tag: str) -> None:
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

    def handle_data(self, data: str) -> None:
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
        if tag == "a" and address and not address.startswith("#"):
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

    def _open_list(self, tag: str) -> None:
        self._end_block()
        self._end_word_lists()
        if len(self._lists) == _DEEPEST_LIST:
            self._lists_too_deep += 1
            return
        if self._lists and not self._items_open():
            self._begin_item()
        self.out.append(f"<{tag}>")
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
        super().close()
        self._end_block()
        self._end_word_lists()
