"""The blog's pages and the owner's pages, as readers get them."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client

from blog.models import FaqEntry, Page, Post
from bookings.models import BookingRules
from services.models import Business, Category, Service, ServiceOption
from tests.blog.posts import HOUR, NOW, make_draft, make_post, make_tag
from tests.factories import somebody_does

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

FIXED_PAGES = ["about", "faq", "policies", "privacy", "contact"]


def make_service(slug: str = "manual-lymphatic-drainage", **fields: Any) -> Service:
    category, _made = Category.objects.get_or_create(slug="massage", defaults={"name": "Massage"})
    service = Service.objects.create(
        category=category,
        slug=slug,
        name=slug.capitalize(),
        summary="Slow.",
        description="<p>Slow.</p>",
        **fields,
    )
    ServiceOption.objects.create(service=service, minutes=60, price_cents=12000)
    somebody_does(service)
    return service


def make_posts(count: int) -> list[Post]:
    """Posts number 1 (the oldest) to `count`, an hour apart, each with two tags."""
    tags = [make_tag("posture"), make_tag("aftercare")]
    posts = []
    for number in range(1, count + 1):
        post = make_post(f"post-{number}", published_at=NOW - (count - number + 1) * HOUR)
        post.tags.set(tags)
        posts.append(post)
    return posts


def json_ld(html: str) -> list[dict[str, Any]]:
    """The things in the page's JSON-LD; fails when there isn't exactly one such script."""
    (script,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    things: list[dict[str, Any]] = json.loads(script)["@graph"]
    return things


def slugs_in(html: str) -> list[str]:
    """The posts that a page's main part links to, in order, each once."""
    main = html.split("<main", 1)[1].split("</main>", 1)[0]
    return list(dict.fromkeys(re.findall(r'href="/blog/(post-\d+)/"', main)))


# Lists -------------------------------------------------------------------------------------------------------


def test_list_is_newest_first_and_ten_a_page(client: Client) -> None:
    make_posts(12)

    first, second = (client.get(f"/blog/?page={number}").content.decode() for number in (1, 2))

    assert slugs_in(first) == [f"post-{number}" for number in range(12, 2, -1)]
    assert slugs_in(second) == ["post-2", "post-1"]
    assert 'rel="next" href="?page=2"' in first
    assert 'rel="prev" href="?page=1"' in second


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("99999999999", "post-1"),
        ("-1", "post-1"),
        ("0", "post-1"),
        ("abc", "post-12"),
        ("", "post-12"),
        ("1e400", "post-12"),
        ("2.5", "post-12"),
        ("9" * 5000, "post-12"),
        ("<script>alert(1)</script>", "post-12"),
        ("٢", "post-1"),
        ("%F0%28%8C%28", "post-12"),
    ],
)
@pytest.mark.parametrize("place", ["/blog/", "/blog/tag/posture/"])
def test_hostile_page_number_shows_a_page(client: Client, place: str, number: str, shown: str) -> None:
    make_posts(12)

    response = client.get(f"{place}?page={number}")

    assert response.status_code == 200
    assert shown in slugs_in(response.content.decode())
    assert "alert(1)" not in response.content.decode()


@pytest.mark.parametrize("place", ["/blog/?page=%00", "/blog/?q=a%00b", "/blog/a-post/?x=%00"])
def test_nul_in_the_query_is_refused(client: Client, place: str) -> None:
    make_post()

    assert client.get(place).status_code == 400


@pytest.mark.parametrize("place", ["/blog/%00/", "/blog/tag/a%00b/", "/blog/ümlaut/", "/blog/tag/../../etc/"])
def test_unreadable_address_is_not_found(client: Client, place: str) -> None:
    assert client.get(place).status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
@pytest.mark.parametrize("place", ["/blog/", "/blog/a-post/", "/blog/feed/", "/about/", "/faq/"])
def test_reading_is_all_that_pages_allow(client: Client, place: str, method: str) -> None:
    make_post()

    assert getattr(client, method)(place).status_code == 405


def test_empty_blog_says_so(client: Client) -> None:
    response = client.get("/blog/")

    assert response.status_code == 200
    assert "The first post is on its way" in response.content.decode()


