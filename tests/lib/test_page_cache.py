"""Cached pages: no query for the second visitor, 304 for the same one, and never an old price."""

from __future__ import annotations

import gzip
import pickle
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from unittest import mock

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisConnectionError

from bookings.context_processors import booking_is_open, certificates, travel_from
from bookings.models import BookingRules, Therapist, Zone
from massagerx.lib import page_cache, reference_data
from massagerx.lib.cache_json import JSONSerializer
from massagerx.lib.page_cache import PageCacheMiddleware
from massagerx.settings.base import CACHED_PAGES, redis_urls
from massagerx.settings.base import cache as cache_settings
from services.models import ServiceOption
from tests.blog.files import YOUTUBE, make_video
from tests.blog.posts import make_post
from tests.factories import NOW, World, make_world

PAGES = ["/", "/services/", "/services/manual-lymphatic-drainage/", "/therapists/", "/faq/", "/book/"]


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture(autouse=True)
def kept(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CACHED_PAGES = CACHED_PAGES
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "kept"}
    }
    cache.clear()
    # One that hasn't been silent yet.
    monkeypatch.setattr(page_cache, "_cache", page_cache._Cache())


def text(client: Client, path: str = "/services/") -> str:
    return client.get(path).content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_second_visitor_costs_no_query(path: str, world: World, django_assert_num_queries: Any) -> None:
    with time_machine.travel(NOW, tick=False):
        first = Client().get(path)
        with django_assert_num_queries(0):
            second = Client().get(path)
    assert second.content == first.content
    for header in ("Content-Type", "Vary", "X-Frame-Options", "Content-Security-Policy", "ETag"):
        assert second[header] == first[header]


@pytest.mark.parametrize("path", PAGES)
def test_unchanged_page_is_not_sent_again(path: str, world: World, settings: Any) -> None:
    for names in (CACHED_PAGES, ()):
        settings.CACHED_PAGES = names
        etag = Client().get(path)["ETag"]
        again = Client().get(path, headers={"if-none-match": etag})
        assert (again.status_code, again.content) == (304, b"")
    ServiceOption.objects.update(price_cents=99_900)
    if path in PAGES[:3]:
        assert Client().get(path, headers={"if-none-match": etag}).status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_page_is_packed_once_and_sent_so_to_who_can_unpack_it(path: str, world: World) -> None:
    minute = NOW + timedelta(minutes=1)  # at the full hour other times are the next that are free
    with time_machine.travel(minute, tick=False):
        plain, packed, again = (
            Client().get(path, headers={"accept-encoding": which}) for which in ("", "gzip", "gzip")
        )
        assert gzip.decompress(packed.content) == plain.content
        assert packed.content == again.content
        assert (packed["Content-Encoding"], packed["Content-Length"]) == ("gzip", str(len(packed.content)))
        for response in (plain, packed):
            assert "Accept-Encoding" in response["Vary"]
        assert packed["ETag"] != plain["ETag"]
        headers = {"accept-encoding": "gzip", "if-none-match": packed["ETag"]}
    # The same page a minute later is the same bytes, so that nobody takes it twice.
    with time_machine.travel(minute + timedelta(minutes=1), tick=False):
        assert Client().get(path, headers=headers).status_code == 304


def test_page_with_a_video_may_frame_it_whoever_asks(world: World) -> None:
    make_video()
    path = make_post(
        "with", body=f'<p><a href="{YOUTUBE}" rel="noopener">Slow breaths</a></p>'
    ).get_absolute_url()
    with time_machine.travel(NOW, tick=False):
        policies = [Client().get(path)["Content-Security-Policy"] for _ in range(2)]
    assert "frame-src https://www.youtube-nocookie.com" in policies[0]
    assert policies[0] == policies[1]


def test_kept_page_costs_the_cache_one_question(world: World, settings: Any, redis_url: str) -> None:
    settings.CACHES = cache_settings(redis_urls(redis_url)[1])
    # A busy machine is not a cache that is away.
    settings.CACHES["default"]["OPTIONS"] |= {"socket_connect_timeout": 30, "socket_timeout": 30}
    asked = cache._cache.get_client()  # type: ignore[attr-defined]
    with time_machine.travel(NOW, tick=False):
        made = Client().get("/services/")
        before = asked.info("commandstats")
        assert Client().get("/services/").content == made.content
        after = asked.info("commandstats")
    times = {name: row["calls"] - before.get(name, {"calls": 0})["calls"] for name, row in after.items()}
    assert {name: number for name, number in times.items() if number} == {
        "cmdstat_mget": 1,
        "cmdstat_info": 1,
    }
    assert cache._cache.get_client() is asked  # type: ignore[attr-defined]


