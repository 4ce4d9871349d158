"""The sample rules against the table they must cover, and their wording."""

from __future__ import annotations

import re
from datetime import date

import pytest

from bookings.screening import (
    Kind,
    ScreeningQuestion,
    Text,
    Tier,
    evaluate,
    groups_for,
    parse_rules,
    questions_for,
    sample_rules_data,
)

MLD = "manual-lymphatic-drainage"
RULES = parse_rules(sample_rules_data())
BY_ID = {question.id: question for question in RULES.questions}
HEALTHY = {q.id: "no" for q in RULES.questions if q.when is None} | {"adult": "yes"}

E, S, H, C = Tier.EMERGENCY, Tier.STOP, Tier.CLEARANCE, Tier.CAUTION


@pytest.mark.parametrize(
    ("condition", "question_id", "parents", "tier"),
    [
        ("sudden trouble breathing", "urgent_signs", {}, E),
        ("chest pain", "urgent_signs", {}, E),
        ("coughing up blood", "urgent_signs", {}, E),
        ("new swelling, warmth or pain in one leg", "leg_or_clot", {}, S),
        ("blood clot, found or suspected", "leg_or_clot", {}, S),
        ("fever", "fever_or_infection", {}, S),
        ("cellulitis", "fever_or_infection", {}, S),
        ("redness that is spreading", "fever_or_infection", {}, S),
        ("new infection", "fever_or_infection", {}, S),
        ("heart failure that isn't under control", "heart_or_lungs", {}, S),
        ("fluid on the lungs", "heart_or_lungs", {}, S),
        ("kidney failure", "kidneys_or_swelling", {}, S),
        ("swelling that no clinician has explained", "kidneys_or_swelling", {}, S),
        ("cancer now", "cancer", {}, H),
        ("chemo", "cancer", {}, H),
        ("radiation", "cancer", {}, H),
        ("blood clot, in the past", "clot_heart_kidney_history", {}, H),
        ("heart disease, under control", "clot_heart_kidney_history", {}, H),
        ("kidney disease, under control", "clot_heart_kidney_history", {}, H),
        ("surgery in the last six months", "surgery", {}, H),
        ("open wound", "open_wound", {}, H),
        ("cut that is open, leaking or has a drain", "open_wound", {}, H),
        ("blood thinner", "blood_thinners", {}, C),
        ("pregnant", "pregnancy", {}, H),
        ("bad headache", "pregnancy_signs", {"pregnancy": "yes"}, S),
        ("blurry sight", "pregnancy_signs", {"pregnancy": "yes"}, S),
        ("sudden swelling of the face or hands", "pregnancy_signs", {"pregnancy": "yes"}, S),
        ("thyroid", "neck", {}, C),
        ("uneven heartbeat", "neck", {}, C),
        ("carotid", "neck", {}, C),
        ("bowel disease", "belly", {}, C),
        ("aneurysm", "belly", {}, C),
        ("asthma", "everyday_conditions", {}, C),
        ("low blood pressure", "everyday_conditions", {}, C),
        ("diabetes", "everyday_conditions", {}, C),
    ],
)
def test_sample_asks_for_the_condition_and_gives_its_tier(
    condition: str, question_id: str, parents: dict[str, str], tier: Tier
) -> None:
    assert condition in _asked_words(BY_ID[question_id]).lower()

    answers = HEALTHY | {"pregnancy_signs": "no", "surgery_date": "2026-01-15"} | parents
    said_yes = evaluate(RULES, answers | {question_id: "yes"}, MLD, date(2026, 5, 4))
    in_doubt = evaluate(RULES, answers | {question_id: "unsure"}, MLD, date(2026, 5, 4))
    blank = evaluate(RULES, answers | {question_id: ""}, MLD, date(2026, 5, 4))

    assert said_yes.tier is tier
    assert in_doubt.tier is Tier.CLEARANCE
    assert blank.tier is Tier.CLEARANCE
    assert said_yes.caution_notes, "the therapist is told"


def test_sample_asks_the_date_of_a_surgery() -> None:
    question = BY_ID["surgery_date"]

    assert question.kind is Kind.DATE
    assert question.when is not None
    assert (question.when.question, question.when.answers) == ("surgery", ("yes",))


@pytest.mark.parametrize(
    ("question_id", "must_say"),
    [
        ("urgent_signs", "call 911 now"),
        ("leg_or_clot", "get medical advice today"),
        ("fever_or_infection", "a clinician agrees"),
        ("heart_or_lungs", "a clinician agrees"),
        ("kidneys_or_swelling", "see a clinician first"),
        ("pregnancy_signs", "call your maternity team or a clinician right now"),
        ("guardian", "needs a parent or guardian"),
    ],
)
def test_sample_refusals_say_what_to_do_and_that_it_is_about_booking_online(
    question_id: str, must_say: str
) -> None:
    question = BY_ID[question_id]
    worst = question.message_for(question.worst)

    assert worst is not None
    assert must_say in str(worst)
    assert "We can't book this visit online" in str(worst)
    assert re.search(r"\b[Cc]all us\b", str(worst)), "and leads to a person"


def test_sample_says_that_a_lymphedema_therapist_must_approve_it() -> None:
    note = str(RULES.approval_note)
    assert "qualified lymphedema therapist must" in note
    assert "approve" in note
    assert "sample" in note


