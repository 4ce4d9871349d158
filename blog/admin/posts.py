"""Posts with their versions, previews and imports, and tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator, slugify
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from blog.importing import Imported, import_text, kind_of, refuse_too_much
from blog.models import RESERVED_SLUGS, OldAddress, Post, Tag
from blog.preview import LASTS, preview_token
from blog.sample import first_posts
from massagerx.lib.admin import KindFieldsMixin, ListMixin, PreparedMixin
from massagerx.lib.fields import LineField
from massagerx.lib.html import LONGEST_HTML
from massagerx.lib.text import refuse_too_long
from massagerx.lib.urls import absolute_url

from .writing import WritingMixin


def free_slug(title: str, own_key: int | None = None) -> str:
    """An address made of the title; of a title without Latin letters, "post"; with a number when another post than
    `own_key` has it, or had it."""
    field = Post._meta.get_field("slug")
    stem = slugify(title)[: (field.max_length or 50) - 5].strip("-") or "post"
    others = Post.objects.exclude(pk=own_key or 0).filter(slug__startswith=stem)
    left = OldAddress.objects.exclude(post=own_key or 0).filter(slug__startswith=stem)
    taken = {*others.values_list("slug", flat=True), *left.values_list("slug", flat=True)} | RESERVED_SLUGS
    slug, number = stem, 2
    while slug in taken:
        slug, number = f"{stem}-{number}", number + 1
    return slug


# The name of the button that publishes what is saved with it.
PUBLISH = "_publish"


class PostForm(ModelForm):
    class Meta:
        model = Post
        fields = [
            "title", "slug", "summary", "body", "cover", "status", "published_at", "author_name", "tags",
            "pinned_posts", "services",
        ]  # fmt: skip
        widgets = {
            # It grows with what is typed.
            "title": AdminTextareaWidget(attrs={"rows": 1, "placeholder": _("Title")}),
            "summary": AdminTextareaWidget(attrs={"rows": 3}),
            "tags": forms.CheckboxSelectMultiple,
            "services": forms.CheckboxSelectMultiple,
        }
        error_messages = {"slug": {"unique": _("Another post has this address. Change a word of it.")}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sent, self._stored = self.data, (self.instance.status, self.instance.published_at)
        if isinstance(self.data, QueryDict) and PUBLISH in self.data:
            # As if it had been chosen: what has changed is seen, saved and kept in the history.
            sent = self.data.copy()
            sent["status"] = Post.Status.PUBLISHED
            self.data = sent
        if "slug" in self.fields:
            self.fields["slug"].required = False
        if "body" in self.fields:
            self.fields["body"].required = False  # the post says itself that words are missing, once
        if "pinned_posts" in self.fields and self.instance.pk:
            pinned = self.fields["pinned_posts"]
            assert isinstance(pinned, forms.ModelMultipleChoiceField)
            pinned.queryset = Post.objects.exclude(pk=self.instance.pk)

    def full_clean(self) -> None:
        """Also takes back what was as if chosen when the post is refused: the page that says why shows a draft as a
        draft, and its other buttons don't publish it."""
        super().full_clean()
        if self.errors:
            self.data = self._sent
            self.instance.status, self.instance.published_at = self._stored

    def clean_title(self) -> str:
        """The title in one line."""
        return " ".join(self.cleaned_data["title"].split())

    def clean(self) -> dict[str, Any]:
        """Fills in the time of publication and a free slug where they are blank."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        # Here and not when saving: the constraint that asks for the time is checked with the form.
        if cleaned.get("status") == Post.Status.PUBLISHED and not cleaned.get("published_at"):
            if "published_at" not in self.errors:
                cleaned["published_at"] = timezone.now()
        if not cleaned.get("slug") and "slug" not in self.errors:
            cleaned["slug"] = free_slug(cleaned.get("title") or "", self.instance.pk)
        return cleaned


class PasteForm(forms.Form):
    """A post from elsewhere."""

    title = LineField(
        label=_("Title"),
        max_length=140,
        required=False,
        help_text=_("Left empty, the first heading of the text is taken."),
        widget=AdminTextInputWidget,
    )
    kind = forms.ChoiceField(
        label=_("What you paste"),
        choices=[
            ("", _("Find out by itself")),
            ("html", _("HTML, as from a web page or a word processor")),
            ("markdown", _("Markdown or plain text")),
        ],
        required=False,
        widget=forms.RadioSelect,
    )
    bold_headings = forms.BooleanField(
        label=_("A short line that is all in bold is a heading"), required=False, initial=True
    )
    text = forms.CharField(
        label=_("The post"),
        max_length=200_000,
        widget=AdminTextareaWidget(attrs={"rows": 16, "data-paste": ""}),
        help_text=_(
            "Paste it here, as it is. Headings, paragraphs, lists, quotes, bold, italics and links are kept; colors, "
            "tables, pictures and all the rest are left behind."
        ),
    )

    def clean(self) -> dict[str, Any]:
        """Imports the pasted text; needs words, and a title from the field or the first heading."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("text"):
            kind = cleaned.get("kind") or kind_of(cleaned["text"])
            try:
                refuse_too_much(cleaned["text"], kind)
                imported = import_text(
                    cleaned["text"], kind, bold_headings=bool(cleaned.get("bold_headings"))
                )
                refuse_too_long(imported.body, LONGEST_HTML)
            except forms.ValidationError as error:
                self.add_error("text", error)
                return cleaned
            title = cleaned.get("title") or imported.title
            if not imported.body:
                self.add_error("text", _("We found no words to keep in this text, beside a heading at most."))
            elif not title:
                self.add_error("title", _("The text begins with no heading, so please type a title."))
            cleaned["title"] = Truncator(title).chars(140)
            # A heading that isn't taken for the title is still part of the text.
            own = imported.title and cleaned["title"] != Truncator(imported.title).chars(140)
            heading = f"<h2>{escape(imported.title)}</h2>" if own else ""
            cleaned["body"], cleaned["imported"] = heading + imported.body, imported
        return cleaned


