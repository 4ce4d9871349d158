"""`{% translate %}` of a text and `{% url %}` of a name, with nothing else, are worked out once for each language: for
HTML that is rendered at almost every request. To be loaded after `i18n`."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from django import template
from django.template import defaulttags
from django.template.base import Node, Parser, Token
from django.template.context import Context
from django.templatetags import i18n
from django.urls import get_script_prefix
from django.utils.translation import get_language

register = template.Library()


class _Once(Node):
    """What a node of literals renders, kept by all that it depends on."""

    child_nodelists = ()

    def __init__(self, node: Node, place: Callable[[], Hashable]) -> None:
        self._node, self._place = node, place
        self._kept: dict[Hashable, str] = {}

    def render(self, context: Context) -> str:
        place = self._place()
        html = self._kept.get(place)
        if html is None:
            html = self._kept[place] = self._node.render(context)
        return html


@register.tag
def translate(parser: Parser, token: Token) -> Node:
    """As Django's."""
    node = i18n.do_translate(parser, token)
    said = node.filter_expression
    is_text = said.var.literal is not None and not said.filters
    return _Once(node, get_language) if is_text and not (node.asvar or node.message_context) else node


@register.tag
def url(parser: Parser, token: Token) -> Node:
    """As Django's."""
    node = defaulttags.url(parser, token)
    is_name = isinstance(node.view_name.var, str) and not node.view_name.filters
    return _Once(node, _address) if is_name and not (node.args or node.kwargs or node.asvar) else node


def _address() -> Hashable:
    return get_language(), get_script_prefix()
