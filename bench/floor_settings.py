"""The floor over HTTP: our settings without middleware, and with nothing but `bench.floor_site` to answer."""

from massagerx.settings.local import *  # noqa: F403

ROOT_URLCONF = "bench.floor_site"
MIDDLEWARE: list[str] = []
