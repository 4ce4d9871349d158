"""The blog's feed: Atom, with the whole text of each post."""

import hashlib
from typing import Any
from uuid import UUID, uuid5

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from massagerx.lib.changes import last_changes
from massagerx.lib.html import absolute_links, without_controls
from massagerx.lib.urls import absolute_url
from services.models import Business

from .models import Post

POSTS_IN_FEED = 20


class _FullTextFeed(Atom1Feed):
    """Atom (RFC 4287) whose entries also carry the whole text; Django's own carry only the summary, as HTML."""

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        handler.addQuickElement("content", item["content"], {"type": "html"})


# Made up once: what it names stays the same whatever the site is called and wherever it lies.
_OURS = UUID("6f1f3c1e-0f0f-5d0a-9a55-3c6b7f1d2e90")


def _entry_id(post: Post) -> str:
    """What readers know a post by, also under another address: a new one would be shown as unread."""
    return uuid5(_OURS, f"post {post.pk}").urn


@require_safe
def post_feed(request: HttpRequest) -> HttpResponse:
    """The newest posts; 304 when the reader's copy is still true."""
    now = timezone.now()
    business = Business.load()
    name = without_controls(business.name)
    posts = list(Post.objects.published(now).prefetch_related("tags")[:POSTS_IN_FEED])
    feed = _FullTextFeed(
        title=_("%(name)s: blog") % {"name": name},
        link=absolute_url(reverse("blog:list")),
        description=without_controls(business.tagline) or None,
        feed_url=absolute_url(reverse("blog:feed")),
        feed_guid=uuid5(_OURS, "feed").urn,
        language="en",
        author_name=name,
    )
    for post in posts:
        url = absolute_url(post.get_absolute_url())
        feed.add_item(
            title=post.title,
            link=url,
            description=escape(post.lead),
            unique_id=_entry_id(post),
            pubdate=post.published_at,
            updateddate=post.changed_at,
            author_name=without_controls(post.author_name) or name,
            categories=[without_controls(tag.name) for tag in post.tags.all()],
            content=absolute_links(post.body, url),
        )
    response = HttpResponse(feed.writeString("utf-8"), content_type=Atom1Feed.content_type)
    response["ETag"] = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    # Our name stands in it too.
    changes = [*(post.changed_at for post in posts), *last_changes(Business)] if posts else []
    modified = int(max(changes).timestamp()) if changes else None
    if modified is not None:
        response["Last-Modified"] = http_date(modified)
    # Readers ask each time: a date without this would let them keep the feed for days.
    response["Cache-Control"] = "no-cache"
    # An entity tag goes before the date when the reader sends both, so a post taken off the site is noticed too.
    answer = get_conditional_response(request, response["ETag"], modified, response)
    return answer if answer is not None else response
