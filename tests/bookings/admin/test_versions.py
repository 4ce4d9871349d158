"""Terms and health questions: versions that stay as they were once somebody agreed to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.models import HealthAccess, ScreeningRecord, ScreeningVersion, TermsVersion
from bookings.screening import MAX_LIST, MAX_QUESTIONS, Tier, digest, parse_rules, sample_rules_data
from massagerx.lib.localtime import local
from services.models import Service
from tests.factories import CLEAR_ANSWERS, World
from tests.support.forms import fields_of

ADD = reverse("admin:bookings_screeningversion_add")
TERMS = {
    "cancel_notice_hours": "24",
    "late_fee_percent": "50",
    "late_fee_base": "total",
    "wait_minutes": "1",
    "cancellation": "{notice} before, then {fee}. We wait {wait}.",
    "consent": "I agree.",
    "consent_for_other": "They agree.",
}
IN_FORCE = {"published_at_0": "2026-12-02", "published_at_1": "09:00"}


def test_new_policy_starts_as_a_copy_and_takes_the_next_number(owner: Client, world: World) -> None:
    address = reverse("admin:bookings_termsversion_add")
    assert "Free until {notice} before" in owner.get(address).content.decode()

    response = owner.post(address, {**IN_FORCE, **TERMS, "cancel_notice_hours": "48"})

    assert response.status_code == 302
    made = TermsVersion.objects.get(number=2)
    assert made.cancellation_words == "48 hours before, then 50% of the total. We wait 1 minute."


@pytest.mark.parametrize(
    ("cancellation", "words"),
    [
        ("{notice} and {fee}.", "does not say {wait}"),
        ("{notice}, {fee}, {wait}, {discount}.", "no figure called {discount}"),
        ("{notice} or 24 hours, {fee}, {wait}.", "instead of “24 hours”"),
        ("{notice}, {fee} or 50%, {wait}.", "instead of “50%”"),
        ("{notice}, {fee} (50 percent), {wait}.", "instead of “50 percent”"),
        ("{notice}, {fee}, {wait} (15 Minutes).", "instead of “15 Minutes”"),
        ("{" * 5000, "does not say {fee}"),
    ],
)
def test_text_and_figures_can_not_disagree(
    owner: Client, world: World, cancellation: str, words: str
) -> None:
    address = reverse("admin:bookings_termsversion_add")
    response = owner.post(address, {**IN_FORCE, **TERMS, "cancellation": cancellation})
    assert response.status_code == 200
    assert words in response.context["adminform"].form.errors["cancellation"][0]
    assert cancellation in response.context["adminform"].form["cancellation"].value()
    assert TermsVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("cancel_notice_hours", "0"), ("cancel_notice_hours", "337"), ("late_fee_percent", "101"),
     ("late_fee_percent", "-1"), ("wait_minutes", "0"), ("wait_minutes", "121"), ("late_fee_base", "drive")],
)  # fmt: skip
def test_figures_out_of_range_are_refused(owner: Client, world: World, field: str, value: str) -> None:
    address = reverse("admin:bookings_termsversion_add")
    response = owner.post(address, {**IN_FORCE, **TERMS, field: value})
    assert field in response.context["adminform"].form.errors
    assert TermsVersion.objects.count() == 1


def test_the_rules_page_has_none_of_these_figures(owner: Client, world: World) -> None:
    page = owner.get(reverse("admin:bookings_bookingrules_change", args=[world.rules.pk])).content.decode()
    for name in ("cancel_notice_hours", "late_fee_percent"):
        assert name not in page


def test_staff_see_by_which_terms_a_visit_was_booked(owner: Client, world: World) -> None:
    booking = world.book()
    world.agree_to(cancel_notice_hours=96)
    page = owner.get(reverse("admin:bookings_booking_change", args=[booking.pk])).content.decode()
    assert "Agreed to the terms v1: free until 24 hours before, then 50% of the price" in page
    rows = owner.get(reverse("admin:bookings_termsversion_changelist")).content.decode()
    assert "96 hours · 50% of the price" in rows


def test_version_can_be_changed_until_it_is_in_force(owner: Client, world: World) -> None:
    terms = reverse("admin:bookings_termsversion_change", args=[world.agreed.pk])
    questions = reverse("admin:bookings_screeningversion_change", args=[world.screening.pk])
    soon = timezone.now() + timedelta(hours=1)
    later = {"published_at_0": str(local(soon).date()), "published_at_1": f"{local(soon):%H:%M}"}
    TermsVersion.objects.update(published_at=soon)
    ScreeningVersion.objects.update(published_at=soon)
    changed = {**later, **TERMS, "consent": "Changed."}
    rules = {**as_shown(owner, questions), **later, "approved_by": "Me"}
    assert owner.post(terms, changed).status_code == owner.post(questions, rules).status_code == 302

    TermsVersion.objects.update(published_at=timezone.now())
    ScreeningVersion.objects.update(published_at=timezone.now())

    assert owner.post(terms, {**changed, "consent": "Again."}).status_code == 403
    assert owner.post(questions, {**rules, "approved_by": "Nobody"}).status_code == 403
    assert owner.get(terms).status_code == owner.get(questions).status_code == 200
    assert TermsVersion.objects.get(number=1).consent == "Changed."
    assert ScreeningVersion.objects.get(number=1).approved_by == "Me"
    assert "A few health questions" in owner.get(questions).content.decode()


def test_versions_are_not_deleted(owner: Client, world: World) -> None:
    for name, key in (("termsversion", world.agreed.pk), ("screeningversion", world.screening.pk)):
        assert (
            owner.post(reverse(f"admin:bookings_{name}_delete", args=[key]), {"post": "yes"}).status_code
            == 403
        )


# The health questions, in fields ----------------------------------------------------------------------------------


def as_shown(owner: Client, address: str = ADD, **changes: Any) -> dict[str, Any]:
    """What the page sends when nothing but these fields is changed."""
    fields: dict[str, Any] = fields_of(owner.get(address).content.decode())
    sent = {name: value for name, value in fields.items() if name.startswith("rules-")}
    return {**sent, **IN_FORCE, "approved_by": "Sample, CLT", **changes}


def place_of(identifier: str, fields: dict[str, Any]) -> str:
    """What the names of a question's fields begin with."""
    return next(name for name, value in fields.items() if value == [identifier]).removesuffix("-id")


