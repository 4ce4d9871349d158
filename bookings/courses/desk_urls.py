"""Addresses of staff's pages about courses, under `/admin/`; they stand before those of Django's admin."""

from django.urls import path

from . import desk, moving

_COURSE = "courses/course/"

urlpatterns = [
    path(f"{_COURSE}<str:key>/change/", desk.course_page, name="courses_course_change"),
    path(f"{_COURSE}<str:key>/history/", desk.course_history, name="courses_course_history"),
    path(f"{_COURSE}<int:pk>/cancel-rest/", desk.cancel_rest, name="courses_course_cancel_rest"),
    path(f"{_COURSE}<int:pk>/move/", moving.move_page, name="courses_course_move"),
    path(f"{_COURSE}<int:pk>/confirm/", desk.confirm_course, name="courses_course_confirm"),
]
