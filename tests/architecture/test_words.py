"""What visitors read, on pages and in emails, is what an American would say: words that were read aloud and replaced
stay replaced."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_TEMPLATE = re.compile(
    r"""{%-?\s*translate\s+(?P<quote>["'])(?P<short>.*?)(?P=quote)"""
    r"""|{%\s*blocktranslate[^%]*%}(?P<long>.*?){%\s*endblocktranslate"""
    r"""|_\("(?P<inner>.*?)"\)""",
    re.DOTALL,
)
_CALLS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
# Staff's own pages speak of the trade; the two that show mail and parts are for who builds the site.
_OF_STAFF = ("templates/admin", "templates/desk", "templates/mailbox", "templates/styleguide")
_OF_VISITORS = (
    "bookings/views",
    "bookings/forms",
    "bookings/courses/forms.py",
    "bookings/courses/checking.py",
    "bookings/courses/draft.py",
    "bookings/courses/views.py",
    "bookings/courses/labels.py",
    "bookings/program/views.py",
    "bookings/reviews/forms.py",
    "bookings/reviews/views.py",
    "bookings/domain/calendar.py",
    "services/views.py",
    "blog/views.py",
    "massagerx/lib",
)
# British, or put together from another language's parts.
NOT_AMERICAN = re.compile(
    r"""
      \bany\ more\b(?!\ \w+s\b)           # anymore, or: no longer
    | \bway\ in\b | \bmailbox\ is\ yours | into\ your\ mailbox | take\ back\ my
    | \bcancelled\b | \bcancelling\b | \bafterwards\b | \btowards\b | \bwhilst\b | \bcolour | \bfavour
    | \bpost\ ?code\b | \bmobile\ (phone|number)\b | \bdiary\b | \bqueue\b | \bfortnight | \bturn\ up\b | \bring\ us\b
    | \bhand(ed)?\ (it\ |them\ |the\ note\ )?in\b # upload
    | \blook(s|ing)?\ after\b             # take care of, protect
    | \bfurther\ (out|than)\b             # farther
    | \bfall(s)?\ away\b | \bhas\ gone\ meanwhile | \bplan(ned)?\ anew\b | \bbook\ anew\b
    | \bone\ press\b | \bwith\ each\ press\b | \bpress\ in\ the\ email\b
    | \bbooked\ nothing\b | \bnobody\ opened\b | \brun\ out\b
    | \bgo\ on\ with\ it\b | ^go\ on$ | ^to\ come$ | ^keep\ it$ | ^keep\ it\ longer$
    | \banyone\ who\ is\ qualified\b | \bfor\ the\ first\ time\ with\ us\b | \bunwanted\ mail\b
    | \bare\ you\ unwell\b | \b(the\ drive|fees\ are)\ in\ (it|them)\b
    | \b(time|times)\ (is|are)\ (kept|no\ longer\ kept)\b | ^keep\ my\ time$
    """,
    re.VERBOSE | re.IGNORECASE,
)


def said() -> Iterator[tuple[str, str]]:
    """Where, and what: all that can be translated and a visitor may read."""
    for file in sorted((ROOT / "templates").rglob("*.*")):
        name = file.relative_to(ROOT).as_posix()
        if file.suffix in (".html", ".txt") and not name.startswith(_OF_STAFF):
            for found in _TEMPLATE.finditer(file.read_text()):
                yield name, " ".join((found["short"] or found["long"] or found["inner"] or "").split())
    for place in _OF_VISITORS:
        for file in sorted([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _CALLS:
                    for text in node.args:
                        if isinstance(text, ast.Constant) and isinstance(text.value, str):
                            yield file.relative_to(ROOT).as_posix(), text.value
    for file in sorted(ROOT.glob("*/sample_data/**/*.*")):
        if file.suffix in (".toml", ".md"):
            yield file.relative_to(ROOT).as_posix(), " ".join(file.read_text().split())


def test_visitors_read_what_an_american_would_write() -> None:
    found = [(name, word[0], text) for name, text in said() for word in NOT_AMERICAN.finditer(text)]
    assert found == []


def test_all_that_is_said_is_looked_at() -> None:
    texts = list(said())
    assert len(texts) > 1000
    assert ("templates/visits/find.html", "Find my visits") in texts
    assert any(
        NOT_AMERICAN.search(text)
        for text in ("Look into your mailbox", "To come", "That is not so any more.")
    )
