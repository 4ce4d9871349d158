"""Mixins for admin pages of texts: the editor with its library, and the check for health claims."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from blog.claims import Claim, find_claims
from blog.prose import clean_post_html
from blog.reading import read
from massagerx.lib.admin import KindFieldsMixin, ListMixin, ProseAdminMixin
from massagerx.lib.admin_history import HistoryMixin
from massagerx.lib.admin_preview import PreviewMixin, is_preview
from massagerx.lib.admin_versions import VersionsMixin
from massagerx.lib.html import LONGEST_HTML


class ClaimsMixin(admin.ModelAdmin):
    """Warns the writer of words that a massage business may not say of its work. Saves all the same."""

    #: The fields whose words are checked.
    claim_fields: tuple[str, ...] = ()

    class Media:
        js = ["js/claims.js"]

    def get_urls(self) -> list[URLPattern]:
        """Adds the address that checks a text while it is written."""
        check = self.admin_site.admin_view(require_POST(self.claims_view))
        name = f"{self.opts.app_label}_{self.opts.model_name}_claims"
        return [path("claims/", check, name=name), *super().get_urls()]

    def claims_view(self, request: HttpRequest) -> JsonResponse:
        """While one writes: the claims in the posted `text` fields, as sentences."""
        if not (self.has_add_permission(request) or self.has_change_permission(request)):
            raise PermissionDenied
        found = find_claims(_bounded(request.POST.getlist("text")))
        return JsonResponse(
            {
                "title": _claims_title(found),
                "claims": [{"words": claim.words, "sentence": claim.sentence} for claim in found[:20]],
            }
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Adds that address and the fields to check to the context."""
        context["claims_url"] = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_claims")
        context["claim_fields"] = " ".join(self.claim_fields)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """Saves, then warns of health claims."""
        super().save_model(request, obj, form, change)
        self.warn_of_claims(request, obj)

    def warn_of_claims(self, request: HttpRequest, obj: Model) -> None:
        """Adds a message that lists health claims found in the saved text, at most 20."""
        if is_preview(request):
            return
        found = find_claims(str(getattr(obj, name)) for name in self.claim_fields)
        if found:
            rows = format_html_join(
                "",
                "<li><strong>{}</strong>: {}</li>",
                ((claim.words, claim.sentence) for claim in found[:20]),
            )
            saved = _("It is saved as you wrote it.")
            messages.warning(request, format_html("{} {}<ul>{}</ul>", saved, _claims_title(found), rows))


def _bounded(texts: list[str]) -> Iterator[str]:
    """As much of the texts as one of them may hold."""
    left = LONGEST_HTML
    for text in texts:
        yield text[:left]
        left -= min(left, len(text))


def _claims_title(found: list[Claim]) -> str:
    if not found:
        return ""
    return _("Look at these words once more: a massage business may not promise to treat, cure or diagnose.")


class WordsMixin(ClaimsMixin, PreviewMixin, VersionsMixin, HistoryMixin, KindFieldsMixin, ListMixin):
    """For all that the owner writes: claims are warned of, and there are a preview, versions and a history."""

    class Media:
        css = {"all": ["css/writing.css"]}
        js = ["js/writing.js"]

    def show_prose(self, html: str) -> SafeString:
        """The HTML as readers get it."""
        return read(clean_post_html(html)).html

    def after_restoring(self, request: HttpRequest, obj: Model) -> None:
        """Warns of health claims in the restored text."""
        self.warn_of_claims(request, obj)


class WritingMixin(WordsMixin, ProseAdminMixin):
    """For pages with the editor: pictures and videos of the library can be put in where the cursor stands."""

    class Media:
        js = ["js/prose_library.js"]
