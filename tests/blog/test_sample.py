"""The sample posts and pages: whole, linked with each other, and within what a massage business may say."""

import re
from typing import Any

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.test import Client
from PIL import Image

import services.sample
from blog import sample
from blog.claims import find_claims
from blog.models import FaqEntry, Page, Picture, Post
from massagerx.lib.content_files import read_documents
from massagerx.lib.html import plain_text
from massagerx.lib.stored_picture import make_sizes
from tests.blog.posts import NOW

pytestmark = pytest.mark.django_db

# Claims that the law or good sense forbids, and marks of an advertisement.
CLAIMS = re.compile(
    r"\b(treat\w*|cur(?:e|es|ed|ing)|detox\w*|reduc\w+|diagnos\w+|heals?|certified|licensed)\b|!", re.I
)


@pytest.fixture
def loaded(clock: time_machine.Traveller) -> sample.Loaded:
    services.sample.load(now=NOW)
    return sample.load(now=NOW)


def texts() -> list[tuple[str, str]]:
    """The name and the HTML of everything loaded."""
    posts = [*Post.objects.all(), *sample.first_posts()]
    return [
        *((post.slug, f"{post.title} {post.summary} {post.body}") for post in posts),
        *((page.slug, f"{page.title} {page.meta_description} {page.body}") for page in Page.objects.all()),
        *(
            (question.question, f"{question.question} {question.answer}")
            for question in FaqEntry.objects.all()
        ),
    ]


def test_sample_is_loaded_once(loaded: sample.Loaded) -> None:
    Post.objects.filter(slug="posture-is-a-habit").update(title="Edited by the owner")

    again = sample.load(now=NOW)

    assert (len(loaded.posts), len(loaded.pages)) == (4, 5)
    assert len(loaded.questions) >= 10
    assert again == sample.Loaded()
    assert Post.objects.get(slug="posture-is-a-habit").title == "Edited by the owner"


def test_sample_posts_are_published_and_of_a_good_length(loaded: sample.Loaded) -> None:
    assert Post.objects.published(NOW).count() == 4
    for post in loaded.posts:
        assert 500 <= len(plain_text(post.body).split()) <= 800, post.slug
        assert post.summary
        assert post.tags.exists()
        assert post.services.exists()
        assert post.pinned_posts.exists()


def test_sample_posts_have_covers_that_say_what_they_show(loaded: sample.Loaded, client: Client) -> None:
    make_sizes(Picture, now=NOW)
    for post in loaded.posts:
        cover = Post.objects.get(pk=post.pk).cover
        assert cover
        assert len(cover.alt.split()) > 8
        with Image.open(default_storage.open(cover.name)) as image:
            assert (image.format, image.size) == ("WEBP", (cover.width, cover.height))
        assert cover.cover_widths == [480, 800, 1200, 1600]
        assert cover.dark
        assert (cover.dark.alt, cover.dark.cover_widths) == (cover.alt, cover.cover_widths)
        with Image.open(default_storage.open(cover.dark.name)) as night:
            assert night.convert("L").resize((1, 1)).getpixel((0, 0)) < 90  # type: ignore[operator]
        assert f'alt="{cover.alt}"' in client.get(post.get_absolute_url()).content.decode()
    assert client.get("/blog/").content.decode().count("srcset=") >= len(loaded.posts)


def test_sample_survives_the_editor_s_cleaning(loaded: sample.Loaded) -> None:
    for post in sample.first_posts():
        post.full_clean()
        post.save()
    for written in (*read_documents(sample.POSTS), *read_documents(sample.FIRST_POSTS)):
        stored = Post.objects.get(slug=written.slug).body
        assert plain_text(stored) == plain_text(written.html)


def test_sample_posts_link_to_each_other_and_end_with_an_invitation(loaded: sample.Loaded) -> None:
    slugs = {post.slug for post in loaded.posts}
    for post in loaded.posts:
        linked = set(re.findall(r'href="/blog/([\w-]+)/"', post.body))
        assert linked
        assert linked <= slugs - {post.slug}
        last_section = post.body.rsplit("<h2>", 1)[1]
        assert 'href="/contact/"' in last_section, post.slug
        assert 'href="/services/' in last_section, post.slug


@pytest.mark.usefixtures("clock")
def test_every_link_of_the_sample_leads_somewhere(client: Client) -> None:
    call_command("load_sample_data")  # booking is open once there are questions and a policy

    links = {link for _name, html in texts() for link in re.findall(r'href="([^"]*)"', html)}

    assert links >= {"/services/manual-lymphatic-drainage/", "/services/postural-correction-training/"}
    broken = {link: status for link in links if (status := client.get(link).status_code) != 200}
    assert broken == {}


def test_sample_claims_nothing_that_a_massage_business_may_not(loaded: sample.Loaded) -> None:
    found = {name: match[0] for name, html in texts() if (match := CLAIMS.search(plain_text(html)))}

    assert found == {}
    assert find_claims(html for _name, html in texts()) == []


def test_sample_invents_no_price_number_or_address(loaded: sample.Loaded) -> None:
    for name, html in texts():
        assert not re.search(r"\$\s?\d|\d{3}[-. ]\d{4}|@|\b9[01]\d{3}\b", plain_text(html)), name


def test_privacy_page_takes_effect_on_the_day_of_loading(loaded: sample.Loaded) -> None:
    assert "Effective December 2, 2026" in Page.objects.get(slug="privacy").body


@pytest.mark.parametrize(
    "subject", ["Do Not Track", "encrypted", "deletion", "phone number", "Who sees", "When this page changes"]
)
def test_privacy_page_says_what_the_law_asks_for(loaded: Any, subject: str) -> None:
    assert subject in Page.objects.get(slug="privacy").body
