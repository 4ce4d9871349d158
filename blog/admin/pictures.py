"""The library: pictures and videos, and the small pages from which they are put into a text."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from blog import media
from blog.models import Page, Picture, Post, Video
from blog.pictures import Encoded, encode_upload
from massagerx.lib.admin import KindFieldsMixin, ListMixin

_SHOWN_AT_ONCE = 30


class PictureForm(ModelForm):
    upload = forms.FileField(
        label=_("File"),
        help_text=_(
            "A JPEG, PNG or WebP of at most 5 MB. What the camera wrote into it, such as the place, is left out."
        ),
        widget=forms.ClearableFileInput(
            attrs={"accept": "image/jpeg,image/png,image/webp,image/gif,image/avif"}
        ),
    )
    encoded: Encoded | None = None

    class Meta:
        model = Picture
        fields = ["alt", "is_decorative", "credit", "focal_x", "focal_y"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["upload"]

    def clean_upload(self) -> Any:
        upload = self.cleaned_data["upload"]
        self.encoded = encode_upload(upload, upload.size)
        return upload


class LibraryMixin(KindFieldsMixin, ListMixin):
    """A list of its rows to choose from, for the editor."""

    chooser_template = ""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.choose_view))
        name = f"{self.opts.app_label}_{self.opts.model_name}_choose"
        return [path("choose/", view, name=name), *super().get_urls()]

    def choose_view(self, request: HttpRequest) -> HttpResponse:
        """The newest rows, or those with the words of `?q=`, as a piece of HTML."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        rows: QuerySet[Any] = self.get_queryset(request)
        query = request.GET.get("q", "")[:100]
        rows, _many = self.get_search_results(request, rows, query)
        shown = list(rows[: _SHOWN_AT_ONCE + 1])
        context = {"rows": shown[:_SHOWN_AT_ONCE], "more": len(shown) > _SHOWN_AT_ONCE, "query": query}
        return render(request, self.chooser_template, context)


@admin.register(Picture)
class PictureAdmin(LibraryMixin):
    form = PictureForm
    list_display = ["thumbnail", "__str__", "credit", "created_at"]
    list_display_links = ["thumbnail", "__str__"]
    search_fields = ["alt", "credit"]
    readonly_fields = ["shown"]
    chooser_template = "admin/blog/choose_picture.html"

    class Media:
        js = ["js/focus.js"]

    def get_fieldsets(self, request: HttpRequest, obj: Picture | None = None) -> Any:
        first = "shown" if obj else "upload"
        return [
            (None, {"fields": [first, "alt", "is_decorative", "credit"]}),
            (
                _("What must stay in sight"),
                {
                    "description": _(
                        "A cover is cut to a wide shape. Press on the most important point of the picture, or type "
                        "where it is."
                    ),
                    "fields": [("focal_x", "focal_y")],
                },
            ),
        ]

    @admin.display(description=_("picture"))
    def thumbnail(self, picture: Picture) -> SafeString:
        return render_to_string("admin/blog/thumbnail.html", {"picture": picture})

    @admin.display(description=_("picture"))
    def shown(self, picture: Picture) -> SafeString:
        return render_to_string("admin/blog/focus.html", {"picture": picture})

    def save_model(self, request: HttpRequest, obj: Picture, form: PictureForm, change: bool) -> None:
        now = timezone.now()
        if form.encoded is not None:
            media.put_away(obj, form.encoded, now=now)
        elif {"focal_x", "focal_y"} & set(form.changed_data):
            obj.sizes_due_at = now
        super().save_model(request, obj, form, change)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Also keeps pictures that a text shows, which no foreign key knows of."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        shown = Q(pk__in=[])
        for picture in objs:
            shown |= Q(body__contains=picture.address)
        users = [*Post.objects.filter(shown), *Page.objects.filter(shown)]
        names = [f"{row._meta.verbose_name}: {row}" for row in users]
        return deleted, counts, lacking, [*protected, *(name for name in names if name not in protected)]

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Picture]) -> None:
        # One by one, since each takes its files along.
        for picture in queryset:
            picture.delete()


@admin.register(Video)
class VideoAdmin(LibraryMixin):
    list_display = ["title", "provider", "created_at"]
    search_fields = ["title"]
    fields = ["url", "title", "poster"]
    chooser_template = "admin/blog/choose_video.html"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "url":
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Video]:
        return super().get_queryset(request).select_related("poster")
