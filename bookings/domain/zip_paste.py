"""ZIP codes out of pasted text: which would be added, and what is wrong with the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _

from bookings.drives.rows import ask_for_rows
from bookings.models import ServiceArea, Zone
from massagerx.lib.zips import ZipCentroid, centroid, standard_zips

# More than all of a county; each is looked up.
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


def read_paste(text: str) -> Paste:
    """Reads codes with or without their four more digits, whatever words are beside them; a line without digits is a
    city of California, or several with commas between them, and stands for all of its codes."""
    typed: dict[str, None] = {}
    unknown: dict[str, str] = {}
    for line in text.splitlines():
        if numbers := _NUMBER.findall(line):
            typed |= dict.fromkeys(numbers)
        elif not any(letter.isdigit() for letter in line):
            for name in filter(None, (part.strip() for part in re.split(r"[,;\t]", line))):
                found = [
                    row.zip_code for row in standard_zips("CA") if row.city.casefold() == name.casefold()
                ]
                typed |= dict.fromkeys(found)
                if not found:
                    unknown[name[:60]] = _("is no city of California that has ZIP codes")
        else:
            unknown[line.strip()[:60]] = _("has no ZIP code in it")
    return _sort(list(typed), unknown)


def _sort(typed: list[str], unknown: dict[str, str]) -> Paste:
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
    served = (
        ServiceArea.objects.filter(zip_code__in=codes).select_related("zone").in_bulk(field_name="zip_code")
    )
    for code in codes:
        known, area = centroid(code), served.get(code)
        if area is not None and area.is_active:
            paste.there.append((code, str(area.zone)))
        elif area is not None:
            paste.again.append(code)
        elif known is None:
            unknown[code] = _("is no ZIP code that there is")
        elif known.state != "CA":
            unknown[code] = _("is outside California: %(city)s, %(state)s") % {
                "city": known.city,
                "state": known.state,
            }
        elif not known.is_standard:
            unknown[code] = _("has no homes: it is for PO boxes or for one firm")
        else:
            paste.new.append(known)
    paste.wrong = list(unknown.items())
    return paste


def add_paste(paste: Paste, *, zone: Zone) -> int:
    """Serves the new codes, and again those that were taken out, all in this zone; returns how many. Their drives are
    made in the background. Sent twice it adds nothing the second time."""
    with transaction.atomic():
        made = ServiceArea.objects.bulk_create(
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
        again = ServiceArea.objects.filter(zip_code__in=paste.again, is_active=False)
        count = again.update(is_active=True, zone=zone)
        ask_for_rows()
    return len(made) + count
