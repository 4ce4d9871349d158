"""The blog's pages and the pages that the owner edits."""

from __future__ import annotations

import logging
import mimetypes
import re
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.core.files.storage import default_storage
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page, require_safe

from massagerx.lib.html import plain_text
from massagerx.lib.jsonld import breadcrumb_list, json_ld
from massagerx.lib.urls import absolute_media, absolute_url
from services.models import Business, Service

from .models import FaqEntry, OldAddress, Page, Post, PostQuerySet, Tag, Testimonial
from .preview import previewed_post
from .reading import Reading, read

log = logging.getLogger("massagerx.media")

POSTS_PER_PAGE = 10
RELATED_POSTS = 3

# Nothing else is served from the store: other apps may keep there what is not for everyone.
_PICTURE_NAME = re.compile(r"pictures/[a-z0-9-]+\.(?:webp|png)", re.ASCII)

Crumbs = list[tuple[str, str]]
P = ParamSpec("P")


def public_page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """For pages that are the same for every visitor: whoever has a copy asks whether it is still true (304), so a
    post scheduled for now is not hidden behind an older list."""

    @require_safe
    @conditional_page
    @wraps(view)
    def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if "Cache-Control" not in response:
            patch_cache_control(response, no_cache=True)
        return response

    return inner


def _crumbs(*more: tuple[str, str]) -> Crumbs:
    return [(_("Home"), reverse("home")), *more]


def _blog_crumbs(*more: tuple[str, str]) -> Crumbs:
    return _crumbs((_("Blog"), reverse("blog:list")), *more)


def _list(
    request: HttpRequest,
    posts: PostQuerySet,
    now: datetime,
    crumbs: Crumbs,
    **about: Any,
) -> HttpResponse:
    """A page of `posts`: of a `tag`, of a search with its `query`, or of all."""
    # A page number that is no number shows the first page, one that is too high the last.
    page_obj = Paginator(posts.prefetch_related("tags"), POSTS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page_obj": page_obj,
        "posts": page_obj.object_list,
        "tag": None,
        "query": None,
        "tags": Tag.objects.in_use(now),
        "crumbs": crumbs,
        "json_ld": json_ld(breadcrumb_list(crumbs)),
        **about,
    }
    return render(request, "blog/list.html", context)


@public_page
def post_list(request: HttpRequest) -> HttpResponse:
    """Published posts, newest first, in pages."""
    now = timezone.now()
    return _list(request, Post.objects.published(now), now, _blog_crumbs())


@public_page
def post_search(request: HttpRequest) -> HttpResponse:
    """The posts with the words of `?q=`; without any, the form and the topics."""
    now = timezone.now()
    query = " ".join(request.GET.get("q", "").split())[:100]
    crumbs = _blog_crumbs((_("Search"), reverse("blog:search")))
    response = _list(request, Post.objects.published(now).searched(query), now, crumbs, query=query)
    response["X-Robots-Tag"] = "noindex"
    return response


@public_page
def post_tag(request: HttpRequest, slug: str) -> HttpResponse:
    """Published posts with one tag, newest first, in pages."""
    now = timezone.now()
    tag = get_object_or_404(Tag.objects.in_use(now), slug=slug)
    crumbs = _blog_crumbs((tag.name, tag.get_absolute_url()))
    return _list(request, Post.objects.published(now).tagged(tag), now, crumbs, tag=tag)


@public_page
def post_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """A post that readers can see; staff who may look at posts also get drafts and scheduled ones, as a preview. An
    address that the post had before leads on."""
    now = timezone.now()
    post = Post.objects.select_related("cover__dark").prefetch_related("tags").filter(slug=slug).first()
    if post is None:
        return _moved(slug, now)
    if post.is_visible(now):
        return _show(request, post, now)
    if not request.user.has_perm("blog.view_post"):
        raise Http404
    return _show(request, post, now, is_preview=True)


@require_safe
def post_preview(request: HttpRequest, token: str) -> HttpResponse:
    """A post that is not out yet, for whoever was given the link. Once it is out, the link leads to it."""
    now = timezone.now()
    key = previewed_post(token)
    posts = Post.objects.select_related("cover__dark").prefetch_related("tags")
    post = posts.filter(pk=key).first() if key is not None else None
    if post is None:
        raise Http404
    if post.is_visible(now):
        return redirect(post)
    response = _show(request, post, now, is_preview=True)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _moved(slug: str, now: datetime) -> HttpResponse:
    old = OldAddress.objects.filter(slug=slug).select_related("post").first()
    if old is None or not old.post.is_visible(now):
        raise Http404
    return HttpResponsePermanentRedirect(old.post.get_absolute_url())


