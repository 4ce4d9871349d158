"""What the documents name is there: tests, files, decisions."""

import re
from collections import Counter

import pytest

from tests.architecture.test_tree import tracked
from tests.support import ROOT

DECISIONS = ROOT / "docs" / "decisions"
OF_THE_TREE = "tests|bookings|blog|services|massagerx|bench|bin|launch|templates|static|docs"


@pytest.mark.parametrize("document", ["integrity", "security"])
def test_proofs_that_documents_name_are_there(document: str) -> None:
    text = (ROOT / f"docs/{document}.md").read_text()
    named = set(re.findall(r"`(?:tests/[\w/]*/)?(test_\w+)(?:\.py)?`", text))
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


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for document in tracked():
        if not document.endswith(".md") or document.startswith("tests/"):
            continue
        folder = (ROOT / document).parent
        for name, anchor in re.findall(
            r"\]\((?!https?:|/|#)([^)#\s]+)(?:#([^)]+))?\)", (ROOT / document).read_text()
        ):
            target = folder / name
            if not target.exists() or (anchor and anchor not in _anchors(target.read_text())):
                broken.append(f"{document}: {name}#{anchor}")

    assert broken == []


def _anchors(text: str) -> set[str]:
    """What headings are called in addresses."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_architecture_fits_two_pages_with_its_two_diagrams() -> None:
    text = (ROOT / "docs/architecture.md").read_text()

    assert len(text.splitlines()) <= 90
    assert len(text.split()) <= 900
    assert max(map(len, text.splitlines())) <= 145
    assert len(re.findall(r"^```mermaid$", text, re.MULTILINE)) == 2


def test_every_decision_has_a_number_of_its_own_and_its_place_in_the_list() -> None:
    files = sorted(path for path in DECISIONS.glob("*.md") if path.name != "README.md")
    titles = {path.name: path.read_text().splitlines()[0] for path in files}
    listed = re.findall(r"^- \[(.+)\]\((.+)\)$", (DECISIONS / "README.md").read_text(), re.MULTILINE)

    assert {
        number: count for number, count in Counter(name[:4] for name in titles).items() if count > 1
    } == {}
    assert listed == [(title.removeprefix(f"# {int(name[:4])}. "), name) for name, title in titles.items()]


def test_no_decision_is_longer_than_ten_lines() -> None:
    lines = {path.name: path.read_text().splitlines() for path in DECISIONS.glob("0*.md")}

    assert {name for name, found in lines.items() if len(list(filter(None, found))) > 10} == set()
    assert {name for name, found in lines.items() if any(len(line) > 140 for line in found)} == set()
