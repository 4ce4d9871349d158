"""What `gunicorn.conf.py` does to a process that serves."""

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.support import ROOT

SAYS_HOW_MUCH_IS_FROZEN = """
import gc
imported = [[] for _ in range(50_000)]

def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{gc.get_freeze_count()} {gc.get_threshold()[0]}".encode()]
"""


def test_what_was_imported_is_no_longer_looked_through_for_garbage(tmp_path: Path) -> None:
    (tmp_path / "tells.py").write_text(SAYS_HOW_MUCH_IS_FROZEN)
    server = subprocess.Popen(
        [Path(sys.executable).with_name("gunicorn"), "tells:application", "--pythonpath", str(tmp_path),
         "--workers", "1", "--graceful-timeout", "2", "--bind", "127.0.0.1:0"],
        cwd=ROOT, stderr=subprocess.PIPE, text=True,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "massagerx.settings.local",
             "VAR_DIR": str(tmp_path)},
    )  # fmt: skip
    try:
        assert server.stderr is not None
        said = ""
        while (found := re.search(r"Listening at: (\S+)", said)) is None:
            line = server.stderr.readline()
            assert line, f"gunicorn ended: {said}"
            said += line
        with urllib.request.urlopen(found[1], timeout=60) as answer:
            frozen, threshold = map(int, answer.read().split())
        assert frozen >= 50_000
        assert threshold == 10_000
    finally:
        server.terminate()
        server.wait(timeout=60)
