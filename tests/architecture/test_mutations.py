"""The small changes that `bin/mutate` makes can all still be made."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_each_small_change_is_found_as_often_as_it_says() -> None:
    changes = tomllib.loads((ROOT / "bin/mutations.toml").read_text())["change"]
    found = {
        change["what"]: (ROOT / change["file"]).read_text().count(change["old"]) - change.get("count", 1)
        for change in changes
    }
    assert [what for what, more_or_less in found.items() if more_or_less] == []
    assert len(found) == len(changes)
    assert [name for change in changes for name in change["tests"] if not (ROOT / name).is_file()] == []