def faults(response: Any) -> str:
    assert response.status_code == 200
    return str(response.context["adminform"].form.errors)


def test_the_page_sent_as_it_stands_says_the_same_in_every_language(owner: Client, world: World) -> None:
    rules: Any = sample_rules_data()
    rules["questions"][0]["text"]["es"] = "¿Le falta el aire?"
    rules["questions"][11]["points"] = [{"en": "One", "es": "Uno"}, {"en": "Two", "es": "Dos"}]
    rules["questions"].append(
        {
            "id": "goal", "kind": "choice", "text": {"en": "What for?"}, "services": ["gone-service"],
            "choices": [
                {"id": "rest", "text": {"en": "Rest", "es": "Descanso"}}, {"id": "pain", "text": {"en": "Pain relief"}}
            ],
            "tiers": {"rest": "clear", "pain": "caution", "unsure": "stop"},
            "messages": {"stop": {"en": "Please call."}}, "note": {"en": "Ask."},
        }
    )  # fmt: skip
    ScreeningVersion.objects.update(rules=rules)
    sent = as_shown(owner)
    assert owner.post(ADD, sent).status_code == 302
    version = ScreeningVersion.objects.get(number=2)
    assert version.approved_by == "Sample, CLT"
    assert digest(parse_rules(version.rules)) == digest(parse_rules(rules))


