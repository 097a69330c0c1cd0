"""Serve one app on an inherited socket, pinned to the server's core: ``python -m bench.serve module:function FD``."""

import importlib
import socket
import sys

from bench.harness import SERVER_CORE, pin


def main() -> None:
    """Serve until told to stop."""
    pin(SERVER_CORE)
    module, _, function = sys.argv[1].partition(":")
    app = getattr(importlib.import_module(module), function)()
    app.run(sock=socket.socket(fileno=int(sys.argv[2])), single_process=True, access_log=False, motd=False)


if __name__ == "__main__":
    main()
