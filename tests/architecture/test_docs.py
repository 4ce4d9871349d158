"""What the documents name is there: tests, files, decisions."""

import re

from tests.architecture.test_tree import tracked
from tests.support import ROOT

OF_THE_TREE = "tests|bookings|blog|services|massagerx|bench|bin|launch|templates|static|docs"


def test_proofs_that_integrity_names_are_there() -> None:
    named = set(
        re.findall(r"`(?:tests/[\w/]*/)?(test_\w+)(?:\.py)?`", (ROOT / "docs/integrity.md").read_text())
    )
    there = set()
    for path in tracked():
        if path.startswith("tests/") and path.endswith(".py"):
            there.add((ROOT / path).stem)
            there.update(re.findall(r"\bdef (test_\w+)\(", (ROOT / path).read_text()))

    assert len(named) > 20
    assert named - there == set()


def test_paths_that_documents_name_are_there() -> None:
    # `a/{b,c}` and `a/b::test` name files inside of what is looked for; a history speaks of what is gone.
    files = tracked()
    missing = [
        f"{document}: {name}"
        for document in files
        if document.endswith(".md") and document != "CHANGELOG.md"
        for name in re.findall(rf"`((?:{OF_THE_TREE})/[\w./-]*)", (ROOT / document).read_text())
        if not any(path.startswith(name.rstrip(".")) for path in files)
    ]

    assert missing == []
