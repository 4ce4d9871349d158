"""Mixins and form fields for the admin, independent of any app."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.core.validators import MaxValueValidator
from django.db import IntegrityError, models, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from js_asset import Media

from massagerx.lib.phones import PhoneNumberField

from .fields import LineField, LinesField, PhoneField
from .money import DollarsField


class ProseAdminMixin(admin.ModelAdmin):
    """For admin pages with the prose editor: gives its import map the page's nonce.

    Without it a browser that keeps our Content-Security-Policy refuses the map, and only a bare text box shows.
    """

    class Media:
        css = {"all": ["css/prose_editor.css"]}
        js = ["js/prose_editor.js"]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Puts the nonce of this response on the editor's import map."""
        context["media"] = Media.from_media(context["media"]).with_nonce(request.csp_nonce)  # type: ignore[attr-defined]
        return super().render_change_form(request, context, *args, **kwargs)


# Longer than anything worth looking for.
LONGEST_SEARCH, MOST_WORDS = 200, 10


class BoundedPaginator(Paginator):
    """Counts no further than to `most`: nobody turns to the two hundredth page, and to count a million rows takes
    longer than to show fifty."""

    most = 10_000

    @cached_property
    def count(self) -> int:
        """The number of rows, or `most`."""
        return min(self._counted, self.most)

    @cached_property
    def is_more(self) -> bool:
        """Whether there are more rows than `count`."""
        return self._counted > self.most

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[: self.most + 1].count())


class FoundPaginator(BoundedPaginator):
    """Of what a search found, each row costs a look at its words."""

    most = 1_000


