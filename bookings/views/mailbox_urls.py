"""Addresses of the mailbox, which only local settings have."""

from django.urls import path

from . import mailbox

app_name = "mailbox"
urlpatterns = [
    path("", mailbox.inbox, name="inbox"),
    path("<str:name>/", mailbox.letter, name="letter"),
    path("<str:name>/html/", mailbox.letter_html, name="html"),
]
