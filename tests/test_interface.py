"""The interface under a storm of made-up requests: whatever comes, no door answers with a fault.

``SCHEMATHESIS_EXAMPLES`` sets how many requests each door gets; the default keeps the suite quick.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from people_fixtures import People, Visitors

EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "12")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


async def storm(url: str, folder: Path, *arguments: str) -> tuple[int, str]:
    """Send the requests that Schemathesis makes up from the document; give its status and what it said."""
    written = folder / "openapi.json"
    async with httpx.AsyncClient() as client:
        document = (await client.get(f"{url}/openapi.json")).json()
    written.write_text(json.dumps(document), "utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", str(written), "--url", url, "--checks", CHECKS),
        *("--max-examples", EXAMPLES, "--phases", "examples,coverage,fuzzing", "--no-color", "--no-shrink"),
        *("--continue-on-failure", "--seed", "7", "--request-timeout", "20", "--warnings", "off"),
        *arguments,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode(errors="replace")


@pytest.mark.parametrize("who", ["guest", "doctor", "patient"])
async def test_no_made_up_request_is_answered_with_a_fault(
    who: str, visitors: Visitors, people: People, app: Any, tmp_path: Path
) -> None:
    arguments = []
    if who != "guest":
        visitor = await (people.doctor() if who == "doctor" else people.patient())
        arguments = ["--header", f"Authorization: {visitor.headers['authorization']}"]
        # Whoever signs out or erases themselves would meet all later doors as a stranger.
        for ending in ("me", "sessions_current"):
            arguments += ["--exclude-operation-id", f"delete_api_{who}_{ending}"]
    status, said = await storm(app.ctx.test_url, tmp_path, *arguments)
    assert status == 0, said[-12_000:]
