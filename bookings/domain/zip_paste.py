"""ZIP codes out of pasted text: which would be added, and what is wrong with the rest."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from bookings.drives.rows import ask_for_rows
from bookings.enums import OCCUPYING
from bookings.models import Booking, ServiceArea, Zone
from massagerx.lib.zips import ZipCentroid, centroid, standard_zips

# More than all of a county; each is looked up. As many are said to be wrong.
MOST_CODES = 1000
# What begins with a digit, with all that is glued to it: 90026, 90026-1234, and what was meant to be one.
_NUMBER = re.compile(r"(?<![\w-])\d[\w-]*")
_CODE = re.compile(r"([0-9]{5})(?:-[0-9]{4})?")


@dataclass(slots=True)
class Paste:
    """What a text says. `new` are codes that nobody serves yet, `again` those that were taken out of service, `there`
    (code, zone) those that are served already, `wrong` (as typed, why) the others; each once, in their order."""

    new: list[ZipCentroid] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    there: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many codes a press would add."""
        return len(self.new) + len(self.again)


def read_paste(text: str, *, now: datetime) -> Paste:
    """Reads codes with or without their four more digits, whatever words are beside them; a line without digits is a
    city of California, or several with commas between them, and stands for all of its codes. A code that was taken out
    and has visits after `now` (aware) is served again on its own page, where they are shown."""
    typed: dict[str, None] = {}
    unknown: dict[str, str] = {}
    for line in text.splitlines():
        if numbers := _NUMBER.findall(line):
            typed |= dict.fromkeys(numbers)
        elif not any(letter.isdigit() for letter in line):
            for name in filter(None, (part.strip() for part in re.split(r"[,;\t]", line))):
                found = _cities().get(name.casefold(), ())
                typed |= dict.fromkeys(found)
                if not found:
                    unknown[name[:60]] = _("is no city of California that has ZIP codes")
        else:
            unknown[line.strip()[:60]] = _("has no ZIP code in it")
    return _sort(list(typed), unknown, now)


@lru_cache(maxsize=1)
def _cities() -> dict[str, list[str]]:
    """The codes of each city of California, by its name in small letters."""
    found = defaultdict(list)
    for row in standard_zips("CA"):
        found[row.city.casefold()].append(row.zip_code)
    return dict(found)


def _sort(typed: list[str], unknown: dict[str, str], now: datetime) -> Paste:
    paste = Paste()
    codes: dict[str, None] = {}
    for number in typed:
        if match := _CODE.fullmatch(number):
            codes[match[1]] = None
        else:
            unknown[number[:60]] = _("has not the five digits of a ZIP code")
    if len(codes) > MOST_CODES:
        words = _("and all after it: %(most)d codes are the most at once")
        unknown[list(codes)[MOST_CODES]] = words % {"most": MOST_CODES}
        codes = dict.fromkeys(list(codes)[:MOST_CODES])
    visits = Booking.objects.filter(area=OuterRef("pk"), status__in=OCCUPYING, starts_at__gt=now)
    rows = ServiceArea.objects.filter(zip_code__in=codes).select_related("zone")
    served = rows.annotate(has_visits=Exists(visits)).in_bulk(field_name="zip_code")
    for code in codes:
        area: Any = served.get(code)
        if area is not None and area.is_active:
            paste.there.append((code, str(area.zone)))
        elif area is not None and not area.has_visits:
            paste.again.append(code)
        elif area is not None:
            unknown[code] = _("was taken out, and visits are booked there: serve it again on its own page")
        elif isinstance(found := _look_up(code), str):
            unknown[code] = found
        else:
            paste.new.append(found)
    paste.wrong = list(unknown.items())
    if len(paste.wrong) > MOST_CODES:
        rest = _("and all after it: only the first %(most)d mistakes are shown") % {"most": MOST_CODES}
        paste.wrong[MOST_CODES:] = [(paste.wrong[MOST_CODES][0], rest)]
    return paste


def _look_up(code: str) -> ZipCentroid | str:
    """A ZIP code of homes in California, or why it is none."""
    known = centroid(code)
    if known is None:
        return _("is no ZIP code that there is")
    if known.state != "CA":
        return _("is outside California: %(city)s, %(state)s") % {"city": known.city, "state": known.state}
    return known if known.is_standard else _("has no homes: it is for PO boxes or for one firm")


def add_paste(paste: Paste, *, zone: Zone) -> int:
    """Serves the new codes, and again those that were taken out, all in this zone; returns how many of them are in it
    then. Their drives are made in the background. Sent twice it adds nothing the second time."""
    with transaction.atomic():
        ServiceArea.objects.bulk_create(
            (
                ServiceArea(
                    zip_code=row.zip_code,
                    city=row.city,
                    zone=zone,
                    latitude=row.latitude,
                    longitude=row.longitude,
                )
                for row in paste.new
            ),
            ignore_conflicts=True,
        )
        ServiceArea.objects.filter(zip_code__in=paste.again, is_active=False).update(
            is_active=True, zone=zone
        )
        ask_for_rows()
        codes = [*paste.again, *(row.zip_code for row in paste.new)]
        return ServiceArea.objects.filter(zip_code__in=codes, zone=zone, is_active=True).order_by().count()
