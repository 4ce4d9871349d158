"""Accounts of staff. Somebody who is not a superuser can neither make nor change one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from massagerx.lib.admin import ListMixin

from . import rights, second_factor
from .models import LogIn, TOTPDevice
from .views import note

admin.site.unregister(User)


@admin.register(User)
class StaffAdmin(ListMixin, UserAdmin):
    change_form_template = "admin/accounts/user_form.html"
    list_display = ("username", "first_name", "last_name", "roles", "has_factor", "is_active")
    list_filter = ("is_active", "groups")
    owner_fieldsets = (
        (None, {"fields": ("username", "password")}),
        (gettext_lazy("Who"), {"fields": ("first_name", "last_name", "email")}),
        (gettext_lazy("What they may do"), {"fields": ("is_active", "groups")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Accounts with their groups, and `factor`: whether a second factor is set up."""
        factor = Exists(TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True))
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.annotate(factor=factor).prefetch_related("groups")

    @admin.display(description=gettext_lazy("roles"))
    def roles(self, user: User) -> str:
        """The names of the account's groups, comma-separated."""
        names = [str(_("superuser"))] if user.is_superuser else []
        return ", ".join([*names, *sorted(group.name for group in user.groups.all())]) or "–"

    @admin.display(description=gettext_lazy("second factor"), ordering="factor", boolean=True)
    def has_factor(self, user: Any) -> bool:
        """Whether a second factor is set up."""
        return bool(user.factor)

    # Who may change whom ---------------------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a superuser may change a superuser."""
        return super().has_change_permission(request, obj) and rights.may_change(request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a superuser may delete a superuser."""
        return super().has_delete_permission(request, obj) and rights.may_change(request.user, obj)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without the permissions that only a superuser gives."""
        if obj is not None and not request.user.is_superuser:
            return self.owner_fieldsets
        return super().get_fieldsets(request, obj)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Nobody gives a role that may do what they themselves may not."""
        if db_field.name == "groups":
            kwargs["queryset"] = rights.roles_to_give(request.user)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    # Second factor ---------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Adds the page that resets a second factor."""
        view = self.admin_site.admin_view(self.reset_view)
        own = path("<int:pk>/reset-second-factor/", view, name="auth_user_reset_factor")
        urls: list[URLPattern] = super().get_urls()
        return [own, *urls]

    def reset_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Asks, then takes the second factor off a colleague's account, and writes it down."""
        user = self.get_object(request, str(pk))
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        if user is None:
            raise Http404
        if user.pk == request.user.pk:
            # One's own asks for a code, so that an unattended desk is not enough.
            return redirect("admin:second_factor")
        if request.method == "POST":
            if second_factor.reset(user):
                by: Any = request.user
                note(user, by=by, what=_("Second factor reset."))
                sentence = _(
                    "The second factor of %(name)s is off. After their next log-in they set up another, by a link to "
                    "their mailbox."
                )
                self.message_user(request, sentence % {"name": user.get_username()}, messages.SUCCESS)
            return redirect("admin:auth_user_change", user.pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Reset the second factor of %(name)s") % {"name": user.get_username()},
            "colleague": user,
        }
        return TemplateResponse(request, "admin/accounts/reset_factor.html", context)


@admin.register(LogIn)
class LogInAdmin(ListMixin):
    """Who logged in, who tried, and from where; for whoever may see accounts, and for nobody to change."""

    list_display = ("at", "user", "outcome", "address", "agent")
    list_filter = ("outcome", ("user", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("user",)
    list_display_links = None
    show_full_result_count = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Those who may see accounts."""
        return request.user.has_perm("auth.view_user")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False
