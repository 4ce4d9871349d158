"""Lighthouse's mobile profile (slow phone, slow network) on the pages that people land on, beside the goals.

Run from the repository: python -m bench.lighthouse [--runs 3] [--lighthouse PROGRAM]

Starts the whole site with its sample data. Lighthouse comes from npm into a temporary folder, unless `--lighthouse`
names one; it needs Node 18 or newer and Chromium. The figures are medians of the runs. Ends with 1 when a goal is
missed. Figures go to bench/results/lighthouse.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from launch.testing import find_chromium
from tests.support.site import running_site

RESULTS = Path(__file__).parent / "results" / "lighthouse.json"
VERSION = "12.8.2"
PAGES = ["/", "/services/manual-lymphatic-drainage/", "/book/"]
#: Points of 100, milliseconds, and the measure of layout shift.
AT_LEAST = {"performance": 98, "accessibility": 100, "best-practices": 100, "seo": 100}
AT_MOST = {"LCP ms": 1200.0, "TBT ms": 50.0, "CLS": 0.02}
_AUDITS = {
    "LCP ms": "largest-contentful-paint",
    "TBT ms": "total-blocking-time",
    "CLS": "cumulative-layout-shift",
}
# A site on one machine speaks plain HTTP/1.1; the web server before it answers for these.
_NOT_HERE = ["uses-http2", "redirects-http"]
_WITHOUT_BEGINNING = "NO_NAVSTART"


def install(folder: Path) -> Path:
    """Lighthouse from npm in `folder`; returns the program."""
    command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", f"lighthouse@{VERSION}"]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "node_modules/.bin/lighthouse"


def look(lighthouse: Path, url: str, chromium: str, folder: Path) -> dict[str, Any]:
    """One run: the report as Lighthouse writes it. A run whose record lacks its beginning, which happens on a busy
    machine and says nothing about the page, is made once more. Raises CalledProcessError."""
    report = folder / "report.json"
    for may_repeat in (True, False):
        report.unlink(missing_ok=True)
        done = subprocess.run(
            [
                str(lighthouse), url, "--quiet", "--output=json", f"--output-path={report}",
                "--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage",
                f"--only-categories={','.join(AT_LEAST)}", f"--skip-audits={','.join(_NOT_HERE)}",
            ],
            env={**os.environ, "CHROME_PATH": chromium}, timeout=180,
        )  # fmt: skip
        read: dict[str, Any] = json.loads(report.read_text()) if report.exists() else {}
        if read.get("runtimeError", {}).get("code") != _WITHOUT_BEGINNING or not may_repeat:
            break
    done.check_returncode()
    return read


def figures(reports: list[dict[str, Any]]) -> dict[str, float]:
    """The median of each figure, and nothing else."""
    found = {
        name: statistics.median((report["categories"][name]["score"] or 0) * 100 for report in reports)
        for name in AT_LEAST
    }
    for name, audit in _AUDITS.items():
        found[name] = statistics.median(report["audits"][audit]["numericValue"] for report in reports)
    return found


def complaints(reports: list[dict[str, Any]]) -> list[str]:
    """The audits that count and did not pass, but for those that measure time."""
    found = set()
    for report in reports:
        for category in report["categories"].values():
            for reference in category["auditRefs"]:
                audit = report["audits"][reference["id"]]
                if (
                    reference["weight"]
                    and audit["score"] not in (None, 1)
                    and category["id"] != "performance"
                ):
                    found.add(f"{category['id']}: {audit['title']}")
    return sorted(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--lighthouse", type=Path, help="a Lighthouse that is already there")
    options = parser.parse_args()
    chromium = find_chromium(whole=True)
    if chromium is None:
        print("There is no Chromium on this machine.", file=sys.stderr)
        return 2
    os.environ.setdefault("DATABASE_URL", "sqlite")
    rows, missed = {}, False
    with tempfile.TemporaryDirectory() as folder, running_site(Path(folder)) as site:
        lighthouse = (options.lighthouse or install(Path(folder))).resolve()
        with urllib.request.urlopen(f"{site.url}/sitemap.xml") as response:
            post = re.findall(r"/blog/([a-z0-9-]+)/</loc>", response.read().decode())[0]
        columns = [*AT_LEAST, *AT_MOST]
        print(f"{'':<40}" + "".join(f"{name:>15}" for name in columns), flush=True)
        for path in [*PAGES, f"/blog/{post}/"]:
            reports = [look(lighthouse, site.url + path, chromium, Path(folder)) for _ in range(options.runs)]
            found = figures(reports)
            rows[path] = found
            print(f"{path[:39]:<40}" + "".join(f"{found[name]:>15.3g}" for name in columns), flush=True)
            for complaint in complaints(reports):
                print(f"    {complaint}", flush=True)
            missed |= any(found[name] < goal for name, goal in AT_LEAST.items())
            missed |= any(found[name] > goal for name, goal in AT_MOST.items())
    print(f"{'goal':<40}" + "".join(f"{goal:>15}" for goal in [*AT_LEAST.values(), *AT_MOST.values()]))
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
