"""Every email as it was last approved, HTML and text.

After a change that is meant: `UPDATE_SNAPSHOTS=1` before the command, then look at the files' differences.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .rendered_emails import LETTERS, steady, write_letter

pytestmark = pytest.mark.django_db
SNAPSHOTS = Path(__file__).parent / "snapshots"
UPDATE = os.environ.get("UPDATE_SNAPSHOTS") == "1"


@pytest.mark.parametrize("name", LETTERS)
def test_letter_is_as_approved(name: str) -> None:
    mail = write_letter(name)

    for ending, content in (("txt", f"Subject: {mail.subject}\n\n{mail.text}"), ("html", mail.html)):
        file = SNAPSHOTS / f"{name}.{ending}"
        if UPDATE:
            SNAPSHOTS.mkdir(exist_ok=True)
            file.write_text(steady(content))
        assert steady(content) == file.read_text(), f"{file.name} differs: UPDATE_SNAPSHOTS=1 if it is meant"


def test_every_snapshot_belongs_to_a_letter() -> None:
    assert sorted(file.stem for file in SNAPSHOTS.glob("*.html")) == LETTERS
    assert sorted(file.stem for file in SNAPSHOTS.glob("*.txt")) == LETTERS
