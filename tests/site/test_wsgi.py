"""The application as the web server loads it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.support import ROOT

pytestmark = pytest.mark.django_db

SHOW = """
from massagerx.wsgi import application
from django.db import connection
with connection.cursor() as cursor:
    for name in ("statement_timeout", "lock_timeout"):
        cursor.execute(f"SHOW {name}")
        print(cursor.fetchone()[0])
"""


def test_no_page_waits_for_a_statement_for_ever(tmp_path: Path) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("about PostgreSQL alone")
    environment = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "massagerx.settings.local", "VAR_DIR": str(tmp_path),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", SHOW], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == ["20s", "5s"], done.stderr
