"""The parts that tests start do what tests rely on."""

import smtplib
import socket
import threading
import time
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from celery.signals import task_success
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.test import TransactionTestCase

from tests.factories import make_world
from tests.support.browser import PageMaker, accessibility_violations, screenshot, sideways_overflow
from tests.support.site import RunningSite
from tests.support.smtp import MailServer


@pytest.mark.integrity
@pytest.mark.django_db(transaction=True)
def test_rows_of_migrations_are_put_back_after_a_test_with_transactions() -> None:
    def rows() -> dict[type, list[str]]:
        models = apps.get_models(include_auto_created=True)
        return {model: sorted(map(repr, model._base_manager.values_list())) for model in models}

    before = rows()
    make_world()
    Group.objects.all().delete()
    Permission.objects.filter(codename="view_booking").update(name="Something else")

    TransactionTestCase("run")._fixture_teardown()  # type: ignore[attr-defined]

    assert rows() == before
    assert before[Group]


def letter(subject: str = "Your visit") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "visits@example.com", "ana@example.com", subject
    message.set_content("See you on Tuesday.")
    message.add_alternative("<p>See you on Tuesday.</p>", subtype="html")
    return message


def send(server: MailServer, *, seconds: float = 60) -> None:
    with smtplib.SMTP("127.0.0.1", server.port, timeout=seconds) as client:
        client.send_message(letter())


def test_mail_server_keeps_what_it_gets(smtp_server: MailServer) -> None:
    send(smtp_server)

    (received,) = smtp_server.wait_for("ana@example.com")
    assert received.subject == "Your visit"
    assert "See you on Tuesday." in received.text
    assert "<p>See you" in received.html
    assert received.calendar == ""


def test_mail_server_refuses_as_often_as_told(smtp_server: MailServer) -> None:
    smtp_server.refuse("554 5.7.1 Never", times=1)

    with pytest.raises(smtplib.SMTPDataError, match=r"5\.7\.1"):
        send(smtp_server)
    send(smtp_server)

    assert len(smtp_server.messages) == 1
    assert smtp_server.attempts == 2


def test_mail_server_hangs_when_told(smtp_server: MailServer) -> None:
    smtp_server.hang()

    with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
        send(smtp_server, seconds=0.5)

    assert smtp_server.messages == []


def test_mail_server_can_lose_its_answer(smtp_server: MailServer) -> None:
    smtp_server.drop()

    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(smtp_server)

    assert len(smtp_server.messages) == 1


def test_stopped_mail_server_refuses_connections(smtp_server: MailServer) -> None:
    smtp_server.stop()

    with (
        pytest.raises(ConnectionRefusedError),
        socket.create_connection(("127.0.0.1", smtp_server.port), timeout=2),
    ):
        pass


def test_worker_runs_a_task_on_a_real_broker(worker: object) -> None:
    from bookings.tasks import purge_drafts

    done = threading.Event()

    def note(sender: object = None, **kwargs: object) -> None:
        done.set()

    task_success.connect(note, weak=False)
    try:
        purge_drafts.delay()
        assert done.wait(60)
    finally:
        task_success.disconnect(note)


@pytest.mark.browser
def test_page_maker_notes_what_a_page_complains_about(new_page: PageMaker, live_server: object) -> None:
    page = new_page(width=390)
    page.goto("/healthz")
    new_page.allow("404")  # a text has no icon
    page.evaluate("console.error('something broke')")
    page.evaluate("fetch('http://127.0.0.1:9/').catch(() => {})")
    sent_away = ("another host", "Security Policy")
    for _try in range(600):
        problems = list(new_page.problems)
        if any(words in problem for problem in problems for words in sent_away):
            break
        page.wait_for_timeout(100)
    new_page.allow("something broke")
    new_page.allow("127.0.0.1:9")
    new_page.allow("CSP")
    new_page.allow("Content Security Policy")
    new_page.allow("ERR_")

    assert any("something broke" in problem for problem in problems)
    assert any(words in problem for problem in problems for words in sent_away)


class _SlowPage(BaseHTTPRequestHandler):
    """A page that comes in two parts, and a form that leads to it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        if self.path != "/rows":
            self.wfile.write(b"<title>A</title><form method=post action=/rows><button>Go</button></form>")
            return
        self.wfile.write(b"<title>B</title><ul><li>1</li>" + b" " * 4096)
        self.wfile.flush()
        time.sleep(1)
        self.wfile.write(b"<li>2</li></ul>")

    def do_POST(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/rows")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Silent."""


@pytest.mark.browser
def test_a_press_ends_where_the_whole_page_is_there(new_page: PageMaker) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _SlowPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = new_page(base_url=f"http://127.0.0.1:{server.server_port}")
        new_page.allow("404")
        page.goto("/")
        page.get_by_role("button", name="Go").click()
        assert page.locator("li").count() == 2
        server.shutdown()


@pytest.mark.browser
def test_what_axe_finds_is_told_in_a_line_each(new_page: PageMaker) -> None:
    page = new_page(width=390)
    page.set_content(
        "<html lang='en'><title>Two pictures</title><main><h1>Two</h1><img class='a'><img class='b'></main></html>"
    )

    found = accessibility_violations(page)

    assert [line.split(" — ")[0] for line in found] == [
        'image-alt (critical): <img class="a">',
        'image-alt (critical): <img class="b">',
    ]
    assert "alt attribute" in found[0]
    assert accessibility_violations(page, rules=["color-contrast"]) == []


@pytest.mark.journey
@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_home_page_of_the_whole_site_is_clean(site: RunningSite, new_page: PageMaker, width: int) -> None:
    page = new_page(width=width)
    response = page.goto("/")
    screenshot(page, f"home-{width}")

    assert response is not None
    assert response.status == 200
    assert accessibility_violations(page) == []
    assert sideways_overflow(page) == 0


@pytest.mark.journey
def test_site_runs_its_four_parts(site: RunningSite) -> None:
    assert set(site.pids) == {"broker", "web", "worker", "beat"}
    assert all(part.running for part in site.site.parts.values())
    assert site.login("owner").password
    assert site.shell("from django.conf import settings; print(settings.SITE_URL)") == site.url
