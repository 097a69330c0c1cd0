"""One embedded server: a real program with its own data folder, log and loopback port.

The rule: a server is a child in a process session of its own, so that Ctrl-C reaches it only in its turn, and it is
tied to the process that started it. What a start that was killed has left running is ended before the next one.
"""

import abc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from server.core.errors import Misconfigured
from server.tether import Identity, tied

Say = Callable[[str], None]

LOOPBACK = "127.0.0.1"
_POLL_S = 0.02
_STEADY_S = 30.0
_LOG_BYTES = 8 * 1024 * 1024


@dataclass(slots=True)
class Access:
    """Where a server listens on the loopback interface, and its password."""

    port: int
    password: str


class EmbeddedServer(abc.ABC):
    """A database server run for this house alone."""

    name: ClassVar[str]
    folder: ClassVar[str]
    """Of the data, below the home; the log and the record are called by the same name."""
    gentle: ClassVar[signal.Signals]
    """The signal at which the server writes down what it holds, closes its connections and ends."""
    start_s: ClassVar[float] = 120.0
    stop_s: ClassVar[float] = 30.0

    def __init__(self, *, home: Path, access: Access, say: Say) -> None:
        self.home = home
        self.data = home / self.folder
        self.log = home / f"{self.folder}.log"
        self.access = access
        self.say = say
        self.identity: Identity = "self"
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._spawned_at = 0.0
        self._failures = 0
        self._next_try = 0.0

    @property
    def pid(self) -> int | None:
        """The process id of the server, or nothing when it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    @abc.abstractmethod
    def url(self) -> str: ...

    @property
    @abc.abstractmethod
    def pid_file(self) -> Path: ...

    @abc.abstractmethod
    def prepare(self) -> None:
        """Find the program and make the data folder, if there is none yet."""

    @abc.abstractmethod
    def command(self) -> Sequence[str]: ...

    def configuration(self) -> bytes:
        """Give what the program reads from its standard input."""
        return b""

    @abc.abstractmethod
    def is_ready(self) -> bool: ...

    def start(self) -> None:
        """Start the server and wait until it takes connections.

        :raises Misconfigured: with one sentence, if it cannot be started.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(
                "Embedded servers are tied to the thread that starts them: start them from the main one."
            )
        self.prepare()
        self._end_leftover()
        self.say(f"Starting {self.name}.")
        deadline = time.monotonic() + self.start_s
        if not _is_free(self.access.port):
            self.access.port = free_port()
        while True:
            self._spawn()
            complaint = self._complaint_before_ready(deadline)
            if complaint is None:
                return
            if _is_about_the_port(complaint):
                self.access.port = free_port()
            elif not _is_about_a_dying_predecessor(complaint) or time.monotonic() > deadline:
                raise Misconfigured(f"{self.name} did not start: {complaint} (all of its log: {self.log})")
            time.sleep(0.3)

    def revive(self) -> None:
        """Start the server again if it has ended by itself, without waiting until it is ready."""
        if self._process is None or self._process.poll() is None or time.monotonic() < self._next_try:
            return
        self.say(f"{self.name} has ended unasked; starting it again.")
        self._failures = self._failures + 1 if time.monotonic() - self._spawned_at < _STEADY_S else 0
        self._next_try = time.monotonic() + min(0.2 * 2**self._failures, 5.0)
        self._forget_stranger()
        self._spawn()

    def stop(self) -> None:
        """Ask the server to end, and wait until it has."""
        self.ask_to_stop()
        self.wait_for_end()

    def ask_to_stop(self) -> None:
        """Ask the server to end, without waiting."""
        if self._process:
            self._process.send_signal(self.gentle)

    def wait_for_end(self) -> None:
        """Wait for the end that the server was asked for, and insist when it takes too long."""
        process = self._process
        if process is None:
            return
        for harder in (signal.SIGQUIT, signal.SIGKILL):
            try:
                process.wait(self.stop_s)
                break
            except subprocess.TimeoutExpired:
                process.send_signal(harder)
        process.wait()
        self._process = None

    def _spawn(self) -> None:
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.old"))
        with os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            self._log_start = os.fstat(log.fileno()).st_size
            self._process = subprocess.Popen(
                tied(self.command(), end=self.gentle, identity=self.identity),
                cwd=self.data,
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._spawned_at = time.monotonic()
        # The configuration is far smaller than a pipe holds, so that this never waits for the program.
        assert self._process.stdin is not None
        self._process.stdin.write(self.configuration())
        self._process.stdin.close()

    def _complaint_before_ready(self, deadline: float) -> str | None:
        """Wait until the server is ready, or say why it is not."""
        assert self._process is not None
        while self._process.poll() is None:
            if self.is_ready():
                return None
            if time.monotonic() > deadline:
                self.stop()
                return f"it was not ready after {self.start_s:.0f} s"
            time.sleep(_POLL_S)
        return self.last_complaint(since=self._log_start)

    def last_complaint(self, *, since: int = 0) -> str:
        """Give the line of the log that says best why the server ended."""
        with self.log.open("rb") as log:
            log.seek(since)
            lines = log.read(_LOG_BYTES).decode(errors="replace").split("\n")
        lines = [line.strip() for line in lines if line.strip()]
        grave = [
            line for line in lines if any(word in line for word in ("FATAL", "PANIC", "Fatal", "error:", "Could not"))
        ]
        return (grave or lines or ["it said nothing"])[-1]

    def _noted_pid(self) -> int | None:
        try:
            pid = int(self.pid_file.read_text(encoding="utf-8", errors="replace").split()[0])
        except (FileNotFoundError, ValueError, IndexError):
            return None
        return pid if is_alive(pid) else None

    def _end_leftover(self) -> None:
        """End the server that still runs on this data folder, started by a process that is gone."""
        pid = self._noted_pid()
        if pid and _works_in(pid, self.data):
            self.say(f"Ending the {self.name} that an earlier start has left running (process {pid}).")
            for harder in (self.gentle, signal.SIGQUIT, signal.SIGKILL):
                try:
                    os.kill(pid, harder)
                except ProcessLookupError:
                    break
                if _ended_within(pid, self.stop_s):
                    break
        self._forget_stranger()

    def _forget_stranger(self) -> None:
        """Remove a note of a process id that belongs to another program by now.

        The server would take that program for its predecessor and refuse to start. Any other note stays: by it the
        server finds out whether parts of its predecessor still run.
        """
        pid = self._noted_pid()
        if pid and sys.platform == "linux" and not _works_in(pid, self.data):
            self.pid_file.unlink(missing_ok=True)


def environment() -> dict[str, str]:
    """Give the environment of a server: none of its own variables, and one locale everywhere."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {"PATH": os.defpath, **kept, "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}


def free_port() -> int:
    """Find a port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and was not yet collected by its parent does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except (FileNotFoundError, ProcessLookupError):
        return sys.platform != "linux"


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == folder.resolve()
    except OSError:
        return False


def _ended_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not is_alive(pid):
            return True
        time.sleep(_POLL_S)
    return False


def _is_free(port: int) -> bool:
    if not port:
        return False
    with socket.socket() as probe:
        # The servers set the same option: without it a port just left would count as taken for a minute.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _is_about_the_port(complaint: str) -> bool:
    return any(words in complaint for words in ("Address already in use", "any TCP/IP sockets", "listening on port"))


def _is_about_a_dying_predecessor(complaint: str) -> bool:
    return "pre-existing shared memory block" in complaint or "lock file" in complaint
