"""A store that speaks S3, on loopback, for tests of media in a bucket."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

KEYS = ("sample-key", "sample-secret")


@dataclass(frozen=True, slots=True)
class Bucket:
    """`address` is what MEDIA_BUCKET may hold."""

    address: str
    server: ThreadedMotoServer

    def names(self) -> list[str]:
        """What lies in it, folders included."""
        return [
            found["Key"] for found in _client(self.host).list_objects_v2(Bucket=self.name).get("Contents", [])
        ]

    def put(self, name: str, data: bytes) -> None:
        """Puts a file in, as the store's own tools would."""
        _client(self.host).put_object(Bucket=self.name, Key=name, Body=data)

    @property
    def host(self) -> str:
        return self.address.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.address.rpartition("/")[2]


def _client(host: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=host,
        aws_access_key_id=KEYS[0],
        aws_secret_access_key=KEYS[1],
        region_name="us-east-1",
    )


@contextmanager
def running_bucket(name: str = "media") -> Iterator[Bucket]:
    """An empty bucket, until the block ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        _client(f"http://{host}:{port}").create_bucket(Bucket=name)
        yield Bucket(f"http://{host}:{port}/{name}", server)
    finally:
        server.stop()
