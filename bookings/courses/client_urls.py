"""Addresses of a client's own pages about a course, under `/visits/v/`."""

from django.urls import path

from . import moving, pausing

app_name = "courses"
urlpatterns = [
    path("<str:reference>/move-course/", moving.move_by_client, name="move"),
    path("<str:reference>/pause/", pausing.pause, name="pause"),
    path("<str:reference>/resume/", pausing.resume, name="resume"),
]
