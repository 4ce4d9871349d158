"""What search engines may find: every public page, with the day on which what it says last changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone

from blog.models import FaqEntry, Page, Post, Tag
from bookings.models import Booklet, Therapist
from bookings.reviews.models import Review
from services.models import Service


class SiteSitemap(Sitemap):
    """Locations on `settings.SITE_URL`, whatever host the request named."""

    def get_protocol(self, protocol: str | None = None) -> str:
        """The scheme of SITE_URL, not of the request."""
        return urlsplit(settings.SITE_URL).scheme

    def get_domain(self, site: Any = None) -> str:
        """The host of SITE_URL, not of the request."""
        return urlsplit(settings.SITE_URL).netloc


class FixedSitemap(SiteSitemap):
    """Pages put together from many things: no date, rather than one that may not be true."""

    def items(self) -> list[str]:
        """Names of routes without arguments; the booklet's only while there is a booklet."""
        names = ["home", "services:list", "bookings:therapists", "bookings:start", "blog:list"]
        names += ["bookings:booklet"] if Booklet.objects.exists() else []
        return names + (["bookings:reviews"] if Review.objects.published().exists() else [])

    def location(self, item: str) -> str:
        """The path of a route."""
        return reverse(item)


class ServiceSitemap(SiteSitemap):
    def items(self) -> list[Service]:
        """Services on offer."""
        return list(Service.objects.offered(timezone.localdate()))

    def lastmod(self, item: Service) -> datetime:
        """When the service was last saved."""
        return item.updated_at


class TherapistSitemap(SiteSitemap):
    def items(self) -> list[Therapist]:
        """Those who can be booked today."""
        return list(Therapist.objects.bookable(timezone.localdate()).only("slug"))


class PostSitemap(SiteSitemap):
    def items(self) -> list[Post]:
        """Published posts, without their bodies."""
        return list(Post.objects.published(timezone.now()).select_related(None).defer("body", "plain_body"))

    def lastmod(self, item: Post) -> datetime:
        """When the post was last changed or published."""
        return item.changed_at


class TagSitemap(SiteSitemap):
    def items(self) -> list[Tag]:
        """Tags of published posts."""
        return list(Tag.objects.in_use(timezone.now()))


class PageSitemap(SiteSitemap):
    """The owner's pages, but for those without a word on them; contact and FAQ say something without."""

    def items(self) -> list[Page]:
        """The owner's pages that have something to show."""
        return list(Page.objects.exclude(body="", slug__in=["about", "policies", "privacy"]))

    def lastmod(self, item: Page) -> datetime:
        """When the page was last saved; of the FAQ also the newest entry."""
        if item.slug == Page.Slug.FAQ:
            newest = FaqEntry.objects.active().aggregate(newest=Max("updated_at"))["newest"]
            return max(item.updated_at, newest or item.updated_at)
        return item.updated_at


SITEMAPS: dict[str, type[Sitemap]] = {
    "fixed": FixedSitemap,
    "services": ServiceSitemap,
    "therapists": TherapistSitemap,
    "posts": PostSitemap,
    "tags": TagSitemap,
    "pages": PageSitemap,
}
