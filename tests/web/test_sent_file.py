"""A file in a form, as a mini-program sends it."""

import asyncio
import base64
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sanic import HTTPResponse, Request

from server.core.wire import encode
from server.web.refusals import Refusals
from server.web.request import AccessLog, House
from server.web.sent_file import sent_file

DATA = bytes(range(256)) * 40
AT_MOST = 20_000


@pytest.fixture(scope="module")
async def door() -> AsyncIterator[httpx.AsyncClient]:
    """Serve a door that takes a file and tells what it got."""
    house = House("sent_file", error_handler=Refusals(), access_log=AccessLog(lines=False), configure_logging=False)
    # Only the first app of a process may rewrite the methods of its class.
    house.config.TOUCHUP = False

    @house.post("/", stream=True)
    async def take(request: Request) -> HTTPResponse:
        sent = await sent_file(request, at_most=AT_MOST)
        return HTTPResponse(encode({"data": sent.data, "fields": sent.fields}), content_type="application/json")

    sock = socket.create_server(("127.0.0.1", 0))
    server = await house.create_server(sock=sock, return_asyncio_server=True, access_log=False)
    assert server is not None
    await server.startup()
    serving = asyncio.ensure_future(server.serve_forever())
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{sock.getsockname()[1]}", timeout=10) as client:
        yield client
    await server.close()
    serving.cancel()


async def test_the_file_and_the_fields_of_a_form_are_read(door: httpx.AsyncClient) -> None:
    answer = await door.post(
        "/", files={"file": ('执照 "1".jpg', DATA, "image/jpeg")}, data={"licence": "110 号", "note": ""}
    )
    assert answer.status_code == 200
    assert answer.json()["fields"] == {"licence": "110 号", "note": ""}
    assert base64.b64decode(answer.json()["data"]) == DATA


@pytest.mark.parametrize(
    ("files", "status", "code"),
    [
        ([("file", ("a", b"x" * AT_MOST))], 200, None),
        ([("file", ("a", b"x" * (AT_MOST + 1)))], 413, "file_too_large"),
        ([("file", ("a", b"x" * (AT_MOST + 200_000)))], 413, "file_too_large"),
        ([("photo", ("a", DATA))], 422, "no_file_sent"),
        ([("file", ("a", b""))], 422, "no_file_sent"),
        ([("file", ("a", DATA)), ("file", ("b", DATA))], 422, "no_file_sent"),
        ([("file", ("a", DATA)), ("other", ("b", DATA))], 422, "no_file_sent"),
    ],
)
async def test_just_one_file_is_taken(
    door: httpx.AsyncClient, files: list[tuple[str, tuple[str, bytes]]], status: int, code: str | None
) -> None:
    answer = await door.post("/", files=files)
    assert (answer.status_code, answer.json().get("code")) == (status, code)


FILE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n--b--\r\n'


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (FILE, "multipart/form-data; boundary=b", 200),
        (b"preamble\r\n" + FILE + b"epilogue", 'Multipart/Form-Data; boundary="b"', 200),
        (FILE, "multipart/form-data", 400),
        (FILE, "multipart/form-data; boundary=", 400),
        (FILE, "multipart/form-data; boundary=" + "b" * 80, 400),
        (FILE, "multipart/mixed; boundary=b", 400),
        (FILE, "application/json", 400),
        (b"", "multipart/form-data; boundary=b", 400),
        (FILE[:-6], "multipart/form-data; boundary=b", 400),
        (FILE.replace(b"form-data", b"attachment"), "multipart/form-data; boundary=b", 400),
        (FILE.replace(b'name="file"; ', b""), "multipart/form-data; boundary=b", 400),
        (FILE.replace(b"--b\r\n", b"--bc\r\n"), "multipart/form-data; boundary=b", 400),
        (FILE.replace(b'; filename="a"', b"").replace(b"x", b"\xff\xfe"), "multipart/form-data; boundary=b", 422),
        (FILE.replace(b'; filename="a"', b"").replace(b"\r\nx", b"\r\n\0"), "multipart/form-data; boundary=b", 422),
        (b"--b\r\n" * 5000 + FILE, "multipart/form-data; boundary=b", 400),
    ],
)
async def test_what_is_no_form_is_refused(door: httpx.AsyncClient, body: bytes, content_type: str, status: int) -> None:
    answer = await door.post("/", content=body, headers={"content-type": content_type})
    assert answer.status_code == status
    assert status == 200 or answer.json()["code"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.integers(0, len(FILE)), junk=st.binary(max_size=8))
async def test_a_broken_form_is_never_a_fault(door: httpx.AsyncClient, place: int, junk: bytes) -> None:
    body = FILE[:place] + junk + FILE[place + len(junk) :]
    answer = await door.post("/", content=body, headers={"content-type": "multipart/form-data; boundary=b"})
    assert answer.status_code in {200, 400, 422}
