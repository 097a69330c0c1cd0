"""The door of uploads speaks tus 1.0.0, and keeps what it has acknowledged whatever happens to the server."""

import asyncio
import base64
import hashlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from desk import Desk

from content import assets, uploads
from server.core.db import connection
from server.core.roles import Role
from server.core.settings import Settings
from tests.content.files import film, picture

DATA = film()
TUS = {"Tus-Resumable": "1.0.0"}
PART = {**TUS, "Content-Type": "application/offset+octet-stream"}


def named(**values: str) -> dict[str, str]:
    pairs = (f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items())
    return {"Upload-Metadata": ",".join(pairs)}


class Sender:
    """Somebody at a desk who sends files in parts."""

    def __init__(self, desk: Desk, base: str = "") -> None:
        self.desk, self.base = desk, base
        self.csrf = {"X-CSRF-Token": desk.csrf}

    async def ask(self, method: str, address: str, content: Any = None, **headers: str) -> httpx.Response:
        return await self.desk.client.request(
            method, self.base + address, content=content, headers={**self.csrf, **headers}, timeout=20
        )

    async def begin(self, length: int = len(DATA), **metadata: str) -> str:
        answer = await self.ask(
            "POST", "/admin/uploads", **TUS, **{"Upload-Length": str(length)}, **named(filename="手术.mp4", **metadata)
        )
        assert answer.status_code == 201, answer.text
        return answer.headers["location"]

    async def part(self, address: str, data: Any, offset: int = 0, **headers: str) -> httpx.Response:
        return await self.ask("PATCH", address, data, **PART, **{"Upload-Offset": str(offset)}, **headers)

    async def outcome(self, address: str) -> dict[str, Any]:
        answer = await self.desk.client.get(self.base + address, headers={"Accept": "application/json"})
        return dict(answer.json())


@pytest.fixture
async def sender(employ: Any) -> Sender:
    return Sender(await employ(Role.EDITOR))


async def test_the_door_says_what_it_can(sender: Sender) -> None:
    answer = await sender.ask("OPTIONS", "/admin/uploads")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"
    assert answer.headers["tus-extension"] == "creation,termination,checksum,expiration"
    assert "sha1" in answer.headers["tus-checksum-algorithm"].split(",")
    assert int(answer.headers["tus-max-size"]) == Settings().max_upload_bytes


async def test_a_file_is_sent_in_parts_and_taken_in(sender: Sender) -> None:
    address = await sender.begin(kind="video")
    head = await sender.ask("HEAD", address, **TUS)
    assert (head.status_code, head.headers["upload-offset"]) == (200, "0")
    assert head.headers["upload-length"] == str(len(DATA))
    assert head.headers["cache-control"] == "no-store"
    assert "filename" in head.headers["upload-metadata"]
    first = await sender.part(address, DATA[:1000])
    assert (first.status_code, first.headers["upload-offset"], first.headers["tus-resumable"]) == (204, "1000", "1.0.0")
    assert first.headers["upload-expires"].endswith("GMT")
    assert (await sender.outcome(address))["state"] == "receiving"
    last = await sender.part(address, DATA[1000:], 1000)
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(DATA)))
    said = await sender.outcome(address)
    assert (said["state"], said["asset"]["name"]) == ("taken", "手术.mp4")
    asset = await assets.asset_of(asset_id=said["asset"]["id"])
    assert (asset.sha256, asset.created_by) == (hashlib.sha256(DATA).hexdigest(), sender.desk.staff_id)
    # The last part again, as of a client that did not hear the answer, changes nothing.
    assert (await sender.part(address, b"", len(DATA))).status_code == 204
    assert await connection().value("SELECT count(*) FROM asset") == 1


