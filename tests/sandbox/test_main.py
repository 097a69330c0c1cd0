"""The stand-in as a process of its own."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "server.sandbox"]


def clean_environment(**other: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("XINGLIN_")} | other


def test_it_starts_says_where_it_listens_answers_and_stops_at_a_signal():
    process = subprocess.Popen(COMMAND, cwd=ROOT, env=clean_environment(), stdout=subprocess.PIPE, text=True)
    try:
        said = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert said
        transport = httpx.HTTPTransport(retries=5)
        with httpx.Client(base_url=said[0], transport=transport) as http:
            assert http.get("/sandbox/health").json()["status"] == "ok"
            assert http.get("/sns/jscode2session").json()["errcode"] == 41002
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_it_does_not_start_in_production():
    settings = {
        "XINGLIN_MODE": "production",
        "DATABASE_URL": "postgres://x",
        "REDIS_URL": "redis://x",
        "XINGLIN_MASTER_KEY": "dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=",
        "XINGLIN_TOKEN_KEY": "dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=",
        "XINGLIN_PUBLIC_URL": "https://xinglin.example",
    }

    ended = subprocess.run(
        COMMAND, cwd=ROOT, env=clean_environment(**settings), capture_output=True, text=True, timeout=30, check=False
    )

    assert ended.returncode == 1
    assert ended.stderr == "The WeChat stand-in does not start in production mode.\n"


def test_an_address_that_cannot_be_had_is_told_in_one_sentence():
    ended = subprocess.run(
        [*COMMAND, "--host", "203.0.113.1", "--port", "1"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert ended.stderr.strip()
