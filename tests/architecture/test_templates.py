"""Templates compile, and bring no style or script that the Content-Security-Policy would refuse."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.template import engines
from django.template.exceptions import TemplateSyntaxError
from django.urls import get_resolver

from bookings.templatetags import inserts
from tests.support import ROOT

FOLDERS = [
    ROOT / "templates",
    *(ROOT / app / "templates" for app in ("massagerx", "services", "blog", "bookings")),
]
TEMPLATES = sorted(
    path for folder in FOLDERS for path in folder.rglob("*") if path.suffix in (".html", ".txt", ".xml")
)
PAGES = [path for path in TEMPLATES if path.suffix == ".html" and "email" not in path.relative_to(ROOT).parts]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def without_comments(text: str) -> str:
    """The text with template comments blanked, lines kept."""
    text = re.sub(r"{%\s*comment.*?endcomment\s*%}", lambda m: "\n" * m[0].count("\n"), text, flags=re.DOTALL)
    return re.sub(r"{#.*?#}", "", text)


def findings(pattern: str, *, skip: str = "$^") -> list[str]:
    """`file:line: text` of every match in a page's template."""
    found = []
    for path in PAGES:
        text = without_comments(path.read_text())
        for match in re.finditer(pattern, text, re.IGNORECASE):
            if not re.search(skip, match[0], re.IGNORECASE):
                line = text.count("\n", 0, match.start()) + 1
                found.append(f"{name(path)}:{line}: {match[0][:80]}")
    return found


def test_templates_are_found() -> None:
    assert any(path.name == "base.html" for path in PAGES)


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_template_compiles(path: Path) -> None:
    try:
        engines["django"].from_string(path.read_text())
    except TemplateSyntaxError as error:
        pytest.fail(f"{name(path)}: {error}")


def test_no_style_attribute_or_element() -> None:
    assert findings(r"\sstyle\s*=|<style\b") == []


def test_no_event_attribute() -> None:
    assert findings(r"<[a-z][^<>]*\son[a-z]+\s*=") == []


def test_no_javascript_address() -> None:
    assert findings(r"""["']\s*javascript:""") == []


def test_scripts_are_files_of_ours_or_carry_the_nonce() -> None:
    """A script is a module of ours, or structured data, which no browser runs and so no policy concerns."""
    ours = r"nonce=|type=\"application/ld\+json\"|src=\"?'?{%\s*static|src=\"{{"
    assert findings(r"<script\b[^>]*>", skip=ours) == []


def test_nothing_comes_from_another_host() -> None:
    elements = r"<(?:script|link|img|iframe|source|video|audio|embed|object)\b[^>]*"
    address = r"""\b(?:src|href|srcset)\s*=\s*["'](?:https?:)?//"""

    assert findings(elements + address, skip=r"rel=.canonical") == []


def test_forms_that_post_carry_the_token() -> None:
    missing = []
    for path in PAGES:
        text = without_comments(path.read_text())
        for form in re.findall(r"<form\b[^>]*method=.post.*?</form>", text, re.IGNORECASE | re.DOTALL):
            if "csrf_token" not in form and "{% crispy" not in form:
                missing.append(name(path))
    assert missing == []


def test_static_files_that_templates_name_exist() -> None:
    """A missing one is a 500 on the real site, where names carry hashes."""
    missing = []
    for path in TEMPLATES:
        for named in re.findall(
            r"{%\s*(?:static|absolute_static)\s+['\"]([^'\"]+)['\"]", without_comments(path.read_text())
        ):
            if finders.find(named) is None:
                missing.append(f"{name(path)}: {named}")
    assert missing == []


CAPABILITIES = "courses|program|referrals|reviews"
#: The folders of those apps, emails, and the pages that the site puts together of all apps.
OF_CAPABILITIES = re.compile(rf"templates/(desk/)?({CAPABILITIES}|email|home)/|templates/styleguide\.html")


def test_pages_of_the_core_name_no_app_inside_bookings() -> None:
    """They name a spot instead, at which such an app shows something (`{% inserts %}`)."""
    naming = (
        rf"{{%\s*load\s[^%]*\b({CAPABILITIES}|program_example)\b[^%]*%}}"
        rf"|{{%\s*(include|extends)\s+['\"](desk/)?({CAPABILITIES})/|\bperms\.({CAPABILITIES})\b"
    )
    found = findings(naming)
    of_the_core = [finding for finding in found if not OF_CAPABILITIES.search(finding.partition(":")[0])]

    assert len(found) > 20
    assert of_the_core == []


def apps_of_addresses(resolver: Any, space: str = "") -> Iterator[tuple[str, str]]:
    """Each address by name, with the app inside bookings whose view answers it; "" for all others."""
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from apps_of_addresses(
                pattern, f"{space}{pattern.namespace}:" if pattern.namespace else space
            )
        elif pattern.name:
            named = rf"(?:bookings\.|.* admin:)({CAPABILITIES})[._]"
            found = re.match(named, f"{inspect.unwrap(pattern.callback).__module__} {space}{pattern.name}")
            yield space + pattern.name, found[1] if found else ""


def test_links_of_pages_go_to_no_app_above_their_own() -> None:
    """The core's go to none of the apps inside it, courses' to none but courses: such a link is shown at a spot."""
    apps, found = dict(apps_of_addresses(get_resolver())), 0
    upward = []
    for path in PAGES:
        folder = OF_CAPABILITIES.search(name(path))
        for address in re.findall(r"{%\s*url\s+['\"]([^'\"]+)['\"]", without_comments(path.read_text())):
            app = apps.get(address, "")
            found += bool(app)
            may = folder is not None and (folder[2] == app or folder[2] != "courses")
            if app and not may:
                upward.append(f"{name(path)}: {address}")

    assert found > 30
    assert upward == []


def test_each_spot_of_a_page_is_filled_by_an_app() -> None:
    spots = {
        spot
        for path in PAGES
        for spot in re.findall(r"{%\s*inserts\s+\"(\w+)\"", without_comments(path.read_text()))
    }

    assert spots == set(inserts._templates)


DRAWINGS = sorted((ROOT / "templates/drawings").glob("*.svg"))


def test_there_are_twelve_drawings_and_more() -> None:
    assert len(DRAWINGS) >= 12


@pytest.mark.parametrize("path", DRAWINGS, ids=name)
def test_a_drawing_is_small_and_takes_its_colors_from_the_page(path: Path) -> None:
    text = path.read_text()

    assert len(text.encode()) < 2048
    assert re.match(r'<svg class="drawing" viewBox="[^"]+" aria-hidden="true" focusable="false">', text)
    assert not re.search(r"#[0-9a-f]{3}|\b(?:fill|stroke|color)=|rgb|<(?:image|text|style|use)", text)
