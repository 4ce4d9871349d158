"""The words of a block of the home page, on the page that it leads to."""

from __future__ import annotations

from django import template

from blog.models import HomeBlock

register = template.Library()
register.simple_tag(HomeBlock.named, name="words_of_block")
