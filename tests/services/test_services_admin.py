"""The owner's desk for the catalogue."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from blog.models import FaqEntry, Page, Post
from bookings.courses.models import CoursePlan
from bookings.models import BookingRules, Booklet, MessageSettings, TermsVersion, Therapist
from services.models import AddOn, Business, Category, Service, ServiceOption
from tests.factories import somebody_does

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("owner", "owner@example.com", "a-long-password"))
    return client


@pytest.fixture
def service() -> Service:
    category = Category.objects.create(name="Massage", slug="massage")
    service = Service.objects.create(
        category=category, name="Calm", slug="calm", summary="Slow.", description="<p>Slow.</p>"
    )
    ServiceOption.objects.create(service=service, minutes=60, price_cents=12_000)
    return service


def service_data(service: Service, *rows: dict[str, Any], **changes: Any) -> dict[str, Any]:
    option = service.options.get(minutes=60)
    lengths = [
        {"id": option.pk, "service": service.pk, "minutes": "60", "price_cents": "120", "is_active": "on"}
    ]
    lengths += [{"service": service.pk, "is_active": "on", **row} for row in rows]
    data = {
        "name": service.name, "slug": service.slug, "category": service.category_id, "summary": service.summary,
        "is_active": "on", "position": "0", "description": "<p>Slow.</p>", "what_to_expect": "", "before_visit": "",
        "after_visit": "", "setup_minutes": "10", "packdown_minutes": "10", "max_people": "2",
        "options-TOTAL_FORMS": str(len(lengths)), "options-INITIAL_FORMS": "1",
        "AddOn_services-TOTAL_FORMS": "0", "AddOn_services-INITIAL_FORMS": "0",
        "faqs-TOTAL_FORMS": "0", "faqs-INITIAL_FORMS": "0", **changes,
    }  # fmt: skip
    for number, row in enumerate(lengths):
        data |= {f"options-{number}-{name}": value for name, value in row.items()}
    return data


def change(service: Service) -> str:
    return reverse("admin:services_service_change", args=[service.pk])


def test_each_add_on_of_a_service_has_a_name_by_ear(owner: Client, service: Service) -> None:
    page = owner.get(change(service)).content.decode()
    (choice,) = re.findall(r'<select name="AddOn_services-0-addon"[^>]*>', page)
    assert 'aria-label="Add-on"' in choice


def test_owner_adds_a_length_with_its_price_in_dollars(owner: Client, service: Service) -> None:
    assert 'value="120.00"' in owner.get(change(service)).content.decode()

    response = owner.post(change(service), service_data(service, {"minutes": "90", "price_cents": "$172.50"}))

    assert response.status_code == 302
    assert list(service.options.values_list("minutes", "price_cents")) == [(60, 12_000), (90, 17_250)]


@pytest.mark.parametrize(
    "row",
    [
        {"minutes": "60", "price_cents": "100"},
        {"minutes": "0", "price_cents": "100"},
        {"minutes": "10000", "price_cents": "100"},
        {"minutes": "62", "price_cents": "100"},
        {"minutes": "-60", "price_cents": "100"},
        {"minutes": "9" * 5000, "price_cents": "100"},
        {"minutes": "90", "price_cents": "-1"},
        {"minutes": "90", "price_cents": "0"},
        {"minutes": "90", "price_cents": "10001"},
        {"minutes": "90", "price_cents": "free"},
        {"minutes": "90", "price_cents": ""},
    ],
)
def test_odd_length_or_price_is_told(row: dict[str, str], owner: Client, service: Service) -> None:
    response = owner.post(change(service), service_data(service, row))

    assert response.status_code == 200
    formset = response.context["inline_admin_formsets"][0].formset
    assert any(formset.errors) or formset.non_form_errors()
    assert service.options.count() == 1


def test_description_is_cleaned(owner: Client, service: Service) -> None:
    html = '<p onclick="x()">Slow <script>alert(1)</script><a href="javascript:x">link</a></p>'

    owner.post(change(service), service_data(service, description=html))

    service.refresh_from_db()
    assert service.description == '<p>Slow <a rel="noopener">link</a></p>'


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "a\x00b"), ("name", "\u200b"), ("summary", "x" * 241), ("setup_minutes", "121"), ("max_people", "3"),
     ("position", "99999"), ("slug", "a b"), ("category", "9" * 40), ("description", "")],
)  # fmt: skip
def test_odd_facts_are_told(field: str, value: str, owner: Client, service: Service) -> None:
    response = owner.post(change(service), service_data(service, **{field: value}))

    assert response.status_code in (200, 400)
    if response.status_code == 200:
        assert field in response.context["adminform"].form.errors


def test_list_asks_as_many_queries_for_thirty_as_for_one(
    owner: Client, service: Service, count_queries: Callable[..., Any]
) -> None:
    listing = reverse("admin:services_service_changelist")
    owner.get(listing)
    with count_queries() as few:
        assert "$120" in owner.get(listing).content.decode()
    for number in range(30):
        other = Service.objects.create(
            category=service.category,
            name=f"S{number}",
            slug=f"s{number}",
            summary="-",
            description="<p>-</p>",
        )
        ServiceOption.objects.create(service=other, minutes=60, price_cents=10_000)
    with count_queries() as many:
        owner.get(listing)

    assert len(many) == len(few) <= 10


def test_add_on_price_is_typed_in_dollars(owner: Client, service: Service) -> None:
    data = {
        "name": "Oil",
        "summary": "",
        "minutes": "0",
        "price_cents": "2.50",
        "services": [service.pk],
        "position": "0",
    }
    assert owner.post(reverse("admin:services_addon_add"), {**data, "is_active": "on"}).status_code == 302
    assert AddOn.objects.get().price_cents == 250

    response = owner.post(reverse("admin:services_addon_add"), {**data, "name": "Other", "minutes": "7"})
    assert "multiple of five" in str(response.context["adminform"].form.errors)


def test_business_has_one_row(owner: Client) -> None:
    listing = reverse("admin:services_business_changelist")
    assert owner.get(listing)["Location"] == reverse("admin:services_business_add")

    facts = {
        "name": "Massage Rx",
        "tagline": "",
        "phone": "213 555 0142",
        "email": "hello@example.com",
        "city": "LA",
        "is_sample": "on",
    }
    owner.post(reverse("admin:services_business_add"), facts)

    assert owner.get(listing)["Location"] == reverse("admin:services_business_change", args=[1])
    assert owner.get(reverse("admin:services_business_add")).status_code == 403
    assert str(Business.objects.get().phone) == "(213) 555-0142"


def as_shown(response: Any) -> dict[str, Any]:
    """What a browser sends of the page as it is: each field, and beside it what it showed."""
    form = response.context["adminform"].form
    sent = {
        field.html_name: "" if (value := field.value()) is None else value
        for field in form
        if field.value() is not False
    }
    for field in form:
        hidden = re.search(rf'<input [^>]*name="{field.html_initial_name}"[^>]*>', str(field))
        assert hidden is not None
        value = re.search(r'value="([^"]*)"', hidden[0])
        sent[field.html_initial_name] = value[1] if value is not None else ""
    return sent


def test_a_page_that_is_open_in_two_tabs_loses_nothing(owner: Client) -> None:
    add = reverse("admin:services_business_add")
    first, second = as_shown(owner.get(add)), as_shown(owner.get(add))
    own = {"name": "Quiet Hands", "phone": "213 628 0142", "email": "jo@massagerx.test"}
    assert owner.post(add, {**first, **own, "tagline": "Mine"}).status_code == 302
    # A week later the other tab is saved, which knew of no row.
    assert owner.post(add, {**second, **own, "city": "Pasadena"}).status_code == 302
    business = Business.objects.get()
    assert (business.name, str(business.email), business.tagline, business.city) == (
        "Quiet Hands", "jo@massagerx.test", "Mine", "Pasadena",
    )  # fmt: skip
    page = reverse("admin:services_business_change", args=[business.pk])
    html = owner.get(page).content.decode()
    assert '<input type="hidden" name="initial-tagline" value="Mine"' in html
    first, second = as_shown(owner.get(page)), as_shown(owner.get(page))
    owner.post(page, {**first, "phone": "213 628 0199", "tagline": ""})
    refused = owner.post(page, {**second, "email": "nobody", "city": "Glendale"})
    assert owner.post(page, {**as_shown(refused), "email": "me@massagerx.test"}).status_code == 302
    business.refresh_from_db()
    assert (str(business.phone), business.tagline, business.city, str(business.email)) == (
        "(213) 628-0199", "", "Glendale", "me@massagerx.test",
    )  # fmt: skip


def test_the_second_of_two_tabs_that_make_a_row_goes_on_with_it(owner: Client) -> None:
    add = reverse("admin:services_business_add")
    sent = {
        **as_shown(owner.get(add)),
        "name": "Quiet Hands",
        "phone": "213 628 0142",
        "email": "jo@massagerx.test",
    }
    assert owner.post(add, sent).status_code == 302
    saved = owner.post(add, {**sent, "city": "Pasadena", "_continue": "1"}, follow=True)
    assert saved.status_code == 200
    assert as_shown(saved)["city"] == "Pasadena"


def test_two_tabs_keep_the_owners_sentences_and_what_goes_together(owner: Client) -> None:
    row = MessageSettings.load()
    row.save()
    page = reverse("admin:bookings_messagesettings_change", args=[row.pk])
    first, second = as_shown(owner.get(page)), as_shown(owner.get(page))
    owner.post(page, {**first, "own_words_confirmed": "See you.\nBring water."})
    owner.post(page, {**second, "own_words_canceled": "Next time.", "signature": "Jo"})
    row.refresh_from_db()
    assert row.own_words == {"confirmed": "See you.\nBring water.", "canceled": "Next time."}
    assert row.signature == "Jo"

    BookingRules.objects.create(desk_opens_at=time(8), desk_closes_at=time(18), evening_fee_cents=2_000)
    page = reverse("admin:bookings_bookingrules_change", args=[BookingRules.objects.get().pk])
    first, second = as_shown(owner.get(page)), as_shown(owner.get(page))
    assert (
        owner.post(page, {**first, "desk_opens_at": "12:00", "evening_fee_cents": "30.00"}).status_code == 302
    )
    refused = owner.post(page, {**second, "desk_closes_at": "11:00"})
    assert refused.status_code == 200
    assert refused.context["adminform"].form.errors
    owner.post(page, {**second, "desk_closes_at": "19:00"})
    rules = BookingRules.objects.get()
    assert (rules.desk_opens_at, rules.desk_closes_at, rules.evening_fee_cents) == (time(12), time(19), 3_000)


@pytest.mark.parametrize(
    ("phone", "email", "told"),
    [
        ("213 555 0142", "jo@massagerx.test", ["phone"]),
        ("213 628 0142", "hello@example.com", ["email"]),
        ("213 628 0142", "jo@massagerx.test", []),
    ],
)
def test_sample_tick_comes_off_once_the_samples_are_gone(
    phone: str, email: str, told: list[str], owner: Client
) -> None:
    Business.objects.create(phone="+12135550142", email="hello@example.com", is_sample=True)
    facts = {"name": "Massage Rx", "tagline": "", "phone": phone, "email": email, "city": "LA"}

    response = owner.post(reverse("admin:services_business_change", args=[1]), facts)

    assert (list(response.context["adminform"].form.errors) if told else []) == told
    assert Business.objects.get().is_sample == bool(told)


def test_service_page_says_why_it_is_not_on_the_site(owner: Client, service: Service) -> None:
    place = reverse("admin:services_service_change", args=[service.pk])

    def said() -> str:
        shown = Client().get(service.get_absolute_url()).status_code
        html = " ".join(owner.get(place).content.decode().split())
        (words,) = re.findall(r"field-on_the_site.*?readonly.>(.*?)<", html)
        return f"{shown} {words}"

    assert said() == "404 No. No active therapist with a valid certificate is qualified for it."
    therapist = somebody_does(service)
    assert said() == "200 Yes"
    Therapist.objects.update(certificate_expires_on=date(2020, 1, 1))
    assert said().startswith("404 No. No active therapist")
    Therapist.objects.filter(pk=therapist.pk).update(certificate_expires_on=None)
    service.options.update(is_active=False)
    assert said() == "404 No. It has no active length."
    Service.objects.update(is_active=False)
    assert said() == "404 No. It is not active."


def test_sample_tick_stays_while_anything_loaded_is_as_it_came(owner: Client) -> None:
    call_command("load_sample_data")
    place = reverse("admin:services_business_change", args=[1])
    facts = {
        "name": "Massage Rx",
        "tagline": "",
        "phone": "213 628 0142",
        "email": "jo@massagerx.test",
        "city": "LA",
    }

    def still() -> str:
        response = owner.post(place, facts)
        errors = response.context["adminform"].form.errors if response.status_code == 200 else {}
        return " ".join(errors.get("is_sample", []))

    told = still()
    for part in (
        "Deep pressure massage",
        "Sample Therapist Two",
        "Privacy",
        "posture",
        "the terms",
        "booklet",
    ):
        assert part in told
    assert Business.objects.get().is_sample

    for model in (Service, Post, Page, FaqEntry, TermsVersion):
        for row in model.objects.order_by("pk"):
            row.save()
    assert "Sample Therapist Two" in still()
    assert "Privacy" not in still()
    Therapist.objects.update(is_active=False)
    Booklet.objects.update(is_sample=False)
    CoursePlan.objects.update(is_offered=False)
    assert still() == ""
    assert not Business.objects.get().is_sample


def test_owner_adds_a_question_that_the_page_then_answers(owner: Client, service: Service) -> None:
    row = {
        "question": "Is it calm?",
        "answer": "Yes.\n\nVery <b>calm</b>.",
        "position": "1",
        "service": service.pk,
    }
    data = service_data(service) | {f"faqs-0-{name}": value for name, value in row.items()}

    response = owner.post(change(service), data | {"faqs-TOTAL_FORMS": "1"})

    assert response.status_code == 302
    somebody_does(service)
    html = Client().get(service.get_absolute_url()).content.decode()
    assert "Is it calm?" in html
    assert "<p>Very &lt;b&gt;calm&lt;/b&gt;.</p>" in html
    assert html.count("FAQPage") == 1


@pytest.mark.parametrize("late", [0, 3], ids=["on the day", "when the worker is back"])
def test_a_price_planned_for_a_later_day_is_taken_up_on_it_once(
    owner: Client, service: Service, late: int
) -> None:
    today = timezone.localdate()
    day = today + timedelta(days=10)
    data = service_data(service) | {
        "options-0-next_price_cents": "$130",
        "options-0-next_price_from": str(day),
    }
    assert owner.post(change(service), data).status_code == 302
    option = service.options.get()
    assert (option.price_cents, option.next_price_cents, option.next_price_from) == (12_000, 13_000, day)

    take_up = ServiceOption.objects.take_up_next_prices
    assert take_up(today=day - timedelta(days=1)) == 0
    assert service.options.get().price_cents == 12_000
    assert take_up(today=day + timedelta(days=late)) == 1
    assert take_up(today=day + timedelta(days=late)) == 0
    option = service.options.get()
    assert (option.price_cents, option.next_price_cents, option.next_price_from) == (13_000, None, None)
    history = owner.get(reverse("admin:services_service_history", args=[service.pk])).content.decode()
    assert "$130" in history
    assert "the site" in history


@pytest.mark.parametrize(
    ("price", "days", "words"),
    [
        ("130", None, "Choose the first day"),
        ("", 10, "Type the price from that day on"),
        ("0", 10, "A session can&#x27;t cost nothing."),
        ("130", 0, "Choose a day after today"),
        ("130", -3, "Choose a day after today"),
        ("-5", 10, "An amount can&#x27;t be less than zero."),
        ("99999999", 10, "An amount here can&#x27;t be more"),
    ],
)
def test_half_a_planned_price_is_refused_beside_its_field(
    owner: Client, service: Service, price: str, days: int | None, words: str
) -> None:
    day = "" if days is None else str(timezone.localdate() + timedelta(days=days))
    data = service_data(service) | {"options-0-next_price_cents": price, "options-0-next_price_from": day}
    page = owner.post(change(service), data)
    assert page.status_code == 200
    assert words in page.content.decode()
    assert service.options.get().next_price_from is None


@pytest.mark.integrity
@pytest.mark.parametrize("changes", [{"next_price_cents": 1}, {"next_price_from": date(2030, 1, 1)}])
def test_the_database_keeps_no_half_of_a_planned_price(service: Service, changes: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ServiceOption.objects.update(**changes)
