"""The blog's pages and the pages that the owner edits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from massagerx.lib.html import plain_text
from massagerx.lib.jsonld import breadcrumb_list, json_ld
from massagerx.lib.urls import absolute_url
from services.models import Business, Service

from .models import Page, Post, PostQuerySet, Question, Tag

POSTS_PER_PAGE = 10
RELATED_POSTS = 3

Crumbs = list[tuple[str, str]]


def _crumbs(*more: tuple[str, str]) -> Crumbs:
    return [(_("Home"), reverse("home")), *more]


def _blog_crumbs(*more: tuple[str, str]) -> Crumbs:
    return _crumbs((_("Blog"), reverse("blog:list")), *more)


def _list(
    request: HttpRequest, posts: PostQuerySet, now: datetime, crumbs: Crumbs, tag: Tag | None
) -> HttpResponse:
    # A page number that is no number shows the first page, one that is too high the last.
    page_obj = Paginator(posts.prefetch_related("tags"), POSTS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page_obj": page_obj,
        "posts": page_obj.object_list,
        "tag": tag,
        "tags": Tag.objects.in_use(now),
        "crumbs": crumbs,
        "json_ld": json_ld(breadcrumb_list(crumbs)),
    }
    return render(request, "blog/list.html", context)


@require_safe
def post_list(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    return _list(request, Post.objects.published(now), now, _blog_crumbs(), tag=None)


@require_safe
def post_tag(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    tag = get_object_or_404(Tag.objects.in_use(now), slug=slug)
    crumbs = _blog_crumbs((tag.name, tag.get_absolute_url()))
    return _list(request, Post.objects.published(now).tagged(tag), now, crumbs, tag=tag)


@require_safe
def post_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """A post that readers can see; staff who may look at posts also get drafts and scheduled ones, as a preview."""
    now = timezone.now()
    post = get_object_or_404(Post.objects.prefetch_related("tags"), slug=slug)
    is_preview = not post.is_visible(now)
    if is_preview and not request.user.has_perm("blog.view_post"):
        raise Http404
    published = Post.objects.published(now)
    crumbs = _blog_crumbs((post.title, post.get_absolute_url()))
    context = {
        "post": post,
        "is_preview": is_preview,
        "services": Service.objects.offered().filter(posts=post).with_prices(),
        "related_posts": published.pinned_by(post)[:RELATED_POSTS]
        or published.sharing_tags_with(post)[:RELATED_POSTS],
        "previous_post": None if is_preview else published.before(post).first(),
        "next_post": None if is_preview else published.after(post).first(),
        "crumbs": crumbs,
        "json_ld": json_ld(_blog_posting(post, Business.load()), breadcrumb_list(crumbs)),
    }
    response = render(request, "blog/detail.html", context)
    if is_preview:
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
    return response


def _blog_posting(post: Post, business: Business) -> dict[str, Any]:
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
    return posting


def _page_context(page: Page, *more: dict[str, Any]) -> dict[str, Any]:
    crumbs = _crumbs((page.title, page.get_absolute_url()))
    return {"page": page, "crumbs": crumbs, "json_ld": json_ld(breadcrumb_list(crumbs), *more)}


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """About, policies or privacy: nothing but the owner's words."""
    template = "blog/about.html" if slug == Page.Slug.ABOUT else "blog/page.html"
    return render(request, template, _page_context(Page.load(slug)))


@require_safe
def faq(request: HttpRequest) -> HttpResponse:
    questions = list(Question.objects.active())
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
    context = _page_context(Page.load(Page.Slug.FAQ), *([faq_page] if questions else []))
    return render(request, "blog/faq.html", {**context, "questions": questions})
