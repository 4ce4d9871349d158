"""Words that promise too much, and words that only sound like them."""

import re
from typing import Any

import pytest
from django.test import Client

from blog import claims, sample
from blog.claims import find_claims
from blog.models import Post
from massagerx.lib.content_files import read_documents, read_toml
from tests.blog.test_admin import ADD, typed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<p>Our massage treats lymphedema.</p>", ["treats"]),
        ("We offer treatment at home.", ["treatment"]),
        ("It cures pain and heals scars.", ["cures", "heals"]),
        ("Detoxify your body. Flush out toxins.", ["Detoxify", "toxins"]),
        ("A DETOX massage", ["DETOX"]),
        ("We reduce swelling.", ["reduce swelling"]),
        ("It reduces the stubborn swelling in your legs.", ["reduces the stubborn swelling"]),
        ("Get rid of cellulite.", ["Get rid of cellulite"]),
        ("Boosts your immune system and speeds weight loss.", ["Boosts your immune", "weight loss"]),
        ("We will diagnose you.", ["diagnose"]),
        ("Clinically proven, results guaranteed.", ["Clinically proven", "guaranteed"]),
        ("<h2>The healing touch</h2>", ["healing"]),
        ("Immediate relief, and lasting relief too.", ["Immediate relief", "lasting relief"]),
        ("It can improve overall health.", ["improve overall health"]),
        ("Massage helps increase circulation.", ["increase circulation"]),
        (
            "It stimulates lymphatic flow and speeds up recovery.",
            ["stimulates lymphatic flow", "speeds up recovery"],
        ),
        (
            "Natural pain relief. It flushes out excess fluid and waste.",
            ["pain relief", "flushes out excess fluid"],
        ),
        ("Relief from chronic pain.", ["Relief from chronic pain"]),
        ("It <strong>cu</strong>res nothing. It does cure.", ["cure"]),
    ],
)
def test_claim_is_found(text: str, words: list[str]) -> None:
    assert [claim.words for claim in find_claims([text])] == words


#: A sentence for each pattern that no other pattern finds: with the pattern taken out, nobody would be warned.
ONLY_BY: dict[str, str] = {
    "treat": "We treat you.",
    "cur(": "We cure you.",
    "heal(": "It heals.",
    "detox": "A detoxifying hour.",
    "toxins": "Toxins leave.",
    "diagnos": "We diagnose you.",
    "remed": "A remedy for tired legs.",
    "miracles": "It is a miracle.",
    "guarantee": "We guarantee it.",
    "proven": "It is clinically proven.",
    "prevent": "It prevents falls.",
    "rehabilitat": "We rehabilitate athletes.",
    "(?:reduc|": "We shrink scars.",
    "rid of": "Get rid of aches.",
    "(?:boost|": "It boosts digestion.",
    "(?:speed|shorten)": "It shortens your recovery.",
    "(?:immediate|": "You feel instant relief.",
    "(?:pain|stress|": "It is stress relief.",
    "relief (?:from": "Relief of symptoms.",
    "flush": "It flushes waste.",
    "(?:los(?:e|": "You lose weight.",
    "weight loss": "It leads to weight loss.",
}


def test_every_sentence_has_its_pattern() -> None:
    assert [sentence for sentence in ONLY_BY.values() if not find_claims([sentence])] == []


@pytest.mark.parametrize("pattern", claims._CLAIMS)
def test_every_pattern_is_the_only_one_to_find_some_sentence(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sentence,) = [sentence for begins, sentence in ONLY_BY.items() if begins in pattern]
    assert len(find_claims([sentence])) == 1, sentence
    left = "|".join(other for other in claims._CLAIMS if other != pattern)
    without = re.compile(rf"(?<![\w-])(?=[a-z])(?:{left})(?![\w-])", re.IGNORECASE)
    monkeypatch.setattr(claims, "_CLAIM", without)
    assert find_claims([sentence]) == []


@pytest.mark.parametrize(
    "complaint",
    [
        "swelling", "edema", "lymphedema", "inflammation", "pain", "aches", "scars", "scar tissue",
        "cellulite", "anxiety", "depression", "migraines", "headaches", "fluid retention", "blood pressure",
    ],
)  # fmt: skip
def test_every_complaint_that_is_said_to_go_is_found(complaint: str) -> None:
    assert find_claims([f"We relieve {complaint}."])


