"""Texts kept as files: what stands in front of a text, and how Markdown becomes the editor's HTML."""

from pathlib import Path

import pytest

from massagerx.lib.content_files import read_documents, to_html


def test_a_document_has_its_values_and_its_text(tmp_path: Path) -> None:
    (tmp_path / "b-second.md").write_text('+++\ntitle = "Two"\n+++\n\nSecond.\n')
    (tmp_path / "a-first.md").write_text(
        '+++\ntitle = "One"\nfocus = [50, 60]\n+++\n\n## Head\n\nSaid “so”.\n'
    )

    first, second = read_documents(tmp_path)

    assert (first.slug, first.values) == ("a-first", {"title": "One", "focus": [50, 60]})
    assert first.html == "<h2>Head</h2><p>Said “so”.</p>"
    assert second.slug == "b-second"


@pytest.mark.parametrize(
    "text", ["Only a text.\n", '+++\ntitle = "No end"\n', 'Before\n+++\ntitle = "x"\n+++\n']
)
def test_a_document_without_its_values_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "broken.md").write_text(text)

    with pytest.raises(ValueError, match=r"broken\.md"):
        read_documents(tmp_path)


def test_html_has_no_line_breaks_within_blocks_and_nothing_between_them() -> None:
    written = 'One line,\nand "another" with [a link](/contact/).\n\n- first\n  item\n- **second**\n'

    assert to_html(written) == (
        '<p>One line, and "another" with <a href="/contact/">a link</a>.</p>'
        "<ul><li>first item</li><li><strong>second</strong></li></ul>"
    )
