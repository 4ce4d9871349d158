"""The project package: settings, addresses, the Celery application and pages made of all three apps."""

from .celery import app as celery_app

__all__ = ("celery_app",)
