"""Walking the booking steps as a browser without JavaScript does."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.test import Client

from bookings.templatetags.times import TimeButton
from tests.factories import CLEAR_ANSWERS, World, at

DETAILS = {
    "name": "Ana O'Brien",
    "email": "Ana@Example.com",
    "phone": "(213) 555-0123",
    "street": "12 Sample Street",
    "unit": "4B",
    "access_type": "stairs",
    "gate_code": "CANARY-GATE-4711",
    "notes": "CANARY-NOTE",
}


# The therapist of every world.
ONE = "sample-therapist-one"


def press(starts_at: datetime, therapist: str = ONE, *, who: str = "any") -> dict[str, str]:
    """What the button of a time sends: whom the page asked for, and the start with who was shown to come."""
    return {"who": who, "starts_at": f"{starts_at.isoformat()} {therapist}"}


def begins(button: TimeButton) -> datetime:
    """The start that the button of a time sends."""
    return datetime.fromisoformat(button.value.split()[0])


STEPS = ("what", "where", "when", "health", "details", "review")


class Flow:
    """One visitor. Each method sends one step's form, with fields changed or (None) left out."""

    def __init__(self, client: Client, world: World) -> None:
        self.client = client
        self.world = world

    def post(self, path: str, data: dict[str, Any], changes: dict[str, Any], **extra: Any) -> HttpResponse:
        merged = {name: value for name, value in {**data, **changes}.items() if value is not None}
        return self.client.post(path, merged, **extra)  # type: ignore[return-value]

    def what(self, **changes: Any) -> HttpResponse:
        data = {"service": self.world.service.slug, "option": self.world.option.pk, "people": 1}
        return self.post("/book/", data, changes)

    def where(self, **changes: Any) -> HttpResponse:
        return self.post("/book/where/", {"zip_code": "90026"}, changes)

    def when(
        self, *, starts_at: str | None = at(10).isoformat(), therapist: str = ONE, **changes: Any
    ) -> HttpResponse:
        pressed = f"{starts_at} {therapist}" if starts_at is not None else None
        return self.post("/book/when/", {"who": "any", "starts_at": pressed}, changes)

    def details(self, **changes: Any) -> HttpResponse:
        return self.post("/book/details/", DETAILS, changes)

    def health(self, **changes: Any) -> HttpResponse:
        return self.post("/book/health/", CLEAR_ANSWERS, changes)

    def hidden(self) -> dict[str, str]:
        """The hidden fields of the review page."""
        page = self.client.get("/book/review/").content.decode()
        return dict(
            re.findall(
                r'<input type="hidden" name="(submission_key|total_cents|terms_version)" value="([^"]*)"',
                page,
            )
        )

    def review(self, **changes: Any) -> HttpResponse:
        return self.post("/book/review/", {**self.hidden(), "agree": "on"}, changes)

    def until(self, step: str) -> Flow:
        """All steps before `step`."""
        for name in STEPS[: STEPS.index(step)]:
            response = getattr(self, name)()
            assert response.status_code == 302, (name, response.status_code, response.content[:2000])
        return self
