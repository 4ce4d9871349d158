"""The home page in blocks: whose order, words and absence the owner decides."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client

from blog.models import HomeBlock
from bookings.models import Therapist
from services.models import Business
from tests.factories import World, make_world

HEADS = {
    "hero": "Stay home. We come to you.",
    "therapists": "Who comes to your door",
    "services": "What brings you?",
    "surgery": "Just out of surgery?",
    "visit": "A visit, minute by minute",
    "promises": "You know who is coming, and what it costs",
    "area": "Where we drive",
    "closing": "Ready when you are",
}


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def owner(world: World) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("owner"))
    return client


def heads(html: str) -> list[str]:
    """The titles of the page's blocks, in order."""
    words = re.sub(r"</?span[^>]*>", "", html.partition('<footer class="site-footer"')[0])
    return re.findall(r"<h[12][^>]*>([^<]+)</h[12]>", words)


def page() -> str:
    """The home page, made anew."""
    return Client().get("/?new").content.decode()


def typed(**changes: str) -> dict[str, str]:
    return {"title": "", "text": "", "lines": "", "position": "", "is_active": "on", **changes}


def test_without_a_word_of_the_owners_the_page_says_the_sites(world: World) -> None:
    assert heads(page()) == list(HEADS.values())


def test_blocks_stand_where_the_owner_puts_them_and_the_first_screen_first(world: World) -> None:
    HomeBlock.objects.create(slug="area", position=0)
    HomeBlock.objects.create(slug="therapists", is_active=False)
    HomeBlock.objects.create(slug="services", position=55)

    shown = ["hero", "area", "surgery", "visit", "promises", "services", "closing"]
    assert heads(page()) == [HEADS[slug] for slug in shown]


def test_words_are_the_owners_and_never_markup(world: World) -> None:
    HomeBlock.objects.create(slug="hero", title="Rest <b>at home</b>", text="We ring at your door.")
    HomeBlock.objects.create(
        slug="promises", lines="On time: We say when we leave.\nQuiet\nClean: Always\nKind: Yes"
    )
    html = page()

    assert "<h1>Rest &lt;b&gt;at home&lt;/b&gt;</h1>" in html
    assert '<p class="lede">We ring at your door.</p>' in html
    assert "<li><strong>On time</strong> We say when we leave.</li><li>Quiet</li>" in html
    assert "One full price" not in html


@pytest.mark.parametrize(
    ("slug", "changes", "words"),
    [
        ("visit", {"lines": "We ring.\nYou rest."}, "Write exactly 4 lines"),
        ("surgery", {"lines": "One\nTwo\nThree\nFour"}, "Write exactly 3 lines"),
        ("promises", {"title": "x" * 81}, "80 characters"),
    ],
)
def test_what_does_not_fit_is_said_and_not_saved(
    owner: Client, slug: str, changes: dict[str, str], words: str
) -> None:
    block = HomeBlock.objects.create(slug=slug)
    response = owner.post(f"/admin/blog/homeblock/{block.pk}/change/", typed(**changes))

    assert words in response.content.decode()
    block.refresh_from_db()
    assert (block.title, block.lines) == ("", "")


def test_the_form_has_what_the_block_has_room_for_and_says_what_empty_means(owner: Client) -> None:
    hero, questions = (HomeBlock.objects.create(slug=slug) for slug in ("hero", "questions"))
    first = owner.get(f"/admin/blog/homeblock/{hero.pk}/change/")
    last = owner.get(f"/admin/blog/homeblock/{questions.pk}/change/")

    assert list(first.context["adminform"].form.fields) == ["title", "text"]
    assert list(last.context["adminform"].form.fields) == ["title", "position", "is_active"]
    assert "Empty, it says: Stay home. We come to you." in first.content.decode()


def test_the_first_screen_can_not_be_hidden_in_the_list_either(owner: Client) -> None:
    hero = HomeBlock.objects.create(slug="hero")
    row = {
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "1",
        "form-0-id": str(hero.pk),
        "form-0-position": "",
    }
    response = owner.post("/admin/blog/homeblock/", {**row, "_save": "Save"})

    assert "always shown" in response.content.decode()
    hero.refresh_from_db()
    assert hero.is_active
    with pytest.raises(IntegrityError), transaction.atomic():
        HomeBlock.objects.update(is_active=False)


def test_a_preview_shows_what_nobody_else_sees(owner: Client) -> None:
    block = HomeBlock.objects.create(slug="visit", is_active=False)
    changes = typed(title="An hour at your place", _preview="See it")
    seen = owner.post(f"/admin/blog/homeblock/{block.pk}/change/", changes).content.decode()

    assert "An hour at your place" in heads(seen)
    assert HEADS["visit"] not in heads(page())
    block.refresh_from_db()
    assert (block.title, block.is_active) == ("", False)


def test_earlier_words_come_back(owner: Client) -> None:
    block = HomeBlock.objects.create(slug="visit", title="First words")
    address = f"/admin/blog/homeblock/{block.pk}/"
    owner.post(f"{address}change/", typed(title="Second words"))
    first = HomeBlock.history.filter(title="First words").latest()

    owner.post(f"{address}versions/{first.history_id}/")

    assert "First words" in heads(page())
    assert "Second words" in owner.get(f"{address}versions/").content.decode()


def test_each_block_has_one_row_and_none_is_deleted(owner: Client) -> None:
    block = HomeBlock.objects.create(slug="visit")
    offered = owner.get("/admin/blog/homeblock/add/").content.decode()

    assert 'value="posts"' in offered
    assert 'value="visit"' not in offered
    assert owner.post(f"/admin/blog/homeblock/{block.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_foot_says_the_owners_sentence(owner: Client, world: World) -> None:
    assert "Massage therapy in your own home, in Los Angeles." in page()
    Business.objects.update(tagline="Hands that come to you.")
    assert "Hands that come to you." in page().partition("site-footer")[2]


def test_every_certificate_stands_beside_its_face_or_at_the_foot(world: World) -> None:
    """Each once: beside the name of the first five, as the law wants it, and of the others at the foot."""
    for number in range(6):
        world.add_therapist(f"Sample Therapist {number}")
    wanted = sorted(Therapist.objects.values_list("certificate_number", flat=True))

    def numbers(html: str) -> list[str]:
        return re.findall(r"CAMTC certificate ([\w-]+)", html)

    above, foot, below = page().partition('<footer class="site-footer"')
    assert foot
    assert len(numbers(above)) == 5
    assert sorted(numbers(above) + numbers(below)) == wanted
    HomeBlock.objects.create(slug="therapists", is_active=False)
    above, _foot, below = page().partition('<footer class="site-footer"')
    assert numbers(above) == []
    assert sorted(numbers(below)) == wanted
