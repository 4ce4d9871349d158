"""Where the owner writes: posts, tags, pages and questions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from massagerx.lib.admin import KindFieldsMixin, ListMixin, ProseAdminMixin

from blog.models import RESERVED_SLUGS, Page, Post, Question, Tag


class PostForm(ModelForm):
    class Meta:
        model = Post
        fields = [
            "title", "slug", "summary", "body", "status", "published_at", "author_name", "tags",
            "pinned_posts", "services",
        ]  # fmt: skip
        widgets = {
            "summary": AdminTextareaWidget(attrs={"rows": 3}),
            "tags": forms.CheckboxSelectMultiple,
            "services": forms.CheckboxSelectMultiple,
        }
        error_messages = {"slug": {"unique": _("Another post has this address. Change a word of it.")}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "slug" in self.fields:
            self.fields["slug"].required = False
        if "pinned_posts" in self.fields and self.instance.pk:
            pinned = self.fields["pinned_posts"]
            assert isinstance(pinned, forms.ModelMultipleChoiceField)
            pinned.queryset = Post.objects.exclude(pk=self.instance.pk)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        # Here and not when saving: the constraint that asks for the time is checked with the form.
        if cleaned.get("status") == Post.Status.PUBLISHED and not cleaned.get("published_at"):
            if "published_at" not in self.errors:
                cleaned["published_at"] = timezone.now()
        if not cleaned.get("slug") and "slug" not in self.errors:
            cleaned["slug"] = self._free_slug(cleaned.get("title") or "")
        return cleaned

    def _free_slug(self, title: str) -> str:
        """An address made of the title; of a title without Latin letters, "post"; with a number when it is taken."""
        field = Post._meta.get_field("slug")
        stem = slugify(title)[: (field.max_length or 50) - 5].strip("-") or "post"
        others = Post.objects.exclude(pk=self.instance.pk).filter(slug__startswith=stem)
        taken = set(others.values_list("slug", flat=True)) | RESERVED_SLUGS
        slug, number = stem, 2
        while slug in taken:
            slug, number = f"{stem}-{number}", number + 1
        return slug


class WhenFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [("published", _("Published")), ("scheduled", _("Scheduled")), ("draft", _("Draft"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Post]) -> QuerySet[Post]:
        now = timezone.now()
        if self.value() == "published":
            return queryset.filter(status=Post.Status.PUBLISHED, published_at__lte=now)
        if self.value() == "scheduled":
            return queryset.filter(status=Post.Status.PUBLISHED, published_at__gt=now)
        if self.value() == "draft":
            return queryset.filter(status=Post.Status.DRAFT)
        return queryset


@admin.register(Post)
class PostAdmin(KindFieldsMixin, ListMixin, ProseAdminMixin):
    form = PostForm
    list_display = ["title", "state", "author_name", "updated_at"]
    list_filter = [WhenFilter, "tags", "services"]
    search_fields = ["title", "summary", "body", "tags__name"]
    search_help_text = _("Searches titles, summaries, texts and tags.")
    ordering = ["-updated_at"]
    prepopulated_fields = {"slug": ["title"]}
    filter_horizontal = ["pinned_posts"]
    actions = ["publish_selected", "unpublish_selected"]
    save_on_top = True
    fieldsets = [
        (None, {"fields": ["title", "body"]}),
        (
            _("When readers see it"),
            {
                "description": _(
                    "A draft is seen by staff only: save it and press “View on site” to look at it as a reader will. "
                    "Set the status to Published to show it."
                ),
                "fields": ["status", "published_at"],
            },
        ),
        (
            _("In lists and search engines"),
            {"fields": ["summary", "slug", "author_name", "tags"]},
        ),
        (
            _("At the end of the post"),
            {
                "description": _("Each post ends with an invitation to book. These are shown with it."),
                "fields": ["services", "pinned_posts"],
            },
        ),
    ]

    @admin.display(description=_("state"), ordering="published_at")
    def state(self, post: Post) -> str:
        if post.status == Post.Status.DRAFT or post.published_at is None:
            return str(_("Draft"))
        when = date_format(timezone.localtime(post.published_at), "DATETIME_FORMAT")
        if post.is_visible(timezone.now()):
            return str(_("Published %(when)s") % {"when": when})
        return str(_("Scheduled for %(when)s") % {"when": when})

    def view_on_site(self, post: Post) -> str:
        return post.get_absolute_url()

    @admin.action(description=_("Publish now"), permissions=["change"])
    def publish_selected(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        now = timezone.now()
        hidden = [post for post in queryset if not post.is_visible(now)]
        for post in hidden:
            post.publish(now=now)
            self.log_change(request, post, str(_("Published.")))
        message = ngettext("%(count)d post is published.", "%(count)d posts are published.", len(hidden))
        self.message_user(request, message % {"count": len(hidden)}, messages.SUCCESS)

    @admin.action(description=_("Take off the site (back to draft)"), permissions=["change"])
    def unpublish_selected(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        shown = [post for post in queryset if post.status == Post.Status.PUBLISHED]
        for post in shown:
            post.unpublish()
            self.log_change(request, post, str(_("Taken off the site.")))
        message = ngettext(
            "%(count)d post is a draft again.", "%(count)d posts are drafts again.", len(shown)
        )
        self.message_user(request, message % {"count": len(shown)}, messages.SUCCESS)


@admin.register(Tag)
class TagAdmin(KindFieldsMixin, ListMixin):
    list_display = ["name", "slug"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Page)
class PageAdmin(KindFieldsMixin, ListMixin, ProseAdminMixin):
    list_display = ["title", "slug", "updated_at"]
    fieldsets = [
        (None, {"fields": ["slug", "title", "body"]}),
        (_("In search engines"), {"fields": ["meta_description"]}),
    ]

    def view_on_site(self, page: Page) -> str:
        return page.get_absolute_url()

    def get_readonly_fields(self, request: HttpRequest, obj: Page | None = None) -> list[str]:
        # The site links to each page by its address.
        return ["slug"] if obj else []

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "slug":
            written = set(Page.objects.values_list("slug", flat=True))
            kwargs["choices"] = [choice for choice in Page.Slug.choices if choice[0] not in written]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and Page.objects.count() < len(Page.Slug)

    def has_delete_permission(self, request: HttpRequest, obj: Page | None = None) -> bool:
        return False


@admin.register(Question)
class QuestionAdmin(KindFieldsMixin, ListMixin, ProseAdminMixin):
    list_display = ["question", "position", "is_active"]
    list_editable = ["position", "is_active"]
    search_fields = ["question", "answer"]
    fields = ["question", "answer", "position", "is_active"]
