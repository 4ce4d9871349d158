"""Addresses of staff's pages about courses, under `/admin/`; they stand before those of Django's admin."""

from django.urls import path

from . import desk, moving, pausing

_COURSE = "courses/course/"

urlpatterns = [
    path(f"{_COURSE}<str:key>/change/", desk.course_page, name="courses_course_change"),
    path(f"{_COURSE}<str:key>/history/", desk.course_history, name="courses_course_history"),
    path(f"{_COURSE}<int:pk>/cancel-rest/", desk.cancel_rest, name="courses_course_cancel_rest"),
    path(f"{_COURSE}<int:pk>/move/", moving.move_page, name="courses_course_move"),
    path(f"{_COURSE}<int:pk>/pause/", pausing.pause_page, name="courses_course_pause"),
    path(f"{_COURSE}<int:pk>/resume/", pausing.resume_page, name="courses_course_resume"),
    path(f"{_COURSE}<int:pk>/end/", pausing.end_page, name="courses_course_end"),
    path(f"{_COURSE}<int:pk>/confirm/", desk.confirm_course, name="courses_course_confirm"),
]
