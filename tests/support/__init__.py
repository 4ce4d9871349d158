"""Real parts that tests start: a mail server, the whole site, a browser."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
OUTPUT = ROOT / "var" / "test-output"
IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")
