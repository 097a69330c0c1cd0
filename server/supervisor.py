"""The small supervisor: starts the processes of the house, keeps them running and ends them in their turn.

The rule: it owns the one listening socket and hands it to the web processes, so that connections wait instead of being
refused while a killed one comes back. Every child runs in a session of its own, so that Ctrl-C reaches the supervisor
alone, and is tied to it, so that nothing stays behind when it is killed. A child that beats shows by its first beat
that it is ready and by the next ones that it does not hang.
"""

import asyncio
import contextlib
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from server.core.errors import Misconfigured
from server.tether import tied

BEAT_S = 1.0
_BEAT_VARIABLE = "HEARTBEAT_FD"
_TICK_S = 0.2
_STEADY_S = 10.0
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_PAUSED_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """What to run, in how many processes, and what is expected of them."""

    name: str
    argv: Sequence[str]
    count: int = 1
    listens: bool = False
    """Whether the processes inherit the listening socket, under the number that it has here."""
    beats: bool = False
    """Whether the processes call ``keep_beating``; the others count as ready when they have stood for a second."""
    grace_s: float = 5.0
    """How long the processes may take to end after SIGTERM."""


@dataclass(slots=True)
class _Process:
    """One process of a child, and those that take its place."""

    child: Child
    title: str
    popen: subprocess.Popen[bytes] | None = None
    beats: int | None = None
    started_at: float = 0.0
    last_beat: float = 0.0
    start_at: float = 0.0
    failures: int = 0
    ready: bool = False
    was_ready: bool = False

    @property
    def runs(self) -> bool:
        return self.popen is not None and self.popen.poll() is None

    def start(self, sock: socket.socket | None) -> None:
        mine, theirs = os.pipe()
        os.set_blocking(mine, False)
        os.set_blocking(theirs, False)
        passed = [theirs, *([sock.fileno()] if sock and self.child.listens else [])]
        try:
            self.popen = subprocess.Popen(
                tied(self.child.argv),
                stdin=subprocess.DEVNULL,
                pass_fds=passed,
                env={**os.environ, _BEAT_VARIABLE: str(theirs)},
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        self.beats, self.ready = mine, False
        self.started_at = self.last_beat = time.monotonic()

    def listen_for_beats(self, now: float) -> None:
        with contextlib.suppress(BlockingIOError):
            while self.beats is not None and os.read(self.beats, 4096):
                self.last_beat, self.ready = now, True
        if not self.child.beats and self.runs and now - self.started_at > BEAT_S:
            self.ready = True
        self.was_ready |= self.ready

    def collect(self) -> str | None:
        """Say how the process has ended, once, if it has."""
        if self.popen is None or (status := self.popen.poll()) is None:
            return None
        self.popen = None
        if self.beats is not None:
            os.close(self.beats)
            self.beats = None
        return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"

    def ask_to_end(self) -> None:
        if self.popen and self.runs:
            self.popen.terminate()

    def kill(self) -> None:
        """End the process and all that it has started."""
        if self.popen and self.runs:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.popen.pid, signal.SIGKILL)


