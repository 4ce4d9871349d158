"""The page that asks who comes and when: the soonest times, five weeks at a glance, and the times of a day. Booking and
moving show the same one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cached_property, lru_cache, partial
from typing import Any
from urllib.parse import quote_plus

from django.http import HttpRequest
from django.utils.dateparse import parse_date
from django.utils.formats import date_format, time_format
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from bookings.domain import alternatives, pricing, scheduling
from bookings.domain.scheduling import Offer, Start
from bookings.domain.visit_request import ANYONE, VisitRequest, preference_choices
from bookings.exceptions import NoLongerOffered
from bookings.models import BookingRules, Therapist
from bookings.refusals import day_words, preference_label, span_words, weekday_words
from bookings.templatetags.portraits import portrait
from bookings.templatetags.times import DayCell, TimeButton, WhoChoice
from massagerx.lib.localtime import local, zone
from services.templatetags.money import dollars

_WEEKS = 5
WEEKS = timedelta(weeks=_WEEKS)
_NOON = 12
_SATURDAY = 5
# So many times around one that has gone come before all others.
_NEAREST = 3
_SOONEST = 3
# So few times are said in sight; more than that tell nobody anything.
_FEW = 3
# Between the slugs of two who come to one address at the same time.
BESIDE = "+"


_quoted = lru_cache(maxsize=1024)(partial(quote_plus, safe=":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the times are for. `visit_request` has all who are qualified, or is None when nobody is; `preference` is
    asked for unless the address says another; `second` is whom the second of two people side by side asks for, and None
    where there is one visit. `came_last` is the slug of the therapist of the client's last visit.

    `cents` is the price at a start, and `plain_cents` the one that is not said beside each time; `days` are the first
    and the last local day that are asked for. `near` is the start that the visit has already: from its day on times are
    shown, and elsewhere those near its hour. `day` is the local day that was asked for in words; `like` the start of
    the last visit, which this one may be like.
    """

    visit_request: VisitRequest | None
    preference: str
    rules: BookingRules
    now: datetime
    cents: Callable[[datetime], int]
    plain_cents: int
    second: str | None = None
    came_last: str = ""
    near: datetime | None = None
    day: date | None = None
    like: datetime | None = None
    days: tuple[date, date] = (date.min, date.max)

    def name_of(self, slug: str) -> str:
        """The name of the therapist of that slug; blank when nobody who is qualified has it."""
        qualified = self.visit_request.qualified if self.visit_request is not None else ()
        return next((therapist.name for therapist in qualified if therapist.slug == slug), "")

    @property
    def today(self) -> date:
        return local(self.now).date()

    @property
    def last_day(self) -> date:
        return scheduling.last_day(rules=self.rules, now=self.now)

    @property
    def around(self) -> date | None:
        """The local day from which on the first with times is shown."""
        return local(self.near).date() if self.near is not None else None

    @property
    def hour(self) -> time:
        """What times elsewhere should be near, local."""
        return local(self.near).time() if self.near is not None else alternatives.NOON

    def opens(self, missed: datetime | None) -> date | None:
        """The day that is shown first, though it has no times: that of a time that has gone, or the one asked for."""
        day = local(missed).date() if missed is not None else self.day
        within = day is not None and max(self.today, self.days[0]) <= day <= min(self.last_day, self.days[1])
        return day if within else None


def read_day(text: str, *, today: date, last_day: date) -> date | None:
    """The day `YYYY-MM-DD` when it is one that can be booked, else None."""
    try:
        day = parse_date(text) if len(text) == 10 else None
    except ValueError:
        return None
    return day if day is not None and today <= day <= last_day else None


