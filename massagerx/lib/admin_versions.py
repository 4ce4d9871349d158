"""Earlier versions of a text in the admin, to read and to restore, from django-simple-history's rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import linebreaksbr
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django_prose_editor.fields import ProseEditorField

from .html import clean_html

# So many of the latest saves are looked through for versions.
MOST = 200


@dataclass(frozen=True, slots=True)
class Version:
    """A text's words as they were saved once: `saved_at` is an aware instant, `saved_by` a log-in, or "" for the site
    itself. `words` are by field name, most of them text."""

    key: int
    saved_at: datetime
    saved_by: str
    words: dict[str, Any]

    @property
    def title(self) -> str:
        """The first words, which tell one text from another; "" where there are none."""
        return next((words for words in self.words.values() if words and isinstance(words, str)), "")


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a version as it is read."""

    label: str
    html: SafeString | str
    differs: bool


class VersionsMixin(admin.ModelAdmin):
    """For models with `history = HistoricalRecords()` and words in `version_fields`: nothing that was saved is
    lost for years, and what is not a word (a price, a date, a consent) never comes back with it."""

    #: The fields that make a version, the one that names it first.
    version_fields: tuple[str, ...] = ()

    def show_prose(self, html: str) -> SafeString:
        """The editor's HTML as readers see it."""
        return mark_safe(clean_html(html))

    def words_of(self, name: str, value: Any) -> str:
        """The value of a field that is no text, as it is read."""
        return str(value)

    def after_restoring(self, request: HttpRequest, obj: Any) -> None:
        """Called with the row whose earlier words are back."""

    def versions_of(self, obj: Any) -> list[Version]:
        """Newest first; a save that changed no word is none."""
        history: Any = self.model.history.filter(**{self.opts.pk.attname: obj.pk}).exclude(history_type="-")
        records = list(history.select_related("history_user").order_by("-history_date", "-history_id")[:MOST])
        found: list[Version] = []
        for record in reversed(records):
            words = {name: getattr(record, name) for name in self.version_fields}
            if not found or found[-1].words != words:
                who = record.history_user
                found.append(
                    Version(record.history_id, record.history_date, who.get_username() if who else "", words)
                )
        return found[::-1]

    def get_urls(self) -> list[URLPattern]:
        """Adds the list of versions and the page of one version."""
        wrap, name = self.admin_site.admin_view, f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("<int:key>/versions/", wrap(self.versions_view), name=f"{name}_versions"),
            path("<int:key>/versions/<int:version>/", wrap(self.version_view), name=f"{name}_version"),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Adds the address of the list of versions."""
        if original := context.get("original"):
            context["versions_url"] = self._address("versions", original.pk)
        return super().render_change_form(request, context, *args, **kwargs)

    def versions_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """The versions of a text, newest first."""
        obj = self._readable(request, key)
        title = _("Versions of “%(title)s”") % {"title": obj}
        return self._page(request, "versions", obj, versions=self.versions_of(obj), title=title)

    def version_view(self, request: HttpRequest, key: int, version: int) -> HttpResponse:
        """One version to read; posting brings its words back."""
        obj = self._readable(request, key)
        found = next((row for row in self.versions_of(obj) if row.key == version), None)
        if found is None:
            raise Http404
        if request.method == "POST":
            if not self.has_change_permission(request, obj):
                raise PermissionDenied
            return self._bring_back(request, obj, found)
        parts = [self._part(obj, name, found.words[name]) for name in self.version_fields]
        return self._page(
            request,
            "version",
            obj,
            version=found,
            parts=[part for part in parts if part.html or part.differs],
            may_restore=self.has_change_permission(request, obj),
            title=found.title or str(obj),
        )

    def _bring_back(self, request: HttpRequest, obj: Any, version: Version) -> HttpResponse:
        others = [field.name for field in self.opts.fields if field.name not in self.version_fields]
        try:
            with transaction.atomic():
                row = self.model._default_manager.select_for_update().get(pk=obj.pk)
                for name, words in version.words.items():
                    setattr(row, name, words)
                # Another text may have taken its name meanwhile.
                row.full_clean(exclude=others)
                row.save()
                self.log_change(request, row, _("Brought an earlier version back."))
        except ValidationError as refused:
            why = " ".join(refused.messages)
            messages.error(request, _("This version can't come back as it is. %(why)s") % {"why": why})
            return redirect(self._address("version", obj.pk, version.key))
        messages.success(request, _("The earlier version is back. The one before it is in the list as well."))
        self.after_restoring(request, row)
        return redirect(self._address("change", obj.pk))

    def _part(self, obj: Any, name: str, words: Any) -> Part:
        field: Any = self.opts.get_field(name)
        is_prose = isinstance(field, ProseEditorField)
        html = self.show_prose(words) if is_prose else linebreaksbr(self.words_of(name, words))
        return Part(capfirst(str(field.verbose_name)), html, getattr(obj, name) != words)

    def _readable(self, request: HttpRequest, key: int) -> Any:
        """Refuses before it looks for the row: who may see none is not told whether there is one."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return get_object_or_404(self.get_queryset(request), pk=key)

    def _address(self, view: str, *keys: int) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{view}", args=keys)

    def _page(self, request: HttpRequest, template: str, obj: Any, **context: Any) -> HttpResponse:
        context |= {"opts": self.opts, "object": obj, "list_url": self._address("changelist")}
        context |= {
            "change_url": self._address("change", obj.pk),
            "versions_url": self._address("versions", obj.pk),
        }
        everywhere = self.admin_site.each_context(request)
        return render(request, f"admin/{template}.html", {**everywhere, **context})