@pytest.mark.parametrize("place", ["/blog/", "/blog/tag/posture/", "/blog/feed/", "/sitemap.xml"])
def test_list_asks_as_many_queries_for_one_post_as_for_thirty(
    client: Client, count_queries: Callable[[], Any], place: str
) -> None:
    tags = [make_tag("posture"), make_tag("aftercare")]
    make_post("post-0").tags.set(tags)
    with count_queries() as one:
        client.get(place)
    for number in range(1, 30):
        make_post(f"post-{number}").tags.set(tags)
    with count_queries() as thirty:
        client.get(place)

    assert len(thirty) == len(one) <= 12


# A post ------------------------------------------------------------------------------------------------------


def test_post_shows_its_words_date_and_way_to_book(client: Client) -> None:
    make_post("a-post", title="O’Brien 手技 & co", author_name="Ana", summary="In short.")

    page = client.get("/blog/a-post/").content.decode()

    assert "<p>The words of a-post.</p>" in page
    assert "O’Brien 手技 &amp; co" in page
    assert 'datetime="2026-12-02T11:00:00-08:00"' in page
    assert "Ana" in page
    assert 'href="/book/"' in page


def test_post_offers_pinned_posts_before_those_with_the_same_tags(client: Client) -> None:
    posts = make_posts(4)
    pinning, pinned = posts[0], make_post("post-99", published_at=NOW - 99 * HOUR)
    pinning.pinned_posts.set([pinned, make_draft("post-98")])

    def related(post: Post) -> list[str]:
        page = client.get(post.get_absolute_url()).content.decode()
        return slugs_in(
            page.split('id="related-title"', 1)[1].split("</section>", 1)[0].join(["<main", "</main>"])
        )

    assert related(pinning) == ["post-99"]
    assert related(posts[1]) == ["post-4", "post-3", "post-1"]


def test_post_offers_most_tags_in_common_first(client: Client) -> None:
    post, close, _far = make_posts(3)
    close.tags.add(make_tag("swimming"))
    post.tags.add(*close.tags.all())

    related = Post.objects.published(NOW).sharing_tags_with(post)

    assert [other.slug for other in related] == ["post-2", "post-3"]


def test_post_links_to_its_neighbors_in_time(client: Client) -> None:
    _first, second, _third = make_posts(3)
    make_post("post-7", published_at=second.published_at)  # the same instant, written later

    page = client.get("/blog/post-2/").content.decode()

    assert '<a rel="prev" href="/blog/post-1/">' in page
    assert '<a rel="next" href="/blog/post-7/">' in page


def test_post_shows_offered_services_and_keeps_the_choice(client: Client) -> None:
    post = make_post()
    post.services.set([make_service("offered"), make_service("retired", is_active=False)])

    page = client.get("/blog/a-post/").content.decode()

    assert 'href="/services/offered/"' in page
    assert "/services/retired/" not in page
    assert 'href="/book/?service=offered"' in page


def test_post_asks_as_many_queries_with_one_neighbor_as_with_thirty(
    client: Client, count_queries: Callable[[], Any]
) -> None:
    def fill(start: int, end: int) -> None:
        for number in range(start, end):
            post = make_post(f"post-{number}", published_at=NOW - (number + 1) * HOUR)
            post.tags.add(tag)
            post.services.add(make_service(f"service-{number}"))
            middle.tags.add(tag)
            middle.services.add(*post.services.all())

    tag = make_tag()
    middle = make_post("middle", published_at=NOW - 2 * HOUR)
    fill(0, 3)
    with count_queries() as few:
        client.get("/blog/middle/")
    fill(3, 30)
    with count_queries() as many:
        client.get("/blog/middle/")

    assert len(many) == len(few) <= 14


def test_script_in_title_summary_author_and_tag_stays_text(client: Client) -> None:
    attack = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    post = make_post("a-post", title=attack, summary=attack, author_name=attack[:80])
    tag = make_tag("posture")
    tag.name = attack[:60]
    tag.save()
    post.tags.add(tag)
    FaqEntry.objects.create(question=attack, answer=f"<p>{attack}</p>")

    for place in ("/blog/", "/blog/a-post/", "/blog/tag/posture/", "/faq/"):
        page = client.get(place).content.decode()
        assert "<script>alert" not in page, place
        assert "<img src=x" not in page, place
        json_ld(page)
    posting = json_ld(client.get("/blog/a-post/").content.decode())[0]
    assert posting["headline"] == attack


