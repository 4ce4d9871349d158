"""Addresses of staff's pages about programs, under `/admin/`; they stand before those of Django's admin."""

from django.urls import path

from . import desk

_PROGRAM = "program/program/"

urlpatterns = [
    path(f"{_PROGRAM}make/<int:pk>/", desk.make_page, name="program_program_make"),
    path(f"{_PROGRAM}figures/", desk.figures_page, name="program_program_figures"),
    path("program/assessment/<int:pk>/", desk.assessment_page, name="program_assessment"),
    path(f"{_PROGRAM}<str:key>/change/", desk.program_page, name="program_program_change"),
    path(f"{_PROGRAM}<str:key>/history/", desk.program_history, name="program_program_history"),
    path(f"{_PROGRAM}<int:pk>/open/", desk.open_program, name="program_program_open"),
    path(f"{_PROGRAM}<int:pk>/do/<slug:what>/", desk.change_program, name="program_program_do"),
]