@pytest.mark.parametrize(
    "workings",
    [
        "circulation", "blood flow", "lymph flow", "lymphatic drainage", "lymphatic function", "immunity",
        "metabolism", "digestion", "sleep quality", "organ function", "range of motion", "health", "overall health",
        "general wellness", "well-being", "wellbeing",
    ],
)  # fmt: skip
def test_every_working_of_the_body_that_is_said_to_grow_is_found(workings: str) -> None:
    assert find_claims([f"It improves {workings}."])


@pytest.mark.parametrize(
    "text",
    [
        "A retreat in the hills, a manicure, a secure door and accurate words.",
        "A healthy meal. Health comes first. A wealthy neighborhood.",
        "Massage does not cure anything.",
        "We never treat or diagnose.",
        "It can’t heal a wound, and it won't prevent illness.",
        "Only a doctor can diagnose lymphedema.",
        "Your surgeon decides how it is treated.",
        "It is a treat after a long week. Treat yourself.",
        "Everyone is treated with respect.",
        "We reduce the price for two people.",
        "Relieved to be home, you rest.",
        "A relief to be home. Improve the way you sit. The price increases in May.",
        "It won't improve your circulation.",
        "The pain of parking is gone.",
        "",
    ],
)
def test_innocent_words_are_left_alone(text: str) -> None:
    assert find_claims([text]) == []


def test_sentence_is_shown_whole_and_alone() -> None:
    found = find_claims(["<p>Rest first. Then we treat pain, slowly.</p><p>Go home.</p>"])

    assert [claim.sentence for claim in found] == ["Then we treat pain, slowly."]


def test_sample_posts_pages_and_answers_promise_nothing() -> None:
    files = read_documents(sample.POSTS) + read_documents(sample.PAGES)
    texts = [(*map(str, file.values.values()), file.html) for file in files]
    texts += [
        (access_type["question"], access_type["answer"])
        for access_type in read_toml(sample.LISTS)["questions"]
    ]
    assert len(texts) > 15

    assert [claim for text in texts for claim in find_claims(text)] == []


@pytest.mark.parametrize("text", ["We cure. ", "not cure ", "we cure ", "a.", "reduce a b c d ", "\u201d."])
def test_words_are_looked_at_as_long_as_anybody_reads(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []
    real = claims._is_harmless

    def counting(sentence: str, claim: re.Match[str]) -> bool:
        looked_at.append(claim[0])
        return real(sentence, claim)

    monkeypatch.setattr(claims, "_is_harmless", counting)
    found = find_claims([text * 5000])

    assert len(looked_at) <= claims.MOST_LOOKED_AT
    assert len(found) <= claims.MOST


@pytest.mark.django_db
def test_writer_is_warned_and_the_post_is_saved(writer_client: Client) -> None:
    response = writer_client.post(ADD, typed(body="<p>We cure <em>everything</em>.</p>"), follow=True)

    (warning,) = [str(message) for message in response.context["messages"] if message.level_tag == "warning"]
    assert "<strong>cure</strong>: We cure everything ." in warning
    assert Post.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (
            "page",
            {"slug": "about", "title": "About", "meta_description": "", "body": "<p>We <b>heal</b>.</p>"},
        ),
        ("faqentry", {"question": "Do you heal?", "answer": "<p>a</p>", "position": "0"}),
        ("testimonial", {"words": "They heal.", "name": "S.", "has_consent": "yes", "position": "0"}),
        ("announcement", {"text": "We heal.", "starts_at_0": "2026-12-02", "starts_at_1": "09:00"}),
    ],
)
def test_every_writer_s_page_warns(writer_client: Client, model: str, fields: dict[str, str]) -> None:
    response = writer_client.post(f"/admin/blog/{model}/add/", fields, follow=True)

    assert any("<strong>heal</strong>" in str(message) for message in response.context["messages"])


@pytest.mark.django_db
def test_script_in_a_claim_stays_text(writer_client: Client) -> None:
    response = writer_client.post(ADD, typed(title="We cure <img src=x onerror=alert(1)>"), follow=True)

    assert "<img src=x" not in response.content.decode()


@pytest.mark.django_db
def test_check_while_writing_is_for_writers(writer_client: Client, client: Client) -> None:
    place = "/admin/blog/post/claims/"

    answer: Any = writer_client.post(place, {"text": ["We cure.", "<p>Fine.</p>"]}).json()

    assert answer["claims"] == [{"words": "cure", "sentence": "We cure."}]
    assert writer_client.get(place).status_code == 405
    assert client.post(place, {"text": "We cure."}).status_code == 302
