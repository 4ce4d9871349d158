"""Which of the site's fixed pages say nothing yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from services.readiness import Gap
from services.sample_left import page_of

from .models import Page

# What the law wants to be said, and then what visitors look for.
NEEDED = (Page.Slug.POLICIES, Page.Slug.PRIVACY)
_WANTED = (Page.Slug.ABOUT,)


def gaps(*, now: datetime) -> Iterator[Gap]:
    """A page without a text. One query."""
    pages = {page.slug: page for page in Page.objects.filter(slug__in=[*NEEDED, *_WANTED])}
    for slug in (*NEEDED, *_WANTED):
        page = pages.get(slug)
        if page is None or not page.body:
            words = _("Go through the words of the page “%(title)s”, and save it.") % {
                "title": page.title if page else slug.label
            }
            new = f"{reverse('admin:blog_page_add')}?{urlencode({'slug': slug})}"
            yield Gap("texts", words, page_of(page) if page else new, stops=slug in NEEDED)
