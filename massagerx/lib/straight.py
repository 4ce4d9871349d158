"""HTML that somebody typed or pasted, written anew so that a parser's work can't outgrow it.

A parser that follows the browsers' rules looks through all open elements at many a tag, and opens unclosed bold and
italics again in each paragraph: the square of what was sent. So before one reads a text, its tags are nested here, no
deeper than people read, with one pass over it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from html import escape, unescape
from typing import NamedTuple

#: Deeper tags are left out, what stands in them is kept.
DEEPEST = 50
#: Bold, italics and links opened at one place, of which each paragraph may begin anew.
MOST_INLINE = 6
# Of a tag's attributes no more is read than the longest address that browsers follow.
_LONGEST_ATTRIBUTES = 4_000

_INLINE = {
    "a",
    "b",
    "strong",
    "i",
    "em",
    "cite",
    "span",
    "u",
    "s",
    "sub",
    "sup",
    "code",
    "font",
    "small",
    "mark",
}
_VOID = {"br", "hr", "img", "area", "base", "col", "embed", "input", "link", "meta", "source", "track", "wbr"}
# These end by themselves where the next begins; another of them inside needs one of the others around it.
_LOOSE = {"p", "li", "dt", "dd", "tr", "td", "th"}
# None of these stands in another of its kind.
_ALONE = {"a", "figure", "figcaption"}
# What stands in these is no text.
_WRITTEN_AWAY = {
    "script", "style", "title", "template", "svg", "math", "object", "noscript", "textarea", "iframe", "video", "audio",
    "canvas",
}  # fmt: skip
_ENDS = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _WRITTEN_AWAY}

# Each alternative takes what it begins to its end, or to the end of the text, and never gives back.
_PIECE = re.compile(
    r"""
    (?P<text>(?:[^<]|<(?!/?[a-zA-Z]|[!?]))++)
    | <!--(?>.*?(?:--!?>|\Z))
    | <[!?](?>[^>]*+>?)
    | <(?P<slash>/?)(?P<name>[a-zA-Z][^\s/>]*+)(?P<attributes>(?:=\s*+(?:"[^"]*+"?|'[^']*+'?)|[^>])*+)>?
    """,
    re.VERBOSE | re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""(?<![^\s"'/])([^\s"'<>/=]++)\s*+=\s*+(?:"([^"]*+)"?|'([^']*+)'?|([^\s>"']++))""")
_OPENING = re.compile(r"<[a-zA-Z]")


class Piece(NamedTuple):
    """A run of text (`tag` is empty), or a tag with its attributes in small letters; `ends` for a closing one."""

    tag: str
    ends: bool
    text: str
    attributes: str

    def values(self) -> dict[str, str]:
        """The attributes with their values, the first of each name."""
        found: dict[str, str] = {}
        for name, *values in _ATTRIBUTE.findall(self.attributes[:_LONGEST_ATTRIBUTES]):
            found.setdefault(name.lower(), unescape("".join(values)))
        return found


def count_tags(html: str) -> int:
    """How many tags `html` opens, or closes, whichever is more: a parser makes an element of either. Four signs that
    have to be written as entities weigh as much."""
    signs = html.count("<") + html.count("&")
    return max(len(_OPENING.findall(html)), html.count("</"), signs // 4)


def pieces(html: str) -> Iterator[Piece]:
    """`html` piece by piece, without comments, declarations and what is written in scripts and the like: of those comes
    the opening tag alone. The end of `html` ends whatever is open."""
    place = 0
    # Every "<" begins a piece or is text, so that nothing matches only at the end.
    while match := _PIECE.match(html, place):
        place = match.end()
        name = (match["name"] or "").lower()
        if name:
            yield Piece(name, bool(match["slash"]), "", match["attributes"])
            if name in _WRITTEN_AWAY and not match["slash"]:
                end = _ENDS[name].search(html, place)
                place = end.start() if end else len(html)
        elif match["text"]:
            yield Piece("", False, unescape(match["text"]), "")


def nested(html: str, *, tags: Collection[str]) -> Iterator[Piece]:
    """The pieces of `html` with these tags only, each closed where it belongs, at most `DEEPEST` deep; paragraphs,
    items and cells end by themselves, so they come as they were written."""
    opened: list[Piece] = []
    for piece in pieces(html):
        tag = piece.tag
        if not tag:
            yield piece
        elif tag not in tags:
            continue
        elif tag in _LOOSE:
            yield piece
        elif piece.ends:
            yield from _closed(tag, opened)
        elif tag in _VOID or tag in _WRITTEN_AWAY:
            yield piece
        else:
            if tag in _ALONE:
                yield from _closed(tag, opened)
            if not _is_too_deep(tag, opened):
                opened.append(piece)
                yield piece
    for piece in reversed(opened):
        yield piece._replace(ends=True)


def _is_too_deep(tag: str, opened: list[Piece]) -> bool:
    inline = tag in _INLINE and sum(outer.tag in _INLINE for outer in opened)
    return len(opened) >= DEEPEST or inline >= MOST_INLINE


def _closed(tag: str, opened: list[Piece]) -> Iterator[Piece]:
    """Ends the innermost `tag`, if there is one, and what was opened in it; bold and the like go on behind what ends
    before them, as in browsers."""
    if not any(piece.tag == tag for piece in opened):
        return
    again: list[Piece] = []
    while True:
        piece = opened.pop()
        yield piece._replace(ends=True)
        if piece.tag == tag:
            break
        if piece.tag in _INLINE and tag in _INLINE:
            again.append(piece)
    for piece in reversed(again):
        opened.append(piece)
        yield piece


def straight(html: str, *, tags: Collection[str], attributes: Mapping[str, Collection[str]]) -> str:
    """`html` as `nested` finds it, with these attributes (by tag) only. Says nothing of addresses: a sanitizer is to
    follow."""
    out: list[str] = []
    for piece in nested(html, tags=tags):
        if not piece.tag:
            out.append(escape(piece.text, quote=False))
        elif piece.ends:
            out.append(f"</{piece.tag}>")
        else:
            kept = attributes.get(piece.tag, ()) if piece.attributes else ()
            values = piece.values() if kept else {}
            written = "".join(f' {name}="{escape(value)}"' for name, value in values.items() if name in kept)
            out.append(f"<{piece.tag}{written}>")
    return "".join(out)
