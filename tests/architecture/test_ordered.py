"""Rows without an order are never sliced, listed or paged: the guard that every test runs under."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Min

from services.models import Category, Service
from tests.support import ROOT
from tests.support.ordered import UnorderedRows

pytestmark = pytest.mark.django_db


@pytest.fixture
def services() -> None:
    category = Category.objects.create(name="Massage", slug="massage")
    for name in ("one", "two"):
        Service.objects.create(category=category, name=name, slug=name, summary="-", description="<p>-</p>")


def grouped() -> Any:
    """Services with an aggregate, which takes their order away."""
    return Service.objects.annotate(least=Min("options__price_cents"))


def ask(how: str, rows: Any, file: str = "services/imagined.py") -> Any:
    """Runs an expression over `rows` as if it stood in a file of the site."""
    source = f"def view(rows):\n    return {how}\n"
    names: dict[str, Any] = {}
    exec(compile(source, str(ROOT / file), "exec"), names)
    return names["view"](rows)


@pytest.mark.usefixtures("services")
@pytest.mark.parametrize(
    "how",
    ["list(rows)", "list(rows[:1])", "[row for row in rows]", "rows[0:1][0]", "list(rows.order_by()[:1])"],
)
def test_rows_without_an_order_are_refused(how: str) -> None:
    with pytest.raises(UnorderedRows, match=r"services/imagined\.py:2 view: rows of Service"):
        ask(how, grouped())


@pytest.mark.usefixtures("services")
@pytest.mark.parametrize("how", ["list(rows)", "rows[0:1][0]", "[row for row in rows]"])
def test_rows_with_an_order_pass(how: str) -> None:
    ask(how, grouped().order_by("name"))
    ask(how, Service.objects.all())


@pytest.mark.usefixtures("services")
def test_what_needs_no_order_passes() -> None:
    assert ask("rows.get(slug='one').name", grouped()) == "one"
    assert ask("rows.count()", grouped()) == 2
    assert len(ask("rows.in_bulk()", grouped())) == 2
    assert ask("set(rows.order_by())", grouped())
    assert len(list(grouped())) == 2  # a test may look as it likes
