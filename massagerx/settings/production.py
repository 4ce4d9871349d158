"""A public site. Refuses to start while a value is missing or still a sample."""

import re
from importlib.util import find_spec

from django.core.exceptions import ImproperlyConfigured

from massagerx.lib.keys import random_key, valid_key

from .base import *
from .base import ANYMAIL, EMAIL_BACKEND, LOGGING, MIDDLEWARE, SMTP_BACKEND, cache, database, env, redis_urls

LOCAL = False
# Outermost, so that what asks for `/status` makes it look as well.
MIDDLEWARE = ["massagerx.site.watch.WatchMiddleware", *MIDDLEWARE]
_SAMPLES = ("sample", "example", "change-me", "changeme", "insecure", "localhost", "127.0.0.1")


def _required(name: str, *, samples: tuple[str, ...] = _SAMPLES) -> str:
    value: str = env.str(name, default="").strip()
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. Set it in the environment; docs/hosting.md says to what."
        )
    _no_sample(name, value, samples)
    return value


def _no_sample(name: str, value: str, samples: tuple[str, ...]) -> None:
    if any(sample in value.lower() for sample in samples):
        raise ImproperlyConfigured(
            f"{name} still holds a sample value. Set the real one; docs/hosting.md says how."
        )


def _required_list(name: str) -> list[str]:
    return [part.strip() for part in _required(name).split(",") if part.strip()]


SECRET_KEY = _required("SECRET_KEY")
if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5:
    raise ImproperlyConfigured(
        "SECRET_KEY is too weak: use at least 50 random characters; docs/hosting.md says how."
    )
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# Sessions signed with any of them are accepted, so each is as good as the key.
for _fallback in SECRET_KEY_FALLBACKS:
    _no_sample("SECRET_KEY_FALLBACKS", _fallback, _SAMPLES)
HEALTH_KEYS = _required_list("HEALTH_KEYS")
if not all(valid_key(key) for key in HEALTH_KEYS):
    raise ImproperlyConfigured(
        "HEALTH_KEYS must hold 32-byte url-safe base64 keys, newest first; docs/hosting.md says how to make one."
    )
if not all(random_key(key) for key in HEALTH_KEYS):
    raise ImproperlyConfigured(
        "HEALTH_KEYS holds a sample value or a key that was not made by chance; docs/hosting.md says how to make one."
    )
ALLOWED_HOSTS = _required_list("ALLOWED_HOSTS")
if any("*" in host for host in ALLOWED_HOSTS):
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the site's hosts; a wildcard would accept any.")
SITE_URL = _required("SITE_URL").rstrip("/")
if not SITE_URL.startswith("https://"):
    raise ImproperlyConfigured("SITE_URL must begin with https://.")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])

# Servers on the same machine are usual for these, so only missing values are refused.
DATABASES = {"default": database(_required("DATABASE_URL", samples=("change-me", "changeme")))}
if "sqlite" in DATABASES["default"]["ENGINE"]:
    raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL 15+ server in production.")
CELERY_BROKER_URL, CACHE_URL = redis_urls(_required("REDIS_URL", samples=("change-me", "changeme")))
CACHES = cache(CACHE_URL)

if EMAIL_BACKEND.startswith("anymail."):
    if len(ANYMAIL) == 1:
        raise ImproperlyConfigured(
            "EMAIL_BACKEND names a provider, and no ANYMAIL_… setting holds its key; docs/hosting.md says how."
        )
elif EMAIL_BACKEND == SMTP_BACKEND:
    EMAIL_HOST = _required("EMAIL_HOST", samples=("example", "change-me", "changeme"))
else:
    raise ImproperlyConfigured("EMAIL_BACKEND must be empty, or one of anymail's; docs/hosting.md says more.")
DEFAULT_FROM_EMAIL = _required("DEFAULT_FROM_EMAIL")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Named even when it is none: guessed wrong, either all visitors share one limit or each makes up an address.
try:
    TRUSTED_PROXIES = int(_required("TRUSTED_PROXIES"))
except ValueError:
    TRUSTED_PROXIES = -1
if TRUSTED_PROXIES < 0:
    raise ImproperlyConfigured(
        "TRUSTED_PROXIES must be the number of proxies of yours before gunicorn: 1 for one nginx, 0 for none."
    )
# A proxy takes a request in whole before gunicorn's few threads see it; gunicorn.conf.py asks.
SERVE_WITHOUT_PROXY = env.bool("SERVE_WITHOUT_PROXY", default=False)
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_PROXY_SSL_HEADER: tuple[str, str] | None = (
    ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
)
SECURE_HSTS_SECONDS = 63_072_000  # two years
# Only for who says that every other name below the domain speaks TLS too, for years.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = SECURE_HSTS_INCLUDE_SUBDOMAINS
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-sessionid"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrftoken"
MESSAGES_COOKIE_NAME = "__Host-messages"
LANGUAGE_COOKIE_SECURE = True
REQUIRE_SECOND_FACTOR = env.bool("REQUIRE_SECOND_FACTOR", default=True)
BACKUP_EXPECTED = env.bool("BACKUP_EXPECTED", default=True)

# The owner hears of errors: the watch writes to them.
LOGGING["handlers"]["error_kinds"] = {
    "class": "massagerx.lib.error_kinds.ErrorKindHandler",
    "level": "ERROR",
    "filters": ["no_personal_data"],
}
LOGGING["root"]["handlers"].append("error_kinds")

# And, where there is one, a service that speaks Sentry's protocol.
SENTRY_DSN = env.str("SENTRY_DSN", default="")
if SENTRY_DSN:
    if find_spec("sentry_sdk") is None:
        raise ImproperlyConfigured("SENTRY_DSN is set: install requirements-sentry.lock too.")
    if not re.fullmatch(r"https?://[^@/\s]+@[^@/\s]+/(\S+/)?\d+", SENTRY_DSN):
        raise ImproperlyConfigured("SENTRY_DSN must be as the service shows it: https://key@host/1.")
    LOGGING["handlers"]["error_reports"] = {
        "class": "massagerx.lib.error_reports.ErrorReportHandler",
        "level": "ERROR",
        "filters": ["no_personal_data"],
        "dsn": SENTRY_DSN,
    }
    LOGGING["root"]["handlers"].append("error_reports")
