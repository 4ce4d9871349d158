"""How gunicorn serves the site: read by itself when it is started in this directory. Options of the command go before
these; `run.py` gives its own."""

import gc
from ipaddress import ip_address
from typing import Any

worker_class = "gthread"
workers = 2
threads = 4
# Longer than a proxy keeps a connection that nobody uses: so it is the proxy that closes it, and none of its requests
# meets a closed door (docs/serving.md).
keepalive = 75
# No control socket, and no header of a proxy that says who is logged in.
control_socket_disable = True
forwarder_headers = ""


def on_starting(server: Any) -> None:
    """Refuses what would make all visitors one: behind a proxy, and not told so. And what a few visitors could stop:
    a public site without a proxy, unless its owner says that it is meant."""
    from django.conf import settings

    if settings.LOCAL or settings.TRUSTED_PROXIES:
        return
    for address in server.cfg.address:
        if is_only_reached_from_here(address):
            raise SystemExit(
                "Every visitor would seem to come from this machine, and share one limit: set TRUSTED_PROXIES "
                "to the number of proxies before gunicorn (1 for one nginx), or bind to an address of the network."
            )
    if not settings.SERVE_WITHOUT_PROXY:
        raise SystemExit(
            f"Without a proxy {workers * threads} slow or half-sent requests hold up every visitor: put nginx or Caddy "
            "before gunicorn (deploy/) and set TRUSTED_PROXIES=1, or say that it is meant: SERVE_WITHOUT_PROXY=true."
        )


def post_worker_init(worker: Any) -> None:
    """What was imported is never garbage. Looking through it holds up every visitor of a process for some 140 ms, so
    the collector looks only at what is made from now on, and less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


def is_only_reached_from_here(address: Any) -> bool:
    """Whether only this machine reaches what listens at `address`, as gunicorn names it: (host, port), or the path of a
    unix socket. A descriptor handed over (`fd://3`) tells nothing, so it counts as one."""
    if not isinstance(address, tuple):
        return True
    host = address[0].strip("[]").lower()
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
