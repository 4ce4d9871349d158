"""Addresses of videos: which ones we know, and the two that each video has: to watch it there, and to show it here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import parse_qs, urlsplit

Provider = Literal["youtube", "vimeo"]

#: Where frames may come from, by provider: nothing is asked of them before a press.
FRAME_HOSTS: dict[str, str] = {
    "youtube": "https://www.youtube-nocookie.com",
    "vimeo": "https://player.vimeo.com",
}
_YOUTUBE_HOSTS = {
    "youtube.com",
    "www.youtube.com",
    "m.youtube.com",
    "youtube-nocookie.com",
    "www.youtube-nocookie.com",
}
_YOUTUBE_CODE = re.compile(r"[A-Za-z0-9_-]{11}", re.ASCII)
_YOUTUBE_PATH = re.compile(r"/(?:embed|shorts|live|v)/([^/]+)/?")
# An unlisted video of Vimeo has a second part, without which it can't be seen.
_VIMEO_PATH = re.compile(r"/(?:video/)?([0-9]{6,12})(?:/([0-9a-f]{6,20}))?/?", re.ASCII)
_START = re.compile(r"(?:([0-9]{1,2})h)?(?:([0-9]{1,4})m)?(?:([0-9]{1,5})s?)?", re.ASCII)
_VIMEO_KEY = re.compile(r"[0-9a-f]{6,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class VideoAddress:
    """`code` is the provider's name for the video; for an unlisted one of Vimeo, number and key with a slash. `start`
    is where it begins, in seconds, and makes it no other video."""

    provider: Provider
    code: str
    start: int = field(default=0, compare=False)

    @property
    def watch_url(self) -> str:
        """The page of the video at its provider."""
        if self.provider == "youtube":
            return f"https://www.youtube.com/watch?v={self.code}" + (
                f"&t={self.start}s" if self.start else ""
            )
        return f"https://vimeo.com/{self.code}" + (f"#t={self.start}s" if self.start else "")

    @property
    def frame_url(self) -> str:
        """The address of the frame: no cookies where the provider offers that, and it starts at once."""
        if self.provider == "youtube":
            return f"{FRAME_HOSTS['youtube']}/embed/{self.code}?autoplay=1&rel=0" + (
                f"&start={self.start}" if self.start else ""
            )
        number, _, key = self.code.partition("/")
        unlisted, start = (f"&h={key}" if key else ""), (f"#t={self.start}s" if self.start else "")
        return f"{FRAME_HOSTS['vimeo']}/video/{number}?dnt=1&autoplay=1{unlisted}{start}"


def parse_video(address: str) -> VideoAddress | None:
    """The video that `address` leads to, or None when it is no address of one at YouTube or Vimeo."""
    try:
        parts = urlsplit(address.strip())
        host = (parts.hostname or "").lower()
        query = parse_qs(parts.query, max_num_fields=50)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https"):
        return None
    found = None
    if host == "youtu.be" or host in _YOUTUBE_HOSTS:
        found = _youtube(host, parts.path, query)
    elif host in ("vimeo.com", "www.vimeo.com", "player.vimeo.com"):
        found = _vimeo(parts.path, query)
    if found is None:
        return None
    said = query.get("t") or query.get("start") or [parts.fragment.removeprefix("t=")]
    return replace(found, start=_seconds(said[0]))


def _seconds(text: str) -> int:
    """`90`, `90s`, `1m30s` and `1h2m3s` in seconds; 0 for anything else, and from a day on."""
    match = _START.fullmatch(text)
    if match is None:
        return 0
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    start = (hours * 60 + minutes) * 60 + seconds
    return start if start < 86_400 else 0


def _youtube(host: str, path: str, query: dict[str, list[str]]) -> VideoAddress | None:
    if host == "youtu.be":
        code = path.strip("/")
    elif path.rstrip("/") == "/watch":
        code = query.get("v", [""])[0]
    else:
        match = _YOUTUBE_PATH.fullmatch(path)
        code = match[1] if match else ""
    return VideoAddress("youtube", code) if _YOUTUBE_CODE.fullmatch(code) else None


def _vimeo(path: str, query: dict[str, list[str]]) -> VideoAddress | None:
    match = _VIMEO_PATH.fullmatch(path)
    if match is None:
        return None
    key = match[2] or query.get("h", [""])[0]
    if key and not _VIMEO_KEY.fullmatch(key):
        return None
    return VideoAddress("vimeo", f"{match[1]}/{key}" if key else match[1])
