"""What we know of a client and until when, for the privacy page; and the end of what belongs to nothing else here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings import retention
from bookings.models import AccessNotes, Booking, BookingRules, TimeOff, TimeOffWish
from massagerx.lib.batches import delete_in_batches, in_batches
from massagerx.lib.histories import histories


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept, and until when, in words for the person whom it is about."""

    what: str
    until: str


def purge_access_notes(*, now: datetime) -> int:
    """Deletes how to get in of clients whose last visit, kept or not, ended longer ago than `WAY_IN_KEPT`, whom to call
    at the door in which language, and what was told of a client by who never proved to be them; returns of how many
    visits there was a way in."""
    long_ago = now - retention.WAY_IN_KEPT
    later = Booking.objects.filter(client=OuterRef("client"), ends_at__gt=long_ago)
    over = Booking.objects.filter(~Exists(later.order_by()), ends_at__lte=long_ago).order_by()
    in_batches(
        over.exclude(recipient_phone="", recipient_language="", told_once__isnull=True),
        lambda visits: visits.update(recipient_phone="", recipient_language="", told_once=None),
    )
    return delete_in_batches(AccessNotes.objects.filter(booking__in=over))


def purge_records(*, now: datetime) -> None:
    """Empties why therapists were away, and deletes lines of the admin's log and of histories whose time is over (aware
    `now`). A line of a history is over so long after the next one: what was in force since then can be told, and the
    newest stays, unless it says that the row was deleted."""
    over = {"ends_at__lt": now - retention.ABSENCES_KEPT}
    in_batches(TimeOff.objects.filter(**over).exclude(reason=""), lambda rows: rows.update(reason=""))
    in_batches(
        TimeOffWish.objects.filter(**over).exclude(reason="", why=""),
        lambda rows: rows.update(reason="", why=""),
    )
    delete_in_batches(LogEntry.objects.filter(action_time__lt=now - retention.ADMIN_LOG_KEPT))
    for history in histories():
        key = history.instance_type._meta.pk.attname
        lines = history._base_manager.order_by()
        later = lines.filter(**{key: OuterRef(key)}, history_id__gt=OuterRef("history_id"))
        long_ago = Q(history_date__lt=now - retention.HISTORY_KEPT)
        delete_in_batches(lines.filter(Exists(later.filter(long_ago)) | (long_ago & Q(history_type="-"))))


def kept() -> list[Kept]:
    """All that has its time, in the owner's figures where they are the owner's. One query."""
    rules = BookingRules.load()
    after = _("%(time)s after your last visit")
    months = rules.health_kept_months
    health = ngettext("%(count)d month", "%(count)d months", months) % {"count": months}
    years = ngettext("%(count)d year", "%(count)d years", rules.clients_kept_years) % {
        "count": rules.clients_kept_years
    }
    return [
        Kept(_("A booking that you start and don’t send"), _days(retention.DRAFT_LIFETIME)),
        Kept(
            _(
                "Your health answers, clinicians’ notes, what a visit is for, courses’ dates, and training programs"
            ),
            after % {"time": health},
        ),
        Kept(_("That whoever you book for agreed themselves"), after % {"time": health}),
        Kept(
            _("Gate codes, whom to call at your door, and what else helps us there"),
            after % {"time": _days(retention.WAY_IN_KEPT)},
        ),
        Kept(_("Copies of our emails to you; that they were sent stays"), _days(retention.COPIES_KEPT)),
        Kept(
            _("What you write on our contact page, and that you asked for the booklet"),
            _days(retention.ENQUIRIES_KEPT),
        ),
        Kept(
            _("That you would like us to come to where we don’t drive yet"),
            _days(timedelta(days=rules.area_requests_kept_days)),
        ),
        Kept(
            _("What an office wrote of you for a course, if you don’t book it"),
            _("%(time)s after the first day that it clears; %(ended)s when the office takes it back")
            % {"time": _days(retention.REFERRALS_KEPT), "ended": _days(retention.ENDED_REFERRALS_KEPT)},
        ),
        Kept(
            _("The booklet of your training program, after you ask for it"),
            _days(retention.PROGRAM_PAPERS_KEPT),
        ),
        Kept(_("A review that you write, if you don’t withdraw it before"), _days(retention.REVIEWS_KEPT)),
        Kept(
            _("When your therapist left, was late or arrived; never where they were"),
            _days(retention.STEPS_KEPT),
        ),
        Kept(
            _("Whether your therapist, at your door, said that all is well"), _days(retention.CHECK_INS_KEPT)
        ),
        Kept(
            _("What our therapists mind at your address, for their safety"),
            _("until nobody’s data is left there; where nobody was visited, %(time)s")
            % {"time": _days(retention.DOOR_RULES_KEPT)},
        ),
        Kept(
            _("How long a drive took from one ZIP code to another; not who drove, or to whom"),
            _days(retention.DRIVES_KEPT),
        ),
        Kept(
            _("The cookies that keep your place while you book"),
            _days(timedelta(seconds=settings.SESSION_COOKIE_AGE)),
        ),
        Kept(
            _("Who you are, where we came to, how you heard of us, and what staff noted"),
            after % {"time": years},
        ),
        Kept(
            _("Your visits: when, what, in which ZIP code, with whom, how much and how it was paid"),
            _("as long as the law asks us to keep business records"),
        ),
    ]


def _days(time: timedelta) -> str:
    return ngettext("%(count)d day", "%(count)d days", time.days) % {"count": time.days}