def test_price_saved_in_the_admin_is_shown_at_once(world: World, client: Client) -> None:
    owner = Client()
    with time_machine.travel(NOW, tick=False):
        owner.force_login(User.objects.create_superuser("owner"))
        assert "$140" in text(client)
        ServiceOption.objects.filter(pk=world.option.pk).update(price_cents=13_000)
        assert "$140" in text(client)  # kept
        # Any POST of somebody who is logged in there will do; a stranger's does nothing.
        Client().post(reverse("admin:services_category_changelist"))
        assert "$140" in text(client)
        owner.post(reverse("admin:services_category_changelist"))
        assert "$150" in text(client)


def test_page_is_made_anew_each_minute(world: World, client: Client) -> None:
    minute = datetime(2026, 12, 2, 20, 0, 30, tzinfo=NOW.tzinfo)
    with time_machine.travel(minute, tick=False):
        assert "$140" in text(client)
        ServiceOption.objects.update(price_cents=50_000)
        assert "$140" in text(client)
    with time_machine.travel(minute + timedelta(seconds=30), tick=False):
        assert "$520" in text(client)


def test_page_made_while_the_owner_saves_is_not_kept_as_new(world: World, client: Client) -> None:
    """Rows read before the save, page kept after it: the page belongs to the generation it was begun in."""
    owner = Client()
    with time_machine.travel(NOW, tick=False):
        owner.force_login(User.objects.create_superuser("owner"))
    from services import views

    render = views.render

    def slow(*args: Any, **kwargs: Any) -> Any:
        response = render(*args, **kwargs)
        ServiceOption.objects.filter(pk=world.option.pk).update(price_cents=13_000)
        owner.post(reverse("admin:services_category_changelist"))
        return response

    with time_machine.travel(NOW, tick=False):
        with mock.patch.object(views, "render", slow):
            assert "$140" in text(client)
        assert "$150" in text(client)


