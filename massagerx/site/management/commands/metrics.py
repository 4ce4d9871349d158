"""Serves the gauges of `massagerx.site.metrics` on a port of their own, which visitors can't reach."""

from __future__ import annotations

from argparse import ArgumentParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error as AnyDatabaseError
from django.db import connections
from django.utils import timezone

from massagerx.site import metrics


class Command(BaseCommand):
    help = "Serve /metrics to Prometheus until it is stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where it listens."""
        parser.add_argument("--address", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=9109)

    def handle(self, *args: Any, address: str, port: int, **options: Any) -> None:
        """Runs for ever."""
        with server(address, port) as running:
            self.stdout.write(f"http://{address}:{running.server_port}/metrics")
            running.serve_forever()


def server(address: str, port: int) -> ThreadingHTTPServer:
    """One that answers `/metrics`, each time anew."""
    running = ThreadingHTTPServer((address, port), _Handler)
    running.daemon_threads = True
    return running


class _Handler(BaseHTTPRequestHandler):
    # Who waits longer than this for the rest of a request goes.
    timeout = 5

    def do_GET(self) -> None:
        """All gauges; nothing else is here."""
        if self.path != "/metrics":
            self.send_error(404)
            return
        try:
            body = metrics.exposition(timezone.now()).encode()
        except AnyDatabaseError:
            # Gone between two looks at it. What it says may quote a row.
            self.send_error(503)
            return
        finally:
            connections.close_all()
        self.send_response(200)
        self.send_header("Content-Type", metrics.CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """A line for each look would say nothing."""
