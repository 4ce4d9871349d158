"""Where a member of staff sets their password, or shows that a mailbox is theirs, by the link that was sent to them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from bookings.domain import invitations
from massagerx.accounts import sessions
from massagerx.lib.limits import limited

from .enquiries import private


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/m", "invited")
def invited(request: HttpRequest, token: str) -> HttpResponse:
    """A password of one's own; then the log-in, which asks for it and for a second factor. What looks at links in
    emails before people do asks by GET, and uses nothing up."""
    now = timezone.now()
    link = invitations.find_invitation(token, now=now)
    if link is None or link.user is None:
        return private(render(request, "bookings/invited_closed.html", status=404))
    form = SetPasswordForm(link.user, request.POST if request.method == "POST" else None)
    if form.is_valid():
        if not invitations.set_password(link, form.cleaned_data["new_password1"], now=now):
            return private(render(request, "bookings/invited_closed.html", status=404))
        sessions.show_mailbox(request.session, link.user)
        words = _("Your password is set. Log in as %(name)s.")
        messages.success(request, words % {"name": link.user.get_username()})
        return private(redirect("admin:login"))
    context = {"form": form, "username": link.user.get_username()}
    return private(render(request, "bookings/invited.html", context, status=422 if form.errors else 200))


@require_http_methods(["GET", "HEAD", "POST"])
@limited("20/m", "invited")
def own_mailbox(request: HttpRequest, token: str) -> HttpResponse:
    """The press by which this browser may set a second factor up for the account whose mailbox the link was in."""
    now = timezone.now()
    link = invitations.find_mailbox_link(token, now=now)
    if link is None or link.user is None:
        return private(render(request, "bookings/invited_closed.html", status=404))
    if request.method != "POST":
        return private(render(request, "bookings/own_mailbox.html", {"username": link.user.get_username()}))
    if not invitations.show_mailbox(link, now=now):
        return private(render(request, "bookings/invited_closed.html", status=404))
    sessions.show_mailbox(request.session, link.user)
    return private(redirect("admin:second_factor"))