def test_staff_and_queries_get_their_own_page(world: World, client: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        text(client, "/")
        ServiceOption.objects.filter(pk=world.option.pk).update(price_cents=13_000)
        assert "$150" in text(client, "/?zip=90026")
        client.force_login(User.objects.create_user("somebody"))
        assert "$150" in text(client, "/")
        assert "$140" in text(Client(), "/")


def test_first_page_of_booking_speaks_to_who_began_one(world: World, client: Client, settings: Any) -> None:
    """Who has chosen something, or is told something, gets a page of their own, which nobody keeps."""
    with time_machine.travel(NOW, tick=False):
        assert Client().get("/book/")["Cache-Control"] == "no-cache"
        ServiceOption.objects.filter(pk=world.option.pk).update(price_cents=13_000)
        assert "$140" in text(Client(), "/book/")
        client.cookies[settings.MESSAGES_COOKIE_NAME] = "anything"
        own = client.get("/book/")
        assert "$150" in own.content.decode()
        assert own["Cache-Control"] == "no-store"
        del client.cookies[settings.MESSAGES_COOKIE_NAME]
        session = client.session
        session["anything"] = 1
        session.save()
        assert client.get("/book/")["Cache-Control"] == "no-store"
        assert client.get(f"/book/?service={world.service.slug}")["Cache-Control"] == "no-store"


def test_first_page_of_booking_is_cached_while_nobody_is_at_the_desk(
    world: World, django_assert_num_queries: Any
) -> None:
    """Then it is asked who the visitor is, by whose visits times that come soon are offered."""
    night = NOW.replace(hour=9)
    with time_machine.travel(night, tick=False):
        first = Client().get("/book/")
        with django_assert_num_queries(0):
            assert Client().get("/book/").content == first.content


def test_what_pages_show_to_everybody_is_kept_for_those_that_are_not(
    world: World, django_assert_num_queries: Any
) -> None:
    """The certificates at the foot and the fee in the first price: of the last minute, and not of before a save."""
    owner = Client()
    request = RequestFactory().get("/book/when/")

    def shown() -> tuple[Any, ...]:
        return (
            [name for name, _number in certificates(request)["certificates"]],
            travel_from(request)["travel_from_cents"](),
            bool(booking_is_open(request)["booking_is_open"]),
        )

    with time_machine.travel(NOW, tick=False):
        owner.force_login(User.objects.create_superuser("owner"))
        first = shown()
        assert first == ([world.therapist.name], 2_000, True)
        Therapist.objects.update(name="Another Name")
        Zone.objects.update(travel_fee_cents=900)
        BookingRules.objects.update(is_open=False)
        with django_assert_num_queries(0):
            assert shown() == first
        owner.post(reverse("admin:services_category_changelist"))
        assert shown() == (["Another Name"], 900, False)


def test_certificates_come_from_the_process_where_their_revision_is_known(
    world: World, django_assert_num_queries: Any
) -> None:
    """So they are those of now, whoever changed them."""
    with time_machine.travel(NOW, tick=False), mock.patch.object(reference_data, "known") as known:
        known.keeps, known.revision = True, "1"
        assert [list(pair) for pair in certificates(RequestFactory().get("/"))["certificates"]] == [
            [world.therapist.name, world.therapist.certificate_number]
        ]
        with django_assert_num_queries(0):
            assert list(certificates(RequestFactory().get("/"))["certificates"])
        Therapist.objects.update(name="Another Name")
        known.revision = "2"
        assert next(iter(certificates(RequestFactory().get("/"))["certificates"]))[0] == "Another Name"


def test_what_is_kept_comes_without_the_cache(world: World) -> None:
    gone = RedisConnectionError("gone")
    with mock.patch.object(type(cache._connections["default"]), "get", side_effect=gone) as asked:  # type: ignore[attr-defined]
        assert [page_cache.cached_value("number", lambda: 7) for _ in range(2)] == [7, 7]
    assert asked.call_count == 1


def with_cookie(response: HttpResponse) -> None:
    response.set_cookie("visit", "1")


def with_vary(response: HttpResponse) -> None:
    response["Vary"] = "Accept-Language, Cookie"


def with_no_store(response: HttpResponse) -> None:
    response["Cache-Control"] = "no-store"


def with_error(response: HttpResponse) -> None:
    response.status_code = 503


@pytest.mark.parametrize("change", [with_cookie, with_vary, with_no_store, with_error])
def test_page_for_one_visitor_is_never_kept(change: Callable[[HttpResponse], None]) -> None:
    numbers = count()

    def page(request: HttpRequest) -> HttpResponse:
        response = HttpResponse(str(next(numbers)))
        change(response)
        return response

    middleware = PageCacheMiddleware(page)
    for expected in (b"0", b"1"):
        assert middleware(RequestFactory().get("/services/")).content == expected


def test_pages_come_without_the_cache(world: World, client: Client) -> None:
    gone = RedisConnectionError("gone")
    with (
        mock.patch.object(type(cache._connections["default"]), "get", side_effect=gone) as asked,  # type: ignore[attr-defined]
        time_machine.travel(NOW, tick=False),
    ):
        assert "$140" in text(client)
        assert "$140" in text(client)
    assert asked.call_count == 1


def test_page_made_last_is_shown_while_the_database_is_away(world: World, client: Client) -> None:
    client.raise_request_exception = False
    with time_machine.travel(NOW, tick=False):
        shown = text(client)
    with (
        time_machine.travel(NOW + timedelta(hours=2), tick=False),
        mock.patch("services.views.render", side_effect=OperationalError("away")),
    ):
        response = client.get("/services/")
        assert (response.status_code, response.content.decode()) == (200, shown)
        # Nobody has seen this one yet.
        assert client.get("/services/manual-lymphatic-drainage/").status_code == 503
    with time_machine.travel(NOW + timedelta(hours=2), tick=False):
        ServiceOption.objects.filter(pk=world.option.pk).update(price_cents=13_000)
        assert "$150" in text(client)


def test_first_page_of_booking_is_not_shown_while_the_database_is_away(world: World, client: Client) -> None:
    """It would lead on to pages that can't be shown, also after the owner has closed booking."""
    client.raise_request_exception = False
    with time_machine.travel(NOW, tick=False):
        text(client, "/book/")
    with (
        time_machine.travel(NOW + timedelta(minutes=1), tick=False),
        mock.patch("bookings.views.steps.render", side_effect=OperationalError("away")),
    ):
        assert client.get("/book/").status_code == 503


def test_page_that_broke_is_not_taken_for_a_database_that_is_away(world: World, client: Client) -> None:
    client.raise_request_exception = False
    with time_machine.travel(NOW, tick=False):
        text(client)
    with (
        time_machine.travel(NOW + timedelta(minutes=2), tick=False),
        mock.patch("services.views.render", side_effect=ValueError),
    ):
        assert client.get("/services/").status_code == 500


def test_kept_page_is_not_told_to_a_host_that_is_not_ours(world: World, client: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        text(client)
        assert client.get("/services/", headers={"host": "evil.example"}).status_code == 400


def test_cache_holds_no_pickle_that_could_run_code(redis_url: str) -> None:
    serializer = JSONSerializer()
    for value in (7, "text", ["page", {"Content-Type": "text/html"}], None, 1.5):
        assert serializer.loads(serializer.dumps(value)) == value
    assert serializer.dumps(7) == b"7"
    assert serializer.loads(pickle.dumps(["page", {}])) is None


def test_cache_of_a_real_site_speaks_json(settings: Any, redis_url: str) -> None:
    settings.CACHES = cache_settings(redis_urls(redis_url)[1])
    cache.set("counted", 1)
    assert cache.incr("counted") == 2
    cache.set("page", ["text", {"ETag": "1"}])
    assert cache.get("page") == ["text", {"ETag": "1"}]
    stored = [cache._cache.get_client().get(key) for key in (":1:page", "massagerx:1:page")]  # type: ignore[attr-defined]
    assert b'["text", {"ETag": "1"}]' in stored
