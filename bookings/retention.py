"""How long what we know of people is kept. Each purge reads its figure here, and so does the privacy page
(`domain.privacy`): they can't disagree. The owner's own figures are fields of `BookingRules`."""

from datetime import timedelta

#: A booking that is begun and not sent, after it was touched last.
DRAFT_LIFETIME = timedelta(days=1)
#: Gate codes and notes about a home, after the client's last visit.
WAY_IN_KEPT = timedelta(weeks=12)
#: What one minds at an address where nobody was visited yet.
DOOR_RULES_KEPT = timedelta(days=365)
#: When a therapist left, was late or arrived.
STEPS_KEPT = timedelta(days=550)
#: That a therapist said all is well, after they went in.
CHECK_INS_KEPT = timedelta(days=550)
#: How long drives took, which names nobody.
DRIVES_KEPT = timedelta(days=550)
#: Copies of emails that were sent; that they were stays.
COPIES_KEPT = timedelta(days=90)
#: Messages from the contact page, and requests for the booklet.
ENQUIRIES_KEPT = timedelta(days=400)
#: A client's review, after they wrote it.
REVIEWS_KEPT = timedelta(days=3 * 365)
#: What an office wrote of a patient, after the first day that it cleared; and after it ended.
REFERRALS_KEPT, ENDED_REFERRALS_KEPT = timedelta(days=90), timedelta(days=7)
#: The paper of a training program, after it was asked for.
PROGRAM_PAPERS_KEPT = timedelta(days=30)
#: What happened at a visit that the owner has to answer for.
INCIDENTS_KEPT = timedelta(days=5 * 365 + 2)
#: Why a therapist was away, or would have liked to be, and why not: after the last day of it.
ABSENCES_KEPT = timedelta(days=400)
#: Who pressed what in the admin.
ADMIN_LOG_KEPT = timedelta(days=3 * 365)
#: What a price, a rule or a text was before it was changed, and who wrote it: after the change, as long as the books.
HISTORY_KEPT = timedelta(days=7 * 365)
