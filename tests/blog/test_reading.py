"""A text as readers get it: anchors, contents, pictures, videos."""

import json
import re
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from blog import media
from blog.models import Page, Picture, Post
from blog.reading import read
from massagerx.lib.stored_picture import make_sizes
from tests.blog.files import YOUTUBE, figure, make_picture, make_video
from tests.blog.posts import NOW, make_post, make_tag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

LONG = "<h2>One</h2><p>a</p><h2>Two &amp; more</h2><h3>Part</h3><p>b</p><h2>Two &amp; more</h2><p>c</p>"
LINK = f'<p><a href="{YOUTUBE}" rel="noopener">Slow breaths</a></p>'


def page_of(client: Client, post: Post) -> str:
    response = client.get(post.get_absolute_url())
    assert response.status_code == 200
    return response.content.decode()


def test_headings_get_anchors_that_are_all_different() -> None:
    reading = read(LONG + "<h2>Main</h2><h2>手技</h2><h2><strong>Rest</strong> well</h2>")

    anchors = [heading.anchor for heading in reading.headings]
    assert anchors == ["one", "two-more", "part", "two-more-2", "main-2", "part-2", "rest-well"]
    assert re.findall(r'id="([^"]+)"', reading.html) == anchors
    assert '<h2 id="rest-well"><strong>Rest</strong> well</h2>' in reading.html


def test_long_post_begins_with_its_contents_and_a_short_one_does_not(client: Client) -> None:
    long = page_of(client, make_post("long", body=LONG))
    short = page_of(client, make_post("short", body="<h2>One</h2><p>a</p><h2>Two</h2><h3>Three</h3>"))

    contents = re.search(r'<nav class="contents".*?</nav>', long, re.DOTALL)
    assert contents
    assert re.findall(r'href="#([^"]+)">([^<]+)', contents[0]) == [
        ("one", "One"), ("two-more", "Two &amp; more"), ("two-more-2", "Two &amp; more"),
    ]  # fmt: skip
    assert 'class="contents"' not in short


def test_reading_time_grows_with_the_words(client: Client) -> None:
    assert make_post("short").reading_minutes == 1
    long = make_post("long", body="<p>" + "word " * 660 + "more</p>")

    assert "4 min read" in page_of(client, long)


def test_picture_in_a_text_is_offered_in_all_sizes_with_the_library_s_words(client: Client) -> None:
    picture = make_picture("Red and <blue>", width=1000, height=500, credit="A. Painter")
    post = make_post(body=f"<p>Before.</p>{figure(picture, 'A <em>caption</em>')}<p>After.</p>")

    early = page_of(client, post)
    make_sizes(Picture, now=NOW)
    late = page_of(client, post)

    tag = re.search(r"<img [^>]*>", early.split("<main")[1])
    assert tag
    assert f'src="{picture.address}"' in tag[0]
    assert "srcset" not in tag[0]
    assert 'width="1000" height="500"' in tag[0]
    assert 'alt="Red and &lt;blue&gt;"' in tag[0]
    assert 'loading="lazy"' in tag[0]
    assert f"/media/pictures/{picture.token}-480.webp 480w" in late
    assert f"{picture.address} 1000w" in late
    assert "A <em>caption</em>" in late
    assert "Picture: A. Painter" in late


def test_decorative_picture_has_an_empty_alt() -> None:
    picture = make_picture("", is_decorative=True)

    assert 'alt=""' in read(figure(picture)).html


def test_picture_that_is_gone_leaves_no_hole() -> None:
    picture = make_picture()
    html = figure(picture)
    Picture.objects.all().delete()

    assert read(f"<p>a</p>{html}<p>b</p>").html == "<p>a</p><p>b</p>"


@pytest.mark.parametrize(
    "source",
    [
        "https://evil.example/x.webp",
        "//evil.example/media/pictures/" + "a" * 32 + ".webp",
        "/media/pictures/../x.webp",
        "/media/pictures/" + "a" * 32 + ".webp?x=1",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
    ],
)
def test_picture_from_elsewhere_is_not_kept(source: str) -> None:
    post = make_post(
        body=f'<p>Words.</p><figure><img src="{source}"><figcaption>x</figcaption></figure><img src="{source}">'
    )

    assert post.body == "<p>Words.</p>"


def test_picture_carries_nothing_but_its_address_and_words() -> None:
    picture = make_picture()
    html = figure(picture).replace(
        "<img ", '<img onerror="x()" style="x" class="y" srcset="//evil.example/z 2x" '
    )

    assert make_post(body=html).body == figure(picture)


# Covers ------------------------------------------------------------------------------------------------------


def test_cover_stands_above_the_post_and_in_lists(client: Client) -> None:
    picture = make_picture(width=1600, height=1200)
    make_sizes(Picture, now=NOW)
    picture.refresh_from_db()
    post = make_post(cover=picture)
    url = default_storage.url(picture.cover_name(480))

    page, listed, home = (
        page_of(client, post),
        client.get("/blog/").content.decode(),
        client.get("/").content.decode(),
    )

    assert url in page
    assert url in listed
    assert url in home
    assert 'fetchpriority="high"' in page
    assert 'alt="Red and blue"' in page
    assert 'loading="lazy"' in listed


