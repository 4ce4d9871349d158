"""What each page weighs on its way to a browser that has nothing of it yet, beside the budgets.

Run from the repository: python -m bench.weight

Starts the whole site with its sample data, opens each page in Chromium with an empty cache, and counts the bytes on the
wire as the browser saw them (compressed, with headers), and the requests. Ends with 1 when a page is over a budget or
asks another host. Figures go to bench/results/weight.json.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, sync_playwright

from launch.testing import find_chromium
from tests.support.booking_pages import BookingPages
from tests.support.browser import launch
from tests.support.site import running_site

RESULTS = Path(__file__).parent / "results" / "weight.json"
CODE_BUDGET = 60 * 1024
FONTS_BUDGET = 140 * 1024
REQUESTS_BUDGET = 10
# The home page with the photos of five therapists, and a therapist's day on the phone.
PORTRAITS_BUDGET = 250 * 1024
DAY_BUDGET = 40 * 1024
PAGES = [
    "/",
    "/services/",
    "/services/manual-lymphatic-drainage/",
    "/therapists/",
    "/blog/",
    "/faq/",
    "/policies/",
    "/contact/",
    "/book/",
    "/book/?service=manual-lymphatic-drainage",
]


@dataclass
class Weight:
    """Bytes on the wire by kind of thing, and how many requests they took."""

    page: str
    most: int = FONTS_BUDGET
    most_requests: int = REQUESTS_BUDGET
    kinds: Counter[str] = field(default_factory=Counter)
    asked: list[str] = field(default_factory=list)
    other_hosts: set[str] = field(default_factory=set)

    @property
    def requests(self) -> int:
        """How many things were asked for."""
        return len(self.asked)

    @property
    def code(self) -> int:
        """HTML, CSS and JavaScript."""
        return self.kinds["Document"] + self.kinds["Stylesheet"] + self.kinds["Script"]

    @property
    def with_fonts(self) -> int:
        """All that came."""
        return sum(self.kinds.values())

    @property
    def faults(self) -> list[str]:
        """The budgets that it breaks."""
        return [
            words
            for words, broken in (
                ("too much code", self.code > CODE_BUDGET),
                ("too heavy", self.with_fonts > self.most),
                (f"too many requests: {self.asked}", self.requests > self.most_requests),
                (f"asks {', '.join(sorted(self.other_hosts))}", bool(self.other_hosts)),
            )
            if broken
        ]


# What a telephone's photo weighs most with is grain.
_PORTRAITS = """
from io import BytesIO
from PIL import Image
from django.utils import timezone
from bookings.models import Photo, Therapist
from massagerx.lib.pictures import encode_upload
from massagerx.lib.stored_picture import make_sizes
for therapist in Therapist.objects.filter(is_active=True):
    file = BytesIO()
    grain = [Image.effect_noise((300, 375), 50).resize((1200, 1500)) for _ in "RGB"]
    Image.merge("RGB", grain).save(file, "JPEG", quality=92)
    photo = Photo(slot="portrait", therapist=therapist)
    photo.put_away(encode_upload(BytesIO(file.getvalue()), len(file.getvalue())), now=timezone.now())
    photo.save()
