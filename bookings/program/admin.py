"""The owner's exercises and templates, and the list of clients' programs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.admin.base import RowsOnly
from bookings.staff.labels import local_when, mark
from massagerx.lib.admin import KindFieldsMixin, ListMixin, TableInline
from massagerx.lib.admin_history import HistoryMixin
from massagerx.lib.localtime import local
from massagerx.lib.picture_upload import PictureUploadForm, upload_field

from .labels import questions
from .models import (
    MOST_EXERCISES,
    Area,
    Described,
    Exercise,
    ExercisePicture,
    Program,
    ProgramTemplate,
    Sport,
    TemplateExercise,
)
from .rights import programs_seen_by


class ExerciseForm(forms.ModelForm):
    """Lists of choices as boxes to tick."""

    areas = forms.MultipleChoiceField(
        label=gettext_lazy("Problem areas"),
        choices=Area.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    sports = forms.MultipleChoiceField(
        label=gettext_lazy("Sports"),
        choices=Sport.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    not_for = forms.MultipleChoiceField(
        label=gettext_lazy("Not where something speaks against it in the answer to"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "A program refuses it then, with the reason. Not sure counts, and so does a question that was not asked."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "not_for" in self.fields:
            known = questions(timezone.now())
            # What an older version asked still counts.
            older = {key: key for key in self.instance.not_for if key not in known}
            self.fields["not_for"].choices = [*known.items(), *older.items()]  # type: ignore[attr-defined]


@admin.register(Exercise)
class ExerciseAdmin(HistoryMixin, KindFieldsMixin, ListMixin):
    """The library. What clients have of an exercise is a copy: a change here changes no program."""

    form = ExerciseForm
    list_display = ["name", "amount_in_words", "approval"]
    search_fields = ["name"]
    fields = [
        *(field.name for field in Described._meta.local_fields),
        "areas",
        "sports",
        "not_for",
        "approved_by",
    ]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """An address typed without its scheme is one of HTTPS."""
        if db_field.name == "video_url":
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Takes the approval away of what its giver has not seen, unless it is given with the same press."""
        if change and obj.approved_by and form.changed_data and "approved_by" not in form.changed_data:
            words = _(
                "%(name)s approved the exercise as it was before, so no program takes it any more. Once somebody has "
                "checked it as it is now, type who approved it."
            )
            messages.warning(request, words % {"name": obj.approved_by})
            obj.approved_by = ""
        super().save_model(request, obj, form, change)

    @admin.display(description=gettext_lazy("how much"))
    def amount_in_words(self, exercise: Exercise) -> str:
        return _("%(sets)d × %(amount)d %(unit)s, %(days)d days a week") % {
            "sets": exercise.sets,
            "amount": exercise.amount,
            "unit": exercise.get_unit_display().lower(),
            "days": exercise.days_a_week,
        }

    @admin.display(description=gettext_lazy("approved"))
    def approval(self, exercise: Exercise) -> SafeString:
        if exercise.approved_by:
            return mark("good", "✓", exercise.approved_by)
        return mark("note", "!", _("not approved yet"))


class UploadForm(PictureUploadForm):
    upload = upload_field()

    class Meta:
        model = ExercisePicture
        fields = ["title", "focal_x", "focal_y"]


@admin.register(ExercisePicture)
class ExercisePictureAdmin(KindFieldsMixin, ListMixin):
    """Pictures to choose from on an exercise's form; each is encoded anew on its way in."""

    list_display = ["title", "width", "height"]
    search_fields = ["title"]
    readonly_fields = ["shown"]

    class Media:
        css = {"all": ["css/writing.css"]}
        js = ["js/focus.js"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """A file for a new one; words and focus for one that is there."""
        return super().get_form(request, obj, change, **kwargs, **({} if obj else {"form": UploadForm}))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["title", "shown" if obj else "upload", ("focal_x", "focal_y")]

    @admin.display(description=gettext_lazy("picture"))
    def shown(self, picture: ExercisePicture) -> SafeString:
        """The picture with its focus, which a press moves."""
        return render_to_string("admin/bookings/photo/focus.html", {"photo": picture})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Marks sizes as due when the focus changed; a new picture's are by its form."""
        if change and {"focal_x", "focal_y"} & set(form.changed_data):
            obj.sizes_due_at = timezone.now()
        super().save_model(request, obj, form, change)


class TemplateExerciseFormSet(forms.BaseInlineFormSet):
    """A template has exercises, in weeks that it has."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data]
        rows = [row for row in rows if not row.get("DELETE")]
        if not rows:
            raise forms.ValidationError(_("A template has at least one exercise."))
        for row in rows:
            if row["to_week"] > (self.instance.weeks or 0):
                words = _("%(name)s goes on to week %(week)d, which the template hasn’t.")
                raise forms.ValidationError(words % {"name": row["exercise"], "week": row["to_week"]})


class TemplateExerciseInline(TableInline):
    model = TemplateExercise
    formset = TemplateExerciseFormSet
    fields = ["exercise", "from_week", "to_week"]
    extra = 1
    max_num = MOST_EXERCISES


@admin.register(ProgramTemplate)
class ProgramTemplateAdmin(HistoryMixin, KindFieldsMixin, ListMixin):
    list_display = ["name", "sport", "area", "weeks", "approval"]
    list_filter = ["sport"]
    search_fields = ["name"]
    fields = ["name", "sport", "area", "weeks"]
    inlines = [TemplateExerciseInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProgramTemplate]:
        waits = Count("exercises", filter=Q(exercises__exercise__approved_by=""))
        return super().get_queryset(request).annotate(waits=waits)

    @admin.display(description=gettext_lazy("exercises"))
    def approval(self, template: Any) -> SafeString:
        if not template.waits:
            return mark("good", "✓", _("all approved"))
        return mark("note", "!", _("%(count)d not approved yet") % {"count": template.waits})


@admin.register(Program)
class ProgramAdmin(RowsOnly):
    """Clients' programs; each opens on its page in `program.desk`."""

    list_title = gettext_lazy("Clients’ programs")
    list_display = ["client", "name", "state", "last_press"]
    list_filter = ["sport"]
    list_select_related = ["booking"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Program]:
        rows = super().get_queryset(request).defer("note")
        return programs_seen_by(request.user, rows)

    @admin.display(description=gettext_lazy("client"))
    def client(self, program: Program) -> str:
        return program.booking.visit_for

    @admin.display(description=gettext_lazy("how it stands"))
    def state(self, program: Program) -> SafeString:
        today = local(timezone.now()).date()
        week = program.week_of(today)
        if program.ended_at is not None or program.is_over_on(today):
            return mark("off", "–", _("Ended"))
        if program.paused_on is not None:
            return mark("off", "–", _("Paused"))
        if program.hurts_since is not None:
            return mark("bad", "!", _("Hurts: please look"))
        if week < 1:
            return mark("note", "…", _("Begins %(day)s") % {"day": program.started_on.isoformat()})
        return mark("good", "✓", _("Week %(week)d of %(weeks)d") % {"week": week, "weeks": program.weeks})

    @admin.display(description=gettext_lazy("last press (Los Angeles)"), ordering="last_press_at")
    def last_press(self, program: Program) -> str:
        return local_when(program.last_press_at) if program.last_press_at else "–"
