"""How the site looks: the page of the owner's logo and colors."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from massagerx.lib import palette
from services.look import OFFERED, ColorsForm, LogoForm
from services.models import Business

from .frame import StaffRequest, desk_page, log_change, page, say


@desk_page("services.change_business")
def look_page(request: StaffRequest) -> HttpResponse:
    """Both forms, with how the colors look on bright and on dark pages; a press saves one form."""
    business = Business.load()
    do = request.POST.get("do") if request.method == "POST" else ""
    logo = LogoForm(*((request.POST, request.FILES) if do == "logo" else ()))
    saved = {name: getattr(business, name) for name in ColorsForm.base_fields if getattr(business, name)}
    colors = ColorsForm(request.POST if do == "colors" else None, initial=saved)
    if do == "no-logo":
        business.put_logo(None)
        return _saved(request, business, _("The logo is taken away; the drawn mark stands in its place."))
    if do == "logo" and logo.is_valid() and logo.save(business):
        return _saved(request, business, _("The new logo is on the site, in emails and beside links."))
    if do == "colors" and colors.is_valid():
        colors.save(business)
        return _saved(request, business, _("The new colors are on the site and in emails."))
    context = {
        "title": _("Logo and colors"),
        "business": business,
        "logo": logo,
        "colors": colors,
        "offered": OFFERED,
        "shown": _shown(business.main_color or palette.OWN_MAIN, business.press_color or palette.OWN_PRESS),
    }
    return page(request, "look", context, status=422 if logo.errors or colors.errors else 200)


def _shown(main: str, press: str) -> list[dict[str, str]]:
    """Bright and dark, each with its ground."""
    bright, dark = palette.tones(main, press)
    return [
        {**bright, "ground": palette.PAPER, "name": _("Bright")},
        {**dark, "ground": palette.DARK_PAPER, "name": _("Dark")},
    ]


def _saved(request: StaffRequest, business: Business, words: str) -> HttpResponse:
    log_change(request, business, words)
    say(request, True, words)
    return redirect("admin:services_business_look")