class Supervisor:
    """Keeps the processes of the house running until it is told to stop; to be used from the main thread."""

    def __init__(
        self,
        children: Sequence[Child],
        *,
        sock: socket.socket | None = None,
        say: Callable[[str], None],
        tend: Callable[[], None] = lambda: None,
        ready_s: float = 60.0,
        silent_s: float = 15.0,
        tries: int = 3,
    ) -> None:
        """Describe what to run.

        :param children: in the order in which they are ended.
        :param say: is told, a sentence each, what happened unasked.
        :param tend: is called about once a second; it must not block.
        :param ready_s: how long a beating process may take to be ready, in seconds.
        :param silent_s: how long it may miss its beat before it counts as hanging.
        :param tries: how often a process may end before it was ready even once; then all is stopped.
        """
        self._children = children
        self._sock = sock
        self._say = say
        self._tend = tend
        self._ready_s = ready_s
        self._silent_s = silent_s
        self._tries = tries
        self._processes = [
            _Process(child, child.name if child.count == 1 else f"{child.name} {number + 1}")
            for child in children
            for number in range(child.count)
        ]
        self._asked: signal.Signals | None = None
        self._forced = False
        self._given_up = False
        self._woken: socket.socket | None = None
        self._poll = select.poll()

    def run(self, *, on_ready: Callable[[], None] = lambda: None) -> int:
        """Run everything until SIGINT, SIGTERM or SIGHUP, then end the children in their order.

        A second SIGINT ends them at once.

        :param on_ready: is called once, when all processes are ready.
        :returns: the status to exit with, 1 if a process could not be started at all.
        """
        with self._signals():
            try:
                self._keep_running(on_ready)
                self._end_in_order()
            finally:
                self._kill(self._processes)
        return int(self._given_up)

    def _keep_running(self, on_ready: Callable[[], None]) -> None:
        announced = False
        tended = looked = time.monotonic()
        while not self._asked and not self._given_up:
            now = time.monotonic()
            if now - looked > _PAUSED_S:
                # The supervisor itself did not run, as on a suspended machine: silence proves nothing now.
                for process in self._processes:
                    process.last_beat = now
            looked = now
            for process in self._processes:
                self._look_after(process, now)
            if not announced and all(process.ready for process in self._processes):
                announced = True
                on_ready()
            if now - tended > BEAT_S:
                tended = now
                self._tend()
            self._sleep(_TICK_S)

    def _look_after(self, process: _Process, now: float) -> None:
        process.listen_for_beats(now)
        if ending := process.collect():
            self._note_end(process, ending, now)
        if process.popen is None:
            if now >= process.start_at and not self._given_up:
                process.start(self._sock)
        elif process.child.beats and not process.ready and now - process.started_at > self._ready_s:
            self._say(f"{process.title} was not ready after {self._ready_s:g} s and is started anew.")
            process.kill()
        elif process.child.beats and process.ready and now - process.last_beat > self._silent_s:
            self._say(f"{process.title} has hung for {self._silent_s:g} s and is started anew.")
            process.kill()

    def _note_end(self, process: _Process, ending: str, now: float) -> None:
        process.failures = 1 if now - process.started_at > _STEADY_S else process.failures + 1
        if not process.was_ready and process.failures >= self._tries:
            self._say(f"{process.title} {ending}, {self._tries} times before it was ready: giving up.")
            self._given_up = True
            return
        pause = min(_FIRST_PAUSE_S * 2 ** (process.failures - 1), _LONGEST_PAUSE_S)
        process.start_at = now + pause
        self._say(f"{process.title} {ending} unasked; starting it again in {pause:.1f} s.")

    def _end_in_order(self) -> None:
        if self._sock:
            # From here on a new connection is refused, instead of waiting for a process that will not come.
            self._sock.close()
        for child in self._children:
            ending = [process for process in self._processes if process.child is child]
            for process in ending:
                process.ask_to_end()
            deadline = time.monotonic() + child.grace_s
            while any(process.runs for process in ending) and time.monotonic() < deadline and not self._forced:
                self._sleep(_TICK_S)
            for process in ending:
                if process.runs and not self._forced:
                    self._say(f"{process.title} did not end within {child.grace_s:g} s and is killed.")
            self._kill(ending)

    def _kill(self, processes: Sequence[_Process]) -> None:
        for process in processes:
            process.kill()
        for process in processes:
            if process.popen:
                process.popen.wait()
                process.collect()

    def _sleep(self, seconds: float) -> None:
        """Sleep until a signal comes, a process has ended or the time is over."""
        assert self._woken is not None
        for number, _ in self._poll.poll(seconds * 1000):
            if number == self._woken.fileno():
                self._woken.recv(4096)
            else:
                # The terminal has gone. Its signal goes to the leader of the session alone, who may not pass it on.
                self._poll.unregister(number)
                self._asked = self._asked or signal.SIGHUP

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        self._woken, waker = socket.socketpair()
        self._woken.setblocking(False)
        waker.setblocking(False)
        self._poll.register(self._woken, select.POLLIN)
        if os.isatty(0):
            self._poll.register(0, 0)

        def note(number: int, _frame: object) -> None:
            if number == signal.SIGINT and self._asked:
                self._forced = True
            if number != signal.SIGCHLD:
                self._asked = signal.Signals(number)

        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
        former = {number: signal.signal(number, note) for number in numbers}
        former_waker = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(former_waker)
            for number, handler in former.items():
                signal.signal(number, handler)
            self._woken.close()
            waker.close()


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket that the web processes share.

    :raises Misconfigured: with one sentence, if it cannot be opened.
    """
    if port not in range(65536):
        raise Misconfigured(f"PORT must be between 0 and 65535, not {port}.")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server((address[0], address[1]), family=family, backlog=1024)
    except OSError as fault:
        reason = fault.strerror if isinstance(fault, socket.gaierror) else os.strerror(fault.errno or 0)
        raise Misconfigured(
            f"Port {port} of {host} cannot be listened on ({reason}): choose another with PORT, for example "
            "`PORT=8001 make run`."
        ) from fault


async def keep_beating() -> None:
    """Tell the supervisor once a second, from the loop that must not hang, that this process is ready and alive.

    Where no supervisor listens it returns at once.
    """
    number = os.environ.get(_BEAT_VARIABLE)
    while number:
        try:
            os.write(int(number), b".")
        except BlockingIOError:
            pass  # the pipe is full of beats that the supervisor has yet to read
        except OSError:
            return
        await asyncio.sleep(BEAT_S)
