"""The home page's blocks, pages, FAQ entries, testimonials and announcements."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from blog.models import Announcement, FaqEntry, HomeBlock, Page, Testimonial
from blog.sample import missing_from_privacy, starting_page
from massagerx.lib.admin import is_own_page

from .writing import WordsMixin, WritingMixin


def _without_rows(model: type[Page] | type[HomeBlock]) -> list[tuple[str, Any]]:
    """The choices of slugs that no row has yet."""
    there = set(model._default_manager.order_by().values_list("slug", flat=True))
    return [choice for choice in model.Slug.choices if choice[0] not in there]


@admin.register(Page)
class PageAdmin(WritingMixin):
    list_display = ["title", "slug", "updated_at"]
    fieldsets = [
        (None, {"fields": ["slug", "title", "body"]}),
        (_("In search engines"), {"fields": ["meta_description"]}),
    ]
    claim_fields = version_fields = ("title", "body", "meta_description")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A page that is begun by a link to its slug begins with our words, for the owner to go through."""
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        return {**given, **starting_page(str(given.get("slug", "")), now=timezone.now())}

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Adds to the context what a saved privacy page says nothing of, in our words."""
        page = context.get("original")
        if isinstance(page, Page) and page.slug == Page.Slug.PRIVACY and page.body:
            context["lacks"] = [mark_safe(part) for part in missing_from_privacy(page.body).values()]
        return super().render_change_form(request, context, *args, **kwargs)

    def view_on_site(self, page: Page) -> str:
        """The page's public address."""
        return page.get_absolute_url()

    def get_readonly_fields(self, request: HttpRequest, obj: Page | None = None) -> list[str]:
        """The slug of a saved page is fixed."""
        # The site links to each page by its address.
        return ["slug"] if obj else []

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offers only the slugs that have no page yet."""
        if db_field.name == "slug":
            kwargs["choices"] = _without_rows(Page)
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only while a slug has no page."""
        return (
            is_own_page(self, request)
            and super().has_add_permission(request)
            and Page.objects.count() < len(Page.Slug)
        )

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Without adding: to ask whether there is room for a row would cost a query in the menu of every page."""
        change, view = self.has_change_permission(request), self.has_view_permission(request)
        return {"add": False, "change": change, "delete": False, "view": view}

    def has_delete_permission(self, request: HttpRequest, obj: Page | None = None) -> bool:
        """Never: the site links to its pages."""
        return False


@admin.register(FaqEntry)
class FaqEntryAdmin(WritingMixin):
    list_display = ["question", "position", "is_active"]
    list_editable = ["position", "is_active"]
    search_fields = ["question", "answer"]
    fields = ["question", "answer", "position", "is_active"]
    claim_fields = version_fields = ("question", "answer")

    def get_form(self, *args: Any, **kwargs: Any) -> Any:
        """An entry says itself that its answer is missing: once, not twice."""
        form = super().get_form(*args, **kwargs)
        if "answer" in form.base_fields:
            form.base_fields["answer"].required = False
        return form

    def preview_address(self, obj: FaqEntry) -> str:
        """The FAQ page."""
        return reverse("blog:faq")

    def for_preview(self, obj: FaqEntry, *, now: datetime) -> None:
        """Makes the entry active."""
        FaqEntry.objects.filter(pk=obj.pk).update(is_active=True)


@admin.register(HomeBlock)
class HomeBlockAdmin(WordsMixin):
    list_display = ["slug", "heading", "position", "is_active"]
    list_editable = ["position", "is_active"]
    claim_fields = version_fields = ("title", "text", "lines")

    def get_fields(self, request: HttpRequest, obj: HomeBlock | None = None) -> list[Any]:
        """What the block has room for; a new one says first which it is."""
        if obj is None:
            return ["slug", "title", "position", "is_active"]
        own = obj.own
        room = {"title": own.title, "text": own.text, "lines": own.lines}
        placed = [] if obj.slug == HomeBlock.Slug.HERO else ["position", "is_active"]
        return [*(name for name, words in room.items() if words), *placed]

    def get_form(
        self, request: HttpRequest, obj: HomeBlock | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Says beside each field what readers see while it is empty."""
        if obj is not None:
            own, lines = obj.own, " / ".join(map(str, obj.own.lines))
            kwargs["help_texts"] = {
                "title": _("Empty, it says: %(words)s") % {"words": own.title},
                "text": _("Empty, it says: %(words)s") % {"words": own.text},
                "lines": _(
                    "%(count)d lines. What stands before a colon may be bold. Empty, they say: %(words)s"
                )
                % {"count": len(own.lines), "words": lines},
            }
        return super().get_form(request, obj, change, **kwargs)

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offers only blocks that have no row yet."""
        if db_field.name == "slug":
            kwargs["choices"] = _without_rows(HomeBlock)
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    @admin.display(description=_("title"))
    def heading(self, block: HomeBlock) -> str:
        """The title as readers see it."""
        return block.said_title

    def preview_address(self, obj: HomeBlock) -> str:
        """The home page."""
        return reverse("home")

    def for_preview(self, obj: HomeBlock, *, now: datetime) -> None:
        """Shows the block."""
        HomeBlock.objects.filter(pk=obj.pk).update(is_active=True)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only while a block has no row."""
        return (
            is_own_page(self, request)
            and super().has_add_permission(request)
            and HomeBlock.objects.count() < len(HomeBlock.Slug)
        )

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Without adding, as for pages."""
        return {**super().get_model_perms(request), "add": False, "delete": False}

    def has_delete_permission(self, request: HttpRequest, obj: HomeBlock | None = None) -> bool:
        """Never: a block is hidden, and its words are emptied."""
        return False


class TestimonialForm(ModelForm):
    # Neither answer is chosen beforehand: someone has to have asked.
    has_consent = forms.TypedChoiceField(
        label=_("May we show it?"),
        choices=[("yes", _("Yes, the person agreed")), ("no", _("No, or not asked yet"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        help_text=_("Ask the person, and keep their answer. Without a yes it is never shown."),
    )

    class Meta:
        model = Testimonial
        fields = ["words", "name", "place", "has_consent", "position", "is_active"]
        widgets = {"words": AdminTextareaWidget(attrs={"rows": 5})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["has_consent"] = "yes" if self.instance.has_consent else "no"


@admin.register(Testimonial)
class TestimonialAdmin(WordsMixin):
    form = TestimonialForm
    list_display = ["name", "place", "has_consent", "position", "is_active"]
    list_editable = ["position", "is_active"]
    list_filter = ["has_consent", "is_active"]
    search_fields = ["words", "name", "place"]
    fields = ["words", "name", "place", "has_consent", "position", "is_active"]
    claim_fields = ("words",)
    # Whether the person agreed is no word: bringing back an earlier version never shows it again.
    version_fields = ("words", "name", "place")

    def preview_address(self, obj: Testimonial) -> str:
        """The about page."""
        return reverse("blog:about")

    def for_preview(self, obj: Testimonial, *, now: datetime) -> None:
        """Makes the testimonial active, with consent."""
        Testimonial.objects.filter(pk=obj.pk).update(is_active=True, has_consent=True)


@admin.register(Announcement)
class AnnouncementAdmin(WordsMixin):
    list_display = ["text", "starts_at", "ends_at", "is_up"]
    search_fields = ["text"]
    fields = ["text", "link", "link_text", "starts_at", "ends_at"]
    claim_fields = ("text",)
    version_fields = ("text", "link", "link_text")

    def preview_address(self, obj: Announcement) -> str:
        """The home page."""
        return reverse("home")

    def for_preview(self, obj: Announcement, *, now: datetime) -> None:
        """Lets the announcement begin now, without an end."""
        Announcement.objects.filter(pk=obj.pk).update(starts_at=now, ends_at=None)

    @admin.display(description=_("shown now"), boolean=True)
    def is_up(self, announcement: Announcement) -> bool:
        """Whether it is shown now."""
        now = timezone.now()
        return announcement.starts_at <= now and (announcement.ends_at is None or announcement.ends_at > now)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new announcement begins now, to the minute."""
        return {
            "starts_at": timezone.now().replace(second=0, microsecond=0),
            **super().get_changeform_initial_data(request),
        }
