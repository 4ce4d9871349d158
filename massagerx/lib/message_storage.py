"""Django's one-time messages in a cookie that the site alone can set."""

from __future__ import annotations

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class NamedCookieStorage(CookieStorage):
    """In the cookie `settings.MESSAGES_COOKIE_NAME`."""

    cookie_name = settings.MESSAGES_COOKIE_NAME


class MessageStorage(FallbackStorage):
    """There, and in the session what doesn't fit."""

    storage_classes = (NamedCookieStorage, SessionStorage)