def test_the_first_version_starts_with_words_to_go_through(owner: Client, world: World) -> None:
    ScreeningVersion.objects.all().delete()
    TermsVersion.objects.all().delete()
    assert owner.post(ADD, as_shown(owner)).status_code == 302
    made, ours = ScreeningVersion.objects.get(), cast(Any, sample_rules_data())
    for question in ours["questions"]:
        # Of the services that ours name, the world offers this one alone.
        if "services" in question:
            question["services"] = [world.service.slug]
    assert digest(parse_rules(made.rules)) == digest(parse_rules(ours))
    address = reverse("admin:bookings_termsversion_add")
    terms = {
        name: value for name, value in fields_of(owner.get(address).content.decode()).items() if name in TERMS
    }
    assert owner.post(address, {**IN_FORCE, **terms}).status_code == 302
    assert "{" not in TermsVersion.objects.get().cancellation_words


def test_a_question_is_changed_added_moved_and_removed(owner: Client, world: World) -> None:
    fields: Any = fields_of(owner.get(ADD).content.decode())
    neck, belly = place_of("neck", fields), place_of("belly", fields)
    new = max(
        (name for name in fields if name.endswith("-id") and fields[name] == [""]), key=len
    ).removesuffix("-id")
    sent = as_shown(owner)
    sent |= {
        f"{neck}-text-en": "Trouble with the neck", f"{neck}-tier-yes": "stop", f"{neck}-message-stop-en": "Call us.",
        f"{belly}-remove": "1",
        f"{new}-text-en": "Are you in the bath?", f"{new}-card": "everyday", f"{new}-tier-yes": "clearance",
        f"{new}-points-en": "Warm\r\n\r\nCold", f"{new}-after": "", f"{new}-place": "1", f"{new}-note-en": "Wet.",
    }  # fmt: skip
    assert owner.post(ADD, sent).status_code == 302
    rules = parse_rules(ScreeningVersion.objects.get(number=2).rules)
    questions = {question.id: question for question in rules.questions}
    assert "belly" not in questions
    assert (str(questions["neck"].text), questions["neck"].tier_for("yes")) == (
        "Trouble with the neck",
        Tier.STOP,
    )
    made = rules.questions[0]
    assert made.id == "are-you-in-the-bath"
    assert [str(point) for point in made.points] == ["Warm", "Cold"]
    assert len(rules.questions) == len(sample_rules_data()["questions"])  # type: ignore[arg-type]


def blank_of(fields: dict[str, Any]) -> str:
    """What the names of the first blank question begin with."""
    return next(
        name
        for name, value in fields.items()
        if name.startswith("rules-q") and name.endswith("-id") and value == [""]
    ).removesuffix("-id")


def test_a_question_of_the_same_words_gets_an_id_of_its_own(owner: Client, world: World) -> None:
    sent = as_shown(owner)
    new = blank_of(sent)
    answer = owner.post(ADD, {**sent, f"{new}-text-en": "Surgery?", f"{new}-card": "everyday"})
    assert answer.status_code == 302, faults(answer)
    ids = [question.id for question in parse_rules(ScreeningVersion.objects.get(number=2).rules).questions]
    assert {"surgery", "surgery-2"} <= set(ids)


@pytest.mark.parametrize("part", ["help-en", "note-en", "points-en", "choices", "message-stop-en"])
def test_what_is_typed_without_its_question_is_told_and_kept(part: str, owner: Client, world: World) -> None:
    sent = as_shown(owner)
    response = owner.post(
        ADD, {**sent, f"{blank_of(sent)}-{part}": "Typed = stop", f"{blank_of(sent)}-kind": "choice"}
    )
    assert "&quot;text&quot; is missing" in faults(response)
    assert "Typed = stop" in str(fields_of(response.content.decode()))


