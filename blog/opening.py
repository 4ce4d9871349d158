"""What the site's fixed pages and the blog don't say yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from services.readiness import Lack
from services.sample_left import page_of

from .models import Page, Post
from .sample import FIRST_POSTS, missing_from_privacy

# What visitors look for, after what the law wants to be said.
_WANTED = (Page.Slug.ABOUT,)


def lacks(*, now: datetime) -> Iterator[Lack]:
    """A page without a text, a privacy page that says too little, and a blog that is empty or has prepared posts that
    nobody went through. Two queries."""
    pages = {page.slug: page for page in Page.objects.filter(slug__in=[*Page.NEEDED, *_WANTED])}
    for slug in (*Page.NEEDED, *_WANTED):
        page = pages.get(slug)
        if page is None or not page.body:
            words = _("Go through the words of the page “%(title)s”, and save it.") % {
                "title": page.title if page else slug.label
            }
            new = f"{reverse('admin:blog_page_add')}?{urlencode({'slug': slug})}"
            yield Lack("texts", words, page_of(page) if page else new, stops=slug in Page.NEEDED)
        elif slug == Page.Slug.PRIVACY and (lacks := missing_from_privacy(page.body)):
            words = _("Your privacy page lacks what this site keeps by now: %(what)s. See what to add.")
            yield Lack("texts", words % {"what": ", ".join(lacks)}, page_of(page), stops=False)
    yield from _of_the_blog(now)


def _of_the_blog(now: datetime) -> Iterator[Lack]:
    prepared = [path.stem for path in FIRST_POSTS.glob("*.md")]
    seen = Post.objects.published(now).order_by().values("pk")[:1]
    found = list(
        Post.objects.filter(Q(slug__in=prepared, status=Post.Status.DRAFT) | Q(pk__in=seen)).order_by("pk")
    )
    if not found:
        words = _("Every page links to the blog, and it is empty: begin with prepared posts.")
        yield Lack("texts", words, reverse("admin:blog_post_changelist"), stops=False)
    for post in found:
        if post.status == Post.Status.DRAFT:
            words = _("The post “%(title)s” is a draft: go through it, then publish it.")
            yield Lack("texts", words % {"title": post.title}, page_of(post), stops=False)
