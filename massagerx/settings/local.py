"""One machine, nothing else needed: SQLite, an embedded broker on a unix socket, mail as files.

Any of them is replaced by giving DATABASE_URL, REDIS_URL or EMAIL_HOST.
"""

from .base import *
from .base import INSTALLED_APPS, VAR_DIR, cache, database, env, redis_urls

LOCAL = True
SECRET_KEY = env.str("SECRET_KEY", default="sample-key-for-one-machine-only-never-for-a-public-site")
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
HEALTH_KEYS: list[str] = env.list("HEALTH_KEYS", default=["c2FtcGxlLWtleS1mb3Itb25lLW1hY2hpbmUtb25seSE="])
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])

DATABASES = {"default": database(env.str("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}"))}
CELERY_BROKER_URL, CACHE_URL = redis_urls(env.str("REDIS_URL", default=f"unix://{VAR_DIR / 'redis.sock'}"))
CACHES = cache(CACHE_URL)

if not env.str("EMAIL_HOST", default="") and not env.str("EMAIL_BACKEND", default=""):
    EMAIL_BACKEND = "massagerx.lib.mailfiles.EmailBackend"
    EMAIL_FILE_PATH = VAR_DIR / "mail"
