"""A site set up from a file: through the pages' own forms, all of it or nothing, and said what is missing."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from PIL import Image

from blog.models import Page
from bookings.models import (
    BookingRules,
    ScreeningVersion,
    ServiceArea,
    TermsVersion,
    Therapist,
    WorkingHours,
    Zone,
)
from massagerx.lib.localtime import local
from services.models import Business, Service, ServiceOption
from services.sample_left import sample_left
from tests.support import ROOT

pytestmark = pytest.mark.django_db
EXAMPLE = ROOT / "docs" / "open_site.toml"


@pytest.fixture(autouse=True)
def owner(db: None) -> User:
    return User.objects.create_superuser("nora", password="a-long-password")


def run(file: Path = EXAMPLE, **options: Any) -> str:
    out = io.StringIO()
    call_command("open_site", file, stdout=out, **options)
    return out.getvalue()


def with_changes(tmp_path: Path, **changes: tuple[str, str]) -> Path:
    """The example with words in it replaced, by what they are for."""
    text = EXAMPLE.read_text()
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    file = tmp_path / "site.toml"
    file.write_text(text)
    return file


def nothing_is_there() -> bool:
    models = (Business, Service, Zone, ServiceArea, Therapist, TermsVersion, ScreeningVersion, Page)
    return not any(model.objects.exists() for model in models)


def test_the_example_opens_a_site_and_says_so(owner: User) -> None:
    said = run(open=True)
    assert "–" not in said
    assert "Clients can book online now." in said
    assert BookingRules.load().is_open
    business = Business.load()
    assert (business.name, business.phone.as_e164, business.is_sample) == (
        "Quiet Hands",
        "+12136170188",
        False,
    )
    assert (business.main_color, business.logo) == ("#23527c", "")
    assert list(ServiceOption.objects.values_list("minutes", "price_cents")) == [(60, 14000), (90, 19550)]
    assert sorted(ServiceArea.objects.values_list("zip_code", "zone__name")) == [
        ("90026", "Near"), ("90027", "Near"), ("90039", "Near"), ("91030", "Further"),
    ]  # fmt: skip
    assert "<em>yours</em>" in Service.objects.get().description
    therapist = Therapist.objects.get()
    assert (therapist.home_zip.zip_code, therapist.break_minutes) == ("90026", 30)
    assert list(therapist.services.all()) == [Service.objects.get()]
    assert WorkingHours.objects.count() == 6
    assert TermsVersion.objects.get().cancel_notice_hours == 24
    assert ScreeningVersion.objects.get().approved_by == "Mira Stone, CLT"
    # The site's own words were taken as the owner's, whose name is in the histories.
    assert sample_left() == []
    assert Page.history.filter(history_user=owner).count() == 3


def test_a_logo_beside_the_file_is_taken_and_stays(tmp_path: Path) -> None:
    Image.new("RGB", (400, 100), "navy").save(tmp_path / "logo.png")
    file = with_changes(tmp_path, it=('main_color = "#23527c"', 'logo = "logo.png"\npress_color = "#8a2f5b"'))
    run(file)
    business = Business.load()
    assert (business.main_color, business.press_color, business.logo_width) == ("", "#8a2f5b", 400)
    run()
    again = Business.load()
    assert (again.logo, again.main_color, again.press_color) == (business.logo, "#23527c", "#8a2f5b")


def test_run_again_it_changes_what_the_file_says_and_doubles_nothing(tmp_path: Path) -> None:
    run()
    assert not BookingRules.load().is_open
    Therapist.objects.update(languages="Farsi")
    run(
        with_changes(
            tmp_path, price=("price = 140", "price = 150"), languages=('languages = "English, Spanish"', "")
        )
    )
    assert list(ServiceOption.objects.values_list("minutes", "price_cents")) == [(60, 15000), (90, 19550)]
    assert Therapist.objects.get().languages == "Farsi"
    for model, count in (
        (Service, 1),
        (Zone, 2),
        (ServiceArea, 4),
        (WorkingHours, 6),
        (TermsVersion, 1),
        (Page, 3),
    ):
        assert model._default_manager.count() == count, model


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("price = 140", "price = 0", "services[1].lengths[1].price: A session can't cost nothing."),
        ("price = 140", "price = 10001", "services[1].lengths[1].price: An amount here can't be more than"),
        ("minutes = 90", "minutes = 60", "services[1].lengths"),
        ("(213) 617-0188", "(213) 555-0188", "business.phone: This is still a sample number."),
        ("90027", "90000 89501", "“89501” is outside California: Reno, NV"),
        ('["Quiet massage"]', '["Loud massage"]', "therapists[1].services: “Loud massage” isn't there"),
        ('home_zip = "90026"', 'home_zip = "90210"', "therapists[1].home_zip: “90210” isn't there"),
        ('from = "9 AM"', 'from = "8 PM"', "therapists[1].hours[1].ends_at: The end must be later"),
        ('"mon"', '"moon day", "xyz"', "“xyz” is no day of the week"),
        ("cancel_notice_hours = 24", "cancel_notice_hours = 0", "terms.cancel_notice_hours"),
        ("price = 195.50", "price = [195]", "lengths[2].price: write it as words or a number"),
        (
            'tagline = "In-home massage in Los Angeles"',
            "tagline = true",
            "business.tagline: write it as words",
        ),
        (
            "[{ minutes = 60, price = 140 }, { minutes = 90, price = 195.50 }]",
            "[60, 90]",
            "services[1].lengths: write each",
        ),
        ('["Quiet massage"]', '"Quiet massage"', "therapists[1].services: write it as a list"),
        ('days = ["sat"]', 'days = "sat"', "therapists[1].hours.days: write it as a list"),
        ('{ days = ["sat"], from = "10:00", until = "16:00" }', '"sat"', "therapists[1].hours: write each"),
        ('"We are Mira and her table."', "3", "pages.about: write its words"),
        (
            "late_fee_percent = 50",
            'late_fee_percent = 50\npublished_at = "soon"',
            "terms.published_at: Enter a valid",
        ),
        ("[health]", "[helth]", "file: there is nothing called “helth” here"),
        ('main_color = "#23527c"', 'main_color = "#ffd400"', "look.main_color: #ffd400 is too bright"),
        ('main_color = "#23527c"', 'logo = "nothing.png"', "look.logo: “nothing.png” can't be read"),
        ('main_color = "#23527c"', 'logo = "site.toml"', "look.upload: We can't read this file as a picture"),
        ('main_color = "#23527c"', "color = 3", "look: there is nothing called “color” here"),
        ("tagline", "tag_line", "business: there is nothing called “tag_line” here"),
        ("[[zones]]", "[zones]", "can't be read"),
        ('name = "Further"', 'name = "Near"', "zones: “Near” is named 2 times"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_nothing_is_saved(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    with pytest.raises(CommandError) as refused:
        run(with_changes(tmp_path, it=(old, new)), open=True)
    assert words in str(refused.value)
    assert nothing_is_there()


def test_a_page_that_is_left_out_and_a_day_for_an_instant(tmp_path: Path) -> None:
    run(
        with_changes(
            tmp_path,
            page=('about = "We are Mira and her table."', "about = false"),
            day=("late_fee_percent = 50", "late_fee_percent = 50\npublished_at = 2027-01-02"),
        )
    )
    assert sorted(Page.objects.values_list("slug", flat=True)) == ["policies", "privacy"]
    assert f"{local(TermsVersion.objects.get().published_at):%Y-%m-%d %H:%M}" == "2027-01-02 00:00"


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    file = with_changes(
        tmp_path, price=("price = 140", "price = 0"), zip=("90027", "00000"), health=("[health]", "[helth]")
    )
    with pytest.raises(CommandError) as refused:
        run(file)
    assert str(refused.value).count("\n") >= 3


def test_what_is_still_missing_is_named_and_it_is_not_opened(tmp_path: Path) -> None:
    file = with_changes(tmp_path, approved=('approved_by = "Mira Stone, CLT"', 'approved_by = ""'))
    assert "The health questions are not approved yet" in run(file)
    with pytest.raises(CommandError, match="not opened"):
        run(file, open=True)
    assert not BookingRules.load().is_open


@pytest.mark.parametrize("content", [b"", b"[business", b"\xff\xfe", b"zones = 3", b"business = 3"])
def test_a_file_that_makes_no_sense(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "site.toml"
    file.write_bytes(content)
    if content:
        with pytest.raises(CommandError):
            run(file)
    else:
        assert "Enter the phone number" in run(file)
    assert nothing_is_there()
    with pytest.raises(CommandError, match="can't be read"):
        run(tmp_path / "nothing.toml")


def test_without_an_owner_nothing_is_done() -> None:
    User.objects.all().delete()
    with pytest.raises(CommandError, match="createsuperuser"):
        run()
