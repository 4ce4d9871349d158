"""Media in a bucket: what a folder does, and one kind of trouble when the store is away, slow or refuses us."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.config import Config
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from massagerx.settings.base import media_storage
from tests.support import ROOT
from tests.support.bucket import KEYS, Bucket, running_bucket


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with running_bucket() as running:
        yield running


def storage(address: str, keys: tuple[str, str] = KEYS, **options: Any) -> Storage:
    asked = media_storage(address, keys=keys)
    made: Storage = storages.create_storage({**asked, "OPTIONS": {**asked["OPTIONS"], **options}})
    return made


@pytest.mark.parametrize("folder", ["", "/site/one"])
def test_what_is_put_in_is_found_listed_and_deleted(bucket: Bucket, folder: str) -> None:
    store = storage(bucket.address + folder)

    assert store.save("pictures/a.webp", ContentFile(b"one")) == "pictures/a.webp"
    # A name keeps its bytes' place: no second name is made up.
    assert store.save("pictures/a.webp", ContentFile(b"three")) == "pictures/a.webp"

    assert store.exists("pictures/a.webp")
    assert store.size("pictures/a.webp") == 5
    assert store.listdir("pictures") == ([], ["a.webp"])
    with store.open("pictures/a.webp") as file:
        assert file.read() == b"three"
    # Visitors ask the site, and not the store.
    assert store.url("pictures/a b.webp") == "/media/pictures/a%20b.webp"
    assert f"{folder}/pictures/a.webp".strip("/") in bucket.names()
    store.delete("pictures/a.webp")
    assert not store.exists("pictures/a.webp")
    store.delete("pictures/a.webp")
    with pytest.raises(FileNotFoundError):
        store.open("pictures/a.webp")


def every_way(store: Storage) -> Iterator[Any]:
    yield lambda: store.open("pictures/a.webp")
    yield lambda: store.save("pictures/a.webp", ContentFile(b"one"))
    yield lambda: store.exists("pictures/a.webp")
    yield lambda: store.delete("pictures/a.webp")
    yield lambda: store.listdir("pictures")


def test_a_store_that_is_away_is_one_kind_of_trouble() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        for way in every_way(storage(f"http://127.0.0.1:{closed.getsockname()[1]}/media")):
            with pytest.raises(OSError, match="the media store") as trouble:
                way()
            assert not isinstance(trouble.value, FileNotFoundError)


def test_a_store_that_says_nothing_is_given_up() -> None:
    quick = Config(connect_timeout=0.2, read_timeout=0.2, retries={"total_max_attempts": 1})
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        store = storage(f"http://127.0.0.1:{silent.getsockname()[1]}/media", client_config=quick)
        with pytest.raises(OSError, match="ReadTimeout"):
            store.open("pictures/a.webp")


@pytest.fixture
def breaking_off() -> Iterator[tuple[str, list[str]]]:
    """A store that promises a hundred bytes and hangs up after four: its address, and what it was asked."""
    asked: list[str] = []

    class Store(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.command)
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else b"half")

        do_HEAD = do_GET

        def log_message(self, *_args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Store) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/media", asked
        server.shutdown()


def test_a_store_that_breaks_off_is_trouble_and_is_not_asked_five_times(
    breaking_off: tuple[str, list[str]],
) -> None:
    address, asked = breaking_off
    with pytest.raises(OSError, match="the media store"):
        storage(address).open("pictures/a.webp")
    assert asked.count("GET") == 1


def test_no_wait_is_without_a_bound() -> None:
    config = media_storage("s3://media", keys=KEYS)["OPTIONS"]["client_config"]
    assert (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"]) == (2, 5, 2)


def test_another_bucket_is_trouble_and_not_an_empty_one(bucket: Bucket) -> None:
    store = storage(bucket.address + "-of-others")
    with pytest.raises(OSError, match="the media store"):
        store.save("pictures/a.webp", ContentFile(b"one"))
    with pytest.raises(OSError, match="the media store"):
        store.listdir("pictures")


@pytest.mark.parametrize(
    ("address", "endpoint", "bucket_name", "folder", "region"),
    [
        ("s3://media", None, "media", "", "us-east-1"),
        ("s3://media/site/one/?region=us-west-2", None, "media", "site/one", "us-west-2"),
        ("https://store.test/media", "https://store.test", "media", "", "us-east-1"),
        ("http://10.0.0.7:9000/media/site", "http://10.0.0.7:9000", "media", "site", "us-east-1"),
    ],
)
def test_addresses(address: str, endpoint: str | None, bucket_name: str, folder: str, region: str) -> None:
    options = media_storage(address, keys=KEYS)["OPTIONS"]
    assert options["endpoint_url"] == endpoint
    assert (options["bucket_name"], options["location"], options["region_name"]) == (
        bucket_name,
        folder,
        region,
    )


@pytest.mark.parametrize(
    "address",
    ["media", "ftp://host/media", "s3://", "s3:///media", "https://host", "https://host/",
     "https://key:secret@host/media", "s3://media?acl=public-read"],
)  # fmt: skip
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="MEDIA_BUCKET must be"):
        media_storage(address, keys=KEYS)


@pytest.mark.parametrize("keys", [("", ""), ("key", ""), ("", "secret")])
def test_keys_are_needed(keys: tuple[str, str]) -> None:
    with pytest.raises(ImproperlyConfigured, match="MEDIA_ACCESS_KEY and MEDIA_SECRET_KEY"):
        media_storage("s3://media", keys=keys)


def test_without_a_bucket_it_is_a_folder() -> None:
    assert media_storage("", keys=("", "")) == {"BACKEND": "django.core.files.storage.FileSystemStorage"}


def test_a_site_without_bucket_and_routing_server_begins_without_their_libraries() -> None:
    code = "import sys, django; django.setup(); print({'boto3', 'httpx'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["set()"]
