"""Web workers that come quickly and can be killed: forked from a process that has loaded the house already.

``python nursery.py FD SETTINGS``: for every line on standard input a worker on the socket FD is forked and its process
id written; when the input ends, so does everything.
"""

import ctypes
import json
import os
import signal
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from server.app import create_app
from server.core.logs import start_logging
from server.core.settings import Settings
from server.web.request import AccessLog

END_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def work(descriptor: int, settings: Settings) -> None:
    """Serve until killed."""
    ctypes.CDLL(None).prctl(END_WITH_PARENT, signal.SIGKILL)
    # What the workers say belongs to the tests' errors: a pipe that nobody reads would hold them up when it is full.
    os.dup2(2, 1)
    start_logging("warning")
    app = create_app(settings, name="worker", access_log=AccessLog(lines=False))
    app.run(sock=socket.socket(fileno=descriptor), single_process=True, access_log=False, motd=False)


def main() -> None:
    """Fork a worker for every line."""
    descriptor, given = int(sys.argv[1]), json.loads(sys.argv[2])
    settings = Settings(**{**given, "home": Path(given["home"])})
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            work(descriptor, settings)
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