def test_cover_has_a_dark_twin_wherever_it_is_shown(client: Client, clock: Any) -> None:
    dark = make_picture("The same by night", width=1600, height=1200)
    bright = make_picture(width=1600, height=1200, dark=dark)
    post = make_post(cover=bright)
    media = r'<picture><source media="\(prefers-color-scheme: dark\)" srcset="([^"]*)" sizes="[^"]+"><img src="([^"]*)"'
    # Until the sizes are made the whole pictures stand in.
    early = re.search(media, page_of(client, post))
    assert early
    assert early.groups() == (f"{default_storage.url(dark.name)} 1600w", default_storage.url(bright.name))
    make_sizes(Picture, now=NOW)
    for picture in (dark, bright):
        picture.refresh_from_db()
    for address in (post.get_absolute_url(), "/blog/", "/"):
        found = re.search(media, client.get(f"{address}?fresh=1").content.decode())
        assert found, address
        assert f"{default_storage.url(dark.cover_name(480))} 480w" in found[1]
        assert default_storage.url(bright.cover_name(1600)) == found[2]
    # Deleted, it leaves the cover as it was.
    dark.delete()
    assert "<picture>" not in client.get(f"{post.get_absolute_url()}?fresh=2").content.decode()


def test_lists_with_covers_ask_as_many_queries_for_one_as_for_thirty(
    client: Client, count_queries: Any
) -> None:
    def places() -> None:
        for place in ("/", "/blog/", "/blog/search/?q=words", "/blog/tag/posture/", "/blog/first/"):
            assert client.get(place).status_code == 200

    tag = make_tag()
    picture = make_picture()
    make_post("first", cover=picture, body=figure(picture)).tags.add(tag)
    for number in range(3):
        make_post(f"other-{number}", cover=picture).tags.add(tag)
    with count_queries() as few:
        places()
    for number in range(27):
        make_post(f"post-{number}", cover=make_picture(width=60, height=40, dark=picture)).tags.add(tag)
    with count_queries() as many:
        places()

    assert len(many) == len(few)


# Videos ------------------------------------------------------------------------------------------------------


def test_video_waits_for_a_press_and_only_its_page_may_frame_it(client: Client) -> None:
    make_video(title="Slow <breaths>")
    with_video = client.get(make_post("with", body=LINK).get_absolute_url())
    without = client.get(make_post("without").get_absolute_url())

    page = with_video.content.decode()
    assert "<iframe" not in page
    assert f'href="{YOUTUBE}"' in page
    assert 'data-video="https://www.youtube-nocookie.com/embed/abc_DEF-123?autoplay=1&amp;rel=0"' in page
    assert "Slow &lt;breaths&gt;" in page
    assert "video.js" in page
    assert "frame-src https://www.youtube-nocookie.com;" in with_video["Content-Security-Policy"] + ";"
    assert "vimeo" not in with_video["Content-Security-Policy"]
    assert "frame-src" not in without["Content-Security-Policy"]
    assert "video.js" not in without.content.decode()


def test_video_on_one_of_the_owner_s_pages(client: Client) -> None:
    make_video("https://vimeo.com/76979871")
    Page.objects.create(slug="about", title="About", body=LINK.replace(YOUTUBE, "https://vimeo.com/76979871"))

    response = client.get("/about/")

    assert (
        'data-video="https://player.vimeo.com/video/76979871?dnt=1&amp;autoplay=1"'
        in response.content.decode()
    )
    assert "frame-src https://player.vimeo.com" in response["Content-Security-Policy"]


@pytest.mark.parametrize(
    "html",
    [
        LINK,  # not in the library
        f'<p>See <a href="{YOUTUBE}" rel="noopener">this</a>.</p>',
        '<p><a href="https://example.com/" rel="noopener">elsewhere</a></p>',
    ],
)
def test_other_links_stay_links(html: str) -> None:
    if html != LINK:
        make_video()

    reading = read(html)

    assert reading.html == html
    assert reading.frame_hosts == []


def test_poster_of_a_video_comes_from_the_library() -> None:
    picture = make_picture()
    make_video(poster=picture)

    html = read(LINK).html

    assert picture.address in html
    assert 'alt=""' in html
    assert "video__art" not in html
    assert (
        "video__art"
        in read(
            LINK.replace("abc_DEF-123", "abc_DEF-999") if make_video(YOUTUBE.replace("123", "999")) else ""
        ).html
    )


# For machines ------------------------------------------------------------------------------------------------


def test_post_gives_its_pictures_to_those_who_link_to_it(client: Client, settings: Any) -> None:
    settings.SITE_URL = "https://massage.example"
    picture = make_picture()
    post = make_post(cover=picture, title="Rest")
    before = page_of(client, post)
    assert 'property="og:image" content="https://massage.example/static/img/share.png"' in before

    media.draw_share_pictures("Massage Rx")
    post.refresh_from_db()
    page = page_of(client, post)

    share = f"https://massage.example{default_storage.url(post.share_name)}"
    assert f'property="og:image" content="{share}"' in page
    assert 'property="article:published_time" content="2026-12-02T11:00:00-08:00"' in page
    found = json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)[0])
    assert found["@graph"][0]["image"] == [f"https://massage.example{picture.address}", share]


def test_feed_shows_pictures_with_whole_addresses_and_videos_as_links(client: Client, settings: Any) -> None:
    settings.SITE_URL = "https://massage.example"
    picture = make_picture()
    make_video()
    make_post(body=figure(picture) + LINK)

    feed = client.get("/blog/feed/").content.decode()

    assert f"https://massage.example{picture.address}" in feed
    assert "iframe" not in feed
    assert YOUTUBE in feed
