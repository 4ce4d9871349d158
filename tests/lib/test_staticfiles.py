"""A page's one style sheet, as it is collected."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.test import override_settings

from massagerx.lib.staticfiles import SheetStorage, whole
from tests.support import ROOT

SHEETS = {f"css/{path.name}": path.read_text() for path in (ROOT / "static/css").glob("*.css")}
FOR_PAGES = sorted(name for name in SHEETS if name.startswith("css/for_"))


@pytest.mark.parametrize("name", FOR_PAGES)
def test_sheet_holds_all_that_it_imports(name: str) -> None:
    text = whole(SHEETS, name)
    assert "@import" not in text
    assert "/*" not in text
    assert text.count("@layer tokens, base, components, pages;") == 1
    parts = re.findall(r'@import "(.+)";', SHEETS[name])
    for part in parts:
        # Every rule is there: as many blocks as in the parts together.
        assert SHEETS[f"css/{part}"].count("{") > 0
    assert text.count("{") == sum(
        re.sub(r"/\*.*?\*/", "", SHEETS[f"css/{part}"], flags=re.S).count("{") for part in parts
    )


@pytest.mark.parametrize("name", FOR_PAGES)
def test_no_press_is_lost_between_two_pages(name: str) -> None:
    # While one page fades into the next, Chromium drops what is pressed: half of quick presses in a trial.
    assert "view-transition" not in SHEETS[name] + whole(SHEETS, name)


def test_missing_sheet_is_not_passed_over() -> None:
    with pytest.raises(KeyError):
        whole({"css/for_x.css": '@import "gone.css";'}, "css/for_x.css")


def test_collecting_writes_the_whole_sheet_under_both_names(tmp_path: Path) -> None:
    with override_settings(STATIC_ROOT=tmp_path, STATIC_URL="/static/"):
        storage = SheetStorage()
        texts = {
            "css/part.css": b"/* Why. */\na {\n  color: red;\n}\n",
            "css/for_x.css": b'@import "part.css";\n',
            "admin/css/base.css": b"/* theirs */\n",
        }
        for name, text in texts.items():
            storage.save(name, ContentFile(text))
        paths = {name: (storage, name) for name in texts}
        done = {name: hashed for name, hashed, _changed in storage.post_process(paths)}
        for name in ("css/for_x.css", done["css/for_x.css"]):
            assert (tmp_path / name).read_text() == "a {\ncolor: red;\n}"
        assert (tmp_path / done["admin/css/base.css"]).read_bytes() == texts["admin/css/base.css"]


def test_address_of_a_file_is_that_of_the_collection_and_of_the_plain_name_while_debugging(
    tmp_path: Path,
) -> None:
    """Worked out once, and anew once files are collected again."""
    with override_settings(STATIC_ROOT=tmp_path, STATIC_URL="/static/"):
        storage = SheetStorage()
        addresses = []
        for text in (b"a", b"b"):
            storage.delete("x.txt")
            storage.save("x.txt", ContentFile(text))
            ((_name, hashed, _changed),) = storage.post_process({"x.txt": (storage, "x.txt")})
            addresses.append(f"/static/{hashed}")
            assert [storage.url("x.txt"), storage.url("x.txt")] == [addresses[-1]] * 2
        assert len(set(addresses)) == 2
        with override_settings(DEBUG=True):
            assert storage.url("x.txt") == "/static/x.txt"
            assert storage.url("x.txt", force=True) == addresses[-1]
