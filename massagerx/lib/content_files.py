"""Texts kept as files: TOML, and Markdown with TOML between two lines of `+++` in front of it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

_FENCE = "+++\n"
_BETWEEN_BLOCKS = re.compile(r"(?<=>) (?=</?(?:p|h2|h3|ul|ol|li)>)")


@dataclass(frozen=True, slots=True)
class Document:
    """A Markdown file: its name without the ending, the values in front of it, and its text as HTML."""

    slug: str
    values: dict[str, Any]
    html: str


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises `TOMLDecodeError`."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def read_documents(directory: Path) -> list[Document]:
    """The Markdown files of a directory, by name. Raises `ValueError` for one that has no values in front."""
    documents = []
    for path in sorted(directory.glob("*.md")):
        before, _, rest = path.read_text(encoding="utf-8").partition(_FENCE)
        front, fence, text = rest.partition(_FENCE)
        if before or not fence:
            raise ValueError(f"{path}: the values stand between two lines of +++ at the beginning.")
        documents.append(Document(path.stem, tomllib.loads(front), to_html(text)))
    return documents


def to_html(markdown: str) -> str:
    """CommonMark as HTML in the editor's own way of writing: no line breaks within blocks, nothing between them."""
    html = MarkdownIt("commonmark").render(markdown).replace("&quot;", '"')
    return _BETWEEN_BLOCKS.sub("", " ".join(html.split()))