def _what_to_look_at(imported: Imported) -> Iterator[str]:
    """What a pasted text lost, and what it may gain, a sentence each."""
    counted = [
        (
            imported.pictures,
            ngettext(
                "%(count)d picture was left behind: add it to the pictures, then put it in where it belongs.",
                "%(count)d pictures were left behind: add them to the pictures, then put them in where they belong.",
                imported.pictures,
            ),
        ),
        (
            imported.tables,
            ngettext(
                "%(count)d table was taken apart: its words are there, one cell after another.",
                "%(count)d tables were taken apart: their words are there, one cell after another.",
                imported.tables,
            ),
        ),
        (
            imported.others,
            ngettext(
                "%(count)d other thing was left behind, such as a player, a map or a form.",
                "%(count)d other things were left behind, such as players, maps or forms.",
                imported.others,
            ),
        ),
    ]
    yield from (words % {"count": count} for count, words in counted if count)
    for url in imported.videos:
        add = f"{reverse('admin:blog_video_add')}?{urlencode({'url': url})}"
        yield format_html(
            '{} <a href="{}">{}</a>',
            _("The text links to a video on a line of its own (%(url)s).") % {"url": url},
            add,
            _("Add it to the videos, and readers can play it there."),
        )
    for line in imported.promises:
        yield _("This line speaks of a link and has none: “%(line)s”") % {"line": Truncator(line).chars(120)}


class WhenFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        """Published, scheduled and draft."""
        return [("published", _("Published")), ("scheduled", _("Scheduled")), ("draft", _("Draft"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Post]) -> QuerySet[Post]:
        """Posts in the chosen state at this moment."""
        now = timezone.now()
        if self.value() == "published":
            return queryset.filter(status=Post.Status.PUBLISHED, published_at__lte=now)
        if self.value() == "scheduled":
            return queryset.filter(status=Post.Status.PUBLISHED, published_at__gt=now)
        if self.value() == "draft":
            return queryset.filter(status=Post.Status.DRAFT)
        return queryset


@admin.register(Post)
class PostAdmin(PreparedMixin, WritingMixin):
    form = PostForm
    list_display = ["title", "state", "author_name", "updated_at"]
    list_filter = [WhenFilter, "tags", "services"]
    search_fields = ["title", "summary", "body", "tags__name"]
    search_help_text = _("Searches titles, summaries, texts and tags.")
    ordering = ["-updated_at"]
    prepopulated_fields = {"slug": ["title"]}
    autocomplete_fields = ["pinned_posts"]
    actions = ["publish_selected", "unpublish_selected"]
    readonly_fields = ["cover_shown", "preview_link"]
    list_select_related = ["cover"]
    claim_fields = version_fields = ("title", "summary", "body")
    fieldsets = [
        (None, {"fields": ["title", "body"]}),
        (
            _("When readers see it"),
            {
                "description": _(
                    "A draft is seen by staff only: press “See it” to see it as a reader will. “Publish” shows it, at "
                    "once or from the time that you type."
                ),
                "fields": ["status", "published_at", "preview_link"],
            },
        ),
        (_("Picture"), {"fields": ["cover", "cover_shown"]}),
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

    class Media:
        js = ["js/cover.js"]

    def prepared_rows(self) -> list[Post]:
        """The first posts, as drafts."""
        return first_posts()

    @admin.display(description=_("state"), ordering="published_at")
    def state(self, post: Post) -> str:
        """Draft, scheduled or published, with the time in Los Angeles."""
        if post.status == Post.Status.DRAFT or post.published_at is None:
            return str(_("Draft"))
        when = date_format(timezone.localtime(post.published_at), "DATETIME_FORMAT")
        if post.is_visible(timezone.now()):
            return str(_("Published %(when)s") % {"when": when})
        return str(_("Scheduled for %(when)s") % {"when": when})

    def view_on_site(self, post: Post) -> str:
        """The post's public address."""
        return post.get_absolute_url()

    @admin.display(description=_("preview link"))
    def preview_link(self, post: Post) -> str:
        """A link to the unpublished post for somebody without an account, and until when it works."""
        now = timezone.now()
        if not post.created_at:
            return str(
                _(
                    "Save the post first. Then you can send a link to someone who should read it before it is out."
                )
            )
        if post.is_visible(now):
            return str(_("The post is out: send its own address."))
        address = absolute_url(reverse("blog:preview", args=[preview_token(post.pk)]))
        until = date_format(timezone.localtime(now + LASTS), "DATE_FORMAT")
        return format_html(
            '<a href="{0}" class="preview-link">{1}</a><br>{2}',
            address,
            _("Link for someone without a log-in"),
            _("Copy it and send it. Whoever has it can read the post until %(date)s.") % {"date": until},
        )

    @admin.display(description=_("how it is cut"))
    def cover_shown(self, post: Post) -> SafeString:
        """The cover as it is cut."""
        return render_to_string("admin/blog/cover.html", {"picture": post.cover})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Adds the post's state to the context, and whether it is still to be published."""
        post = context.get("original")
        context["state"] = self.state(post) if isinstance(post, Post) else None
        context["is_draft"] = not isinstance(post, Post) or post.status == Post.Status.DRAFT
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Saves only what changed, so that the date of the last change stays true."""
        if change and not form.changed_data:
            # The date that search engines are told is that of the last change.
            self.warn_of_claims(request, obj)
            return
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: Post, *args: Any, **kwargs: Any) -> HttpResponse:
        """After "See it" the post, after "Publish" the page with when readers see it."""
        return self._onward(request, obj) or super().response_add(request, obj, *args, **kwargs)

    def response_change(self, request: HttpRequest, obj: Post) -> HttpResponse:
        """After "See it" the post, after "Publish" the page with when readers see it."""
        return self._onward(request, obj) or super().response_change(request, obj)

    def _onward(self, request: HttpRequest, post: Post) -> HttpResponse | None:
        if PUBLISH in request.POST:
            messages.success(request, self.state(post))
            return redirect("admin:blog_post_change", post.pk)
        return redirect(post) if "_look" in request.POST else None

    def get_urls(self) -> list[URLPattern]:
        """Adds the page that imports a pasted text."""
        wrap = self.admin_site.admin_view
        return [
            path("paste/", wrap(self.paste_view), name="blog_post_paste"),
            *super().get_urls(),
        ]

    def paste_view(self, request: HttpRequest) -> HttpResponse:
        """Makes a draft of a post that was written elsewhere."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = PasteForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return self._make_draft(request, form.cleaned_data)
        context = {**self.admin_site.each_context(request), "form": form, "opts": self.opts}
        return render(request, "admin/blog/post/paste.html", {**context, "title": _("Paste a post")})

    @transaction.atomic
    def _make_draft(self, request: HttpRequest, found: dict[str, Any]) -> HttpResponse:
        post = Post.objects.create(title=found["title"], slug=free_slug(found["title"]), body=found["body"])
        self.log_addition(request, post, str(_("Pasted.")))
        messages.success(request, _("Here is your draft. Read it through, then publish it."))
        for words in _what_to_look_at(found["imported"]):
            messages.info(request, words)
        self.warn_of_claims(request, post)
        return redirect("admin:blog_post_change", post.pk)

    @admin.action(description=_("Publish now"), permissions=["change"])
    def publish_selected(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        """Publishes the selected posts that are not visible yet, now."""
        now = timezone.now()
        hidden = [post for post in queryset if not post.is_visible(now)]
        for post in hidden:
            post.publish(now=now)
            self.log_change(request, post, str(_("Published.")))
        message = ngettext("%(count)d post is published.", "%(count)d posts are published.", len(hidden))
        self.message_user(request, message % {"count": len(hidden)}, messages.SUCCESS)

    @admin.action(description=_("Take off the site (back to draft)"), permissions=["change"])
    def unpublish_selected(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        """Makes the selected published posts drafts."""
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

    def save_model(self, request: HttpRequest, obj: Tag, form: Any, change: bool) -> None:
        """Posts show the name of their tags, so they change with it."""
        super().save_model(request, obj, form, change)
        obj.posts.update(updated_at=timezone.now())
