"""Every email as it was last approved, HTML and text.

After a change that is meant, each letter is approved by its name: `UPDATE_SNAPSHOTS=confirmed,moved` before the command
writes these two and says which of their words came and went. Then look at the files' differences.
"""

from __future__ import annotations

import difflib
import os
import re
from html import unescape
from pathlib import Path

import pytest

from .rendered_emails import LETTERS, steady, write_letter

pytestmark = pytest.mark.django_db
SNAPSHOTS = Path(__file__).parent / "snapshots"
MEANT = os.environ.get("UPDATE_SNAPSHOTS", "").split(",")


def changed_words(before: str, after: str) -> str:
    """Lines of words, without markup, that went (-) and came (+)."""
    then, now = (
        _lines(re.sub(r"<style.*?</style>|<[^>]+>", "", text, flags=re.DOTALL)) for text in (before, after)
    )
    return "\n".join(line for line in difflib.ndiff(then, now) if line[0] in "-+") or "the markup alone"


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("name", LETTERS)
def test_letter_is_as_approved(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    mail = write_letter(name)

    for ending, content in (("txt", f"Subject: {mail.subject}\n\n{mail.text}"), ("html", mail.html)):
        file = SNAPSHOTS / f"{name}.{ending}"
        approved, written = file.read_text() if file.exists() else "", steady(content)
        if written == approved:
            continue
        words = f"{file.name}:\n{changed_words(approved, written)}"
        assert name in MEANT, f"{words}\nUPDATE_SNAPSHOTS={name} if it is meant"
        file.write_text(written)
        with capsys.disabled():
            print(f"\n{words}")


def test_words_that_changed_are_told_without_their_markup() -> None:
    before = "<style>\np { margin: 0 }\n</style>\n<p>Your visit is on\n<b>Monday</b></p>\n<p>$140</p>\n"
    assert changed_words(before, before.replace("$140", "$165")) == "- $140\n+ $165"
    assert changed_words(before, before.replace("<p>$", '<p class="total">$')) == "the markup alone"


def test_every_snapshot_belongs_to_a_letter() -> None:
    assert sorted(file.stem for file in SNAPSHOTS.glob("*.html")) == LETTERS
    assert sorted(file.stem for file in SNAPSHOTS.glob("*.txt")) == LETTERS


@pytest.mark.parametrize("name", LETTERS)
@pytest.mark.parametrize("ending", ["txt", "html"])
def test_letter_writes_its_apostrophes_as_print_does(name: str, ending: str) -> None:
    letter = unescape((SNAPSHOTS / f"{name}.{ending}").read_text())
    assert re.findall(r"\w*[a-z]'[a-z]\w*", letter) == []