def test_an_answer_that_is_there_keeps_its_id(owner: Client, world: World) -> None:
    rules: Any = sample_rules_data()
    old = {"id": "new", "text": {"en": "Old", "es": "Viejo"}}
    rules["questions"].append({
        "id": "goal", "kind": "choice", "text": {"en": "Which?"}, "choices": [old, {"id": "b", "text": {"en": "B"}}],
        "tiers": {"new": "clear", "b": "stop", "unsure": "stop"}, "messages": {"stop": {"en": "Please call."}},
    })  # fmt: skip
    ScreeningVersion.objects.update(rules=rules)
    sent = as_shown(owner)
    sent[f"{place_of('goal', sent)}-choices"] = "Old = clear\nNew = stop"
    assert owner.post(ADD, sent).status_code == 302
    made = ScreeningVersion.objects.get(number=2).rules["questions"][-1]
    assert made["choices"] == [old, {"id": "new-2", "text": {"en": "New"}}]
    assert made["tiers"] == {"new": "clear", "new-2": "stop", "unsure": "stop"}


@pytest.mark.parametrize(
    "sent_back", ["[", "[" * 50_000, '[{"id": 3, "text": {}}, 1]', '[{"id": "x", "text": {"en": []}}]']
)
def test_answers_that_are_sent_back_as_nonsense_count_for_nothing(
    sent_back: str, owner: Client, world: World
) -> None:
    sent = as_shown(owner)
    new = blank_of(sent)
    sent |= {f"{new}-text-en": "Which?", f"{new}-kind": "choice", f"{new}-choices": "A = clear\nB = clearance",
             f"{new}-choices-before": sent_back}  # fmt: skip
    answer = owner.post(ADD, sent)
    assert answer.status_code == 302, faults(answer)
    made = ScreeningVersion.objects.get(number=2).rules["questions"][-1]
    assert [choice["id"] for choice in made["choices"]] == ["a", "b"]


def test_the_page_at_its_fullest_sends_what_may_be_sent(owner: Client, world: World) -> None:
    """Two languages, as many questions and cards as there may be, each but for one of twenty services."""

    def text(words: str) -> dict[str, str]:
        return {"en": words, "es": words}

    slugs = [f"service-{number}" for number in range(20)]
    for slug in slugs:
        Service.objects.create(category=world.service.category, name=slug, slug=slug)
    messages = {tier: text("911") for tier in ("caution", "clearance", "stop", "emergency")}
    ScreeningVersion.objects.update(rules={
        "schema": 1, "title": text("T"), "intro": text("I"), "approval_note": text("N"), "messages": messages,
        "cards": [{"id": f"c{number}", "title": text("T"), "text": text("T")} for number in range(MAX_LIST)],
        "questions": [
            {
                "id": f"q{number}", "kind": "choice", "text": text("Q"), "help": text("H"), "note": text("N"),
                "points": [text("P")], "choices": [{"id": "a", "text": text("A")}], "card": "c1", "services": slugs,
                "of_surgery": True, "messages": messages, "tiers": {"a": "clear", "unsure": "stop"},
            }
            for number in range(MAX_QUESTIONS)
        ],
    })  # fmt: skip
    fields = fields_of(owner.get(ADD).content.decode())
    removes = MAX_LIST + MAX_QUESTIONS
    count = sum(map(len, fields.values())) + removes
    assert 1200 < count <= settings.DATA_UPLOAD_MAX_NUMBER_FIELDS


