"""The library: pictures and videos, and the small pages from which they are put into a text."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.storage import default_storage
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from blog import media
from blog.models import Page, Picture, Post, Upload, Video
from massagerx.lib.admin import KindFieldsMixin, ListMixin
from massagerx.lib.picture_upload import NOT_KEPT, PictureUploadForm, upload_field

_SHOWN_AT_ONCE = 30


class KeptFileInput(forms.FileInput):
    """A file to choose, and before it the one that we kept from a form that was refused for another reason."""

    kept: Upload | None = None

    def render(self, *args: Any, **kwargs: Any) -> SafeString:
        """The file chooser, below the file that an earlier, refused form has uploaded."""
        chooser = super().render(*args, **kwargs)
        if self.kept is None:
            return chooser
        context = {"kept": self.kept, "address": default_storage.url(self.kept.name)}
        return render_to_string("admin/blog/kept_file.html", context) + chooser


class PictureForm(PictureUploadForm):
    upload = upload_field(KeptFileInput)
    # Set by the admin, for the upload of a refused form.
    user: User
    kept: Upload | None = None

    class Meta:
        model = Picture
        fields = ["alt", "is_decorative", "credit", "dark", "focal_x", "focal_y"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["upload"]
        elif self.data.get("kept"):
            self.fields["upload"].required = False

    def full_clean(self) -> None:
        """Also keeps a good file when something else is wrong: a browser can't fill it in again."""
        super().full_clean()
        if not self.is_bound or self.instance.pk or not self.errors:
            return
        if self.encoded is not None:
            name = str(getattr(self.files["upload"], "name", ""))
            try:
                self.kept = media.keep_upload(self.encoded, name, by=self.user, now=timezone.now())
            except OSError:
                self.add_error("upload", NOT_KEPT)
        widget = self.fields["upload"].widget
        assert isinstance(widget, KeptFileInput)
        widget.kept = self.kept

    def clean_upload(self) -> Any:
        """Encodes the upload, or keeps the one sent before. Raises `ValidationError` when there is
        neither."""
        self.kept = Upload.objects.kept_for(self.user, self.data.get("kept", ""), timezone.now())
        try:
            upload = super().clean_upload()
        except ValidationError as refused:
            rest = _("Nothing else is lost: only the file has to be chosen again.")
            raise ValidationError([*refused.messages, str(rest)]) from refused
        if not upload and self.kept is None:
            raise ValidationError(_("We no longer have the file. Please choose it again."), code="required")
        return upload


class LibraryMixin(KindFieldsMixin, ListMixin):
    """A list of its rows to choose from, for the editor."""

    chooser_template = ""

    def get_urls(self) -> list[URLPattern]:
        """Adds the page that offers rows to the editor."""
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
        css = {"all": ["css/writing.css"]}
        js = ["js/focus.js"]

    def get_fieldsets(self, request: HttpRequest, obj: Picture | None = None) -> Any:
        """An upload for a new picture, the picture itself for a saved one."""
        first = "shown" if obj else "upload"
        return [
            (None, {"fields": [first, "alt", "is_decorative", "credit", "dark"]}),
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

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """A form that knows whose earlier upload it may take up."""
        form: Any = super().get_form(request, *args, **kwargs)
        form.user = request.user  # the class is made for this request
        return form

    @admin.display(description=_("picture"))
    def thumbnail(self, picture: Picture) -> SafeString:
        """The picture, small, in the list."""
        return render_to_string("admin/blog/thumbnail.html", {"picture": picture})

    @admin.display(description=_("picture"))
    def shown(self, picture: Picture) -> SafeString:
        """The picture with its focus, which a press moves."""
        return render_to_string("admin/blog/focus.html", {"picture": picture})

    def save_model(self, request: HttpRequest, obj: Picture, form: PictureForm, change: bool) -> None:
        """Takes up the file that was kept, and marks sizes as due when the focus changed; a new file's are by its
        form."""
        now = timezone.now()
        if form.encoded is None and form.kept is not None:
            media.take_up(obj, form.kept, now=now)
        elif change and {"focal_x", "focal_y"} & set(form.changed_data):
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
        """Deletes row by row, so that files go too."""
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
        """Takes `https` for an address without a scheme."""
        if db_field.name == "url":
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Video]:
        """Videos with their posters."""
        return super().get_queryset(request).select_related("poster")
