"""The second ``make run``: how long until the house answers, on data that is there already."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from bench.harness import ROOT, Figures, Row, unpin

SECONDS = 5.0


def start(home: Path) -> float:
    """Start the house in a folder, wait until it is ready, stop it, and give the seconds the start took."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    environment |= {"PORT": str(port), "XINGLIN_HOME": str(home)}
    began = time.perf_counter()
    house = subprocess.Popen(
        [sys.executable, "-m", "server", "up"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        while True:
            if house.poll() is not None:
                raise RuntimeError(f"the house ended with {house.returncode}")
            try:
                if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=1).status_code == 200:
                    return time.perf_counter() - began
            except httpx.HTTPError:
                time.sleep(0.02)
    finally:
        house.send_signal(signal.SIGINT)
        house.wait(60)


def main() -> list[Row]:
    """Measure the first and the second start; the bound of the second is its share of five seconds."""
    unpin()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "house"
        first, *later = (start(home) for _ in range(4))
    second = sorted(later)[1]
    figures = Figures(rate=1 / second, p50=second * 1000, p99=max(later) * 1000)
    floor = Figures(rate=1 / SECONDS, p50=0, p99=0)
    return [
        Row("second start", figures, floor, 1.0, unit="starts/s", notes=f"first {first:.1f} s, second {second:.1f} s")
    ]
