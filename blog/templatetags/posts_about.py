"""Posts on other apps' pages: the catalogue knows no blog, so its template asks here."""

from __future__ import annotations

from datetime import datetime

from django import template

from blog.models import Post, PostQuerySet
from services.models import Service

register = template.Library()

POSTS_SHOWN = 3


@register.simple_tag
def posts_about(service: Service, now: datetime) -> PostQuerySet:
    """The newest posts about a service that readers can see at the aware instant `now`, three at most."""
    return Post.objects.published(now).filter(services=service)[:POSTS_SHOWN]
