"""Two web machines beside one, on one database and one broker: presses and kept pages a second.

Run from the repository, as root: python -m bench.nodes [--share 0.2] [--clients 16] [--rounds 7]

Both are on this machine. Each is a gunicorn as deployed (2 processes of 4 threads), and all of its processes together
are held to a share of one processor by a group of their own (cgroup v1, `cpu.cfs_quota_us`), small enough that
database, broker and who asks have the rest to themselves. Rounds of one machine and of both take turns, asked by the
same clients; with both, each client asks one after the other, as a proxy without memory would. Prints the medians of
the rounds, and of the ratio of two to one in each; and in how many of the periods of 20 ms the servers had used up
their share: far below one, it is something else that was measured. Exits with an error when visits overlap or one is
missing. Figures go to bench/results/nodes.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench.booking import Timed
from bench.load import kept_pages, memory
from bench.over_http import at_once, one_round, shared_by_servers, web_server
from launch.processes import Supervisor

RESULTS = Path(__file__).parent / "results" / "nodes.json"
GROUPS = Path("/sys/fs/cgroup/cpu")
#: A share is of each of these.
PERIOD_US = 20_000


@contextmanager
def held_to(share: float, parent: int) -> Iterator[Path]:
    """Gives a web server, by its first process, no more than this share of one processor; gives its group."""
    own = re.findall(r"\bcpu(?:,\w+)?:/(.*)", Path("/proc/self/cgroup").read_text())
    above = GROUPS.joinpath(*own)
    group = above / f"massagerx-{parent}"
    try:
        group.mkdir()
        (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
    except OSError as error:
        raise SystemExit(f"A cgroup of version 1 for processors is needed, and root: {error}.") from error
    (group / "cpu.cfs_quota_us").write_text(str(int(PERIOD_US * share)))
    held = [parent, *memory(parent)]
    try:
        for pid in held:
            (group / "cgroup.procs").write_text(str(pid))
        yield group
    finally:
        for pid in (group / "cgroup.procs").read_text().split():
            (above / "cgroup.procs").write_text(pid)
        group.rmdir()


def periods(groups: Sequence[Path]) -> Counter[str]:
    """In how many periods their processes ran (`nr_periods`), and were held in (`nr_throttled`)."""
    counted: Counter[str] = Counter()
    for group in groups:
        lines = (line.split() for line in (group / "cpu.stat").read_text().splitlines())
        counted.update({name: int(number) for name, number in lines})
    return counted


def measured(
    kinds: dict[str, Callable[[list[int]], Timed]], machines: dict[int, Path], rounds: int
) -> dict[str, Any]:
    """Each kind with one machine and with two, by turns; prints and returns the figures. `machines` are groups by port;
    the first round warms up."""
    rates: dict[tuple[str, int], list[float]] = defaultdict(list)
    held: dict[tuple[str, int], list[float]] = defaultdict(list)
    ports, groups = list(machines), list(machines.values())
    for number in range(rounds + 1):
        for kind, ask in kinds.items():
            for many in (1, 2) if number % 2 else (2, 1):
                before = periods(groups[:many])
                timed = ask(ports[:many])
                after = periods(groups[:many]) - before
                if number:
                    rates[kind, many].append(timed.per_second)
                    held[kind, many].append(after["nr_throttled"] / after["nr_periods"])
    figures: dict[str, Any] = {}
    for kind in kinds:
        ratios = [two / one for one, two in zip(rates[kind, 1], rates[kind, 2], strict=True)]
        figures[kind] = {
            "a_second": [round(statistics.median(rates[kind, many]), 1) for many in (1, 2)],
            "held": [round(statistics.median(held[kind, many]), 2) for many in (1, 2)],
            "two_to_one": round(statistics.median(ratios), 2),
            "two_to_one_of_rounds": sorted(round(ratio, 2) for ratio in ratios),
        }
        print(f"{kind}: {figures[kind]}", flush=True)
    return figures


def main() -> None:
    """Print the figures and write them down. Exits with an error when anything was booked twice."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--share", type=float, default=0.2, help="of one processor, for each machine")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--each", type=int, default=6, help="presses of each client in a round")
    parser.add_argument("--pages", type=int, default=40, help="pages of each client in a round")
    options = parser.parse_args()

    supervisor = Supervisor()
    try:
        with shared_by_servers(supervisor) as visitors, ExitStack() as running:
            machines = {}
            for _machine in range(2):
                port = running.enter_context(web_server(supervisor, "massagerx.settings.local"))
                group = held_to(options.share, supervisor.parts[-1].pid)
                machines[port] = running.enter_context(group)
            kept = kept_pages(visitors)
            pages = [
                [kept[(client + number) % len(kept)] for number in range(options.pages)]
                for client in range(options.clients)
            ]

            def press(ports: list[int]) -> Timed:
                return one_round(visitors, ports, "ours", options.clients, options.each)

            def read(ports: list[int]) -> Timed:
                # So that a page is not made by all clients at once.
                at_once(ports[:1], [kept])
                return at_once(ports, pages)

            figures = measured({"presses": press, "kept pages": read}, machines, options.rounds)
    finally:
        supervisor.close()
    report = {"options": vars(options), "load_average": round(os.getloadavg()[0], 1), **figures}
    print(f"load {report['load_average']}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