async def test_what_the_protocol_refuses_has_its_status(sender: Sender) -> None:
    address = await sender.begin()
    right = {**TUS, "Upload-Length": "10"}
    await sender.part(address, DATA[:100])
    expected: list[tuple[tuple[str, str, Any], dict[str, str], int, str]] = [
        (("PATCH", address, DATA), {**PART, "Upload-Offset": "99"}, 409, "upload_offset_wrong"),
        (("PATCH", address, DATA), {**PART, "Upload-Offset": "-1"}, 400, "malformed"),
        (("PATCH", address, DATA), {**PART, "Upload-Offset": "１"}, 400, "malformed"),
        (("PATCH", address, DATA), PART, 400, "malformed"),
        (("PATCH", address, DATA), {**TUS, "Upload-Offset": "100"}, 415, "upload_part_type"),
        (("PATCH", address, DATA), {"Content-Type": PART["Content-Type"], "Upload-Offset": "100"}, 412, "tus_version"),
        (("HEAD", address, None), {}, 412, ""),
        (("HEAD", address, None), {"Tus-Resumable": "0.2.2"}, 412, ""),
        (("POST", "/admin/uploads", None), {"Upload-Length": "10"}, 412, "tus_version"),
        (("POST", "/admin/uploads", None), TUS, 400, "malformed"),
        (("POST", "/admin/uploads", None), {**TUS, "Upload-Length": "ten"}, 400, "malformed"),
        (("POST", "/admin/uploads", None), {**TUS, "Upload-Length": "0"}, 422, "file_unknown"),
        (("POST", "/admin/uploads", None), {**TUS, "Upload-Length": str(10**12)}, 413, "file_too_large"),
        (("POST", "/admin/uploads", None), {**right, "Upload-Metadata": "filename ***"}, 400, "malformed"),
        (("POST", "/admin/uploads", None), {**right, "Upload-Metadata": "filename /w=="}, 400, "malformed"),
        (("POST", "/admin/uploads", None), {**right, "Upload-Metadata": "filename AA=="}, 422, "bad_field"),
        (("POST", "/admin/uploads", None), {**right, **named(filename="x" * 300)}, 422, "file_name_bad"),
        (("POST", address, None), TUS, 422, "bad_field"),
        (("PATCH", "/admin/uploads/nothing", DATA), {**PART, "Upload-Offset": "0"}, 404, "upload_missing"),
        (("HEAD", "/admin/uploads/" + "0" * 22, None), TUS, 404, ""),
        (("DELETE", "/admin/uploads/" + "0" * 22, None), TUS, 404, "upload_missing"),
    ]
    for asked, headers, status, code in expected:
        # A header may hold any bytes; what no header may hold never gets here.
        if not all(value.isascii() for value in headers.values()):
            continue
        answer = await sender.ask(*asked, **headers)
        assert answer.status_code == status, (asked[:2], headers, answer.text)
        assert answer.headers["tus-resumable"] == "1.0.0"
        assert "upload-offset" not in answer.headers
        assert not code or answer.json()["code"] == code
        if status == 412:
            assert answer.headers["tus-version"] == "1.0.0"
    assert (await sender.ask("HEAD", address, **TUS)).headers["upload-offset"] == "100"


async def test_a_checksum_is_held_to(sender: Sender) -> None:
    address = await sender.begin()
    right = base64.b64encode(hashlib.sha1(DATA[:500]).digest()).decode()
    wrong = await sender.part(address, DATA[:499] + b"x", **{"Upload-Checksum": f"sha1 {right}"})
    assert (wrong.status_code, wrong.json()["code"]) == (460, "upload_checksum_wrong")
    for unknown in ("crc32 AAAA", "sha1", "sha1 ***", right):
        assert (await sender.part(address, DATA[:500], **{"Upload-Checksum": unknown})).status_code == 400
    assert (await sender.ask("HEAD", address, **TUS)).headers["upload-offset"] == "0"
    assert (await sender.part(address, DATA[:500], **{"Upload-Checksum": f"sha1 {right}"})).status_code == 204


async def test_too_much_is_refused_and_what_was_sent_before_counts(sender: Sender) -> None:
    address = await sender.begin(1000)
    assert (await sender.part(address, DATA[:2000])).status_code == 413
    offset = int((await sender.ask("HEAD", address, **TUS)).headers["upload-offset"])
    assert offset <= 1000


async def test_a_cancelled_upload_is_gone(sender: Sender) -> None:
    address = await sender.begin()
    assert (await sender.ask("DELETE", address, **TUS)).status_code == 204
    assert (await sender.ask("HEAD", address, **TUS)).status_code == 404
    other = await sender.begin()
    overridden = await sender.ask("POST", other, **TUS, **{"X-HTTP-Method-Override": "DELETE"})
    assert overridden.status_code == 204


