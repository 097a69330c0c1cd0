"""Start the WeChat stand-in: ``python -m server.sandbox --port 8100``."""

import argparse
import socket
import sys

from server.core.errors import Misconfigured
from server.core.settings import from_environment
from server.sandbox.app import create_app, demo_world


def main() -> int:
    """Serve until a signal comes; refuse to start in production mode."""
    parser = argparse.ArgumentParser(prog="python -m server.sandbox", description="The WeChat stand-in.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--house", default="", help="the address of a house to which the demo apps push events")
    given = parser.parse_args()
    try:
        production = from_environment().production
        sock = socket.create_server((given.host, given.port))
    except (Misconfigured, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if production:
        sys.stderr.write("The WeChat stand-in does not start in production mode.\n")
        return 1
    sys.stdout.write(f"The WeChat stand-in listens on http://{given.host}:{sock.getsockname()[1]}\n")
    sys.stdout.flush()
    create_app(demo_world(house=given.house), name="sandbox").run(
        sock=sock, single_process=True, access_log=False, motd=False
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
