"""Log-ins of colleagues: an email with a link invites them, or lets them set another password. Nobody types somebody
else's password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.domain import invitations
from bookings.models import Therapist
from bookings.staff.visibility import OWN
from massagerx.accounts import rights, second_factor
from massagerx.lib.fields import LineField

from .frame import StaffRequest, desk_page, log_change, page, say


class InviteForm(forms.Form):
    """Who is invited, to which role, and whose visits are theirs."""

    email = forms.EmailField(
        label=gettext_lazy("Email"),
        # As long as a log-in's name.
        max_length=150,
        error_messages={"required": gettext_lazy("Type the email address that the invitation goes to.")},
    )
    first_name = LineField(
        label=gettext_lazy("First name"),
        max_length=150,
        error_messages={"required": gettext_lazy("Type their first name.")},
    )
    last_name = LineField(label=gettext_lazy("Last name"), max_length=150, required=False)
    role = forms.ModelChoiceField(
        Group.objects.none(),
        label=gettext_lazy("Role"),
        error_messages={"required": gettext_lazy("Choose what they may do.")},
    )
    therapist = forms.ModelChoiceField(
        Therapist.objects.none(),
        label=gettext_lazy("Therapist"),
        required=False,
        empty_label=gettext_lazy("not a therapist"),
        error_messages={
            "invalid_choice": gettext_lazy("This therapist has a log-in, or is not there any more.")
        },
        help_text=gettext_lazy("Whose visits they see as their own. Add the therapist first."),
    )

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["role"].queryset = rights.roles_to_give(user)  # type: ignore[attr-defined]
        free = Therapist.objects.filter(user=None).order_by("name")
        self.fields["therapist"].queryset = free  # type: ignore[attr-defined]

    def clean_email(self) -> str:
        """The address in small letters, which nobody logs in with yet."""
        email: str = self.cleaned_data["email"].lower()
        name = invitations.username_for(email)
        if User.objects.filter(Q(email__iexact=email) | Q(username__iexact=name)).exists():
            raise forms.ValidationError(
                _("There is a log-in with this email. Its page in the list of users sends another link.")
            )
        return email

    def clean(self) -> dict[str, Any]:
        """Who sees their own visits alone is somebody who has visits."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        role = data.get("role")
        if role is not None and not data.get("therapist") and "therapist" not in self.errors:
            codename = OWN.partition(".")[2]
            rights = set(role.permissions.values_list("codename", flat=True))
            if codename in rights and "view_booking" not in rights:
                self.add_error("therapist", _("Choose whose visits this log-in is for."))
        return data


@desk_page("auth.add_user")
def invite_page(request: StaffRequest) -> HttpResponse:
    """Invites a colleague: an account without a password, and the email with which they choose one."""
    form = InviteForm(request.POST or None, user=request.user, initial=_initial(request))
    context = {"title": _("Invite a colleague"), "form": form, "days": invitations.LINK_LASTS.days}
    if request.method != "POST":
        return page(request, "invite", context)
    if not form.is_valid():
        return page(request, "invite", context, status=422)
    try:
        user = invitations.invite(**form.cleaned_data, now=timezone.now())
    except IntegrityError:
        # Somebody was quicker: asked again, the form knows what is taken.
        context["form"] = InviteForm(request.POST, user=request.user)
        return page(request, "invite", context, status=422)
    log_change(request, user, _("Invited."))
    say(request, True, _("The invitation is on its way to %(email)s.") % {"email": user.email})
    return redirect("admin:auth_user_changelist")


def _initial(request: StaffRequest) -> dict[str, Any]:
    """The therapist whose page leads here, with what it knows of them."""
    key = request.GET.get("therapist", "")
    therapist = (
        Therapist.objects.filter(pk=key, user=None).first() if key.isascii() and key.isdigit() else None
    )
    if therapist is None:
        return {}
    return {"therapist": therapist, "first_name": therapist.name.partition(" ")[0]}


@desk_page("auth.change_user")
def password_link_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Sends a colleague a link with which they set a password; the one before ends. Or takes back what was sent, and
    with it an account that nobody has used yet."""
    colleague = get_object_or_404(User, pk=pk)
    if not rights.may_change(request.user, colleague):
        raise PermissionDenied
    now = timezone.now()
    if request.method == "POST" and request.POST.get("do") == "take-back":
        return _take_back(request, colleague)
    if request.method == "POST" and colleague.email and colleague.is_active:
        invitations.send_link(colleague, now=now)
        log_change(request, colleague, _("Link to set a password sent."))
        say(request, True, _("A link is on its way to %(email)s.") % {"email": colleague.email})
        return redirect("admin:auth_user_changelist")
    context = {
        "title": _("Password of %(name)s") % {"name": colleague.get_username()},
        "colleague": colleague,
        "waits": invitations.waiting_link(colleague, now=now),
        "is_untouched": invitations.is_untouched(colleague),
        "days": invitations.LINK_LASTS.days,
    }
    return page(request, "password_link", context, status=422 if request.method == "POST" else 200)


def _take_back(request: StaffRequest, colleague: User) -> HttpResponse:
    name = colleague.get_username()
    with transaction.atomic():
        is_gone = invitations.take_back(colleague, now=timezone.now())
        if is_gone:
            admin.site.get_model_admin(User).log_deletions(request, [colleague])  # type: ignore[arg-type]
        else:
            log_change(request, colleague, _("Link to set a password taken back."))
    if is_gone:
        say(request, True, _("The invitation is taken back. %(name)s can’t log in.") % {"name": name})
    else:
        say(request, True, _("The link that was sent to %(name)s opens nothing any more.") % {"name": name})
    return redirect("admin:auth_user_changelist")


@desk_page()
def factor_link_page(request: StaffRequest) -> HttpResponse:
    """Mails who is logged in, without a second factor yet, the link by which they may set one up."""
    if request.method == "POST" and not second_factor.is_set_up(request.user):
        if invitations.send_factor_link(request.user, now=timezone.now()):
            words = _("The link is on its way to you. Look into the spam, too; it works for 20 minutes.")
            say(request, True, words)
        else:
            say(request, False, _("No link was sent: enough of them are on their way. Try again in an hour."))
    return redirect("admin:second_factor")
