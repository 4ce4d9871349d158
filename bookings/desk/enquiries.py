"""A message from the site with our answer, and the booklet as a file."""

from __future__ import annotations

import io
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.domain import operations
from bookings.domain.booklet import current_booklet
from bookings.exceptions import AlreadyAnswered
from bookings.models import ContactMessage
from bookings.staff.labels import answer_mark, local_when, state_mark
from bookings.staff.visibility import sees_rows
from massagerx.lib.encryption import UnreadableValue

from .forms import AnswerForm
from .frame import StaffRequest, change_page, desk_page, page, read_key, say

_LIST = "admin:bookings_contactmessage_changelist"
CHANGE_MESSAGE = "bookings.change_contactmessage"


@desk_page(lambda user: sees_rows(user, "contactmessage"))
def contact_message_page(request: StaffRequest, key: str) -> HttpResponse:
    """What somebody wrote, and a form to answer it."""
    try:
        return _page(request, _get(read_key(key)))
    except Http404:
        messages.warning(request, _("There is no such message."))
        return redirect(_LIST)


@desk_page(CHANGE_MESSAGE, pressed_on="contactmessage")
def send_answer(request: StaffRequest, pk: int) -> HttpResponse:
    """Sends an answer to who left an email. What was typed is never lost, also when somebody else was quicker."""
    message, form = _get(pk), AnswerForm(request.POST)
    if not message.email:
        say(request, False, _("%(name)s left no email address: please call.") % {"name": message.name})
        return redirect(change_page("contactmessage"), pk)
    if not form.is_valid():
        return _page(request, message, form=form, status=422)
    text, now = form.cleaned_data["answer"], timezone.now()
    try:
        operations.answer_contact(message=message, text=text, actor=request.user, now=now)
    except AlreadyAnswered:
        form.add_error("answer", _("This message was answered in the meantime. Yours was not sent."))
        return _page(request, _get(pk), form=form, status=409)
    say(request, True, _("Your answer to %(name)s is on its way.") % {"name": message.name})
    return redirect(change_page("contactmessage"), pk)


@desk_page(CHANGE_MESSAGE, pressed_on="contactmessage")
def close_message(request: StaffRequest, pk: int) -> HttpResponse:
    """Takes a message off the list of those that wait, without an email."""
    try:
        operations.close_contact(message=_get(pk), actor=request.user, now=timezone.now())
    except AlreadyAnswered:
        messages.warning(request, _("This message was answered in the meantime."))
    else:
        say(request, True, _("Nobody waits for an answer to this one."))
    return redirect(change_page("contactmessage"), pk)


@desk_page(lambda user: sees_rows(user, "booklet"))
def booklet_file(request: StaffRequest) -> FileResponse:
    """The booklet as it is on the site now."""
    booklet = current_booklet(now=timezone.now())
    if booklet is None:
        raise Http404
    return FileResponse(
        io.BytesIO(booklet.content),
        as_attachment=True,
        filename=booklet.file_name,
        content_type="application/pdf",
    )


# Parts ---------------------------------------------------------------------------------------------------------------


def _get(pk: int | None) -> ContactMessage:
    """The message; what it says is read apart. Raises Http404."""
    rows = ContactMessage.objects.defer("body", "answer").select_related("answered_by")
    message = rows.filter(pk=pk).first() if pk is not None else None
    if message is None:
        raise Http404
    return message


def _page(
    request: StaffRequest, message: ContactMessage, *, form: AnswerForm | None = None, status: int = 200
) -> HttpResponse:
    body, answer = _opened(message, "body"), _opened(message, "answer")
    waits = message.answered_at is None
    context: dict[str, Any] = {
        "message": message,
        "title": _("Message from %(name)s") % {"name": message.name},
        "state": answer_mark(message),
        "written": local_when(message.written_at),
        "answered": local_when(message.answered_at),
        "body": body,
        "answer": answer,
        "unreadable": _("This can't be opened with the keys of this installation (HEALTH_KEYS)."),
        "body_lost": body is None,
        "answer_lost": answer is None,
        "may_close": waits and request.user.has_perm(CHANGE_MESSAGE),
        # Shown to whoever has just typed it, also when it can't be sent any more.
        "form": form or AnswerForm(),
        "unsent": form is not None and not waits,
        "sendings": [
            {"what": row.get_kind_display(), "state": state_mark(row.state), "pk": row.pk}
            for row in message.messages.only("kind", "state").order_by("created_at", "pk")
        ],
        "may_see_messages": request.user.has_perm("bookings.view_message"),
    }
    return page(request, "contact_message", context, status=status)


def _opened(message: ContactMessage, field: str) -> str | None:
    """An encrypted field of the message, read by itself; "" when there is nothing, None when no key opens it."""
    try:
        return str(ContactMessage.objects.values_list(field, flat=True).get(pk=message.pk) or "")
    except UnreadableValue:
        return None
