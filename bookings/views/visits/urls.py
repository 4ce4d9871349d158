"""Addresses of the client's own pages. Those that carry a token only lead on to one that carries none."""

from django.urls import path

from . import address, changes, health, move, note, pages, person, sign_in

app_name = "visits"
urlpatterns = [
    path("", sign_in.find, name="find"),
    path("sent/", sign_in.sent, name="sent"),
    path("open/", sign_in.open_link, name="open"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("sign-in/<str:token>/", sign_in.sign_in, name="sign_in"),
    path("v/<str:reference>/", pages.visit, name="visit"),
    path("v/<str:reference>/calendar.ics", pages.calendar, name="calendar"),
    path("v/<str:reference>/again/", pages.again, name="again"),
    path("v/<str:reference>/code/", sign_in.code, name="code"),
    path("v/<str:reference>/person/", person.person, name="person"),
    path("v/<str:reference>/move/", move.move, name="move"),
    path("v/<str:reference>/cancel/", changes.cancel, name="cancel"),
    path("v/<str:reference>/cancel-rest/", changes.cancel_rest, name="cancel_rest"),
    path("v/<str:reference>/withdraw/", changes.withdraw, name="withdraw"),
    path("v/<str:reference>/address/", address.address, name="address"),
    path("v/<str:reference>/health/", health.health, name="health"),
    path("v/<str:reference>/clinician-note/", note.note, name="note"),
    path("<str:token>/", sign_in.enter, name="enter"),
]
