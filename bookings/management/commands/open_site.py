"""Fills a new site from a file, through the forms of the admin's pages: what they refuse is refused here, in their
words. All of it or nothing."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import UploadedFile
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.text import slugify
from simple_history.models import HistoricalRecords

from bookings.domain.opening import set_open
from bookings.domain.zip_paste import add_paste, read_paste
from bookings.enums import Weekday
from massagerx.lib.content_files import to_html
from services.look import ColorsForm, LogoForm
from services.models import Business
from services.readiness import steps

_DAYS = {day.name[:3].lower(): int(day) for day in Weekday}
_PARTS = ("business", "look", "zones", "services", "therapists", "terms", "health", "pages", "posts")
_MARKDOWN = ("description", "what_to_expect", "before_visit", "after_visit")
_VERSIONS = ("bookings.termsversion", "bookings.screeningversion")


class Command(BaseCommand):
    help = (
        "Fill the site from a TOML file (docs/open_site.toml is an example), all or nothing, and say what is still "
        "missing. What is there already, by name, is changed to what the file says."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, and `--open`."""
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--open",
            action="store_true",
            help="Let clients book online, if nothing that a booking needs is missing.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Fills the site. Raises `CommandError` with everything that is wrong with the file; nothing is saved then."""
        try:
            said = tomllib.loads(options["file"].read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CommandError(f"{options['file']} can't be read: {error}") from None
        owner = get_user_model().objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
        if owner is None:
            raise CommandError("There is no owner's log-in yet: run manage.py createsuperuser first.")
        filling = _Filling(owner, options["file"].parent)
        # Who saved it, in the histories, as a page's request tells them.
        HistoricalRecords.context.request = filling.request
        try:
            self._fill(filling, said)
        finally:
            del HistoricalRecords.context.request
        found = steps(now=timezone.now())
        for step in found:
            self.stdout.write(f"{'✓' if not step.lacks else '–'} {step.title}")
            for lack in step.lacks:
                self.stdout.write(f"    {lack.words} {lack.address}")
        if options["open"]:
            if any(step.stops for step in found):
                raise CommandError("Saved, and not opened: something that a booking needs is still missing.")
            set_open(is_open=True)
            self.stdout.write("Clients can book online now.")

    def _fill(self, filling: _Filling, said: Mapping[str, Any]) -> None:
        with transaction.atomic():
            filling.fill(said)
            transaction.set_rollback(bool(filling.problems))
        if filling.problems:
            raise CommandError("Nothing was saved.\n" + "\n".join(f"  {words}" for words in filling.problems))


class _Filling:
    """One run: what the file says, saved through forms, and what is wrong with it."""

    def __init__(self, owner: Any, folder: Path) -> None:
        self.problems: list[str] = []
        self.folder = folder
        self.request = HttpRequest()
        self.request.user = owner
        self.request.method = "POST"

    def fill(self, said: Mapping[str, Any]) -> None:
        """Everything in the order in which one part needs another."""
        self.known("file", said, _PARTS)
        if business := self.table(said, "business"):
            self.save("business", "services.business", business, key={"pk": 1})
        if look := self.table(said, "look"):
            self.look(look)
        for where, row in self.tables(said, "zones"):
            self.zone(where, row)
        for where, row in self.tables(said, "services"):
            self.service(where, row)
        for where, row in self.tables(said, "therapists"):
            self.therapist(where, row)
        for part, label in zip(("terms", "health"), _VERSIONS, strict=True):
            if part in said and not self.model(label).objects.exists():
                self.save(part, label, self.table(said, part))
        for slug, text in self.table(said, "pages").items():
            self.page(slug, text)
        if posts := self.table(said, "posts"):
            self.posts(posts)

    # Parts -----------------------------------------------------------------------------------------------------------

    def page(self, slug: str, text: Any) -> None:
        if not isinstance(text, bool | str):
            self.problems.append(f"pages.{slug}: write its words, or true for ours, or false for none")
        elif text is not False:
            words = {} if text is True else {"body": to_html(text)}
            self.save(f"pages.{slug}", "blog.page", words, key={"slug": slug})

    def posts(self, said: dict[str, Any]) -> None:
        """The prepared posts, published: the owner has read them."""
        self.known("posts", said, ["prepared"])
        if said.get("prepared") is True:
            desk: Any = admin.site.get_model_admin(self.model("blog.post"))
            for post in desk.prepared_rows():
                words = {name: getattr(post, name) for name in ("title", "summary", "body")}
                self.save("posts", "blog.post", {**words, "status": "published"}, key={"slug": post.slug})

    def look(self, said: dict[str, Any]) -> None:
        """The logo, a file beside this one, and the colors."""
        self.known("look", said, ["logo", *ColorsForm.base_fields])
        business = Business.load()
        if "logo" in said:
            self.logo(business, str(said["logo"]))
        kept = {name: getattr(business, name) for name in ColorsForm.base_fields}
        colors = ColorsForm({**kept, **said})
        if colors.is_valid():
            colors.save(business)
        else:
            self.refused("look", colors)

    def logo(self, business: Business, name: str) -> None:
        try:
            size = (self.folder / name).stat().st_size
            with (self.folder / name).open("rb") as opened:
                form = LogoForm({}, MultiValueDict({"upload": [UploadedFile(opened, name, size=size)]}))
                # Whatever else is refused takes the row back; a file of no row hurts nobody.
                if not (form.is_valid() and form.save(business)):
                    self.refused("look", form)
        except (OSError, ValueError):
            self.problems.append(f"look.logo: “{name}” can't be read")

    def zone(self, where: str, row: dict[str, Any]) -> None:
        codes = str(row.pop("zip_codes", ""))
        zone: Any = self.save(where, "bookings.zone", row, key={"name": row.get("name")})
        if zone is None:
            return
        paste = read_paste(codes, now=timezone.now())
        self.problems += [f"{where}.zip_codes: “{typed}” {why}" for typed, why in paste.wrong]
        self.problems += [
            f"{where}.zip_codes: {code} is in “{other}” already"
            for code, other in paste.there
            if other != str(zone)
        ]
        add_paste(paste, zone=zone)

    def service(self, where: str, row: dict[str, Any]) -> None:
        lengths = self.dicts(f"{where}.lengths", row.pop("lengths", []))
        name = str(row.get("category", ""))
        category = self.save(f"{where}.category", "services.category", {"name": name}, key={"name": name})
        if category is None:
            return
        texts = {field: to_html(str(row[field])) for field in _MARKDOWN if field in row}
        service = self.save(
            where,
            "services.service",
            {**row, **texts, "category": category.pk},
            key={"name": row.get("name")},
        )
        if service is not None:
            self.rows(f"{where}.lengths", service, "services.serviceoption", lengths, key="minutes")

    def therapist(self, where: str, row: dict[str, Any]) -> None:
        hours = list(self.hours(f"{where}.hours", row.pop("hours", [])))
        services = self.listed(f"{where}.services", row.get("services", []))
        row["services"] = self.keys(f"{where}.services", "services.service", "name", services)
        row["home_zip"] = self.keys(
            f"{where}.home_zip", "bookings.servicearea", "zip_code", [row.get("home_zip", "")]
        )[:1]
        therapist: Any = self.save(where, "bookings.therapist", row, key={"name": row.get("name")})
        if therapist is not None and not therapist.working_hours.exists():
            self.rows(f"{where}.hours", therapist, "bookings.workinghours", hours)

    def hours(self, where: str, said: Any) -> Iterator[dict[str, Any]]:
        for span in self.dicts(where, said):
            for day in self.listed(f"{where}.days", span.get("days", [])):
                if str(day)[:3].lower() not in _DAYS:
                    self.problems.append(f"{where}: “{day}” is no day of the week")
                    continue
                weekday = _DAYS[str(day)[:3].lower()]
                yield {"weekday": weekday, "starts_at": span.get("from"), "ends_at": span.get("until")}

    # Forms -----------------------------------------------------------------------------------------------------------

    def save(
        self, where: str, label: str, values: Mapping[str, Any], *, key: Mapping[str, Any] | None = None
    ) -> Model | None:
        """The row of this key, made or changed by its page's form; None, and a problem, when the form refuses."""
        desk: Any = admin.site.get_model_admin(self.model(label))
        row = self.model(label).objects.filter(**key).first() if key and all(key.values()) else None
        self.request.GET = QueryDict(f"slug={key['slug']}" if key and "slug" in key else "")
        begun = {} if row else desk.get_changeform_initial_data(self.request)
        made = {name: value for name, value in (key or {}).items() if name != "pk"}
        form_class = desk.get_form(self.request, row, change=row is not None)
        values = {**begun, **({} if row else made), **values}
        if "slug" in form_class.base_fields and "slug" not in values and row is None:
            values["slug"] = slugify(str(values.get("name", "")))
        form = form_class(self.data(where, form_class.base_fields, values, row), instance=row)
        if not form.is_valid():
            self.refused(where, form)
            return None
        saved: Model = form.save(commit=False)
        desk.save_model(self.request, saved, form, row is not None)
        form.save_m2m()
        return saved

    def rows(
        self, where: str, parent: Model, label: str, said: list[dict[str, Any]], *, key: str = ""
    ) -> None:
        """Rows that stand on their parent's page; those that are there by `key` are changed."""
        desk: Any = admin.site.get_model_admin(type(parent))
        inline = next(
            one for one in desk.get_inline_instances(self.request) if one.model is self.model(label)
        )
        formset_class = inline.get_formset(self.request, parent)
        there = (
            {str(getattr(row, key)): row for row in formset_class(instance=parent).queryset} if key else {}
        )
        said.sort(key=lambda values: str(values.get(key)) not in there)
        prefix = formset_class.get_default_prefix()
        data: MultiValueDict[str, Any] = MultiValueDict()
        for number, values in enumerate(said):
            row = there.pop(str(values.get(key)), None) if key else None
            fields = self.data(f"{where}[{number + 1}]", formset_class.form.base_fields, values, row)
            for name in fields:
                data.setlist(f"{prefix}-{number}-{name}", fields.getlist(name))
            if row is not None:
                data[f"{prefix}-{number}-id"] = row.pk
        initial = sum(f"{prefix}-{number}-id" in data for number in range(len(said)))
        data[f"{prefix}-TOTAL_FORMS"], data[f"{prefix}-INITIAL_FORMS"] = str(len(said)), str(initial)
        formset = formset_class(data, instance=parent)
        if formset.is_valid():
            formset.save()
            return
        self.problems += [f"{where}: {words}" for words in formset.non_form_errors()]
        for number, form in enumerate(formset.forms):
            self.refused(f"{where}[{number + 1}]", form)

    def data(
        self, where: str, fields: Mapping[str, forms.Field], values: Mapping[str, Any], row: Model | None
    ) -> MultiValueDict[str, Any]:
        """What a browser would send: the file's values, else those that the page begins with. Money is in dollars,
        under its name without `_cents`."""
        names = {name.removesuffix("_cents"): name for name in fields}
        self.known(where, values, [*names, *fields])
        values = {names.get(name, name): value for name, value in values.items()}
        data: MultiValueDict[str, Any] = MultiValueDict()
        for name, field in fields.items():
            if name in values:
                value = self.typed(f"{where}.{name.removesuffix('_cents')}", field, values[name])
            else:
                begun = getattr(row, name, None) if row is not None else field.initial
                value = field.prepare_value(begun() if callable(begun) else begun)
                if hasattr(value, "all"):
                    value = [one.pk for one in value.all()]
            if isinstance(field, forms.SplitDateTimeField):
                if value is None or isinstance(value, datetime):
                    parts = field.widget.decompress(value)
                else:
                    # A day alone is its midnight here.
                    day, _space, at = str(value).partition(" ")
                    parts = [day, at or "00:00"]
                for number, part in enumerate(parts):
                    data[f"{name}_{number}"] = str(part or "")
            elif isinstance(value, list):
                data.setlist(name, value)
            elif value is not None and value is not False:
                data[name] = value
        return data

    # Small parts -----------------------------------------------------------------------------------------------------

    def model(self, label: str) -> Any:
        return apps.get_model(label)

    def refused(self, where: str, form: forms.BaseForm) -> None:
        for name, errors in form.errors.items():
            place = where if name == "__all__" else f"{where}.{name.removesuffix('_cents')}"
            self.problems += [f"{place}: {words}" for words in errors]

    def known(self, where: str, values: Mapping[str, Any], names: Iterable[str]) -> None:
        for name in set(values) - set(names):
            self.problems.append(f"{where}: there is nothing called “{name}” here")

    def keys(self, where: str, label: str, field: str, wanted: list[Any]) -> list[Any]:
        rows = self.model(label).objects.in_bulk([str(name) for name in wanted], field_name=field)
        self.problems += [f"{where}: “{name}” isn't there" for name in wanted if str(name) not in rows]
        return [row.pk for row in rows.values()]

    def table(self, said: Mapping[str, Any], part: str) -> dict[str, Any]:
        found = said.get(part, {})
        if not isinstance(found, dict):
            self.problems.append(f"{part}: write it as [{part}]")
            return {}
        return dict(found)

    def tables(self, said: Mapping[str, Any], part: str) -> list[tuple[str, dict[str, Any]]]:
        found = said.get(part, [])
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            self.problems.append(f"{part}: write each as [[{part}]]")
            return []
        for name, count in Counter(str(row.get("name", "")) for row in found).items():
            if count > 1:
                self.problems.append(f"{part}: “{name}” is named {count} times")
        return [(f"{part}[{number}]", dict(row)) for number, row in enumerate(found, start=1)]

    def listed(self, where: str, value: Any) -> list[Any]:
        if isinstance(value, list):
            return value
        self.problems.append(f"{where}: write it as a list: […]")
        return []

    def dicts(self, where: str, value: Any) -> list[dict[str, Any]]:
        found = self.listed(where, value)
        if all(isinstance(row, dict) for row in found):
            return [dict(row) for row in found]
        self.problems.append(f"{where}: write each as {{ name = value }}")
        return []

    def typed(self, where: str, field: forms.Field, value: Any) -> Any:
        """A value of the file as it would be typed."""
        if isinstance(value, datetime):
            return value
        if isinstance(value, bool | list | dict):
            is_typed = isinstance(field.widget, forms.widgets.Input | forms.Textarea)
            if is_typed and not isinstance(field.widget, forms.CheckboxInput):
                self.problems.append(f"{where}: write it as words or a number")
                return ""
            return value
        return value.isoformat() if isinstance(value, date | time) else str(value)
