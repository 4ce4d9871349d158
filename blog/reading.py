"""A text as readers get it: headings that can be linked to, pictures in the right size, videos to press."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from massagerx.lib.html import plain_text
from massagerx.lib.videos import FRAME_HOSTS, VideoAddress, parse_video

from .models import Picture, Video
from .prose import LONE_LINK, PICTURE_ADDRESS, lone_links, picture_tokens

#: From this many headings on, a post begins with a table of contents.
HEADINGS_FOR_CONTENTS = 3
_HEADING = re.compile(r"<(h[23])>(.*?)</\1>", re.DOTALL)
_FIGURE = re.compile(r"<figure>(.*?)</figure>|<img [^>]*>", re.DOTALL)
_CAPTION = re.compile(r"<figcaption>(.*?)</figcaption>", re.DOTALL)
# Names that the page itself gives to its parts.
_TAKEN = frozenset({"main", "contents-title", "services-title", "related-title", "band-title"})


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a text; `level` is 2 or 3, `anchor` its name within the page."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Reading:
    """`videos` are those shown in it."""

    html: SafeString
    headings: list[Heading]
    videos: list[Video]

    @property
    def frame_hosts(self) -> list[str]:
        """Where the videos' frames come from, for the page's Content-Security-Policy."""
        return sorted({FRAME_HOSTS[video.provider] for video in self.videos})

    @property
    def contents(self) -> list[Heading]:
        """The headings of a text long enough for a table of contents, else none."""
        parts = [heading for heading in self.headings if heading.level == 2]
        return parts if len(parts) >= HEADINGS_FOR_CONTENTS else []


def read(html: str) -> Reading:
    """Cleaned `html` as it is shown. Looks up its pictures and videos in one query each, and only if it has some.

    A picture that is no longer in the library is left out; a link to a video that isn't in it stays a link.
    """
    videos = _videos(lone_links(html))
    pictures = _pictures(picture_tokens(html))
    html, headings = _with_anchors(html)
    html = _FIGURE.sub(lambda match: _figure(match[0], pictures), html)
    html = LONE_LINK.sub(lambda match: _video(match, videos), html)
    return Reading(mark_safe(html), headings, sorted(videos.values(), key=lambda video: video.pk))


def _pictures(tokens: set[str]) -> dict[str, Picture]:
    if not tokens:
        return {}
    return {picture.token: picture for picture in Picture.objects.filter(token__in=tokens)}


def _videos(links: set[str]) -> dict[VideoAddress, Video]:
    wanted = {address for link in links if (address := parse_video(link))}
    if not wanted:
        return {}
    found = Video.objects.filter(code__in=[address.code for address in wanted]).select_related("poster")
    return {video.where: video for video in found if video.where in wanted}


def _with_anchors(html: str) -> tuple[str, list[Heading]]:
    headings: list[Heading] = []
    taken = set(_TAKEN)
    # The number to try next, so that a hundred equal headings aren't counted through for each.
    numbers: dict[str, int] = {}

    def anchored(match: re.Match[str]) -> str:
        text = plain_text(match[2])
        stem = slugify(text)[:60].strip("-") or "part"
        anchor = stem
        while anchor in taken:
            numbers[stem] = numbers.get(stem, 1) + 1
            anchor = f"{stem}-{numbers[stem]}"
        taken.add(anchor)
        headings.append(Heading(int(match[1][1]), text, anchor))
        return f'<{match[1]} id="{anchor}">{match[2]}</{match[1]}>'

    return _HEADING.sub(anchored, html), headings


def _figure(html: str, pictures: dict[str, Picture]) -> str:
    address = PICTURE_ADDRESS.search(html)
    picture = pictures.get(address[1]) if address else None
    if picture is None:
        return ""
    caption = _CAPTION.search(html)
    words = caption[1].strip() if caption else ""
    # The caption was cleaned with the text around it.
    return render_to_string("components/figure.html", {"picture": picture, "caption": mark_safe(words)})


def _video(match: re.Match[str], videos: dict[VideoAddress, Video]) -> str:
    address = parse_video(unescape(match[1]))
    video = videos.get(address) if address else None
    if video is None:
        return match[0]
    return render_to_string("components/video.html", {"video": video, "where": address})