def test_post_describes_itself_to_search_engines(client: Client, settings: Any) -> None:
    settings.SITE_URL = "https://massage.example"
    make_post("a-post", title="Rest", summary="In short.")

    posting, crumbs = json_ld(client.get("/blog/a-post/", HTTP_HOST="localhost").content.decode())

    assert posting["@type"] == "BlogPosting"
    assert posting["headline"] == "Rest"
    assert posting["description"] == "In short."
    assert posting["url"] == "https://massage.example/blog/a-post/"
    assert posting["datePublished"].startswith("2026-12-02T19:00")
    assert crumbs["@type"] == "BreadcrumbList"
    assert [item["item"] for item in crumbs["itemListElement"]] == [
        "https://massage.example/",
        "https://massage.example/blog/",
        "https://massage.example/blog/a-post/",
    ]


# The owner's pages -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", FIXED_PAGES)
def test_page_shows_the_owner_s_words(client: Client, slug: str) -> None:
    Page.objects.create(
        slug=slug,
        title="A title of ours",
        body="<h2>Ours</h2><p>Our words.</p>",
        meta_description="In short.",
    )

    page = client.get(f"/{slug}/").content.decode()

    assert "<h1>A title of ours</h1>" in page
    assert '<h2 id="ours">Ours</h2><p>Our words.</p>' in page
    assert '<meta name="description" content="In short.">' in page
    assert json_ld(page)[0]["@type"] == "BreadcrumbList"


@pytest.mark.parametrize("slug", FIXED_PAGES)
def test_page_without_words_still_helps(client: Client, slug: str) -> None:
    Business.objects.create(name="Massage Rx", phone="+12135550142", email="hello@example.com")

    response = client.get(f"/{slug}/")

    assert response.status_code == 200
    main = response.content.decode().split("<main", 1)[1].split("</main>", 1)[0]
    assert 'href="tel:+1-213-555-0142"' in main if slug == "contact" else 'href="/contact/"' in main


def test_contact_page_gives_phone_and_email_as_links(client: Client) -> None:
    Business.objects.create(name="Massage Rx", phone="+12135550142", email="hello@example.com")

    page = client.get("/contact/").content.decode()

    assert '<a href="tel:+1-213-555-0142">(213) 555-0142</a>' in page
    assert '<a href="mailto:hello@example.com">hello@example.com</a>' in page


def test_faq_shows_active_questions_in_order(client: Client) -> None:
    FaqEntry.objects.create(question="Second?", answer="<p>Two &amp; more.</p>", position=2)
    FaqEntry.objects.create(question="First?", answer="<p>One.</p>", position=1)
    FaqEntry.objects.create(question="Old?", answer="<p>Gone.</p>", is_active=False)

    page = client.get("/faq/").content.decode()

    assert page.index("First?") < page.index("Second?")
    assert "Old?" not in page
    faq = json_ld(page)[1]
    assert [(item["name"], item["acceptedAnswer"]["text"]) for item in faq["mainEntity"]] == [
        ("First?", "One."),
        ("Second?", "Two & more."),
    ]


def test_faq_asks_as_many_queries_for_one_question_as_for_thirty(
    client: Client, count_queries: Callable[[], Any]
) -> None:
    FaqEntry.objects.create(question="0?", answer="<p>0</p>")
    with count_queries() as one:
        client.get("/faq/")
    for number in range(1, 30):
        FaqEntry.objects.create(question=f"{number}?", answer="<p>A</p>")
    with count_queries() as thirty:
        client.get("/faq/")

    assert len(thirty) == len(one)


def test_scheduled_moment_is_shown_in_los_angeles_time(
    writer_client: Client, clock: time_machine.Traveller
) -> None:
    make_post("a-coming-post", published_at=NOW + 30 * HOUR)

    page = writer_client.get("/blog/a-coming-post/").content.decode()

    assert "December 3, 2026, 6 p.m. PST" in page or "December 3, 2026, 6:00 p.m. PST" in page


def test_privacy_page_ends_with_what_is_kept_as_the_owner_has_set_it(client: Client) -> None:
    BookingRules.objects.update_or_create(pk=1, defaults={"health_kept_months": 7})
    html = client.get("/privacy/").content.decode()
    assert "courses’ dates, and training programs:</strong> 7 months after your last visit</li>" in html
    assert "How long we keep it" not in client.get("/policies/").content.decode()
