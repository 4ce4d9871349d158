"""One message: the row, and the email as it was sent or would be."""

from __future__ import annotations

from csp.constants import SELF
from csp.decorators import csp_update
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from bookings.domain import outbox
from bookings.models import Message
from bookings.notifications.preview import show
from bookings.staff.labels import local_when
from bookings.staff.messages import about, addressee, message_mark
from bookings.staff.visibility import messages_seen_by, sees_rows

from .frame import StaffRequest, desk_page, page, read_key

# `sandbox` takes scripts, forms and the origin away; links open beside the admin, not in it.
HTML_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


def sees_messages(user: object) -> bool:
    """Whether this member of staff may see messages."""
    return sees_rows(user, "message")  # type: ignore[arg-type]


@csp_update({"frame-src": [SELF]})
@desk_page(sees_messages)
@require_safe
def message_page(request: StaffRequest, key: str) -> HttpResponse:
    """The row, and the email in a frame that may run and load nothing."""
    message = _get(request, read_key(key))
    context = {
        "title": f"{message.get_kind_display()} · {local_when(message.due_at)}",
        "message": message,
        "about": about(message),
        "to": addressee(message),
        "state": message_mark(message),
        "due": local_when(message.due_at),
        "sent": local_when(message.sent_at),
        "shown": show(message, now=timezone.now()),
        "can_resend": request.user.has_perm("bookings.change_message") and outbox.may_send_again(message),
    }
    return page(request, "message", context)


@xframe_options_sameorigin
@desk_page(sees_messages)
@require_safe
def message_html(request: StaffRequest, pk: int) -> HttpResponse:
    """The email's HTML alone, under a policy of its own. What is in it was typed by strangers."""
    shown = show(_get(request, pk), now=timezone.now())
    if not shown.html:
        raise Http404
    headers = {"Content-Security-Policy": HTML_POLICY, "Referrer-Policy": "no-referrer"}
    return HttpResponse(shown.html, headers=headers)


def _get(request: StaffRequest, pk: int | None) -> Message:
    """The message, if it belongs to a visit that this member of staff may see. Raises Http404."""
    rows = Message.objects.select_related("booking__client", "link", "contact_message", "booklet_request")
    found = messages_seen_by(request.user, rows).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