def _show(request: HttpRequest, post: Post, now: datetime, *, is_preview: bool = False) -> HttpResponse:
    published = Post.objects.published(now)
    crumbs = _blog_crumbs((post.title, post.get_absolute_url()))
    reading = read(post.body)
    context = {
        "post": post,
        "reading": reading,
        "is_preview": is_preview,
        "services": Service.objects.offered(timezone.localdate(now)).filter(posts=post).with_prices(),
        "related_posts": published.pinned_by(post)[:RELATED_POSTS]
        or published.sharing_tags_with(post)[:RELATED_POSTS],
        "previous_post": None if is_preview else published.before(post).first(),
        "next_post": None if is_preview else published.after(post).first(),
        "crumbs": crumbs,
        "json_ld": json_ld(_blog_posting(post, reading, Business.load()), breadcrumb_list(crumbs)),
    }
    response = with_frames(render(request, "blog/detail.html", context), reading)
    if is_preview:
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
    return response


def with_frames(response: HttpResponse, reading: Reading) -> HttpResponse:
    """Lets the page show frames of the videos in it, and of nothing else."""
    if not reading.frame_hosts:
        return response
    # What django-csp's decorator sets; the hosts are only known once the text was read.
    response._csp_update = {"frame-src": reading.frame_hosts}  # type: ignore[attr-defined]
    return response


def _blog_posting(post: Post, reading: Reading, business: Business) -> dict[str, Any]:
    url = absolute_url(post.get_absolute_url())
    publisher = {"@type": "Organization", "name": business.name, "url": absolute_url(reverse("home"))}
    posting = {
        "@type": "BlogPosting",
        "headline": post.title,
        "description": post.lead,
        "url": url,
        "mainEntityOfPage": url,
        "dateModified": post.changed_at,
        "author": {"@type": "Person", "name": post.author_name} if post.author_name else publisher,
        "publisher": publisher,
        "keywords": [tag.name for tag in post.tags.all()],
    }
    if post.published_at:
        posting["datePublished"] = post.published_at
    posting["image"] = [absolute_media(address) for address in _pictures_of(post)] or absolute_url(
        static("img/share.png")
    )
    posting["wordCount"] = len(post.plain_body.split())
    if reading.videos:
        posting["video"] = video_things(reading)
    return posting


def video_things(reading: Reading) -> list[dict[str, Any]]:
    """The videos shown in a text, as schema.org calls them."""
    return [
        {
            "@type": "VideoObject",
            "name": video.title,
            "description": video.title,
            "url": video.where.watch_url,
            "embedUrl": video.where.frame_url,
            "uploadDate": video.created_at,
            "thumbnailUrl": absolute_media(default_storage.url(video.poster.name))
            if video.poster
            else absolute_url(static("img/share.png")),
        }
        for video in reading.videos
    ]


def _pictures_of(post: Post) -> list[str]:
    """Where the pictures that stand for the post are served: its cover, and the one drawn for links."""
    cover = [default_storage.url(post.cover.name)] if post.cover else []
    return cover + ([post.share_url] if post.share_url else [])


def _page(
    request: HttpRequest, slug: str, template: str, *things: dict[str, Any], **more: Any
) -> HttpResponse:
    """One of the owner's pages; `things` are what its JSON-LD says beside where it is."""
    page = Page.load(slug)
    reading = read(page.body)
    crumbs = _crumbs((page.title, page.get_absolute_url()))
    context = {
        "page": page,
        "reading": reading,
        "crumbs": crumbs,
        "json_ld": json_ld(breadcrumb_list(crumbs), *things, *video_things(reading)),
        **more,
    }
    return with_frames(render(request, template, context), reading)


@public_page
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """About, policies or privacy: the owner's words, and on the first what clients said."""
    if slug == Page.Slug.ABOUT:
        return _page(request, slug, "blog/about.html", testimonials=Testimonial.objects.shown())
    return _page(request, slug, "blog/page.html")


@public_page
def faq(request: HttpRequest) -> HttpResponse:
    """The FAQ page with its structured data."""
    questions = list(FaqEntry.objects.active())
    faq_page = {
        "@type": "FAQPage",
        "mainEntity": [
            {
                "@type": "Question",
                "name": question.question,
                "acceptedAnswer": {"@type": "Answer", "text": plain_text(question.answer)},
            }
            for question in questions
        ],
    }
    things = [faq_page] if questions else []
    return _page(request, Page.Slug.FAQ, "blog/faq.html", *things, questions=questions)


@require_safe
def media(request: HttpRequest, name: str) -> HttpResponseBase:
    """A picture of the library. Its name changes when it does, so a copy can be kept for good."""
    if not _PICTURE_NAME.fullmatch(name):
        raise Http404
    try:
        file = default_storage.open(name)
    except FileNotFoundError:
        raise Http404 from None
    # The store is away: a page without a picture is a page, and the browser may ask again.
    except OSError as error:
        log.warning("a picture can't be read", extra={"cause": type(error).__name__})
        return HttpResponse(status=503, headers={"Retry-After": "60", "Cache-Control": "no-store"})
    response = FileResponse(file, content_type=mimetypes.guess_type(name)[0])
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
