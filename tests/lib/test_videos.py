"""Addresses of videos: which are known, and which are not what they seem."""

import pytest

from massagerx.lib.videos import parse_video

CODE = "abc_DEF-123"


@pytest.mark.parametrize(
    "address",
    [
        f"https://www.youtube.com/watch?v={CODE}",
        f"http://youtube.com/watch?feature=share&v={CODE}",
        f"https://m.youtube.com/watch/?v={CODE}#x",
        f"https://youtu.be/{CODE}?si=abc",
        f"https://www.youtube.com/embed/{CODE}",
        f"https://www.youtube-nocookie.com/embed/{CODE}?rel=0",
        f"https://www.youtube.com/shorts/{CODE}",
        f"https://www.youtube.com/live/{CODE}/",
        f" HTTPS://YouTu.be/{CODE} ",
    ],
)
def test_youtube_address_is_known(address: str) -> None:
    video = parse_video(address)

    assert video
    assert video.watch_url == f"https://www.youtube.com/watch?v={CODE}"
    assert video.frame_url.startswith(f"https://www.youtube-nocookie.com/embed/{CODE}?")


@pytest.mark.parametrize(
    ("address", "watch", "frame"),
    [
        ("https://vimeo.com/76979871", "https://vimeo.com/76979871", "/video/76979871?dnt=1&autoplay=1"),
        (
            "https://player.vimeo.com/video/76979871",
            "https://vimeo.com/76979871",
            "/video/76979871?dnt=1&autoplay=1",
        ),
        (
            "https://vimeo.com/76979871/0123abcdef?share=copy",
            "https://vimeo.com/76979871/0123abcdef",
            "/video/76979871?dnt=1&autoplay=1&h=0123abcdef",
        ),
        (
            "https://player.vimeo.com/video/76979871?h=0123abcdef",
            "https://vimeo.com/76979871/0123abcdef",
            "/video/76979871?dnt=1&autoplay=1&h=0123abcdef",
        ),
    ],
)
def test_vimeo_address_is_known(address: str, watch: str, frame: str) -> None:
    video = parse_video(address)

    assert video
    assert (video.watch_url, video.frame_url) == (watch, f"https://player.vimeo.com{frame}")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "youtube",
        f"https://evil.example/watch?v={CODE}",
        f"https://youtube.com.evil.example/watch?v={CODE}",
        f"https://evil.example/https://youtu.be/{CODE}",
        f"https://youtube.com@evil.example/watch?v={CODE}",
        f"javascript://youtube.com/%0aalert(1)?v={CODE}",
        "https://www.youtube.com/watch?v=short",
        f"https://www.youtube.com/watch?v={CODE}%22onload",
        "https://www.youtube.com/playlist?list=PL123",
        "https://www.youtube.com/@channel",
        "https://vimeo.com/channels/staffpicks",
        "https://vimeo.com/٧٦٩٧٩٨٧١",
        "https://player.vimeo.com/video/76979871?h=x%26autoplay=1",
        "https://[::1",
        "https://www.youtube.com/watch?" + "&".join(f"a{n}=1" for n in range(99)),
    ],
)
def test_other_addresses_are_not_taken_for_videos(address: str) -> None:
    assert parse_video(address) is None


@pytest.mark.parametrize(
    ("address", "seconds"),
    [
        (f"https://youtu.be/{CODE}?t=90", 90),
        (f"https://youtu.be/{CODE}?t=1m30s", 90),
        (f"https://www.youtube.com/watch?v={CODE}&t=1h2m3s", 3723),
        (f"https://www.youtube.com/embed/{CODE}?start=5", 5),
        ("https://vimeo.com/76979871#t=30s", 30),
        (f"https://youtu.be/{CODE}?t=soon", 0),
        (f"https://youtu.be/{CODE}?t=", 0),
        (f"https://youtu.be/{CODE}?t=99999", 0),
        (f"https://youtu.be/{CODE}?t=-5&start=7", 0),
    ],
)
def test_second_that_a_video_starts_at_is_kept(address: str, seconds: int) -> None:
    video = parse_video(address)

    assert video is not None
    assert video.start == seconds
    # And told on, both to who watches it there and to the frame.
    assert parse_video(video.watch_url).start == seconds
    told = video.frame_url.replace("#t=", "&start=")
    assert (f"&start={seconds}" in told) == ("&start=" in told) == (seconds > 0)
    assert video == parse_video(address.split("?t")[0].split("&t")[0].split("#")[0].split("?start")[0])
