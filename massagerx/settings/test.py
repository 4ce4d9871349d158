"""Tests: the local settings with plain static files and quick password hashes."""

from .local import *
from .local import VAR_DIR, env

SECRET_KEY = "sample-key-for-tests"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Tests that are about limits and cached pages switch them on.
RATELIMIT_ENABLE = False
CACHED_PAGES = ()
REQUIRE_SECOND_FACTOR = False
# Whatever the environment says, tests ask no server that they didn't start.
ROUTING_URL = ""
