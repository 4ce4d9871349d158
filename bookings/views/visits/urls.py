"""Addresses of the client's own pages. Those that carry a token only lead on to one that carries none."""

from django.urls import path

from . import changes, door, entry, health, move, pages

app_name = "visits"
urlpatterns = [
    path("", entry.find, name="find"),
    path("sent/", entry.sent, name="sent"),
    path("open/", entry.open_link, name="open"),
    path("sign-out/", entry.sign_out, name="sign_out"),
    path("sign-in/<str:token>/", entry.sign_in, name="sign_in"),
    path("v/<str:reference>/", pages.visit, name="visit"),
    path("v/<str:reference>/calendar.ics", pages.calendar, name="calendar"),
    path("v/<str:reference>/again/", pages.again, name="again"),
    path("v/<str:reference>/code/", entry.code, name="code"),
    path("v/<str:reference>/move/", move.move, name="move"),
    path("v/<str:reference>/cancel/", changes.cancel, name="cancel"),
    path("v/<str:reference>/withdraw/", changes.withdraw, name="withdraw"),
    path("v/<str:reference>/door/", door.door, name="door"),
    path("v/<str:reference>/health/", health.health, name="health"),
    path("<str:token>/", entry.enter, name="enter"),
]
