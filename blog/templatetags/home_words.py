"""The words of a block of the home page, on the page that it leads to."""

from __future__ import annotations

from django import template

from blog.models import HomeBlock

register = template.Library()


@register.simple_tag
def words_of_block(slug: str) -> HomeBlock:
    """The block of that name; one query."""
    return HomeBlock.named(slug)
