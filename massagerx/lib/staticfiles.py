"""Storage of static files that inlines the imports of style sheets, so that a page loads one sheet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

#: Only ours: other apps' sheets stay as they came.
FOLDER = "css/"
_IMPORT = re.compile(r'^@import "([a-z_]+\.css)";$', re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BREAK = re.compile(r"\s*\n\s*")


class SheetStorage(CompressedManifestStaticFilesStorage):
    """Collected style sheets hold what they import, without comments and indents.

    Where files are not collected, as in tests, a browser follows the imports itself and shows the same.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._addresses: dict[tuple[str | None, bool, bool], str] = {}

    def url(self, name: str | None, force: bool = False) -> str:
        """As Django has it, worked out once: the names in the manifest are those of one release."""
        key = name, force, settings.DEBUG
        address = self._addresses.get(key)
        if address is None:
            address = self._addresses[key] = super().url(name, force)
        return address

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """Writes every style sheet with its imports inlined, then hashes names as Django does."""
        self._addresses.clear()
        if not dry_run:
            ours = [name for name in paths if name.startswith(FOLDER) and name.endswith(".css")]
            texts = {name: self._text(*paths[name]) for name in ours}
            for name in ours:
                # The plain name too: it is what the error pages ask for, which look no hashed name up.
                self.delete(name)
                self._save(name, ContentFile(whole(texts, name).encode()))
                paths[name] = (self, name)
        yield from super().post_process(paths, dry_run, **options)

    @staticmethod
    def _text(storage: Any, path: str) -> str:
        with storage.open(path) as file:
            return str(file.read().decode())


def whole(texts: dict[str, str], name: str) -> str:
    """The sheet `name` with what it imports in place of the imports, by the `texts` of all sheets. Raises KeyError
    when it imports one that isn't there."""
    text = _IMPORT.sub(lambda found: whole(texts, FOLDER + found[1]), texts[name])
    return _BREAK.sub("\n", _COMMENT.sub("", text)).strip()
