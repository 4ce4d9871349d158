"""What is missing before clients can book, and what on the site can't work: one list for the owner, each piece with the
page that mends it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from typing import Any, NamedTuple

from django.apps import apps
from django.utils.module_loading import module_has_submodule
from django.utils.translation import gettext_lazy as _

# In the order in which an owner does them: an app's lacks name one of these.
_STEPS = (
    ("business", _("Your business")),
    ("catalogue", _("What you offer")),
    ("places", _("Where you drive")),
    ("therapists", _("Who comes")),
    ("hours", _("When they come")),
    ("terms", _("The terms that clients agree to")),
    ("health", _("The health questions")),
    ("texts", _("Policies and privacy")),
    ("messages", _("Emails that leave")),
    ("sample", _("Nothing left of the sample")),
)


class Lack(NamedTuple):
    """Something that is missing or can't work, in words for the owner, and the address of the page where it is mended.
    `stops` where no client may book before it is."""

    step: str
    words: str
    address: str
    stops: bool = True


class Step(NamedTuple):
    """One part of setting the site up, with what is missing in it."""

    slug: str
    title: str
    lacks: list[Lack]

    @property
    def stops(self) -> bool:
        """Whether clients can't book as it is."""
        return any(lack.stops for lack in self.lacks)


def steps(*, now: datetime) -> list[Step]:
    """Every step with what is missing at `now` (aware), of what each app knows: its module `opening` has `lacks(now)`.
    A fixed number of queries."""
    found: dict[str, list[Lack]] = {slug: [] for slug, _title in _STEPS}
    for lack in _lacks(now):
        found[lack.step].append(lack)
    return [Step(slug, str(title), found[slug]) for slug, title in _STEPS]


def _lacks(now: datetime) -> Iterator[Lack]:
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, "opening"):
            module: Any = import_module(f"{config.name}.opening")
            yield from module.lacks(now=now)
