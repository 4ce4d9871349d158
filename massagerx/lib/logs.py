"""Structured logs: one JSON object a line, in UTC, without personal data."""

import logging
import re
from typing import Any

from pythonjsonlogger.json import JsonFormatter as _JsonFormatter

_EMAIL = re.compile(r"[^\s@<>\"',;]+@[^\s@<>\"',;]+\.[A-Za-z]{2,}")
_PHONE = re.compile(r"(?<![\w.-])\+?\d[\d ().-]{8,}\d(?![\w-])")
_QUERY = re.compile(r"\?[^\s\"']*")


def scrub(text: str) -> str:
    """`text` with email addresses, telephone numbers and query strings taken out."""
    return _PHONE.sub("[number]", _QUERY.sub("?…", _EMAIL.sub("[email]", text)))


class NoPersonalData(logging.Filter):
    """Renders a record's message early and scrubs it, its traceback included.

    The last line of a traceback is the exception's text, which may quote what somebody typed; so only the
    exception's type is kept, with the places it passed through.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = scrub(record.getMessage())
        record.args = ()
        if record.exc_info and record.exc_info[0] is not None:
            places = []
            trace = record.exc_info[2]
            while trace is not None:
                code = trace.tb_frame.f_code
                places.append(f"{code.co_filename.rsplit('/', 3)[-1]}:{trace.tb_lineno} {code.co_name}")
                trace = trace.tb_next
            record.error = record.exc_info[0].__name__
            record.places = places[-12:]
            record.exc_info = None
            record.exc_text = None
        # Django hangs the whole request on its records.
        for name in ("request", "status_code", "server_time"):
            record.__dict__.pop(name, None)
        return True


class JsonFormatter(_JsonFormatter):
    """Adds level, logger and an ISO time in UTC to each line."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(
            "%(levelname)s %(name)s %(message)s",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp=True,
            **kwargs,
        )
