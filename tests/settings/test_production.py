"""Production settings refuse to start with what is missing, weak or known to everybody."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

GOOD = {
    "SECRET_KEY": "q7RkV2mXz9LbT4nWc8YdF1sHg6JpA3eUi5oNxKvBtMyCrDhZlQ",
    "HEALTH_KEYS": "pGxJ3u0mH8yq1w5bZr7VnKc2TtLdEoFsAaQiUiXy9_M=",
    "ALLOWED_HOSTS": "www.massage-rx.test",
    "SITE_URL": "https://www.massage-rx.test",
    "DATABASE_URL": "postgres://massagerx:none@127.0.0.1/massagerx",
    "REDIS_URL": "redis://127.0.0.1:6379",
    "EMAIL_HOST": "smtp.massage-rx.test",
    "DEFAULT_FROM_EMAIL": "Massage Rx <visits@massage-rx.test>",
    "TRUSTED_PROXIES": "0",
}
SHOW = (
    "from django.conf import settings as s; "
    "print(s.DEBUG, s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, "
    "s.SESSION_COOKIE_HTTPONLY, s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS >= 31536000, s.SECURE_PROXY_SSL_HEADER)"
)


def start(tmp_path: Path, *, show: str = SHOW, **changes: str) -> subprocess.CompletedProcess[str]:
    """Loads the settings in a process of their own."""
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "massagerx.settings.production",
        "VAR_DIR": str(tmp_path),
        **GOOD,
        **changes,
    }
    return subprocess.run(
        [sys.executable, "-c", show], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )


def test_settings_of_a_real_site_are_taken_and_strict(tmp_path: Path) -> None:
    done = start(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        "False", "__Host-sessionid", "__Host-csrftoken", "True", "True", "True", "True", "True", "None",
    ]  # fmt: skip


def test_errors_are_counted_for_the_owner_without_what_was_typed(tmp_path: Path) -> None:
    show = "import django, logging; django.setup(); logging.getLogger('massagerx').error('lost: %s', 'ana@example.com')"
    done = start(tmp_path, show=show)
    assert done.returncode == 0, done.stderr
    (kind,) = json.loads((tmp_path / "errors.json").read_text())
    assert (kind["what"], kind["times"]) == ("massagerx: lost: [email]", 1)


def test_errors_go_to_a_service_where_there_is_one(tmp_path: Path) -> None:
    show = "import django, logging; django.setup(); print([type(one).__name__ for one in logging.getLogger().handlers])"
    assert "ErrorReportHandler" not in start(tmp_path, show=show).stdout
    done = start(tmp_path, show=show, SENTRY_DSN="https://key@errors.massage-rx.test/7")
    assert "ErrorReportHandler" in done.stdout, done.stderr
    odd = start(tmp_path, show=show, SENTRY_DSN="errors.massage-rx.test")
    assert odd.returncode != 0
    assert "SENTRY_DSN must be as the service shows it" in odd.stderr


def test_provider_sends_in_place_of_a_mail_server(tmp_path: Path) -> None:
    provider = {"EMAIL_HOST": "", "EMAIL_BACKEND": "anymail.backends.postmark.EmailBackend"}

    done = start(tmp_path, **provider, ANYMAIL_POSTMARK_SERVER_TOKEN="2b7c-not-a-real-one")
    assert done.returncode == 0, done.stderr
    without_key = start(tmp_path, **provider)
    assert without_key.returncode != 0
    assert "no ANYMAIL_" in without_key.stderr
    odd = start(tmp_path, EMAIL_BACKEND="django.core.mail.backends.console.EmailBackend")
    assert odd.returncode != 0
    assert "EMAIL_BACKEND must be empty" in odd.stderr


@pytest.mark.parametrize(
    ("given", "promised"), [({}, "False False"), ({"HSTS_SUBDOMAINS": "true"}, "True True")]
)
def test_other_names_of_the_domain_are_promised_tls_by_the_owner_alone(
    tmp_path: Path, given: dict[str, str], promised: str
) -> None:
    show = (
        "from django.conf import settings as s; "
        "print(s.SECURE_HSTS_INCLUDE_SUBDOMAINS, s.SECURE_HSTS_PRELOAD, s.MESSAGES_COOKIE_NAME)"
    )
    assert start(tmp_path, show=show, **given).stdout.split() == [*promised.split(), "__Host-messages"]


def test_scheme_is_believed_only_behind_a_proxy(tmp_path: Path) -> None:
    assert "HTTP_X_FORWARDED_PROTO" in start(tmp_path, TRUSTED_PROXIES="1").stdout


@pytest.mark.parametrize("name", GOOD)
def test_missing_value_is_named(tmp_path: Path, name: str) -> None:
    done = start(tmp_path, **{name: ""})
    assert done.returncode != 0
    assert f"{name} is not set" in done.stderr


BAD = {
    "the sample secret key": {"SECRET_KEY": "sample-key-for-one-machine-only-never-for-a-public-site"},
    "a short secret key": {"SECRET_KEY": "q7RkV2mXz9"},
    "an earlier secret key that is the sample": {
        "SECRET_KEY_FALLBACKS": "sample-key-for-one-machine-only-never-for-a-public-site"
    },
    "the health key of local settings": {"HEALTH_KEYS": "c2FtcGxlLWtleS1mb3Itb25lLW1hY2hpbmUtb25seSE="},
    "the health key of local settings behind a good one": {
        "HEALTH_KEYS": GOOD["HEALTH_KEYS"] + ",c2FtcGxlLWtleS1mb3Itb25lLW1hY2hpbmUtb25seSE="
    },
    "a health key of zeros": {"HEALTH_KEYS": base64.urlsafe_b64encode(bytes(32)).decode()},
    "a short health key": {"HEALTH_KEYS": "c2hvcnQ="},
    "any host": {"ALLOWED_HOSTS": "*"},
    "a number of proxies below none": {"TRUSTED_PROXIES": "-1"},
    "a number of proxies in words": {"TRUSTED_PROXIES": "one"},
    "an address without TLS": {"SITE_URL": "http://www.massage-rx.test"},
    "SQLite": {"DATABASE_URL": "sqlite:///db.sqlite3"},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD)
def test_weak_or_sample_value_is_refused(tmp_path: Path, changes: dict[str, str]) -> None:
    done = start(tmp_path, **changes)
    assert done.returncode != 0
    assert "ImproperlyConfigured" in done.stderr
    assert next(iter(changes)) in done.stderr


def test_local_health_key_is_the_one_refused_here() -> None:
    local = (ROOT / "massagerx" / "settings" / "local.py").read_text()
    assert BAD["the health key of local settings"]["HEALTH_KEYS"] in local


@pytest.mark.parametrize(
    ("bind", "proxies", "meant", "starts"),
    [
        ("unix:{tmp}/web.sock", "0", "true", False),
        ("unix:{tmp}/web.sock", "1", "false", True),
        ("127.0.0.1:0", "0", "true", False),
        ("[::1]:0", "0", "true", False),
        ("localhost:0", "0", "true", False),
        ("127.0.0.1:0", "1", "false", True),
        ("0.0.0.0:0", "0", "false", False),
        ("0.0.0.0:0", "0", "true", True),
    ],
)
def test_web_server_that_cannot_know_its_visitors_or_has_no_proxy_does_not_start(
    tmp_path: Path, bind: str, proxies: str, meant: str, starts: bool
) -> None:
    """gunicorn as docs/hosting.md starts it, in the directory of the project."""
    program = Path(sys.executable).with_name("gunicorn")
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "massagerx.settings.production",
        "VAR_DIR": str(tmp_path),
        **GOOD,
        "TRUSTED_PROXIES": proxies,
        "SERVE_WITHOUT_PROXY": meant,
    }
    server = subprocess.Popen(
        # A worker that is told to stop while it begins never hears of it, and is ended after the grace.
        [program, "massagerx.wsgi", "--workers", "1", "--bind", bind.format(tmp=tmp_path), "--graceful-timeout", "2"],
        cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        said = ""
        assert server.stderr is not None
        for line in server.stderr:
            said += line
            if "Listening at" in line:
                break
        assert ("Listening at" in said) == starts
        assert ("TRUSTED_PROXIES" in said) != starts
    finally:
        server.terminate()
        server.wait(timeout=60)
