"""What a browser would send with a page's form as it stands."""

from __future__ import annotations

from html.parser import HTMLParser


def fields_of(page: str) -> dict[str, list[str]]:
    """The values of all fields of a page, by name, as HTML has them; buttons are left out."""
    parser = _Fields()
    parser.feed(page)
    return parser.fields


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self.select = self.text = ""
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "input" and name and given.get("type") not in ("submit", "button"):
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                self.fields.setdefault(name, []).append(given.get("value", ""))
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in given:
            self.fields.setdefault(self.select, []).append(given.get("value", ""))
        elif tag == "textarea":
            self.text, self.said = name, []

    def handle_data(self, data: str) -> None:
        if self.text:
            self.said.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.text:
            # A browser drops the first line break.
            self.fields.setdefault(self.text, []).append("".join(self.said).removeprefix("\n"))
            self.text = ""
        elif tag == "select":
            self.select = ""
