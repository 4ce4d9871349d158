"""Reads PDFs as a screen reader and as a printer would, with a reader of its own (pikepdf, pdfium)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pikepdf
import pypdfium2


def pages_of(file: bytes) -> list[str]:
    """The text of each page, white space as one blank; the foot comes last."""
    with pypdfium2.PdfDocument(file) as opened:
        return [" ".join(page.get_textpage().get_text_bounded().split()) for page in opened]


def letters_of(file: bytes) -> str:
    """All text."""
    return " ".join(pages_of(file))


def _elements(node: Any) -> Iterator[Any]:
    """The structure elements below a node, in reading order."""
    for child in _children(node):
        yield child
        yield from _elements(child)


def said_of(file: bytes) -> dict[str, Any]:
    """What a screen reader is told: language, title, headings with their levels, and figures' words."""
    with pikepdf.open(io.BytesIO(file)) as opened:
        elements = list(_elements(opened.Root.StructTreeRoot))
        headings = [
            (int(str(each.S)[2:]), str(each.get("/T", "")))
            for each in elements
            if re.fullmatch(r"/H\d", str(each.S))
        ]
        return {
            "lang": str(opened.Root.get("/Lang", "")),
            "title": str(opened.docinfo.get("/Title", "")),
            "headings": headings,
            "figures": [str(each.get("/Alt", "")) for each in elements if each.S == "/Figure"],
            "kinds": [str(each.S)[1:] for each in elements],
        }


# Operators that paint (ISO 32000-1, table 51): text, paths, pictures.
_PAINT = {"Tj", "TJ", "'", '"', "f", "F", "f*", "S", "s", "B", "B*", "b", "b*", "Do", "sh", "EI"}


def unheard(file: bytes) -> list[str]:
    """What would keep a screen reader from reading a paper well, by PDF/UA-1 (ISO 14289-1): nothing, if all is in
    order. It is not the whole standard: colors, fonts' widths and what words mean are not looked at."""
    with pikepdf.open(io.BytesIO(file)) as opened:
        return [*_document(opened), *_pages(opened), *_tree(opened.Root.StructTreeRoot)]


def _document(opened: pikepdf.Pdf) -> Iterator[str]:
    root: Any = opened.Root
    facts = {
        "not marked as tagged": "/MarkInfo" in root and root.MarkInfo.get("/Marked") is True,
        "no language": bool(str(root.get("/Lang", ""))),
        "the title is not shown": "/ViewerPreferences" in root
        and root.ViewerPreferences.get("/DisplayDocTitle") is True,
        "no title": bool(str(opened.docinfo.get("/Title", ""))),
        "not called PDF/UA-1": opened.open_metadata().get("pdfuaid:part") == "1",
        "locked": not opened.is_encrypted,
    }
    yield from (fault for fault, holds in facts.items() if not holds)
    for thing in opened.objects:
        if isinstance(thing, pikepdf.Dictionary) and thing.get("/Type") == "/Font":
            described: Any = thing.get("/FontDescriptor", None)
            if described is not None and not {"/FontFile", "/FontFile2", "/FontFile3"} & set(
                described.keys()
            ):
                yield f"{thing.BaseFont} is not embedded"
            if (
                thing.Subtype != "/CIDFontType0"
                and thing.Subtype != "/CIDFontType2"
                and "/ToUnicode" not in thing
            ):
                yield f"{thing.BaseFont} has no letters to its glyphs"


def _pages(opened: pikepdf.Pdf) -> Iterator[str]:
    """Each thing that is painted is ornament, or in the tree by its number."""
    known = _numbers(opened.Root.StructTreeRoot)
    for number, page in enumerate[Any](opened.pages, start=1):
        marks: list[int | str] = []
        used = set()
        for step in pikepdf.parse_content_stream(page):
            name, operands = str(step.operator), list[Any](step.operands)
            if name in ("BDC", "BMC"):
                given: Any = operands[1] if len(operands) > 1 else {}
                given = page.Resources.Properties[given] if isinstance(given, pikepdf.Name) else given
                marks.append(int(given["/MCID"]) if "/MCID" in given else str(operands[0]))
            elif name == "EMC":
                marks.pop()
            elif name in _PAINT:
                counted = [mark for mark in marks if isinstance(mark, int)]
                used.update(counted)
                if not counted and "/Artifact" not in marks:
                    yield f"page {number}: {name} is neither tagged nor an ornament"
        if missing := used - known.get(page.objgen, set()):
            yield f"page {number}: {sorted(missing)} are in no element"
        if page.get("/Tabs") != "/S" and "/Annots" in page:
            yield f"page {number}: links in no order"


def _numbers(tree: Any) -> dict[tuple[int, int], set[int]]:
    """The numbers of what was painted that elements name, by page."""
    found: dict[tuple[int, int], set[int]] = {}
    for element in _elements(tree):
        kids = element.get("/K")
        for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
            if isinstance(kid, int):
                found.setdefault(element.Pg.objgen, set()).add(kid)
            elif isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") == "/MCR":
                found.setdefault(kid.get("/Pg", element.get("/Pg")).objgen, set()).add(int(kid.MCID))
    return found


def _tree(tree: Any) -> Iterator[str]:
    level = 0
    for element in _elements(tree):
        kind = str(element.S)[1:]
        inside = [str(each.S)[1:] for each in _children(element)]
        if kind == "Figure" and not str(element.get("/Alt", "")):
            yield "a figure without words"
        if re.fullmatch(r"H\d", kind):
            if int(kind[1]) > level + 1:
                yield f"{kind} after level {level}"
            level = int(kind[1])
        if kind == "L" and set(inside) - {"LI", "Caption"}:
            yield f"a list of {inside}"
        if kind == "Table":
            rows = [each for each in _elements(element) if each.S == "/TR"]
            if len({len(list(_children(row))) for row in rows}) != 1:
                yield "a table of uneven rows"
            heads = [each for each in _elements(rows[0]) if each.S == "/TH"]
            if not heads or not all(any(a.get("/Scope") for a in _attributes(each)) for each in heads):
                yield "a table without heads"
    if not level:
        yield "no heading"


def _children(element: Any) -> Iterator[Any]:
    kids: Any = element.get("/K")
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid


def _attributes(element: Any) -> list[Any]:
    given = element.get("/A")
    return list(given) if isinstance(given, pikepdf.Array) else [given] if given is not None else []
