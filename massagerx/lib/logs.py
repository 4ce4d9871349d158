"""Structured logs: one JSON object a line, in UTC, without personal data."""

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pythonjsonlogger.json import JsonFormatter as _JsonFormatter

# More of a message helps nobody, and what strangers send (a Host of 8 KB) stands in some.
_LONGEST = 2000
# Each begins where a word begins, or goes on for so many characters at most: else every letter of a long text would
# be followed to its end.
_EMAIL = re.compile(r"(?<![^\s@<>\"',;])[^\s@<>\"',;]++@[^\s@<>\"',;]+\.[A-Za-z]{2,}")
_PHONE = re.compile(r"(?<![\w.-])\+?\d[\d ().-]{8,40}\d(?![\w-])")
_QUERY = re.compile(r"\?[^\s\"']*")
_TREE = f"{Path(__file__).parents[2]}/"
_TASK_FACTS = ("id", "name", "runtime")


def scrub(text: str) -> str:
    """The beginning of `text`, with email addresses, telephone numbers and query strings taken out."""
    if len(text) > _LONGEST:
        # Not in the middle of what would be taken out.
        text = text[:_LONGEST].rsplit(maxsplit=1)[0] + " …" if " " in text[:_LONGEST] else "…"
    return _PHONE.sub("[number]", _QUERY.sub("?…", _EMAIL.sub("[email]", text)))


class NoPersonalData(logging.Filter):
    """Renders a record's message early and scrubs it, its traceback included.

    The last line of a traceback is the exception's text, which may quote what somebody typed; so only the
    exception's type is kept, with the places it passed through. Paths can carry tokens, so they go too: the line
    of the request has the route.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrites the record in place and lets it through."""
        record.args = _harmless(record)
        record.msg = scrub(record.getMessage())
        record.args = ()
        if record.exc_info and record.exc_info[0] is not None:
            places = []
            trace = record.exc_info[2]
            while trace is not None:
                code = trace.tb_frame.f_code
                places.append(f"{_file(code.co_filename)}:{trace.tb_lineno} {code.co_name}")
                trace = trace.tb_next
            record.error = record.exc_info[0].__name__
            record.places = places[-12:]
            record.exc_info = None
            record.exc_text = None
        # Django hangs the whole request on its records, Celery a task's arguments, result, error and traceback.
        for name in ("request", "status_code", "server_time"):
            record.__dict__.pop(name, None)
        if isinstance(data := record.__dict__.pop("data", None), Mapping):
            record.data = {name: data[name] for name in _TASK_FACTS if name in data}
        return True


def _file(path: str) -> str:
    """A file from where our tree, or the folder of packages, begins: `bookings/views/when.py`."""
    return path.rsplit("/site-packages/", 1)[-1].removeprefix(_TREE)


def _harmless(record: logging.LogRecord) -> Any:
    """The record's arguments: exceptions as their types, and the path of a request taken out."""
    error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else "error"
    path = getattr(getattr(record, "request", None), "path", None)
    # As Django writes it into its own messages.
    paths = (path, path.encode("unicode_escape").decode("ascii")) if path else ()

    def harmless(value: Any) -> Any:
        if isinstance(value, BaseException):
            return type(value).__name__
        return "[path]" if isinstance(value, str) and value in paths else value

    if isinstance(record.args, Mapping):
        # Celery's own: the error and its traceback as texts.
        texts = {name: error for name in ("exc", "traceback") if name in record.args}
        return {name: harmless(value) for name, value in record.args.items()} | texts
    return tuple(harmless(value) for value in record.args or ())


class JsonFormatter(_JsonFormatter):
    """Adds level, logger and an ISO time in UTC to each line."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(
            "%(levelname)s %(name)s %(message)s",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp=True,
            **kwargs,
        )