make_sizes(Photo, now=timezone.now())
print(Therapist.objects.filter(is_active=True).exclude(portrait=[]).count())
"""


def weigh(page: Page, path: str, name: str | None = None, **budgets: int) -> Weight:
    """Opens `path` with an empty cache and adds up what comes."""
    weight = Weight(name or path, **budgets)
    home = urlsplit(page.url if page.url.startswith("http") else "").netloc
    kinds: dict[str, str] = {}
    page.goto("about:blank")  # what the page before may still be asking for is not this one's
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    client.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def asked(event: dict) -> None:
        parts = urlsplit(event["request"]["url"])
        if parts.scheme not in ("http", "https"):
            return
        weight.asked.append(parts.path)
        kinds[event["requestId"]] = event.get("type", "Other")
        if home and parts.netloc != home:
            weight.other_hosts.add(parts.netloc)

    client.on("Network.requestWillBeSent", asked)
    client.on(
        "Network.loadingFinished",
        lambda event: weight.kinds.update(
            {kinds.get(event["requestId"], "Other"): int(event["encodedDataLength"])}
        ),
    )
    page.goto(path, wait_until="networkidle")
    client.detach()
    return weight


def wait_for_pictures(page: Page, seconds: int = 90) -> None:
    """Until the worker has made the smaller sizes of the sample posts' covers, as any site has soon after its start.
    Raises TimeoutError after `seconds`."""
    for _ in range(seconds):
        # With a query the page is not a kept one.
        pictures = re.findall(r"<img [^>]*>", page.request.get("/blog/?page=1").text())
        if all("srcset=" in picture for picture in pictures):
            return
        time.sleep(1)
    raise TimeoutError(f"no smaller sizes of pictures after {seconds} s")


def main() -> int:
    program = find_chromium()
    if program is None:
        print("There is no Chromium on this machine.", file=sys.stderr)
        return 2
    os.environ.setdefault("DATABASE_URL", "sqlite")
    weights = []
    with (
        tempfile.TemporaryDirectory() as folder,
        running_site(Path(folder)) as site,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright, program)
        # What the worker may still be at: until then a page asks for the whole pictures.
        site.shell(
            "from django.utils import timezone; from blog.models import Picture; "
            "from massagerx.lib.stored_picture import make_sizes; "
            "make_sizes(Picture, now=timezone.now())"
        )

        def new_page() -> Page:
            page = browser.new_context(base_url=site.url, viewport={"width": 390, "height": 844}).new_page()
            page.goto("/robots.txt")
            return page

        post = re.findall(r"/blog/([a-z0-9-]+)/</loc>", new_page().request.get("/sitemap.xml").text())[0]
        wait_for_pictures(new_page())
        weights += [weigh(new_page(), path) for path in [*PAGES, f"/blog/{post}/"]]
        walker = new_page()
        walk = BookingPages(walker, email="weight@example.com", phone="213 555 0177")
        walk.what()
        weights.append(weigh(walker, "/book/where/"))
        walk.where()
        weights.append(weigh(walker, "/book/when/"))
        walk.when()
        weights.append(weigh(walker, "/book/health/"))
        walk.health()
        weights.append(weigh(walker, "/book/details/"))
        walk.details()
        weights.append(weigh(walker, "/book/review/"))
        walk.review()
        weights.append(weigh(walker, "/book/done/"))
        # Five therapists, and a day that is full.
        site.manage("seed_busy")
        hands = new_page()
        login = site.login("therapist")
        hands.goto("/admin/")
        hands.fill("[name=username]", login.username)
        hands.fill("[name=password]", login.password)
        hands.click("[type=submit]")
        weights.append(weigh(hands, "/admin/", "a therapist's day", most=DAY_BUDGET))
        assert site.shell(_PORTRAITS) == "5"
        home = weigh(
            new_page(), "/?portraits", "/ with five portraits", most=PORTRAITS_BUDGET, most_requests=15
        )
        weights.append(home)
        browser.close()

    print(f"{'KB on the wire':<42}{'HTML':>7}{'CSS':>7}{'JS':>7}{'code':>7}{'fonts':>7}{'all':>7}{'asks':>6}")
    for one in weights:
        kinds = [one.kinds["Document"], one.kinds["Stylesheet"], one.kinds["Script"], one.code]
        kinds += [one.kinds["Font"], one.with_fonts]
        print(
            f"{one.page:<42}" + "".join(f"{size / 1024:>7.1f}" for size in kinds) + f"{one.requests:>6}",
            end="",
        )
        print("  " + "; ".join(one.faults) if one.faults else "")
    print(f"{'budget':<63}{CODE_BUDGET / 1024:>7.1f}{'':>7}{FONTS_BUDGET / 1024:>7.1f}{REQUESTS_BUDGET:>6}")
    rows = [
        {
            "page": one.page,
            "bytes": dict(one.kinds),
            "code": one.code,
            "all": one.with_fonts,
            "requests": one.requests,
        }
        for one in weights
    ]
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n")
    return 1 if any(one.faults for one in weights) else 0


if __name__ == "__main__":
    sys.exit(main())
