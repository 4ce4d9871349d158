"""The Celery application. `bookings.tasks` is the only module with tasks in it."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "massagerx.settings.local")

app = Celery("massagerx")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
