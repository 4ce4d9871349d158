"""deploy/compose.yaml and deploy/Dockerfile: what they start is what the site has, as safely as the units do."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from configparser import RawConfigParser
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from massagerx.settings.base import database, redis_urls
from tests.support import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "massagerx"}
IMAGE = (ROOT / "deploy/Dockerfile").read_text()


def unit_command(name: str) -> str:
    found = RawConfigParser(strict=True)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read_string((ROOT / f"deploy/systemd/massagerx-{name}.service").read_text())
    return str(found["Service"]["ExecStart"]).removeprefix("/srv/massagerx/.venv/bin/")


def test_every_part_of_the_site_is_started() -> None:
    assert OURS.keys() == {"prepare", "web", "worker", "beat", "watch", "backup"}
    for name in ("worker", "beat"):
        assert " ".join(OURS[name]["command"]) == unit_command(name)
    for name in ("watch", "backup"):
        assert unit_command(name) in OURS[name]["command"][-1]
    assert OURS["web"]["command"][:2] == unit_command("web").split()[:2]


@pytest.mark.parametrize("name", [*OURS, "proxy"])
def test_a_part_may_write_and_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service


def test_nothing_but_the_proxy_is_reached_from_outside() -> None:
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"proxy"}
    assert {name for name, service in SERVICES.items() if service.get("network_mode") == "none"} == {
        "database",
        "broker",
    }


def test_addresses_are_sockets_that_the_site_understands() -> None:
    given = OURS["web"]["environment"]
    config = database(given["DATABASE_URL"])
    assert (config["HOST"], config["NAME"], config["USER"]) == ("/run/postgresql", "massagerx", "massagerx")
    assert redis_urls(given["REDIS_URL"])[1].startswith("unix:///run/valkey/valkey.sock")
    mounted = {volume.split(":")[1] for volume in OURS["web"]["volumes"]}
    assert {"/run/postgresql", "/run/valkey", "/var/lib/massagerx"} == mounted


def test_keys_reach_those_alone_who_need_them() -> None:
    assert {name for name, service in SERVICES.items() if "env_file" in service} == OURS.keys()
    assert SERVICES["proxy"]["environment"].keys() == {"SITE_URL"}
    assert "deploy/*.env" in (ROOT / ".gitignore").read_text().splitlines()


def test_nothing_starts_before_what_it_needs() -> None:
    for name, service in OURS.items():
        if name != "prepare":
            assert service["depends_on"]["prepare"]["condition"] == "service_completed_successfully"
    for name in OURS["prepare"]["depends_on"]:
        assert "healthcheck" in SERVICES[name]


def test_image_holds_the_site_and_is_not_run_by_root() -> None:
    assert re.findall(r"^USER (.+)$", IMAGE, re.MULTILINE) == ["massagerx"]
    copied = set(re.findall(r"^COPY (?!--from)(.+) \S+$", IMAGE, re.MULTILINE))
    names = {name for line in copied for name in line.split()}
    ignored = (ROOT / "deploy/Dockerfile.dockerignore").read_text().splitlines()
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    assert names == allowed
    assert {
        "manage.py",
        "gunicorn.conf.py",
        "massagerx",
        "services",
        "blog",
        "bookings",
        "templates",
        "static",
    } < names
    assert all((ROOT / name).exists() for name in names)


@contextmanager
def standing_at(program: str, name: str, tmp: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command of a part that waits and works by turns, while it stands at `sleep` or `python`; ended afterwards."""
    for pipe in ("begun", "go"):
        os.mkfifo(tmp / pipe)
    for one in ("sleep", "python"):
        text = "echo >begun; cat go; echo >done\n" if one == program else ""
        (tmp / one).write_text(f"#!/bin/sh\n{text}")
        (tmp / one).chmod(0o755)
    command = [part.replace("$$", "$") for part in OURS[name]["command"]]
    shell = subprocess.Popen(command, cwd=tmp, env={"PATH": f"{tmp}:{os.environ['PATH']}"})
    try:
        (tmp / "begun").read_bytes()
        yield shell
    finally:
        shell.kill()
        shell.wait()


@pytest.mark.parametrize("name", ["watch", "backup"])
def test_a_part_that_waits_ends_when_it_is_told(name: str, tmp_path: Path) -> None:
    with standing_at("sleep", name, tmp_path) as shell:
        shell.terminate()
        # As process 1 of a container it gets no signal that it doesn't ask for: it must end by itself.
        assert shell.wait(timeout=60) >= 0
        (tmp_path / "go").write_bytes(b"")


@pytest.mark.parametrize("name", ["watch", "backup"])
def test_what_is_begun_is_finished_first(name: str, tmp_path: Path) -> None:
    with standing_at("python", name, tmp_path) as shell:
        shell.terminate()
        (tmp_path / "go").write_bytes(b"")
        assert shell.wait(timeout=60) >= 0
        assert (tmp_path / "done").exists()


def test_dump_program_is_of_the_server_that_is_started() -> None:
    (version,) = re.findall(r"postgresql-client-(\d+)", IMAGE)
    assert SERVICES["database"]["image"] == f"postgres:{version}"