def first_of_weeks(day: date, *, today: date) -> date:
    """The Sunday that begins the five weeks with `day` in them; the first five begin with the week of `today`."""
    sunday = today - timedelta(days=today.isoweekday() % 7)
    return sunday + WEEKS * ((day - sunday) // WEEKS)


def _named(request: HttpRequest, name: str) -> str:
    """What the press or the address says under a name; "" where neither does."""
    return request.POST.get(name) or request.GET.get(name) or ""


def _asked_for(request: HttpRequest, asked: Asked, name: str, before: str) -> VisitRequest | None:
    """Those who are asked for: by the press or the address (under that `name`), else as `before`; anyone qualified when
    nobody like that is left; None when nobody at all is."""
    if asked.visit_request is None:
        return None
    for preference in (_named(request, name), before):
        try:
            return asked.visit_request.asking_for(preference)
        except NoLongerOffered:
            continue
    return asked.visit_request


class CalendarPage:
    """What the page shows. `here` is the query of its own address, and `offer` what the calendar counts.

    `missed` is a time that has gone.
    """

    def __init__(self, request: HttpRequest, asked: Asked, *, missed: datetime | None = None) -> None:
        self.asked, self.missed = asked, missed
        self._language = get_language()
        self.today, self.last_day = asked.today, asked.last_day
        self.visit_request = _asked_for(request, asked, "who", asked.preference)
        self.who = self.visit_request.preference if self.visit_request is not None else ANYONE
        # What the second of two people asks for, who is visited side by side with the first.
        self.beside = None if asked.second is None else _asked_for(request, asked, "second", asked.second)
        self.second = self.beside.preference if self.beside is not None else ""
        self.only = request.GET.get("only", "") if request.GET.get("only") in _filters() else ""
        kept = {"who": self.who, "second": self.second, "only": self.only}
        self._kept = {name: value for name, value in kept.items() if value and _named(request, name)}

        day, self.first = _asked_place(request, asked, missed)
        self.last = self.first + WEEKS - timedelta(days=1)
        self._everything = self.find()
        self.offer = _only(self.only, self._everything, asked.rules)
        later = (open_day for open_day in self.offer.by_day if open_day >= (asked.around or date.min))
        self.selected = day or min(later, default=min(self.offer.by_day, default=None))
        self._names = _names(self.visit_request)
        self.choices = self._choices("who", self.who)
        self.second_choices = self._choices("second", self.second) if self.second else []

    def _written(self, value: date, form: str) -> str:
        return _written(value, form, self._language)

    def find(self) -> Offer:
        """All times of these weeks, whatever the filter."""
        return self._between(self.first, self.last)

    def _between(self, first_day: date, last_day: date) -> Offer:
        if self.visit_request is None:
            return Offer.nothing()
        asked = self.asked
        offer = scheduling.find_times_between(
            visit_request=self.visit_request,
            second=self.beside,
            first_day=max(first_day, asked.days[0]),
            last_day=min(last_day, asked.days[1]),
            rules=asked.rules,
            now=asked.now,
        )
        # It has the days that are asked for only.
        return offer if self.visit_request.excluding_booking is None else _keeping(offer, self._may_be)

    def _may_be(self, start: Start) -> bool:
        """Not the time that the visit has already, and on one of the days that are asked for."""
        standing = self.visit_request.excluding_booking if self.visit_request is not None else None
        is_another = standing is None or start.starts_at != standing.starts_at
        return is_another and self.asked.days[0] <= local(start.starts_at).date() <= self.asked.days[1]

    def address(self, **query: Any) -> str:
        """The query of this page's address with another day, weeks or choice; who and filter stay."""
        said = {**self._kept, **query}
        return "?" + "&".join([f"{name}={_quoted(str(value))}" for name, value in said.items() if value])

    @property
    def _place(self) -> dict[str, date]:
        return {"day": self.selected} if self.selected else {"from": self.first}

    @property
    def here(self) -> str:
        return self.address(**self._place)

    @property
    def asks_for_somebody(self) -> bool:
        return self.visit_request is not None and {self.who, self.second or ANYONE} != {ANYONE}

    def who_comes(self, starts_at: datetime) -> str | None:
        """The name of who would come at a start of these weeks; None when nobody can."""
        starts = self.offer.by_day.get(local(starts_at).date(), ())
        return next((self._whom(start)[0] for start in starts if start.starts_at == starts_at), None)

    def _whom(self, start: Start) -> tuple[str, str, str]:
        """Name, words beside a time, and slug, of who comes; of two both, as a button sends them."""
        name, words, slug = self._names[start.therapist_id]
        if start.second_id is None:
            return name, words, slug
        other, _words, other_slug = self._names[start.second_id]
        both = {"name": name, "other": other}
        return (
            _("%(name)s and %(other)s") % both,
            conditional_escape(_("with %(name)s and %(other)s") % both),
            f"{slug}{BESIDE}{other_slug}",
        )

    # Who ---------------------------------------------------------------------------------------------------------

    def _choices(self, name: str, chosen: str) -> list[WhoChoice]:
        """Whom one can ask for, by the address's `name`: who came last time, anyone, each therapist, a gender."""
        found = preference_choices(
            self.asked.visit_request.qualified if self.asked.visit_request is not None else ()
        )
        last = f"therapist:{self.asked.came_last}"

        def place(choice: tuple[str, Therapist | str | None]) -> int:
            value, meaning = choice
            if value == last:
                return 0
            return 1 if meaning is None else (2 if isinstance(meaning, Therapist) else 3)

        note = _("comes as booked") if self.asked.near is not None else _("came last time")
        here = self._place
        return [
            WhoChoice(
                id=f"{name}-{number}",
                href=f"{self.address(**here, **{name: value})}#{name}-title",
                is_chosen=value == chosen,
                face=portrait(meaning, 40) if isinstance(meaning, Therapist) else SafeString(),
                label=preference_label(meaning),
                note=note if value == last else "",
            )
            for number, (value, meaning) in enumerate(sorted(found, key=place), start=1)
        ]

    # The calendar ------------------------------------------------------------------------------------------------

    @cached_property
    def range_words(self) -> str:
        first, last = max(self.first, self.today), min(self.last, self.last_day)
        return _("%(first)s – %(last)s") % {
            "first": self._written(first, "M j"),
            "last": self._written(last, "M j"),
        }

    @property
    def in_words(self) -> str:
        days = len(self.offer.by_day)
        words = ngettext(
            "%(range)s: %(days)d day with free times", "%(range)s: %(days)d days with free times", days
        )
        return words % {"range": self.range_words, "days": days}

    @property
    def previous(self) -> str:
        """The address of the five weeks before; blank when they are over."""
        return self.address(**{"from": self.first - WEEKS}) if self.first > self.today else ""

    @property
    def next(self) -> str:
        """The address of the five weeks that follow; blank when none of them can be booked."""
        return self.address(**{"from": self.first + WEEKS}) if self.last < self.last_day else ""

    @property
    def weekdays(self) -> list[tuple[str, str]]:
        days = (self.first + timedelta(days=number) for number in range(7))
        return [(self._written(day, "l"), self._written(day, "D")) for day in days]

    @property
    def weeks(self) -> list[list[DayCell]]:
        """Rows of seven days, Sunday first as calendars in the United States have it."""
        prefix = self.address(day="")
        prefix += "day=" if prefix == "?" else "&day="
        days = [self._day(self.first + timedelta(days=number), prefix) for number in range(7 * _WEEKS)]
        return [days[number : number + 7] for number in range(0, len(days), 7)]

    def _day(self, day: date, prefix: str) -> DayCell:
        """A day's cell, which is open, closed (chosen, it says why it has no times) or blank, out of reach."""
        count = len(self.offer.by_day.get(day, ()))
        in_reach = self.today <= day <= self.last_day
        is_named = day.day == 1 or day == self.first
        is_selected, is_today = day == self.selected, day == self.today
        kind = "open" if count else ("closed" if in_reach else "blank")
        return DayCell(
            href=f"{prefix}{day}" if in_reach else "",
            classes=_classes(kind, is_selected=is_selected, is_today=is_today),
            current="true" if is_selected else "date" if is_today else "",
            is_named=is_named,
            text=self._written(day, "M j" if is_named else "j"),
            left=ngettext("%d left", "%d left", count) % count if 0 < count <= _FEW else "",
            in_words=_day_in_words(day, count, self._language) if in_reach else "",
        )

    @cached_property
    def filters(self) -> list[dict[str, Any]]:
        """Toggles that leave only some of the times; only those that would leave any."""
        links = []
        for name, label in _filters().items():
            is_on = name == self.only
            if is_on or _leaves_any(name, self._everything, self.asked.rules):
                href = self.address(**{"from": self.first}, only="" if is_on else name)
                links.append({"name": name, "label": label, "href": href, "is_on": is_on})
        return links

    # Times -------------------------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        if self.selected:
            return self._written(self.selected, "l, F j")
        return _("No times in these five weeks")

    @property
    def count_words(self) -> str:
        count = len(self._starts)
        return ngettext("%d time", "%d times", count) % count if count else ""

    @cached_property
    def _starts(self) -> tuple[Start, ...]:
        return self.offer.by_day.get(self.selected, ()) if self.selected else ()

    @cached_property
    def zone(self) -> str:
        """`PST` or `PDT`, where all times of the day have the same; blank where each says its own."""
        names = {local(start.starts_at).tzname() or "" for start in self._starts}
        return names.pop() if len(names) == 1 else ""

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The selected day's times in groups, each time once: those nearest to one that has gone, then the others by
        part of the day. A group has a `label`, what it costs `more`, and `starts`."""
        starts = self._starts
        near: set[datetime] = set()
        missed = self.missed
        if missed is not None and self.selected == local(missed).date():
            ranked = sorted((abs(start.starts_at - missed), start.starts_at) for start in starts)
            near = {starts_at for _distance, starts_at in ranked[:_NEAREST]}
        nearest = _("Nearest to the time you chose")
        parts, rules = _part_words(), self.asked.rules
        groups: dict[tuple[bool, str, int], list[TimeButton]] = {}
        with_zone = not self.zone
        for start in starts:
            is_near = start.starts_at in near
            here = local(start.starts_at)
            label = nearest if is_near else parts[_part(here, rules)]
            more = self.asked.cents(start.starts_at) - self.asked.plain_cents
            groups.setdefault((not is_near, label, more), []).append(
                self._button(start, here, "", with_zone=with_zone)
            )
        return [
            {"label": label, "more": more_words(more), "starts": groups[not_near, label, more]}
            for not_near, label, more in sorted(groups, key=lambda key: key[0])
        ]

    def button(self, start: Start, *, with_zone: bool = False) -> TimeButton:
        """What a button for a start shows and sends, with what it costs more."""
        more = more_words(self.asked.cents(start.starts_at) - self.asked.plain_cents)
        return self._button(start, local(start.starts_at), more, with_zone=with_zone)

    def _button(self, start: Start, here: datetime, more: str, *, with_zone: bool) -> TimeButton:
        _name, words, slug = self._whom(start)
        hour, half = _clock(here.time(), self._language)
        zone = (here.tzname() or "") if with_zone else ""
        return TimeButton(f"{start.starts_at.isoformat()} {slug}", hour, half, zone, words, more)

    @cached_property
    def proposed(self) -> tuple[str, list[TimeButton]]:
        """A few times before all others, and the words above them: like the last visit, else the soonest. Their buttons
        say the `day` too."""
        if self.asked.like is not None:
            found = alternatives.like_last(self.offer.by_day, self.asked.like, today=self.today)
            if found:
                return _("Like last time"), [self._proposal(day, start) for day, start in found]
        return _("Soonest"), self.soonest

    def _proposal(self, day: date, start: Start) -> TimeButton:
        return self.button(start)._replace(day=self._written(day, "D, M j"))

    @property
    def soonest(self) -> list[TimeButton]:
        """The very first time, then of each part of a day the one that costs us least driving; on the first weeks."""
        found: list[TimeButton] = []
        if self.first > self.today:
            return found
        for day, starts in self.offer.by_day.items():
            parts: dict[str, list[Start]] = {}
            for start in starts:
                parts.setdefault(_part(local(start.starts_at), self.asked.rules), []).append(start)
            for of_part in parts.values():
                good = of_part if not found else [start for start in of_part if start.is_good_fit] or of_part
                found.append(self._proposal(day, good[0]))
                if len(found) == _SOONEST:
                    return found
        return found

    @property
    def instead(self) -> dict[str, Any] | None:
        """What stands where the times would: for a chosen day without any, and for five weeks without any."""
        if self._starts:
            return None
        first, last = (self.selected, self.selected) if self.selected else (self.first, self.last)
        if any(first <= day <= last for day in self._everything.by_day):
            return {"why": _none_words(self.only), "all_times": self.address(**self._place, only="")}
        if self.beside is not None:
            return self._instead_of_two(first, last)
        if first > self.asked.days[1] or last < self.asked.days[0]:
            return self._instead_near(first, last, self._why("course", ()))
        asked = self.asked
        found = alternatives.find_alternatives(
            visit_request=self.visit_request,
            first_day=first,
            last_day=last,
            rules=asked.rules,
            now=asked.now,
            hour=local(self.missed).time()
            if self.missed is not None and local(self.missed).date() == self.selected
            else asked.hour,
        )
        others = _keeping(Offer(dict(found.nearest)), self._may_be)
        return {
            "why": self._why(found.reason, found.zones),
            "nobody": self.visit_request is None,
            "nearest": self._nearest(others.by_day),
            "others": self.address(**self._place, who=ANYONE) if found.others_can else "",
        }

    def _nearest(self, by_day: Mapping[date, Sequence[Start]]) -> list[dict[str, Any]]:
        return [
            {
                "day": day,
                "href": self.address(day=day, only=""),
                "starts": [self.button(start, with_zone=True) for start in starts],
            }
            for day, starts in by_day.items()
        ]

    def _instead_of_two(self, first: date, last: date) -> dict[str, Any]:
        """The same where two of us can't be there at the same time."""
        instead = self._instead_near(first, last, _("Then no two of us are free at the same time."))
        if self.asks_for_somebody:
            instead["others"] = self.address(**self._place, who=ANYONE, second=ANYONE)
        return instead

    def _instead_near(self, first: date, last: date, why: str) -> dict[str, Any]:
        """Why not on these days, and the nearest of all times that there are."""
        everything = self._between(self.today, self.last_day).by_day
        nearest = alternatives.nearest_of(everything, first, last, hour=self.asked.hour)
        return {"why": why, "nearest": self._nearest(nearest)}

    def _why(self, reason: str, zones: Sequence[str]) -> str:
        if self.selected is None:
            return span_words(reason, asked_for=self.asks_for_somebody, zones=zones)
        if reason == alternatives.WEEKDAY:
            return weekday_words(self.selected)
        return day_words(reason, asked_for=self.asks_for_somebody, zones=zones)


def more_words(cents: int) -> str:
    """What a time costs beside the plain price: `+$20`, or blank."""
    if not cents:
        return ""
    return f"+{dollars(cents)}" if cents > 0 else f"\N{MINUS SIGN}{dollars(-cents)}"


def _asked_span(request: HttpRequest, *, today: date, last_day: date) -> date | None:
    """The day whose five weeks the address asks for: `from`, or the `month` of an old address; None when it doesn't.
    What makes no sense is today."""
    asked = request.GET.get("from") or (f"{request.GET['month']}-01" if request.GET.get("month") else "")
    if not asked:
        return None
    wanted = read_day(asked, today=date.min, last_day=date.max) or today
    return min(max(wanted, today), last_day)


def _asked_place(request: HttpRequest, asked: Asked, missed: datetime | None) -> tuple[date | None, date]:
    """The day that is to be shown, and the first of the five weeks around it, or around what else is asked for."""
    today, last_day = asked.today, asked.last_day
    span = _asked_span(request, today=today, last_day=last_day)
    day = read_day(request.GET.get("day", ""), today=today, last_day=last_day)
    if day is None and span is None:
        day = asked.opens(missed)
    near = day or span or min(max(asked.around or today, today), last_day)
    return day, first_of_weeks(near, today=today)


def _names(visit_request: VisitRequest | None) -> dict[int, tuple[str, str, str]]:
    """Name, words beside a time (escaped), and slug, by the therapist's key."""
    if visit_request is None:
        return {}
    words = _("with %(name)s")
    return {
        therapist.pk: (
            therapist.name,
            conditional_escape(words % {"name": therapist.name}),
            therapist.slug,
        )
        for therapist in visit_request.qualified
    }


def _filters() -> dict[str, str]:
    return {"evenings": _("Evenings"), "weekends": _("Weekends")}


def _none_words(only: str) -> str:
    if only == "evenings":
        return _("There is no evening time then.")
    return _("There is no weekend time then.")


def _only(name: str, offer: Offer, rules: BookingRules) -> Offer:
    """The times that a filter leaves; all without one."""
    if name == "evenings":
        return _keeping(offer, lambda start: pricing.is_evening(start.starts_at, rules))
    if name == "weekends":
        return Offer({day: starts for day, starts in offer.by_day.items() if day.weekday() >= _SATURDAY})
    return offer


def _leaves_any(name: str, offer: Offer, rules: BookingRules) -> bool:
    """Whether that filter leaves any time."""
    if name == "evenings":
        here = zone()
        return any(_has_evening(starts, rules, here) for starts in offer.by_day.values())
    return any(day.weekday() >= _SATURDAY for day in offer.by_day)


def _has_evening(starts: Sequence[Start], rules: BookingRules, here: tzinfo) -> bool:
    """Whether one of a day's times is in the evening, in the zone `here`."""
    first, last = starts[0].starts_at.astimezone(here), starts[-1].starts_at.astimezone(here)
    if rules.is_evening(first.time()) or rules.is_evening(last.time()):
        return True
    # Of those in between only where the evening begins there, or clocks change.
    maybe = first.time() < rules.evening_starts_at <= last.time() or first.utcoffset() != last.utcoffset()
    return maybe and any(pricing.is_evening(start.starts_at, rules) for start in starts)


def _keeping(offer: Offer, wanted: Callable[[Start], bool]) -> Offer:
    days = {day: tuple(start for start in starts if wanted(start)) for day, starts in offer.by_day.items()}
    return Offer({day: starts for day, starts in days.items() if starts})


def _part(here: datetime, rules: BookingRules) -> str:
    """The part of a day, one of `_part_words`, in which a start of that local time is."""
    if rules.is_evening(here.time()):
        return "evening"
    return "morning" if here.hour < _NOON else "afternoon"


def _part_words() -> dict[str, str]:
    return {"morning": _("Morning"), "afternoon": _("Afternoon"), "evening": _("Evening")}


@lru_cache(maxsize=4096)
def _written(day: date, form: str, _language: str) -> str:
    """A day as Django's `date_format` writes it in that language, which is the active one; escaped, so that templates
    don't have to each time."""
    return conditional_escape(date_format(day, form))


@lru_cache(maxsize=1024)
def _clock(wall: time, _language: str) -> tuple[str, str]:
    """The hour and minute of a wall time, and its half of the day; escaped."""
    return conditional_escape(time_format(wall, "g:i")), conditional_escape(time_format(wall, "A"))


@lru_cache(maxsize=4096)
def _day_in_words(day: date, count: int, _language: str) -> str:
    words = {"day": date_format(day, "l, F j"), "number": count}
    if not count:
        return conditional_escape(_("%(day)s: no times") % words)
    return conditional_escape(
        ngettext("%(day)s: %(number)d time", "%(day)s: %(number)d times", count) % words
    )


@lru_cache
def _classes(kind: str, *, is_selected: bool, is_today: bool) -> str:
    """What a day's cell looks like, beside its `kind`; escaped."""
    marks = [mark for mark, is_so in (("selected", is_selected), ("today", is_today)) if is_so]
    return conditional_escape(" ".join(f"day--{mark}" for mark in (kind, *marks)))