def test_every_fault_is_listed_and_nothing_typed_is_lost(owner: Client, world: World) -> None:
    fields: Any = fields_of(owner.get(ADD).content.decode())
    urgent, leg, neck = (place_of(name, fields) for name in ("urgent_signs", "leg_or_clot", "neck"))
    sent = as_shown(owner)
    sent |= {
        f"{urgent}-tier-yes": "worse",
        f"{leg}-tier-unsure": "clear", f"{neck}-text-en": "", f"{neck}-note-en": "My own note.",
        "rules-title-en": "x" * 900,
    }  # fmt: skip
    response = owner.post(ADD, sent)
    said = faults(response)
    for words in (
        "worse",
        "never read as no",
        "is missing",
        "800 characters",
    ):
        assert words in said, words
    again: Any = fields_of(response.content.decode())
    assert "My own note." in str(again)
    assert again["rules-title-en"] == ["x" * 900]
    assert again[f"{urgent}-tier-yes"] == ["worse"]
    # What the parts come to together is looked at once each is right.
    calm = as_shown(owner, **{f"{urgent}-message-emergency-en": "Please rest.", f"{neck}-after": "gone:yes"})
    said = faults(owner.post(ADD, calm))
    assert "must tell the client to call 911" in said
    assert "there is no such question" in said
    assert ScreeningVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "questions"),
        ({"rules-languages": "en xx-tremely-long-language", "rules-title-en": "\x00"}, "can&#x27;t be shown"),
        ({"rules-languages": "en " * 5000, "rules-q0-place": "9" * 400, "rules-q0-text-en": "?"}, "kind"),
        (
            {"rules-q0-text-en": "—", "rules-q0-kind": "choice", "rules-q0-choices": "=\n=clear\nA\n= ="},
            "tier",
        ),
        (
            {"rules-q0-text-en": "x", "rules-q0-kind": "date", "rules-q0-after": "nobody:yes"},
            "unknown tier",
        ),
        ({"rules-c0-title-en": "Only a title", "rules-q0-text-en": "x"}, "&quot;text&quot; is missing"),
    ],
)
def test_whatever_is_sent_is_answered(sent: dict[str, str], words: str, owner: Client, world: World) -> None:
    response = owner.post(ADD, {**IN_FORCE, "approved_by": "", **sent})
    assert words in faults(response)
    assert ScreeningVersion.objects.count() == 1


# A trial ------------------------------------------------------------------------------------------------------------


def trial(owner: Client, world: World, answers: dict[str, str], **query: str) -> Any:
    address = reverse("admin:bookings_screeningversion_try", args=[world.screening.pk])
    return owner.post(address + ("?people=2" if query else ""), answers)


def test_a_trial_says_the_tier_and_the_words_and_keeps_nothing(owner: Client, world: World) -> None:
    ScreeningVersion.objects.update(published_at=timezone.now() + timedelta(days=1))
    address = reverse("admin:bookings_screeningversion_try", args=[world.screening.pk])
    page = owner.get(address).content.decode()
    assert "A few health questions" in page
    assert "These answers come to" not in page

    clear = trial(owner, world, CLEAR_ANSWERS).content.decode()
    assert "These answers come to" in clear
    assert "The client reads" not in clear
    careful = trial(owner, world, {**CLEAR_ANSWERS, "neck": "yes"}).content.decode()
    assert "The therapist reads" in careful
    # What stops is said also while other answers are missing.
    urgent = trial(owner, world, {"urgent_signs": "yes"})
    assert "Please call 911 now." in urgent.content.decode()
    open_still = trial(owner, world, {"neck": "yes"})
    assert open_still.status_code == 422
    assert "These answers come to" not in open_still.content.decode()
    two = trial(owner, world, CLEAR_ANSWERS, people="2")
    assert two.status_code == 422
    assert "The second person" in two.content.decode()
    assert not ScreeningRecord.objects.exists()
    assert not HealthAccess.objects.exists()


def test_a_trial_of_what_is_not_there_or_can_not_be_read(owner: Client, world: World) -> None:
    address = reverse("admin:bookings_screeningversion_try", args=[world.screening.pk])
    assert owner.get(address, {"people": "x", "service": "no-such"}).status_code == 200
    assert owner.get(reverse("admin:bookings_screeningversion_try", args=[99_999])).status_code == 404
    ScreeningVersion.objects.update(rules={})
    assert owner.get(address, follow=True).status_code == 200
