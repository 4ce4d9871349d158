"""The HTML allowed in posts and pages: prose, and figures with pictures of the library."""

from __future__ import annotations

import re
from html import unescape

from massagerx.lib.html import PROSE_EXTENSIONS, clean_html_with_pictures

POST_EXTENSIONS = {**PROSE_EXTENSIONS, "Figure": True, "Image": True, "Caption": True}

# The address that stands for a picture in a text, wherever the file itself is kept.
PICTURE_ADDRESS = re.compile(r"/media/pictures/([0-9a-f]{32})\.webp")
# A link alone on its line, as `clean_html` writes it.
LONE_LINK = re.compile(r'<p><a href="([^"]*)" rel="noopener">(?:(?!</a>|<p>).)*</a>(?:<br>|\s)*</p>')
# What the editor leaves beside a picture that was put in.
_EMPTY_PARAGRAPH = re.compile(r"<p>(?:\s|<br>)*</p>")


def clean_post_html(html: str) -> str:
    """As `clean_html`, and figures whose picture is one of the library's own addresses; without empty paragraphs."""
    return _EMPTY_PARAGRAPH.sub("", clean_html_with_pictures(html, PICTURE_ADDRESS))


def picture_tokens(html: str) -> set[str]:
    """The tokens of the pictures that cleaned `html` shows."""
    return set(PICTURE_ADDRESS.findall(html))


def lone_links(html: str) -> set[str]:
    """The addresses that stand alone on a line of cleaned `html`."""
    return {unescape(address) for address in LONE_LINK.findall(html)}
