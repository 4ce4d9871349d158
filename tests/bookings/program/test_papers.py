"""A client's own booklet: asked for by a press, made by a worker, handed out while it says what the program says."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pikepdf
import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from bookings.domain.operations import Act
from bookings.program import operations, papers, tasks
from bookings.program.models import MOST_EXERCISES, Program, ProgramBooklet, ProgramTemplate
from massagerx.lib import typeset
from massagerx.lib.typeset import Paper
from services.models import Business
from tests.bookings.views.visits.browsers import text
from tests.factories import NOW, World
from tests.support.papers import letters_of, pages_of, said_of, unheard

from .conftest import confirmed, exercise_of, make, make_exercise, make_template, page_of

pytestmark = pytest.mark.django_db


def make_due(now: Any = NOW) -> int:
    return papers.make_due(clock=lambda: now)


def fetch(client: Client, program: Program, paper: str = "us-letter") -> Any:
    return client.post(f"{page_of(program)}booklet/", {"paper": paper}, follow=True)


def made(program: Program, paper: Paper = Paper.LETTER) -> bytes:
    program = Program.objects.select_related("booking").get(pk=program.pk)
    assert papers.fetch_or_ask(program=program, paper=paper, now=NOW) is None
    make_due()
    found = papers.fetch_or_ask(program=program, paper=paper, now=NOW)
    assert found is not None
    return found


def test_it_is_asked_for_made_and_fetched(client: Client, program: Program) -> None:
    said = text(fetch(client, program))
    assert "We are making your booklet." in said
    assert "Your booklet is being made" in said
    # Pressed again in the meantime, on other paper too, it is still one.
    fetch(client, program)
    fetch(client, program, "a4")
    assert ProgramBooklet.objects.get().paper == Paper.LETTER
    assert make_due() == 1
    assert make_due() == 0
    assert "Your booklet is ready" in text(client.get(page_of(program)))

    response = fetch(client, program)
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="for-runners.pdf"'
    assert (response["Cache-Control"], response["X-Robots-Tag"]) == ("no-store", "noindex")
    pages = pages_of(b"".join(response))
    for words in ("For runners", "Made for", "Bridge", "Lift your hips.", "It hurts.", "2 sets of 10", "(213) 555-0142",
                  "call 911"):  # fmt: skip
        assert words in pages[0], words
    # Eight pages for eight weeks, each with its days.
    weeks = [page for page in pages if page.startswith("Week ")]
    assert len(weeks) == 8
    assert "Calf stretch" not in weeks[0]
    assert "30 seconds, 2 times" in weeks[2]
    assert all("(213) 555-0142" in week for week in weeks)


@pytest.mark.parametrize(("paper", "size"), [(Paper.LETTER, (612, 792)), (Paper.A4, (595, 842))])
def test_it_fits_the_paper_and_is_read_aloud(program: Program, paper: Paper, size: tuple[int, int]) -> None:
    file = made(program, paper)
    with pikepdf.open(io.BytesIO(file)) as opened:
        assert {tuple(round(float(x)) for x in page.mediabox[2:]) for page in opened.pages} == {size}
    assert unheard(file) == []
    said = said_of(file)
    assert said["lang"] == "en-US"
    assert said["title"] == "For runners"
    assert said["headings"][:5] == [
        (1, "For runners"), (2, "Your exercises"), (3, "Bridge"), (3, "Calf stretch"), (2, "Week 1 of 8"),
    ]  # fmt: skip
    assert said["figures"] == ["Line drawing: Bridge", "Line drawing: Calf stretch"]


def test_a_full_program_has_one_page_a_week(world: World, staff: User) -> None:
    """26 weeks, 16 exercises, each with the longest name."""
    names = [f"{number:02} " + "Wide " * 15 + "W" for number in range(MOST_EXERCISES)]
    rows = [(make_exercise(name, days_a_week=5, unit="seconds"), 1, 26) for name in names]
    template = make_template(*rows)
    ProgramTemplate.objects.filter(pk=template.pk).update(weeks=26)
    template.refresh_from_db()
    pages = pages_of(made(make(confirmed(world, staff), template, staff)))
    assert sum(page.startswith("Week ") for page in pages) == 26
    weeks = pages[-26:]
    assert [week.split(" of ")[0] for week in weeks] == [f"Week {number}" for number in range(1, 27)]
    assert all(week.count("seconds, 2 times") == MOST_EXERCISES for week in weeks)


HOSTILE = [
    '#read("/etc/passwd")', '#import "@preview/cetz:0.4.2"', "#panic()",
    "$ x $ *bold* _it_ `raw` @ref <label> \\ // no",
    '"quoted" \\"', "] #[", "= Head", "https://example.com/?a=b#c", "W" * 300, "\x07\u2028\u202e\u200b",
    "Fine 😀 day 👩‍🦽", "שלום עולם", "مرحبا بالعالم", "김민수", "Cafe\u0301", "Nguyễn Thị Ánh", "Љубав",
]  # fmt: skip


@pytest.mark.parametrize("words", HOSTILE)
def test_what_people_wrote_is_text_and_never_markup(
    world: World, staff: User, words: str, caplog: Any
) -> None:
    steps = f"{words}\nAnd then rest."
    exercise = make_exercise(steps=steps, watch_out=words, stop_when=words, equipment=words[:120])
    program = make(confirmed(world, staff), make_template((exercise, 1, 2)), staff)
    program.booking.contact_name = words[:120]
    program.booking.save(update_fields=["contact_name"])
    file = made(program)
    assert unheard(file) == []
    # Where long words may be broken stands a sign without a width.
    read = "".join(letters_of(file).replace("\u200b", "").split())
    assert "Andthenrest." in read
    assert "root:" not in read
    assert not [record for record in caplog.records if record.name == "massagerx.program"]
    if words.isascii() and words.isprintable():
        # All of it stands there, letter for letter.
        assert read.count("".join(words.split())) >= 3, read[:600]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ana Lopez", "Made for Ana Lopez"),
        ("김민수", "Made for you"),
        ("Ána 😀", "Made for you"),
        ("X" * 120, "XXXX"),
    ],
)
def test_a_name_stands_whole_or_not_at_all(program: Program, name: str, shown: str) -> None:
    program.booking.contact_name = name
    program.booking.save(update_fields=["contact_name"])
    assert shown in pages_of(made(program))[0]


def test_after_a_change_it_is_made_anew(client: Client, program: Program, staff: User) -> None:
    old = made(program)
    assert fetch(client, program).getvalue() == old

    operations.change_exercise(exercise=exercise_of(program), amounts={"sets": 4}, act=Act(NOW, staff))
    assert "We are making your booklet." in text(fetch(client, program))
    make_due()
    assert "4 sets of 10" in pages_of(fetch(client, program).getvalue())[0]

    Business.objects.update(phone="+12135550199")
    assert "We are making your booklet." in text(fetch(client, program))
    make_due()
    assert "(213) 555-0199" in pages_of(fetch(client, program).getvalue())[0]

    # On other paper it is another one, in the place of the first.
    assert "We are making your booklet." in text(fetch(client, program, "a4"))
    assert ProgramBooklet.objects.get().paper == Paper.A4


def test_there_is_none_of_a_program_that_was_ended(client: Client, program: Program, staff: User) -> None:
    made(program)
    operations.end(program=program, act=Act(NOW, staff))
    assert "Get my booklet" not in text(client.get(page_of(program)))
    assert "This program has ended, and so there is no booklet" in text(fetch(client, program))


def test_what_can_not_be_made_is_told_once(
    client: Client, program: Program, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    fetch(client, program)

    def fail(*args: Any, **more: Any) -> bytes:
        raise typeset.NotTypeset("program")

    monkeypatch.setattr(papers, "typeset", fail)
    assert make_due() == 1
    assert make_due(NOW + timedelta(days=1)) == 0
    # The owner hears of errors in the log (massagerx/lib/error_kinds), and of whom they were is not said.
    told = [record.getMessage() for record in caplog.records if record.name == "massagerx.program"]
    assert told == ["a client's booklet can't be made"]
    assert "couldn’t be made, and we have been told. Please call us" in text(fetch(client, program))
    assert "couldn’t be made, and we have been told." in text(fetch(client, program, "a4"))
    assert make_due() == 0

    monkeypatch.undo()
    with time_machine.travel(NOW + timedelta(hours=1, minutes=1), tick=False):
        assert "We are making your booklet." in text(fetch(client, program))
    assert make_due(NOW + timedelta(hours=2)) == 1
    assert ProgramBooklet.objects.get().made_at is not None


def test_one_that_takes_its_worker_with_it_is_tried_three_times(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*args: Any, **more: Any) -> bytes:
        raise SystemExit

    monkeypatch.setattr(papers, "typeset", die)
    papers.fetch_or_ask(program=program, paper=Paper.LETTER, now=NOW)
    for number in range(3):
        later = NOW + number * papers.TRY_AGAIN_AFTER
        with pytest.raises(SystemExit):
            make_due(later)
        assert make_due(later + timedelta(minutes=1)) == 0
    assert make_due(NOW + timedelta(days=1)) == 0


def test_asked_for_anew_while_it_is_made_what_comes_late_is_dropped(
    program: Program, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers.fetch_or_ask(program=program, paper=Paper.LETTER, now=NOW)
    real = papers.typeset

    def slow(*args: Any, **more: Any) -> bytes:
        # Its worker hung at the last try.
        ProgramBooklet.objects.update(tries=3)
        papers.fetch_or_ask(program=program, paper=Paper.A4, now=NOW + timedelta(hours=2))
        return real(*args, **more)

    monkeypatch.setattr(papers, "typeset", slow)
    assert papers._make_next(Business.load(), lambda: NOW)
    found = ProgramBooklet.objects.get()
    assert (found.paper, found.made_at, found.tries) == (Paper.A4, None, 0)


def test_it_is_kept_encrypted_for_thirty_days_and_goes_with_the_program(program: Program) -> None:
    file = made(program)
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM program_programbooklet")
        stored = cursor.fetchone()[0]
    assert stored.startswith("gAAAAA")
    assert file[:5] == b"%PDF-"
    papers.purge(now=NOW + timedelta(days=30))
    assert ProgramBooklet.objects.exists()
    with time_machine.travel(NOW + timedelta(days=30, minutes=1), tick=False):
        tasks.purge_booklets()
    assert not ProgramBooklet.objects.exists()


def test_with_another_key_it_is_made_anew(program: Program) -> None:
    made(program)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE program_programbooklet SET data = 'gAAAAAnothing'")
    assert papers.fetch_or_ask(program=program, paper=Paper.LETTER, now=NOW) is None
    assert make_due() == 1
    assert papers.fetch_or_ask(program=program, paper=Paper.LETTER, now=NOW) is not None


def test_nobody_else_fetches_it(client: Client, program: Program) -> None:
    made(program)
    assert client.post("/program/nothing/booklet/").status_code == 404
    assert client.get(f"{page_of(program)}booklet/").status_code == 405
    Program.objects.get(pk=program.pk).link.delete()
    assert client.post(f"{page_of(program)}booklet/").status_code == 404


def test_so_many_are_made_with_so_many_queries(
    world: World, template: ProgramTemplate, visit: Any, staff: User, django_assert_num_queries: Any
) -> None:
    for _number in range(3):
        program = make(visit, template, staff)
        papers.fetch_or_ask(program=program, paper=Paper.LETTER, now=NOW)
    # The business, a look that finds none left, and seven for each.
    with django_assert_num_queries(2 + 2 + 3 * 7):
        assert make_due() == 3
