"""Loads the posts, pages and questions (`sample_data/`) that a new installation starts with, for the owner to keep,
change or replace.

They name no person, price, phone number or address: those are the owner's data, and pages show them beside this text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from massagerx.lib.content_files import Document, read_documents, read_toml, to_html
from massagerx.lib.html import plain_text
from massagerx.lib.localtime import local
from massagerx.lib.pictures import Encoded
from services.models import Service
from services.sample_left import Left, page_of, take_off, untouched

from .models import FaqEntry, HomeBlock, Page, Picture, Post, Tag

_DATA = Path(__file__).parent / "sample_data"
POSTS, PAGES, LISTS = _DATA / "posts", _DATA / "pages", _DATA / "lists.toml"
# Posts to begin a blog with. The sample has others, which are published: these wait for the owner.
FIRST_POSTS = _DATA / "first_posts"
_PART = re.compile(r"<li><strong>([^<]+):</strong>.*?</li>")
# Drawn for this site by bin/draw_sample_covers; width and height in pixels.
_COVERS = Path(__file__).parent / "sample_covers"
_COVER_SIZE = (1600, 900)


@dataclass(slots=True)
class Loaded:
    """The rows that this call made; those that were there already, and may have been edited, are left alone."""

    tags: list[Tag] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    questions: list[FaqEntry] = field(default_factory=list)


def load(*, now: datetime) -> Loaded:
    """Makes what is not there yet; a second call makes nothing. Load the sample services before.

    `now` is an aware instant: posts are dated back from it, and the privacy page takes effect on its local day.
    """
    loaded = Loaded()
    lists = read_toml(LISTS)
    for slug, name in lists["tags"].items():
        tag, made = Tag.objects.get_or_create(slug=slug, defaults={"name": name})
        if made:
            loaded.tags.append(tag)
    _load_posts(loaded, now)
    for page_file in read_documents(PAGES):
        page, made = Page.objects.get_or_create(slug=page_file.slug, defaults=_texts(page_file, now))
        if made:
            loaded.pages.append(page)
    # Without a word of their own: the page says the site's, and the admin lists them all.
    for slug in HomeBlock.Slug.values:
        HomeBlock.objects.get_or_create(slug=slug)
    for position, row in enumerate(lists["questions"], start=1):
        question, made = FaqEntry.objects.get_or_create(
            question=row["question"],
            defaults={"answer": to_html(row["answer"]), "position": position * 10},
        )
        if made:
            loaded.questions.append(question)
    return loaded


def starting_page(slug: str, *, now: datetime) -> dict[str, str]:
    """The texts of a page to begin with, by field; none for a page that has none."""
    files = {file.slug: file for file in read_documents(PAGES)}
    return _texts(files[slug], now) if slug in files else {}


def first_posts() -> list[Post]:
    """The prepared posts, as unsaved drafts; none once one of them is there."""
    files = read_documents(FIRST_POSTS)
    if Post.objects.filter(slug__in=[file.slug for file in files]).exists():
        return []
    return [Post(slug=file.slug, body=file.html, **file.values) for file in files]


def missing_from_privacy(body: str) -> dict[str, str]:
    """What a privacy page with this text (HTML) says nothing of, going by its words: our paragraph on it (HTML) by what
    it is about."""
    said = plain_text(body).casefold()
    return {about: part for about, words, part in _told() if not words.search(said)}


@lru_cache(maxsize=1)
def _told() -> list[tuple[str, re.Pattern[str], str]]:
    """What the site has come to keep since privacy pages were written for it: about what, in which words a page may
    speak of it, and our paragraph."""
    (page,) = (file for file in read_documents(PAGES) if file.slug == Page.Slug.PRIVACY)
    parts = {match[1]: match[0] for match in _PART.finditer(page.html)}
    return [
        (row["about"], re.compile(rf"\b({'|'.join(map(re.escape, row['words']))})\b"), parts[row["begins"]])
        for row in read_toml(LISTS)["told"]
    ]


def _texts(page_file: Document, now: datetime) -> dict[str, str]:
    body = page_file.html.replace("%(effective)s", date_format(local(now), "F j, Y"))
    return {**page_file.values, "body": body}


def left() -> list[Left]:
    """Posts, pages and answers that readers see and that nobody has saved as their own."""
    posts, pages, questions = _left()
    return [
        *(Left(_("the post “%(title)s”") % {"title": post.title}, page_of(post)) for post in posts),
        *(Left(_("the page “%(title)s”") % {"title": page.title}, page_of(page)) for page in pages),
        *(
            Left(_("the answer to “%(question)s”") % {"question": row.question}, page_of(row))
            for row in questions
        ),
    ]


def remove(*, now: datetime) -> None:
    """Deletes the posts, pages and answers that `left` names. Covers stay in the library, where a text may use them,
    and so do the pages that clients read when they agree, until the owner's own words take their place."""
    posts, pages, questions = _left()
    for rows in (posts, pages.exclude(slug__in=Page.NEEDED), questions):
        take_off(rows)


def _left() -> tuple[QuerySet[Post], QuerySet[Page], QuerySet[FaqEntry]]:
    posts = Post.objects.filter(
        status=Post.Status.PUBLISHED, slug__in=[file.slug for file in read_documents(POSTS)]
    )
    pages = Page.objects.filter(slug__in=[file.slug for file in read_documents(PAGES)])
    questions = FaqEntry.objects.active().filter(
        question__in=[row["question"] for row in read_toml(LISTS)["questions"]]
    )
    return untouched(posts), untouched(pages), untouched(questions)


def _load_posts(loaded: Loaded, now: datetime) -> None:
    pins: list[tuple[Post, list[str]]] = []
    for post_file in read_documents(POSTS):
        values = post_file.values
        post, made = Post.objects.get_or_create(
            slug=post_file.slug,
            defaults={
                "title": values["title"],
                "summary": values["summary"],
                "body": post_file.html,
                "status": Post.Status.PUBLISHED,
                "published_at": now - timedelta(days=values["days_ago"]),
            },
        )
        if made:
            post.cover = _cover(post_file, now)
            post.save(update_fields=["cover"])
            post.tags.set(Tag.objects.filter(slug__in=values["tags"]))
            post.services.set(Service.objects.filter(slug__in=values["services"]))
            pins.append((post, values["pinned"]))
            loaded.posts.append(post)
    # Once all posts are there, since they point at each other.
    for post, slugs in pins:
        post.pinned_posts.set(Post.objects.filter(slug__in=slugs))


def _cover(post_file: Document, now: datetime) -> Picture:
    return _picture(post_file, post_file.slug, now, dark=_picture(post_file, f"{post_file.slug}-dark", now))


def _picture(post_file: Document, name: str, now: datetime, **fields: Picture) -> Picture:
    """A picture of the library; its smaller sizes are made in the background like any other's."""
    left, top = post_file.values["focus"]
    made = Picture(alt=post_file.values["cover_alt"], focal_x=left, focal_y=top, **fields)
    made.put_away(Encoded((_COVERS / f"{name}.webp").read_bytes(), *_COVER_SIZE), now=now)
    made.save()
    return made
