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


def test_settings_from_the_environment_and_their_table_are_the_same() -> None:
    rows = re.findall(r"^\| (`[A-Z].+?) \|(.*)$", (ROOT / "docs/hosting.md").read_text(), re.MULTILINE)
    told = {name for names, _ in rows for name in re.findall(r"`([A-Z_]+[A-Z])`", names)}
    not_of_settings = {"DJANGO_SETTINGS_MODULE", "MASSAGERX_VENV", "CHROMIUM", "MASSAGERX_CLOCK"}
    read = {
        name
        for path in (ROOT / "massagerx/settings").glob("*.py")
        for name in re.findall(r'(?:\benv\.\w+|_required(?:_list)?)\(\s*"(\w+)"', path.read_text())
    } - {"MASSAGERX_CLOCK_AHEAD"}  # set by the tests' clock alone

    assert len(read) > 30
    assert told == read | not_of_settings


@pytest.mark.parametrize("document", ["owner", "writing"])
def test_words_of_the_screen_that_documents_name_are_on_it(document: str) -> None:
    # `More → Users → the person` names two of them; `…` stands for what differs.
    text = (ROOT / f"docs/{document}.md").read_text()
    named = {
        part.strip(" ….").removeprefix("Add ")  # Django's own word
        for words in re.findall(r"(?<!\*)\*{1,2}([^*\s][^*]*?)\*{1,2}(?!\*)", text)
        for part in re.split(r" → | … |, ", " ".join(words.split()))
    }
    on_screen = _words_of_the_site()

    assert len(named) > 15
    missing = {one for one in named if not one.startswith("the ") and one.casefold() not in on_screen}
    assert missing - {"Heading 2", "Heading 3"} == set()  # the editor's own


def _words_of_the_site() -> str:
    """All that templates and code could show, in lower case, each text in one piece."""
    texts = [
        (ROOT / path).read_text()
        for path in tracked()
        if path.startswith(("blog/", "bookings/", "massagerx/", "services/", "templates/"))
        and path.endswith((".py", ".html", ".toml"))
    ]
    return " ".join(re.sub(r'"\s*\n\s*"', "", "\n".join(texts)).split()).casefold()


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
