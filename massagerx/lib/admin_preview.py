"""Preview of an unsaved text: saves it in a transaction, renders its public page and rolls back."""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import ResolverMatch, resolve
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

#: The button that asks for a preview.
PREVIEW = "_preview"
_ASKED, _SHOWN = "is_preview", "_previewed"


def is_preview(request: HttpRequest) -> bool:
    """Whether this request saves for a preview, to be rolled back."""
    return bool(getattr(request, _ASKED, False))


class PreviewMixin(admin.ModelAdmin):
    """Gives the form a button that opens the page which readers get, in a window of its own. Works without scripts;
    with them, as wide as a phone too."""

    class Media:
        js = ["js/preview.js"]

    def preview_address(self, obj: Any) -> str:
        """The public page that shows the saved `obj`."""
        address: str = obj.get_absolute_url()
        return address

    def for_preview(self, obj: Any, *, now: datetime) -> None:
        """Called before the page is made, to bring a saved `obj` into sight that readers would not see at the aware
        instant `now`; rolled back with the rest."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Shows the preview button."""
        context["has_preview"] = True
        return super().render_change_form(request, context, *args, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Saves inside a transaction, renders the public page and rolls back, when the preview button was
        pressed."""
        if request.method != "POST" or PREVIEW not in request.POST:
            return super().changeform_view(request, *args, **kwargs)
        setattr(request, _ASKED, True)
        try:
            with transaction.atomic():
                response = super().changeform_view(request, *args, **kwargs)
                transaction.set_rollback(True)
        except _NotOnTheSite:
            return _refused(
                request, [_("This is not on the site as it stands, so there is no page to show.")]
            )
        if not getattr(request, _SHOWN, False):
            return _refused(request, _words_of(response))
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
        return response

    def response_add(self, request: HttpRequest, obj: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """The preview, when it was asked for."""
        return self._preview(request, obj) or super().response_add(request, obj, *args, **kwargs)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """The preview, when it was asked for."""
        return self._preview(request, obj) or super().response_change(request, obj)

    def _preview(self, request: HttpRequest, obj: Any) -> HttpResponse | None:
        if not is_preview(request):
            return None
        self.for_preview(obj, now=timezone.now())
        address = self.preview_address(obj)
        match = resolve(address)
        reader = _as_reader(request, address, match)
        try:
            response: HttpResponse = match.func(reader, *match.args, **match.kwargs)
        except Http404 as missing:
            raise _NotOnTheSite from missing
        setattr(request, _SHOWN, True)
        return response


class _NotOnTheSite(Exception):
    """Readers would find no page."""


def _as_reader(request: HttpRequest, address: str, match: ResolverMatch) -> HttpRequest:
    """The same person, asking for `address` with GET and nothing kept from before."""
    reader = copy.copy(request)
    reader.method, reader.path, reader.path_info = "GET", address, address
    reader.GET, reader.POST = QueryDict(), QueryDict()
    reader.META = {name: value for name, value in request.META.items() if not name.startswith("HTTP_IF_")}
    reader.META |= {"REQUEST_METHOD": "GET", "PATH_INFO": address, "QUERY_STRING": ""}
    reader.resolver_match = match
    return reader


def _words_of(response: Any) -> list[str]:
    """The form's errors as sentences with the names of the fields."""
    context = getattr(response, "context_data", None) or {}
    found: list[str] = []
    forms = [context["adminform"].form] if "adminform" in context else []
    for formset in context.get("inline_admin_formsets", []):
        forms += formset.formset.forms
        found += [str(error) for error in formset.formset.non_form_errors()]
    for form in forms:
        for name, errors in form.errors.items():
            label = f"{capfirst(form.fields[name].label)}: " if name in form.fields else ""
            found += [f"{label}{error}" for error in errors]
    return found


def _refused(request: HttpRequest, words: list[str]) -> HttpResponse:
    return render(request, "admin/no_preview.html", {"title": _("Nothing to show yet"), "words": words})
