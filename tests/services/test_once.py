"""What is worked out once for each language, and what isn't."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from django.template import Context, Template
from django.urls import NoReverseMatch, set_script_prefix
from django.utils import translation


def rendered(source: str, times: int = 1, **values: Any) -> list[str]:
    template = Template("{% load i18n once %}" + source)
    return [template.render(Context(values)) for _ in range(times)]


def test_text_is_translated_once_for_each_language() -> None:
    template = Template('{% load i18n once %}{% translate "Yes" %}')
    english = template.render(Context())
    with translation.override("de"):
        assert template.render(Context()) == "Ja"
    with mock.patch("django.utils.translation._trans.gettext") as asked:
        assert template.render(Context()) == english == "Yes"
        with translation.override("de"):
            assert template.render(Context()) == "Ja"
    asked.assert_not_called()


def test_words_of_a_variable_are_its_own_each_time() -> None:
    template = Template("{% load i18n once %}{% translate word %}")
    assert [template.render(Context({"word": word})) for word in ("A", "<b>")] == ["A", "&lt;b&gt;"]
    template = Template('{% load i18n once %}{% translate "x"|add:word %}')
    assert [template.render(Context({"word": word})) for word in ("A", "B")] == ["xA", "xB"]


def test_text_with_a_name_is_put_under_it_each_time() -> None:
    assert rendered('{% translate "Yes" as said %}[{{ said }}]', 2) == ["[Yes]", "[Yes]"]
    assert rendered('{% translate "May" context "month name" %}', 2) == ["May", "May"]


def test_address_is_of_where_the_site_is_served() -> None:
    template = Template('{% load once %}{% url "blog:faq" %}')
    assert template.render(Context()) == template.render(Context()) == "/faq/"
    set_script_prefix("/elsewhere/")
    try:
        assert template.render(Context()) == "/elsewhere/faq/"
    finally:
        set_script_prefix("/")


def test_address_with_more_than_a_name_is_asked_for_each_time() -> None:
    template = Template('{% load once %}{% url "services:detail" slug %}')
    addresses = [template.render(Context({"slug": slug})) for slug in ("one", "two")]
    assert addresses == ["/services/one/", "/services/two/"]
    template = Template('{% load once %}{% url "blog:faq" as here %}{{ here }}')
    assert [template.render(Context()) for _ in range(2)] == ["/faq/", "/faq/"]


def test_address_that_there_is_not_is_told_each_time() -> None:
    template = Template('{% load once %}{% url "no:where" %}')
    for _ in range(2):
        with pytest.raises(NoReverseMatch):
            template.render(Context())
