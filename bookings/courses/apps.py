"""Courses of visits."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoursesConfig(AppConfig):
    name = "bookings.courses"
    label = "courses"
    verbose_name = _("Courses")