# No promise and no diagnosis; 'agree to' and 'we can't' are the house's words instead.
FORBIDDEN = re.compile(
    r"\byou have\b|\byou may have\b|\btreat|\bcure|\bdetox|\breduc|\bdiagnos|!|\bheal(s|ing)?\b", re.I
)


@pytest.mark.parametrize(
    "text", [str(text) for text in [RULES.title, RULES.intro, *dict(RULES.messages).values()]]
)
def test_sample_general_words_promise_and_diagnose_nothing(text: str) -> None:
    _check_words(text)


@pytest.mark.parametrize("question", RULES.questions, ids=lambda question: question.id)
def test_sample_words_promise_and_diagnose_nothing_and_are_short(question: ScreeningQuestion) -> None:
    texts = [question.text, *question.points, *dict(question.messages).values()]
    texts += [text for text in (question.help, question.note) if text is not None]
    for text in texts:
        _check_words(str(text))


def test_sample_can_be_read_in_under_a_minute() -> None:
    # Grown-ups read about 240 words a minute; follow-ups are seen by few.
    top_level = [question for question in questions_for(RULES, MLD) if question.when is None]
    count = sum(len(_asked_words(question).split()) for question in top_level) + len(str(RULES.intro).split())

    assert len(top_level) == 15  # fourteen about health, one about age
    assert count <= 210


def test_sample_asks_emergencies_first_then_milder_and_milder() -> None:
    order = [question.id for question in questions_for(RULES, MLD)]

    assert order[0] == "urgent_signs"
    assert order[-3:] == ["neck", "belly", "everyday_conditions"]
    assert order.index("guardian") == order.index("adult") + 1
    assert order.index("pregnancy_signs") == order.index("pregnancy") + 1


def test_sample_is_a_fresh_copy_each_time() -> None:
    first = sample_rules_data()
    first["questions"] = []
    assert sample_rules_data()["questions"]


def _asked_words(question: ScreeningQuestion) -> str:
    parts: list[Text] = [question.text, *question.points]
    if question.help is not None:
        parts.append(question.help)
    return " ".join(str(part) for part in parts)


def _check_words(text: str) -> None:
    assert not FORBIDDEN.search(text), text
    for sentence in re.split(r"[.?:;]\s+", text):
        assert len(sentence.split()) <= 25, sentence


@pytest.mark.parametrize("service", [MLD, "deep-pressure-massage", "in-home-relaxation-massage"])
def test_sample_cards_hold_every_question_once_in_the_owners_order(service: str) -> None:
    groups = groups_for(RULES, service)
    on_page = [question.id for group in groups for question in group.questions]

    assert sorted(on_page) == sorted(question.id for question in questions_for(RULES, service))
    assert [group.card.id for group in groups if group.card] == ["today", "organs", "treatment", "everyday"]
    assert [[q.id for q in group.questions] for group in groups if group.card is None] == [
        ["adult", "guardian"]
    ]
    for group in groups:
        if group.card is not None:
            # What "none of these" says for a question is harmless, and is all that it asks.
            assert all(q.tier_for("no") is Tier.CLEAR for q in group.questions if q.when is None)


def test_firm_pressure_is_asked_about_neck_belly_and_blood_thinners_too() -> None:
    asked = {question.id for question in questions_for(RULES, "deep-pressure-massage")}
    assert {"neck", "belly", "blood_thinners"} <= asked


#: What speaks of each question when its card is read aloud.
SAID = {
    "urgent_signs": ["trouble breathing", "chest pain", "coughing up blood"],
    "leg_or_clot": ["one leg swollen, warm or sore", "a blood clot"],
    "fever_or_infection": ["fever", "spreading redness", "any infection"],
    "heart_or_lungs": ["any heart", "fluid on the lungs"],
    "kidneys_or_swelling": ["kidney disease", "unexplained swelling"],
    "clot_heart_kidney_history": ["a past clot", "any heart or kidney disease"],
    "surgery": ["surgery in the last six months"],
    "open_wound": ["a wound or drain"],
    "cancer": ["cancer, chemo or radiation"],
    "pregnancy": ["pregnant or a birth in six weeks"],
    "blood_thinners": ["a blood thinner"],
    "neck": ["thyroid, heartbeat or neck artery"],
    "belly": ["a bowel disease", "an aneurysm"],
    "everyday_conditions": ["asthma", "low blood pressure", "diabetes"],
}


def test_cards_are_read_aloud_in_forty_seconds_and_leave_out_nothing() -> None:
    """At 150 words a minute and a second for each key: N for each card, yes to the age, and on."""
    spoken = {card.id: str(card.spoken) for card in RULES.cards if card.spoken}
    asked = [question for question in questions_for(RULES, MLD) if question.when is None]
    alone = [str(question.text) for question in asked if not question.card]
    words = sum(len(text.split()) for text in [*spoken.values(), *alone])
    presses = len(RULES.cards) + len(alone) + 1
    assert words / 150 * 60 + presses <= 40
    assert SAID.keys() == {question.id for question in asked if question.card}
    for question in asked:
        for said in SAID.get(question.id, ()):
            assert said in spoken[question.card].lower(), question.id
