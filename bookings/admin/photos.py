"""The shoot list: which photos the site asks for, what each should show, and which are there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from bookings.models import Photo, Therapist
from massagerx.lib.admin import KindFieldsMixin, ListMixin
from massagerx.lib.picture_upload import PictureUploadForm, upload_field

# Shape, where it is shown, and what is asked of who takes it.
_ASKED: dict[str, tuple[Any, Any, Any]] = {
    Photo.Slot.PORTRAIT: (
        _("Tall, 4 to 5"),
        _("Everywhere this therapist is named"),
        _("Window light, shoulders up, looking at the camera, plain wall."),
    ),
    Photo.Slot.HANDS: (
        _("Wide, 3 to 2"),
        _("On their own page"),
        _("Your hands on a towel. Nobody’s face."),
    ),
    Photo.Slot.TABLE: (
        _("Wide, 4 to 3"),
        _("Home page"),
        _("A client’s living room, nobody in it, the table ready."),
    ),
    Photo.Slot.CAR: (_("Wide, 3 to 2"), _("About us"), _("What you carry, in the open boot.")),
    Photo.Slot.OWNER: (_("Square"), _("About us"), _("You, at the door.")),
}


@dataclass(frozen=True, slots=True)
class ListedSlot:
    """A line of the shoot list, with the photo that fills it."""

    slot: Photo.Slot
    therapist: Therapist | None
    photo: Photo | None

    @property
    def label(self) -> str:
        return str(self.slot.label)

    @property
    def shape(self) -> str:
        return str(_ASKED[self.slot][0])

    @property
    def where(self) -> str:
        return str(_ASKED[self.slot][1])

    @property
    def wish(self) -> str:
        return str(_ASKED[self.slot][2])

    @property
    def address(self) -> str:
        """The page on which the photo is added or changed."""
        if self.photo is not None:
            return reverse("admin:bookings_photo_change", args=[self.photo.pk])
        of = {"therapist": self.therapist.pk} if self.therapist else {}
        return f"{reverse('admin:bookings_photo_add')}?{urlencode({'slot': self.slot.value, **of})}"


def slots_of(therapist: Therapist | None, photos: Iterable[Photo]) -> list[ListedSlot]:
    """The slots of a therapist, or, for None, of the site, filled from these `photos`."""
    there = {photo.slot: photo for photo in photos}
    return [
        ListedSlot(slot, therapist, there.get(slot))
        for slot in Photo.Slot
        if (slot in Photo.OF_A_THERAPIST) == (therapist is not None)
    ]


class PhotoForm(PictureUploadForm):
    upload = upload_field()

    class Meta:
        model = Photo
        fields = ["slot", "therapist", "focal_x", "focal_y"]
        # Both are chosen on the shoot list.
        widgets = {"slot": forms.HiddenInput(), "therapist": forms.HiddenInput()}


class FocusForm(forms.ModelForm):
    class Meta:
        model = Photo
        fields = ["focal_x", "focal_y"]


@admin.register(Photo)
class PhotoAdmin(KindFieldsMixin, ListMixin):
    readonly_fields = ["asked", "shown"]

    class Media:
        css = {"all": ["css/writing.css"]}
        js = ["js/focus.js"]

    def get_form(
        self, request: HttpRequest, obj: Photo | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """A file for an empty slot, the focus for a photo that is there."""
        return super().get_form(request, obj, change, form=FocusForm if obj else PhotoForm, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Photo | None = None) -> Any:
        first = ["asked", "shown"] if obj else ["upload", "slot", "therapist"]
        return [
            (None, {"fields": first}),
            (
                _("What must stay in sight"),
                {
                    "description": _(
                        "The photo is cut to the shape of its place. Press on the most important point of it, or type "
                        "where it is."
                    ),
                    "fields": [("focal_x", "focal_y")],
                },
            ),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The shoot list."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        photos = list(Photo.objects.select_related("therapist"))
        therapists = Therapist.objects.filter(is_active=True)
        people = [
            (therapist, slots_of(therapist, (row for row in photos if row.therapist_id == therapist.pk)))
            for therapist in therapists
        ]
        of_the_site = slots_of(None, (row for row in photos if row.therapist_id is None))
        every = [slot for _therapist, slots in people for slot in slots] + of_the_site
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Shoot list"),
            "people": people,
            "of_the_site": of_the_site,
            "there": sum(slot.photo is not None for slot in every),
            "all": len(every),
        }
        return render(request, "admin/bookings/photo/shoot_list.html", context)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Only for a slot of the list: without one, the list."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "GET" and request.GET.get("slot") not in Photo.Slot.values:
            return redirect("admin:bookings_photo_changelist")
        return super().add_view(request, form_url, extra_context)

    @admin.display(description=_("what it should show"))
    def asked(self, photo: Photo) -> str:
        return f"{photo}: {_ASKED[photo.slot][2]}"

    @admin.display(description=_("photo"))
    def shown(self, photo: Photo) -> SafeString:
        """The photo with its focus, which a press moves."""
        return render_to_string("admin/bookings/photo/focus.html", {"photo": photo})

    def save_model(self, request: HttpRequest, obj: Photo, form: Any, change: bool) -> None:
        """Marks sizes as due when the focus changed; a new photo's are by its form."""
        if change and form.changed_data:
            obj.sizes_due_at = timezone.now()
        super().save_model(request, obj, form, change)
