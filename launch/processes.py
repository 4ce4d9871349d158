"""Child processes that are started, watched and ended together."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from launch import guardian

_LOG_LIMIT = 5_000_000  # bytes; a longer log is put aside when its process starts


@dataclass
class Part:
    """One long-running child process, the leader of its own session.

    `grace` is how many seconds it gets to end by itself. Parts of a lower `layer` are stopped after those above.
    `user` is the id of the system user to run as; only root can give one.
    """

    name: str
    command: list[str]
    log: Path
    environment: Mapping[str, str] | None = None
    directory: Path | None = None
    layer: int = 1
    grace: float = 10
    stop_signal: int = signal.SIGTERM
    pass_fds: tuple[int, ...] = ()
    user: int | None = None
    process: "subprocess.Popen[bytes] | None" = None
    ended: list[float] = field(default_factory=list)

    @property
    def running(self) -> bool:
        """Whether its leading process is alive."""
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """The leading process's id, which is its group's as well."""
        assert self.process is not None, f"{self.name} was not started"
        return self.process.pid

    def tail(self, lines: int = 12) -> str:
        """The last lines of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Supervisor:
    """Starts parts, and ends all of them whatever becomes of this process.

    `keep_open` is a file descriptor that the guardian holds until everything has ended: the lock file's.
    """

    def __init__(self, *, keep_open: int | None = None) -> None:
        self.parts: list[Part] = []
        self._directories: list[Path] = []
        self._guardian = subprocess.Popen(
            [sys.executable, "-I", "-S", guardian.__file__],
            stdin=subprocess.PIPE,
            start_new_session=True,
            pass_fds=() if keep_open is None else (keep_open,),
        )

    def _tell(self, line: str) -> None:
        assert self._guardian.stdin is not None
        try:
            self._guardian.stdin.write(f"{line}\n".encode())
            self._guardian.stdin.flush()
        except BrokenPipeError:
            pass  # somebody killed it; this process still stops its children itself

    def start(self, part: Part) -> Part:
        """Start a part, or start it again after it ended."""
        if part.process is not None:
            self.forget(part)
        part.log.parent.mkdir(parents=True, exist_ok=True)
        if part.log.exists() and part.log.stat().st_size > _LOG_LIMIT:
            part.log.replace(part.log.with_suffix(".1.log"))
        with part.log.open("ab") as log:
            part.process = subprocess.Popen(
                part.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=part.environment,
                cwd=part.directory,
                start_new_session=True,
                pass_fds=part.pass_fds,
                user=part.user,
                group=None if part.user is None else _main_group(part.user),
                extra_groups=None if part.user is None else [],
            )
        self._tell(f"start {part.pid} {int(part.stop_signal)} {part.grace} {part.layer}")
        if part not in self.parts:
            self.parts.append(part)
        return part

    def forget(self, part: Part) -> None:
        """Kill what is left of an ended part's group, so that its port and files are free for a new one."""
        guardian.send(part.pid, signal.SIGKILL, leader_only=False)
        assert part.process is not None
        part.process.wait()
        self._tell(f"end {part.pid}")

    def temporary_directory(self) -> Path:
        """A private directory with a short path, removed when everything has ended."""
        path = Path(tempfile.mkdtemp(prefix="massagerx-"))
        self._directories.append(path)
        self._tell(f"remove {path}")
        return path

    def stop(self, *parts: Part, hurry: Callable[[], bool] = lambda: False) -> None:
        """Stop the given parts, the others stay."""
        groups = [
            guardian.Group(part.pid, int(part.stop_signal), part.grace, part.layer)
            for part in parts
            if part.process is not None
        ]
        guardian.stop(groups, reap=lambda: [part.running for part in parts], hurry=hurry)
        for part in parts:
            if part.process is not None:
                self.forget(part)
            if part in self.parts:
                self.parts.remove(part)

    def close(self, *, hurry: Callable[[], bool] = lambda: False) -> None:
        """Stop everything, the lowest layer last, and remove the temporary directories."""
        self.stop(*self.parts, hurry=hurry)
        assert self._guardian.stdin is not None
        try:
            self._guardian.stdin.close()
        except BrokenPipeError:
            pass
        self._guardian.wait()


def _main_group(user: int) -> int:
    import pwd  # not on Windows, where run.py has already said no

    return pwd.getpwuid(user).pw_gid