async def test_a_method_may_come_in_a_header(sender: Sender) -> None:
    address = await sender.begin()
    answer = await sender.ask(
        "POST", address, DATA[:100], **PART, **{"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    )
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, "100")


async def test_an_upload_ends_after_a_day(sender: Sender) -> None:
    address = await sender.begin()
    await connection().execute("UPDATE upload SET expires_at = now()")
    for method, headers in (("HEAD", TUS), ("DELETE", TUS), ("PATCH", {**PART, "Upload-Offset": "0"})):
        answer = await sender.ask(method, address, DATA[:10] if method == "PATCH" else None, **headers)
        assert answer.status_code == 410, method


async def test_a_file_that_is_no_file_of_ours_is_refused_by_name(sender: Sender) -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    address = await sender.begin(len(svg))
    answer = await sender.part(address, svg)
    assert (answer.status_code, answer.json()["code"]) == (422, "file_unknown")
    said = await sender.outcome(address)
    assert (said["state"], said["problem"]["code"]) == ("refused", "file_unknown")
    wanted = await sender.begin(len(DATA), kind="image")
    assert (await sender.part(wanted, DATA)).json()["code"] == "file_wrong_kind"


async def test_uploads_are_for_who_writes_and_from_our_own_pages(
    sender: Sender, employ: Any, client: httpx.AsyncClient
) -> None:
    address = await sender.begin()
    other, analyst = Sender(await employ(Role.AUTHOR)), Sender(await employ(Role.ANALYST))
    assert (await other.ask("HEAD", address, **TUS)).status_code == 404
    assert (await other.part(address, DATA)).status_code == 404
    assert (await analyst.ask("POST", "/admin/uploads", **TUS, **{"Upload-Length": "10"})).status_code == 403
    assert (await client.patch(address, content=DATA, headers=PART)).status_code in {303, 401}
    sender.csrf = {}
    forged = await sender.part(address, DATA, Accept="application/json")
    assert (forged.status_code, forged.json()["code"]) == (403, "csrf")


async def test_so_many_uploads_are_open_and_no_more(sender: Sender) -> None:
    for _ in range(uploads.OPEN_AT_MOST):
        await sender.begin()
    answer = await sender.ask("POST", "/admin/uploads", **TUS, **{"Upload-Length": "10"})
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_uploads")


async def test_two_parts_at_once_cannot_mix(sender: Sender) -> None:
    address = await sender.begin()

    async def slowly() -> AsyncIterator[bytes]:
        for start in range(0, len(DATA), 2000):
            yield DATA[start : start + 2000]
            await asyncio.sleep(0.005)

    answers = await asyncio.gather(*(sender.part(address, slowly()) for _ in range(4)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 204
    assert set(statuses[1:]) <= {409, 423}
    said = await sender.outcome(address)
    assert (await assets.asset_of(asset_id=said["asset"]["id"])).sha256 == hashlib.sha256(DATA).hexdigest()


async def test_what_has_come_counts_when_the_sender_leaves(app: Any, sender: Sender) -> None:
    address = await sender.begin()
    host, port = app.ctx.test_url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    headers = {
        **PART,
        **sender.csrf,
        "Host": host,
        "Upload-Offset": "0",
        "Content-Length": str(len(DATA)),
        "Cookie": f"xinglin_staff={sender.desk.client.cookies['xinglin_staff']}",
    }
    head = f"PATCH {address} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(head.encode() + b"\r\n" + DATA[:5000])
    await writer.drain()
    await asyncio.sleep(0.2)
    writer.transport.abort()
    for _ in range(100):
        answer = await sender.ask("HEAD", address, **TUS)
        if answer.headers["upload-offset"] == "5000":
            break
        await asyncio.sleep(0.05)
    assert answer.headers["upload-offset"] == "5000"
    assert (await sender.part(address, DATA[5000:], 5000)).status_code == 204


class Served:
    """A server process of its own on the tests' database, which can be killed."""

    def __init__(self, settings: Settings, port: int) -> None:
        self._settings, self.port = settings, port
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        environment = {
            **os.environ,
            "DATABASE_URL": self._settings.database_url,
            "REDIS_URL": self._settings.redis_url,
            "PORT": str(self.port),
            "XINGLIN_HOME": str(self._settings.home),
            "XINGLIN_MASTER_KEY": self._settings.master_key,
            "XINGLIN_TOKEN_KEY": self._settings.token_key,
            "XINGLIN_WEB_WORKERS": "1",
            "XINGLIN_LOG_LEVEL": "warning",
        }
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server", "serve"),
            env=environment,
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )
        async with httpx.AsyncClient() as client:
            for _ in range(300):
                try:
                    if (await client.get(f"http://127.0.0.1:{self.port}/readyz")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.1)
        raise TimeoutError("The server does not answer.")

    async def kill(self) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()


@pytest.mark.faults
async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(sender: Sender, settings: Settings) -> None:
    sock = socket.create_server(("127.0.0.1", 0))
    served = Served(settings, sock.getsockname()[1])
    sock.close()
    sender.base = f"http://127.0.0.1:{served.port}"
    data = film(seconds=6.0)
    step = len(data) // 4
    try:
        await served.start()
        address = await sender.begin(len(data))
        assert (await sender.part(address, data[:step])).status_code == 204
        await served.kill()
        await served.start()
        head = await sender.ask("HEAD", address, **TUS)
        assert head.headers["upload-offset"] == str(step)

        # And killed while a part is on its way: what was acknowledged is there, what was not is sent again.
        async def breaking() -> AsyncIterator[bytes]:
            yield data[step : step + 3000]
            await asyncio.sleep(0.2)
            await served.kill()
            yield data[step + 3000 : step + 6000]

        with pytest.raises(httpx.HTTPError):
            await sender.part(address, breaking(), step)
        await served.start()
        offset = int((await sender.ask("HEAD", address, **TUS)).headers["upload-offset"])
        assert step <= offset <= step + 6000
        last = await sender.part(address, data[offset:], offset)
        assert last.status_code == 204, last.text
        said = await sender.outcome(address)
        asset = await assets.asset_of(asset_id=said["asset"]["id"])
        assert asset.sha256 == hashlib.sha256(data).hexdigest()
    finally:
        await served.kill()


async def test_the_picture_of_an_upload_is_as_clean_as_any(sender: Sender) -> None:
    data = picture("JPEG", comment=b"patient 7")
    address = await sender.begin(len(data))
    assert (await sender.part(address, data)).status_code == 204
    said = await sender.outcome(address)
    answer = await sender.desk.read(said["asset"]["small"])
    assert answer.status_code == 200
    assert b"patient 7" not in answer.content
    assert json.dumps(said)