class ListMixin(admin.ModelAdmin):
    """For lists with actions: a row that can't exist is refused (400), where Django's own list breaks (500). A history
    is refused to those who may not see such rows, whether there is one or not."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Raises `BadRequest` (400) for a selected key that no row can have."""
        key = self.opts.pk
        for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                key.clean(chosen, None)
            except ValidationError as error:
                raise BadRequest("not a row's key") from error
        return super().changelist_view(request, extra_context)

    def response_action(self, request: HttpRequest, queryset: Any, *args: Any, **kwargs: Any) -> Any:
        """Does nothing with *all* of a list that is longer than is counted: its page doesn't offer that."""
        is_of_all = forms.BooleanField(required=False).to_python(request.POST.get("select_across"))
        rows: Any = self.get_paginator(request, queryset, self.list_per_page) if is_of_all else None
        if rows is not None and rows.is_more:
            words = _(
                "More than %(most)s are on this list, so all of them can’t be chosen. Nothing was changed."
            )
            self.message_user(request, words % {"most": number_format(rows.most)}, messages.WARNING)
            return None
        return super().response_action(request, queryset, *args, **kwargs)

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Paginator:
        """One that counts as far as anybody turns pages."""
        return (FoundPaginator if request.GET.get(SEARCH_VAR) else BoundedPaginator)(*args, **kwargs)

    def get_ordering(self, request: HttpRequest) -> Any:
        """The model's own order by name: a query that counts or sums would lose it, and a field's choices with it."""
        return super().get_ordering(request) or self.opts.ordering

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Of a long search the first words: each becomes a condition on every field."""
        return super().get_search_results(
            request, queryset, " ".join(search_term[:LONGEST_SEARCH].split()[:MOST_WORDS])
        )

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Refuses before it looks for the row: Django's own says first whether there is one."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        response: HttpResponse = super().history_view(request, object_id, extra_context)
        return response


class PreparedMixin(admin.ModelAdmin):
    """For a list that can begin with prepared rows: a press adds them, to be gone through."""

    def prepared_rows(self) -> list[Any]:
        """Unsaved, in their order; none where the list has begun."""
        raise NotImplementedError

    @property
    def _prepared_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_prepared"

    def get_urls(self) -> list[URLPattern]:
        """Adds the address of the press."""
        view = self.admin_site.admin_view(require_POST(self.add_prepared))
        return [path("prepared/", view, name=self._prepared_name), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Adds the press to the context, until the list has begun."""
        names = [str(row) for row in self.prepared_rows()] if self.has_add_permission(request) else []
        prepared = {"prepared": names, "prepared_url": reverse(f"admin:{self._prepared_name}")}
        return super().changelist_view(request, {**(extra_context or {}), **prepared})

    def add_prepared(self, request: HttpRequest) -> HttpResponse:
        """Adds them all; the second press of two adds nothing."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        rows = self.prepared_rows()
        try:
            with transaction.atomic():
                for row in rows:
                    row.save()
                    self.log_addition(request, row, str(_("Prepared by the site.")))
        except IntegrityError:
            rows = []  # the other press of the two has added them
        words = ngettext(
            "%(count)d added. Go through it, and change what you like.",
            "%(count)d added. Go through them, and change what you like.",
            len(rows),
        )
        self.message_user(request, words % {"count": len(rows)}, messages.SUCCESS)
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")


# Beyond these years a date is a slip of the finger, and the ends of the calendar can't be shown in another zone.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
_ODD_DATE = _("Use a date between 2000 and 2100.")


def sane_day(value: date) -> None:
    """Refuses a date that is a slip of the finger. Works on dates and on aware datetimes (a datetime is a date)."""
    if not FIRST_DAY.year <= value.year <= LAST_DAY.year:
        raise ValidationError(_ODD_DATE, code="odd_date")


# As people here write the hour, beside what Django reads: 5 PM, 5pm, 5:30 PM.
_CLOCK_FORMATS = ("%I:%M %p", "%I:%M%p", "%I %p", "%I%p")
_ODD_CLOCK = _("Type a time such as 17:30 or 5:30 PM.")


def _read_clock(field: forms.TimeField) -> None:
    field.input_formats = [*(field.input_formats or ()), *_CLOCK_FORMATS]
    field.error_messages["invalid"] = _ODD_CLOCK


def _day_input() -> forms.DateInput:
    # The browser's own calendar: in the reader's language, by keys, and under a thumb.
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _clock_input() -> forms.TimeInput:
    # Typed, and without the seconds that nobody types.
    return forms.TimeInput(attrs={"size": "8"}, format="%H:%M")


def _name_parts(field: forms.SplitDateTimeField) -> None:
    """Tells who doesn't see the page which of the two fields is what: Django's words beside them are no labels."""
    for part, words in zip(field.widget.widgets, (_("Date: %(what)s"), _("Time: %(what)s")), strict=True):
        part.attrs["aria-label"] = words % {"what": field.label}


def clock_field(**options: Any) -> forms.TimeField:
    """A field for a wall time, typed as people here write it."""
    field = forms.TimeField(widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"), **options)
    _read_clock(field)
    return field


class KindFieldsMixin(BaseModelAdmin):
    """For every model admin and inline: money is typed in dollars, hours as 17:30 or 5:30 PM, dates stay within
    reason, whole numbers within what their column holds, and lines of text are cleaned of what can't be read.

    A model's `…_cents` field is shown as dollars; `money_labels` may give it another label, by field name.
    """

    money_labels: dict[str, Any] = {}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Chooses the form field by the kind of the column: money, time of day, date, whole number or
        text."""
        if isinstance(db_field, models.IntegerField) and db_field.name.endswith("_cents"):
            return self._dollars(db_field)
        if type(db_field) is models.CharField and not db_field.choices:
            kwargs["form_class"] = LineField
        elif type(db_field) is models.TextField:
            kwargs["form_class"] = LinesField
        elif isinstance(db_field, PhoneNumberField):
            kwargs["form_class"] = PhoneField
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, forms.TimeField):
            _read_clock(field)
            field.widget = _clock_input()
        elif isinstance(field, forms.DateField):
            field.widget = _day_input()
        elif isinstance(field, forms.SplitDateTimeField) and isinstance(field.fields[1], forms.TimeField):
            _read_clock(field.fields[1])
            field.widget.widgets = [_day_input(), _clock_input()]
            # In place of Django's note on the hours between the browser's clock and ours.
            field.help_text = field.help_text or _("Los Angeles time.")
            _name_parts(field)
        if isinstance(db_field, models.DateField) and field is not None:
            field.validators = [*field.validators, sane_day]
        elif isinstance(db_field, models.PositiveSmallIntegerField) and isinstance(field, forms.IntegerField):
            # SQLite has no limit of its own, and a day of 10^15 minutes breaks whoever counts with it.
            field.validators = [*field.validators, MaxValueValidator(32_767)]
        return field

    def _dollars(self, db_field: Any) -> DollarsField:
        limits = [
            validator.limit_value
            for validator in db_field.validators
            if isinstance(validator, MaxValueValidator) and isinstance(validator.limit_value, int)
        ]
        label = self.money_labels.get(db_field.name) or str(db_field.verbose_name).replace(" in cents", "")
        return DollarsField(
            label=capfirst(label),
            max_cents=min([*limits, 10_000_000]),
            required=not db_field.blank,
            initial=db_field.default if db_field.has_default() else None,
            help_text=_("In dollars."),
        )


