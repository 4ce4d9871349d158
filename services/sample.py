"""The sample catalogue that a new installation starts with. Prices and facts are plainly samples."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simple_history.utils import bulk_create_with_history

from .models import AddOn, Business, Category, Service, ServiceFaq, ServiceOption


@dataclass(frozen=True, slots=True)
class _Service:
    slug: str
    name: str
    category: str
    summary: str
    description: str
    what_to_expect: str
    before_visit: str
    after_visit: str
    lengths: tuple[tuple[int, int], ...]  # minutes, price in cents
    questions: tuple[tuple[str, str], ...]  # question, answer
    max_people: int = 2


_CATEGORIES = (
    ("gentle-care", "Gentle care"),
    ("massage", "Massage at home"),
    ("movement", "Posture and movement"),
)

_SERVICES = (
    _Service(
        slug="manual-lymphatic-drainage",
        name="Manual lymphatic drainage",
        category="gentle-care",
        summary="A mild, slow massage that follows the path of the lymph vessels, in your own home.",
        description=(
            "<p>Manual lymphatic drainage, or MLD, is a mild massage. People often ask for it when lymphedema makes an"
            " arm or a leg feel heavy and tight, which is common after breast-cancer surgery.</p>"
            "<p>Lymph is the clear fluid that carries waste away from the cells and takes part in the body’s defenses."
            " When it builds up, a limb can swell. MLD works with slow, steady strokes along the lymph vessels to move"
            " that fluid on its way.</p>"
            "<h2>How it feels</h2>"
            "<p>Light. The strokes are small and round in some places, broad and sweeping in others, made with the palms,"
            " the thumbs, the forearms or the elbows. It should never hurt. Tell your therapist at once if"
            " anything does.</p>"
            "<h2>How many visits</h2>"
            "<p>Many clients notice a change right away. If the swelling has been there for a long time, it often takes"
            " several visits, and the change can be small. Your therapist will talk this over with you.</p>"
        ),
        what_to_expect=(
            "<p>We bring the table and clean linens. You lie down, warm and covered, and only the part being worked on"
            " is uncovered. The room can be as quiet as you like.</p>"
        ),
        before_visit=(
            "<ul><li>Eat lightly and drink some water.</li><li>Have any note from your clinician at hand.</li>"
            "<li>If you wear a compression sleeve or stocking, keep it near.</li></ul>"
        ),
        after_visit=(
            "<ul><li>Take your time getting up.</li><li>Drink water when you are thirsty.</li>"
            "<li>Put your compression garment back on as your clinician told you.</li></ul>"
        ),
        lengths=((60, 14000), (90, 19000), (120, 24000)),
        questions=(
            (
                "Do I need a note from my doctor?",
                "Sometimes. We ask a few health questions when you book. If one of your answers needs a clinician’s"
                " word first, we tell you as you book, and you write to us on our contact page what they say.",
            ),
            (
                "Can I have it soon after surgery?",
                "That is for your surgeon to say. Once you have a yes, tell us the date of the surgery when you book,"
                " and write to us on our contact page what your surgeon says.",
            ),
            (
                "How often should I have it?",
                "People differ. Many start with a few visits close together, then leave more time between them. You"
                " decide after each visit; there is no package to buy.",
            ),
            (
                "What do I wear?",
                "Loose clothes that leave the arm or the leg free. You stay covered, and only the part being worked"
                " on is uncovered.",
            ),
        ),
    ),
    _Service(
        slug="postural-correction-training",
        name="Postural Correction Training Program",
        category="movement",
        summary="A personal corrective program for the way you sit, stand, train and play.",
        description=(
            "<p>We look at how you hold yourself and how you move, find your own trouble spots, and build a program"
            " around them. It fits beside the sport or the fitness plan that you already have.</p>"
            "<p>You learn a short set of exercises that are yours to keep. At each visit we watch you do them, change"
            " what needs changing, and add the next step.</p>"
            "<h2>The booklet</h2>"
            "<p>There is a booklet about the program. Ask for it here, by email or by phone, and we will send it.</p>"
        ),
        what_to_expect=(
            "<p>Wear something you can move in. We need a clear patch of floor the size of a yoga mat. The first visit"
            " is mostly looking, talking and trying things out.</p>"
        ),
        before_visit="<p>Think of the times of day, or the moves, that bother you most. We start there.</p>",
        after_visit="<p>You get your exercises in writing, with how often to do each one.</p>",
        lengths=((60, 15000), (90, 20500), (120, 26000)),
        questions=(
            (
                "Do I have to be fit for it?",
                "No. The program starts from what you can do now, whether you train every day or sit at a desk.",
            ),
            (
                "Can it go with my training plan?",
                "Yes. Bring the plan, and we fit your exercises around it.",
            ),
            (
                "How do I get the booklet?",
                "Write to us or call, and we send it. It is about the program, and you are free to read it first.",
            ),
        ),
        max_people=1,
    ),
    _Service(
        slug="in-home-relaxation-massage",
        name="In-home relaxation massage",
        category="massage",
        summary="Long, easy strokes and a quiet hour, with no drive home afterwards.",
        description=(
            "<p>An unhurried massage with long strokes and medium or light pressure, as you like it. You choose where"
            " the time goes: back, legs, feet, arms, scalp.</p>"
            "<p>When it is over you are already home. Many people book it for the evening and go straight to bed.</p>"
        ),
        what_to_expect=(
            "<p>Your therapist sets up the table in about ten minutes, while you tell them what you would like."
            " Talk or don’t talk; both are fine.</p>"
        ),
        before_visit="<p>Make room for the table: about seven by ten feet is plenty.</p>",
        after_visit="<p>Rest for a few minutes before you get up.</p>",
        lengths=((60, 12500), (90, 17000), (120, 21500)),
        questions=(
            (
                "Can two of us have it on one evening?",
                "Yes, one after the other. Choose two people when you book; the price and the time are then for both.",
            ),
            (
                "Is there music, or oil with a scent?",
                "Only if you like. Tell your therapist what you want to hear and smell, or nothing at all.",
            ),
        ),
    ),
    _Service(
        slug="deep-pressure-massage",
        name="Deep pressure massage",
        category="massage",
        summary="Slow, firm work on the places where you feel tight, at a pressure you set.",
        description=(
            "<p>Firm and slow, for people who like strong pressure. Your therapist works through one area at a time"
            " and checks with you as they go.</p>"
            "<p>Strong does not have to mean painful. You say when it is enough, and that is enough.</p>"
        ),
        what_to_expect=(
            "<p>The visit starts with a few questions about where you feel tight, and where pressure should stay"
            " light.</p>"
        ),
        before_visit="<p>Leave an hour between a full meal and the visit.</p>",
        after_visit="<p>You may feel a little sore the next day. A warm bath and a walk feel good then.</p>",
        lengths=((60, 13500), (90, 18500), (120, 23000)),
        questions=(
            (
                "Will it hurt?",
                "It should not. Firm pressure can feel strong, and you can ask for less at any moment.",
            ),
            (
                "May I book it if I take a blood thinner?",
                "Yes. Say so in the health questions: your therapist reads it before the visit and keeps the pressure"
                " light.",
            ),
        ),
    ),
)

# Name, summary, more minutes, price in cents, slugs of the services it goes with.
_ADD_ONS = (
    (
        "15 more minutes on neck and shoulders",
        "Time for the place where most of us hold the day.",
        15,
        3000,
        ("in-home-relaxation-massage", "deep-pressure-massage", "manual-lymphatic-drainage"),
    ),
    (
        "Unscented oil",
        "For sensitive skin, or if you would rather not smell of anything.",
        0,
        0,
        ("in-home-relaxation-massage", "deep-pressure-massage"),
    ),
    (
        "Warm towels",
        "For the back and the feet, at the end.",
        0,
        1000,
        ("in-home-relaxation-massage", "deep-pressure-massage"),
    ),
)


def load(*, now: datetime) -> None:
    """Adds the sample catalogue and business; rows that exist (by slug or name) stay as they are."""
    Business.objects.get_or_create(
        pk=1,
        defaults={
            "name": "Massage Rx",
            "tagline": "In-home massage therapy in Los Angeles",
            "phone": "+12135550142",
            "email": "hello@example.com",
            "payment_words": (
                "You pay your therapist after the visit, by card or in cash. A tip is welcome and never expected. We send a"
                " receipt by email when you ask for one."
            ),
            "is_sample": True,
        },
    )
    categories = {}
    for position, (slug, name) in enumerate(_CATEGORIES, start=1):
        categories[slug], _created = Category.objects.get_or_create(
            slug=slug, defaults={"name": name, "position": position}
        )
    services = {}
    for position, sample in enumerate(_SERVICES, start=1):
        services[sample.slug], created = Service.objects.get_or_create(
            slug=sample.slug,
            defaults={
                "category": categories[sample.category],
                "name": sample.name,
                "summary": sample.summary,
                "description": sample.description,
                "what_to_expect": sample.what_to_expect,
                "before_visit": sample.before_visit,
                "after_visit": sample.after_visit,
                "setup_minutes": 10,
                "packdown_minutes": 10,
                "max_people": sample.max_people,
                "position": position,
            },
        )
        if created:
            bulk_create_with_history(
                [
                    ServiceOption(service=services[sample.slug], minutes=minutes, price_cents=cents)
                    for minutes, cents in sample.lengths
                ],
                ServiceOption,
            )
            ServiceFaq.objects.bulk_create(
                ServiceFaq(service=services[sample.slug], question=question, answer=answer, position=place)
                for place, (question, answer) in enumerate(sample.questions, start=1)
            )
    for position, (name, summary, minutes, cents, slugs) in enumerate(_ADD_ONS, start=1):
        add_on, created = AddOn.objects.get_or_create(
            name=name,
            defaults={"summary": summary, "minutes": minutes, "price_cents": cents, "position": position},
        )
        if created:
            add_on.services.set(services[slug] for slug in slugs)
