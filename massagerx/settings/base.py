"""What every installation shares. Values that differ between installations come from the environment.

The table of all environment variables is in docs/hosting.md.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from .beat_schedule import SCHEDULE

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()

DEBUG = False
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# The address that emails, feeds and the sitemap begin their links with, without a slash at its end.
SITE_URL: str = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")

INSTALLED_APPS = [
    "massagerx.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sitemaps",
    "csp",
    "crispy_forms",
    "crispy_bootstrap5",
    "phonenumber_field",
    "simple_history",
    "django_otp",
    "django_prose_editor",
    "services",
    "blog",
    "bookings",
    "bookings.drives",
    "bookings.courses",
    "bookings.referrals",
    "bookings.program",
    "bookings.reviews",
    "massagerx.backups",
    "massagerx.site",
    # After those whose admin pages it takes the place of.
    "massagerx.accounts",
]

MIDDLEWARE = [
    "massagerx.site.probes.ProbesMiddleware",
    "massagerx.lib.middleware.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Pages a quarter of their size; Django pads them against BREACH, and masks the tokens that it could read.
    "massagerx.lib.middleware.TextGZipMiddleware",
    "massagerx.lib.middleware.PolicyMiddleware",
    "massagerx.lib.middleware.ResponseHeadersMiddleware",
    "massagerx.lib.middleware.HostileInputMiddleware",
    # 304 for what the browser has already; a page with a form's token is never the same twice.
    "django.middleware.http.ConditionalGetMiddleware",
    "massagerx.lib.page_cache.PageCacheMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "massagerx.accounts.middleware.StaffMiddleware",
    # Tells the histories of prices, rules and texts who it was.
    "simple_history.middleware.HistoryRequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "massagerx.urls"
WSGI_APPLICATION = "massagerx.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "services.context_processors.business",
                "blog.context_processors.announcement",
                "bookings.context_processors.certificates",
                "bookings.context_processors.travel_from",
                "bookings.context_processors.terms",
                "bookings.context_processors.kept",
                "bookings.context_processors.booking_is_open",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"


def database(url: str) -> dict[str, Any]:
    """Django's settings for one database address (`postgres://…` or `sqlite:///…`).

    SQLite runs in WAL mode with IMMEDIATE transactions, so that writers queue for up to 20 seconds instead of
    failing; PostgreSQL keeps connections for a minute and gives up on a lock after five seconds. `?pool=transaction`
    says that a PgBouncer hands out a connection for each transaction: limits are then its to set
    (`deploy/pgbouncer.ini`), and no cursor outlives one.
    """
    config: dict[str, Any] = dict(env.db_url_config(url))
    pool = config.get("OPTIONS", {}).pop("pool", None)
    if pool not in (None, "transaction") or (pool and config["ENGINE"].endswith("sqlite3")):
        raise ImproperlyConfigured("DATABASE_URL: ?pool= can only be transaction, and is for PostgreSQL.")
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA foreign_keys=ON;",
        }
    else:
        config["ENGINE"] = "massagerx.lib.postgresql"
        # The folder of a socket, as PostgreSQL's own addresses write it.
        config["HOST"] = unquote(config["HOST"] or "")
        config["CONN_MAX_AGE"] = 60
        config["CONN_HEALTH_CHECKS"] = True
        config["OPTIONS"] = {
            **config.get("OPTIONS", {}),
            "connect_timeout": 5,
            # A machine that has gone is noticed after fifteen seconds; database_waits notices one that is silent.
            "keepalives_idle": 30,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 15_000,
        }
        if pool:
            config["DISABLE_SERVER_SIDE_CURSORS"] = True
        else:
            limits = "-c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000"
            config["OPTIONS"]["options"] = limits
    return config


DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = ["massagerx.accounts.sample_accounts.StaffBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {
        "NAME": "massagerx.accounts.passwords.NotOurWords",
        "OPTIONS": {"name_of": "services.models.name_of_business"},
    },
]
# Whether staff see nothing before they have set up a second factor. Those who have one are asked for it anyway.
REQUIRE_SECOND_FACTOR = env.bool("REQUIRE_SECOND_FACTOR", default=False)
OTP_TOTP_ISSUER = "Massage Rx"
LOGIN_URL = "admin:login"
# Where a log-in leads whose `next` is missing or not ours.
LOGIN_REDIRECT_URL = "admin:index"

LANGUAGE_CODE = "en-us"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
# How the admin and the mailbox write days, moments and phone numbers.
FORMAT_MODULE_PATH = ["massagerx.formats"]
PHONENUMBER_DEFAULT_FORMAT = "NATIONAL"
USE_TZ = True
# The business's zone: instants are stored in UTC, shown and understood in this one, whatever the visitor's.
TIME_ZONE = "America/Los_Angeles"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"


def media_storage(address: str, *, keys: tuple[str, str], name: str = "MEDIA") -> dict[str, Any]:
    """Django's settings for the storage of media, or of what else the settings `name`_… are about: a folder of this
    machine for an empty `address`, else a bucket: `s3://bucket/folder` on AWS, `https://host/bucket/folder` on any
    other store that speaks S3 (`http://` is for one on this machine or in a network of ours); `?region=` names the
    region. `keys` are the access key and its secret."""
    if not address:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    from boto3.s3.transfer import TransferConfig
    from botocore.config import Config

    parts = urlsplit(address)
    place = (parts.netloc + parts.path if parts.scheme == "s3" else parts.path).strip("/")
    bucket, _slash, folder = place.partition("/")
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    if (
        parts.scheme not in ("s3", "https", "http")
        or not (parts.netloc and bucket)
        or "@" in parts.netloc
        or asked.keys() - {"region"}
    ):
        raise ImproperlyConfigured(
            f"{name}_BUCKET must be s3://bucket or https://host/bucket, perhaps with ?region=, and without keys; "
            "docs/hosting.md says more."
        )
    if not all(keys):
        raise ImproperlyConfigured(
            f"{name}_BUCKET needs {name}_ACCESS_KEY and {name}_SECRET_KEY; docs/hosting.md says more."
        )
    options = {
        "bucket_name": bucket,
        "location": folder,
        "endpoint_url": None if parts.scheme == "s3" else f"{parts.scheme}://{parts.netloc}",
        "region_name": asked.get("region") or "us-east-1",
        "access_key": keys[0],
        "secret_key": keys[1],
        # Names are ours, and never stand for other bytes. Who may read is the bucket's to say: nobody but us.
        "file_overwrite": True,
        "default_acl": None,
        # No picture is worth a thread for longer.
        "client_config": Config(
            connect_timeout=2,
            read_timeout=5,
            retries={"total_max_attempts": 2, "mode": "standard"},
            s3={"addressing_style": "auto" if parts.scheme == "s3" else "path"},
            # Not every store knows the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
        # What breaks off isn't fetched five times.
        "transfer_config": TransferConfig(num_download_attempts=1),
    }
    return {"BACKEND": "massagerx.lib.media_store.BucketStorage", "OPTIONS": options}


def backup_storages(address: str, *, keys: tuple[str, str], media: dict[str, Any]) -> dict[str, Any]:
    """The storage of backups by its name, where `address` names a bucket. Raises ImproperlyConfigured for one in which
    the archives would be `media` themselves."""
    if not address:
        return {}
    storage = media_storage(address, keys=keys, name="BACKUP")
    ours, theirs = storage["OPTIONS"], media.get("OPTIONS", {})
    is_same = bool(theirs) and _store_of(ours) == _store_of(theirs)
    if is_same and f"{ours['location']}/".startswith(f"{theirs['location']}/".lstrip("/")):
        raise ImproperlyConfigured(
            "BACKUP_BUCKET must not lie in MEDIA_BUCKET: each backup would hold the others."
        )
    return {"backups": storage}


def _store_of(options: dict[str, Any]) -> tuple[str, int | None, str]:
    """Host, port and bucket, whichever way they are written. A bucket of AWS has the same name by each of its hosts."""
    parts = urlsplit(options["endpoint_url"] or "https://s3.amazonaws.com")
    host = parts.hostname or ""
    host = "s3.amazonaws.com" if host.endswith(".amazonaws.com") else host
    port = parts.port if parts.port not in (80, 443) else None
    return host, port, options["bucket_name"]


def backup_keys(own: tuple[str, str], *, media: tuple[str, str]) -> tuple[str, str]:
    """Access key and secret of backups: their own, or else those of media. Raises ImproperlyConfigured for a half."""
    if any(own) and not all(own):
        raise ImproperlyConfigured(
            "BACKUP_ACCESS_KEY and BACKUP_SECRET_KEY belong together: set both or neither; docs/hosting.md says more."
        )
    return own if all(own) else media


_MEDIA_KEYS = (env.str("MEDIA_ACCESS_KEY", default=""), env.str("MEDIA_SECRET_KEY", default=""))
_MEDIA = media_storage(env.str("MEDIA_BUCKET", default=""), keys=_MEDIA_KEYS)
STORAGES = {
    "default": _MEDIA,
    "staticfiles": {"BACKEND": "massagerx.lib.staticfiles.SheetStorage"},
    # Where `manage.py backup` writes in place of BACKUP_DIR, and what was erased since is noted.
    **backup_storages(
        env.str("BACKUP_BUCKET", default=""),
        keys=backup_keys(
            (env.str("BACKUP_ACCESS_KEY", default=""), env.str("BACKUP_SECRET_KEY", default="")),
            media=_MEDIA_KEYS,
        ),
        media=_MEDIA,
    ),
}
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (
    "jpg", "jpeg", "png", "gif", "webp", "avif", "zip", "gz", "br", "woff", "woff2", "map",
)  # fmt: skip
MEDIA_ROOT = VAR_DIR / "media"
MEDIA_URL = "/media/"

# Where `manage.py backup` writes, and what has been erased since is noted: on another disk, and copied off the machine.
BACKUP_DIR = env.str("BACKUP_DIR", default=str(VAR_DIR / "backups"))
# Whether it is a fault that none was ever made.
BACKUP_EXPECTED = env.bool("BACKUP_EXPECTED", default=False)

SESSION_ENGINE = "massagerx.lib.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
MESSAGES_COOKIE_NAME = "messages"
MESSAGE_STORAGE = "massagerx.lib.message_storage.MessageStorage"
CSRF_FAILURE_VIEW = "massagerx.site.views.csrf_failure"
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Pages below these are never stored, never indexed, and tell no other site where a visitor came from.
PRIVATE_PATHS = ["/visits/"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
# More than any form takes: a clinician's note must not lie in a temporary file as it came.
FILE_UPLOAD_MAX_MEMORY_SIZE = 11 * 1024 * 1024
# The largest form is the health questions' at their fullest, with every service ticked and a second language.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
# Whose forms may be that large, for who is logged in; all others are bounded by `lib/middleware.MOST_FIELDS`.
MANY_FIELDS_ROUTES: tuple[str, ...] = ("admin:bookings_screeningversion_",)
# How many trusted proxies stand before the web server; the visitor's address is read that many from the right.
TRUSTED_PROXIES = 0

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# Mail. Without EMAIL_HOST, local settings write messages to files instead.
EMAIL_HOST = env.str("EMAIL_HOST", default="")
EMAIL_PORT = env.int("EMAIL_PORT", default=587)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_USE_SSL = env.bool("EMAIL_USE_SSL", default=False)
EMAIL_TIMEOUT = 15
SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
# A provider's HTTP API instead of SMTP: `anymail.backends.….EmailBackend`, with its ANYMAIL_… settings.
EMAIL_BACKEND = env.str("EMAIL_BACKEND", default="") or SMTP_BACKEND
ANYMAIL: dict[str, Any] = {
    "REQUESTS_TIMEOUT": EMAIL_TIMEOUT,
    **{
        name.removeprefix("ANYMAIL_"): value
        for name, value in os.environ.items()
        if name.startswith("ANYMAIL_") and value
    },
}
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Massage Rx <visits@example.com>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Celery is a wake-up: the outbox row is the truth. So publishing gives up quickly instead of making a client wait.
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "massagerx"
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_TIMEOUT = 0.1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A broker that takes nothing (full, or not yet a primary) answers with an error: a worker waits for it, too.
CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_WORKER_CONSUMER = "massagerx.patient_consumer:PatientConsumer"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
    "socket_connect_timeout": 0.1,
    "socket_timeout": 5,
    "visibility_timeout": 600,
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = SCHEDULE
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")


def routing_url(url: str) -> str:
    """The address of a routing server without a slash at its end, or "" for none.

    Raises ImproperlyConfigured unless it is `http://host…` or `https://host…`, with a path at most.
    """
    bare = url.strip().rstrip("/")
    if not bare:
        return ""
    try:
        parts = urlsplit(bare)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or not bare.isascii() or not bare.isprintable() or set(bare) & set(" @?#"):
        raise ImproperlyConfigured(
            "ROUTING_URL must be http:// or https:// with a host, without a login or a query; "
            "docs/hosting.md says more."
        )
    return bare


def routing_timeout(seconds: float) -> float:
    """`seconds`, if a worker can wait that long. Raises ImproperlyConfigured outside of 0 to 10."""
    if not 0 < seconds <= 10:
        raise ImproperlyConfigured("ROUTING_TIMEOUT must be more than 0 and at most 10 seconds.")
    return seconds


# An OSRM server for drive times, asked in the background. Without one, a model of distance is all there is.
ROUTING_URL = routing_url(env.str("ROUTING_URL", default=""))
# How long one call may take, in seconds.
ROUTING_TIMEOUT = routing_timeout(env.float("ROUTING_TIMEOUT", default=10.0))


def redis_urls(url: str) -> tuple[str, str]:
    """The broker's and the cache's address from one address of a Redis or Valkey server: `redis://`, `rediss://` (TLS)
    or `unix://`, as providers hand it out.

    With the number of a database in it (`/0`, or `?db=0` of a socket) both use that one, since some providers have no
    other; without, the broker uses 0 and the cache 1. With TLS the server's certificate is checked unless the query
    says otherwise (`ssl_cert_reqs=none`, `ssl_ca_certs=/path`). Raises ImproperlyConfigured for anything else.
    """
    try:
        parts = urlsplit(url.strip())
        options = (
            dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)) if parts.query else {}
        )
        is_socket = parts.scheme == "unix"
        number = options.pop("db", "") if is_socket else parts.path.strip("/")
        known = (
            {"ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile"}
            if parts.scheme == "rediss"
            else set()
        )
        is_address = (
            parts.scheme in ("redis", "rediss", "unix")
            and bool(parts.path if is_socket else parts.hostname and parts.port != 0)
            and (not number or (number.isascii() and number.isdigit()))
            and not parts.fragment
            and options.keys() <= known
        )
    except ValueError:
        is_address = False
    if not is_address:
        raise ImproperlyConfigured(
            "REDIS_URL must be redis://host:6379, rediss://host:6379 or unix:///path, with the number of a database at "
            "its end or without; of options only ssl_… with rediss://. docs/hosting.md says more."
        )
    broker, cached = (number, number) if number else ("0", "1")
    if is_socket:
        return f"redis+socket://{parts.path}?virtual_host={broker}", f"unix://{parts.path}?db={cached}"
    if parts.scheme == "rediss":
        # Celery would take any certificate.
        options.setdefault("ssl_cert_reqs", "required")
    server, query = f"{parts.scheme}://{parts.netloc}", f"?{urlencode(options)}" if options else ""
    return f"{server}/{broker}{query}", f"{server}/{cached}{query}"


def cache(url: str) -> dict[str, Any]:
    """The shared cache on Redis, with short timeouts; `url` as `redis_urls` returns it."""
    return {
        "default": {
            "BACKEND": "massagerx.lib.redis_cache.RedisCache",
            "LOCATION": url,
            "KEY_PREFIX": "massagerx",
            "OPTIONS": {
                "socket_connect_timeout": 0.2,
                "socket_timeout": 0.5,
                "serializer": "massagerx.lib.cache_json.JSONSerializer",
            },
        }
    }


# Routes whose pages are kept to the end of the minute, and no longer than until somebody saves in the admin.
CACHED_PAGES: tuple[str, ...] = (
    "home",
    "services:list",
    "services:detail",
    "bookings:start",
    "bookings:therapists",
    "bookings:therapist",
    "bookings:reviews",
    "blog:list",
    "blog:tag",
    "blog:detail",
    "blog:about",
    "blog:faq",
    "blog:policies",
    "blog:privacy",
)
# Of these, those that aren't shown for longer while the database is away.
CACHED_PAGES_OF_A_MINUTE: tuple[str, ...] = ("bookings:start",)

RATELIMIT_ENABLE = True

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"no_personal_data": {"()": "massagerx.lib.logs.NoPersonalData"}},
    "formatters": {"json": {"()": "massagerx.lib.logs.JsonFormatter"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["no_personal_data"]},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Both are handled by the root handler: Django's own would mail tracebacks with request data in them.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.request": {"handlers": [], "level": "ERROR", "propagate": True},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        # A line a call, with its whole address.
        "httpx": {"handlers": [], "level": "WARNING", "propagate": True},
    },
}
