"""What holds at an address."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from bookings.enums import DoorRule


class DoorRuleForm(forms.Form):
    """What holds at an address, whoever is visited there."""

    rule = forms.ChoiceField(
        label=gettext_lazy("At this address"),
        choices=[("", gettext_lazy("Nothing holds")), *DoorRule.choices],
        required=False,
        help_text=gettext_lazy(
            "For every visit at this address, whoever books it. Requests for it always wait for staff."
        ),
    )