class TableInline(KindFieldsMixin, admin.TabularInline):
    """Rows in a table. Each field has its column's name, for who doesn't see the head."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The form field of a column; boxes to be checked have a label each."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and not isinstance(field.widget, forms.CheckboxSelectMultiple):
            field.widget.attrs.setdefault("aria-label", field.label)
        return field


def is_own_page(model_admin: admin.ModelAdmin, request: HttpRequest) -> bool:
    """Whether the page asked for is one of this model's, and not another that only lists it in its menu."""
    opts = model_admin.opts
    match = request.resolver_match
    return match is not None and (match.url_name or "").startswith(f"{opts.app_label}_{opts.model_name}_")


class _Merged(forms.BaseModelForm):
    """Takes what was not changed on the page as it is stored by now, before anything is checked."""

    def _clean_fields(self) -> None:
        super()._clean_fields()  # type: ignore[misc]
        for name, field in self.fields.items() if self.instance.pk is not None else ():
            is_shown = self.add_initial_prefix(name) in self.data
            if is_shown and name in self.cleaned_data and name not in self.changed_data:
                self.cleaned_data[name] = self.get_initial_for_field(field, name)


class SingletonMixin(admin.ModelAdmin):
    """For a model with one row: its list leads to the row, and nobody adds a second or deletes it. Its page may be open
    in two tabs: what was not changed in this one stays as the other saved it meanwhile."""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The page sends along what it showed."""
        form = super().get_form(request, obj, change=change, **kwargs)
        merged = type(form.__name__, (_Merged, form), {})
        for field in merged.base_fields.values():  # type: ignore[attr-defined]
            field.show_hidden_initial = not isinstance(field, forms.FileField)
        return merged

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Of a row that another tab has made meanwhile it is the form that changes it."""
        row = self.model._default_manager.first() if request.method == "POST" else None
        if row is not None:
            # Where "Save and continue" leads.
            request.path = reverse(
                f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk]
            )
            return self.change_view(request, str(row.pk), form_url, extra_context)
        return super().add_view(request, form_url, extra_context)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Redirects to the row, or to the form that makes it."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        row = self.model._default_manager.first()
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        return redirect(reverse(f"{name}_change", args=[row.pk]) if row else reverse(f"{name}_add"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only while there is no row; asked on the pages of these rows alone, since the menu of every page asks too."""
        return (
            is_own_page(self, request)
            and super().has_add_permission(request)
            and not self.model._default_manager.exists()
        )

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Without adding: to ask whether there is room for a row would cost a query in the menu of every page."""
        change, view = self.has_change_permission(request), self.has_view_permission(request)
        return {"add": False, "change": change, "delete": False, "view": view}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False
