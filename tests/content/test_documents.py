"""PDFs are only to be read: what acts is found also where it is packed or written oddly, and bombs are not unpacked."""

import random
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.documents import MOST_UNPACKED, DocumentUnfit, check_document
from server.core.errors import Refusal
from server.core.images import FileAmbiguous, FileBroken

MEBIBYTE = 1024 * 1024


def pdf(*objects: bytes, end: bytes = b"%%EOF\n") -> bytes:
    return b"%PDF-1.7\n" + b"\n".join(objects) + b"\ntrailer<</Root 1 0 R>>\nstartxref\n0\n" + end


def stream(data: bytes, more: bytes = b"", *, packed: bool = True) -> bytes:
    body = zlib.compress(data, 9) if packed else data
    filters = b"/Filter/FlateDecode" if packed else b""
    head = b"5 0 obj<<" + more + filters + b"/Length %d>>stream\n" % len(body)
    return head + body + b"\nendstream endobj"


def checked(folder: Path, data: bytes) -> None:
    path = folder / "document.pdf"
    path.write_bytes(data)
    check_document(path)


CATALOG = b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj"
ACTION = b"<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(pdf(CATALOG), id="plain"),
        pytest.param(pdf(CATALOG, stream(b"BT (hello) Tj ET" * 1000)), id="a packed page"),
        pytest.param(pdf(CATALOG, stream(b"\xff" * 60 * MEBIBYTE)), id="a white page of a scan"),
        pytest.param(pdf(CATALOG, stream(b"1 0 <</Type/Page>>", b"/Type/ObjStm")), id="packed objects"),
        pytest.param(pdf(CATALOG, b"5 0 obj<</Filter/FlateDecode>>stream\nbroken\nendstream"), id="a broken stream"),
        pytest.param(pdf(CATALOG, b"5 0 obj<</Filter/DCTDecode>>stream\n/AA /JS \nendstream"), id="chance in an image"),
        pytest.param(pdf(b"1 0 obj<</Author(#A1 #)/AAPL:Keywords[]/JSON(1)>>endobj"), id="names that only begin so"),
    ],
)
def test_a_document_that_is_only_read_is_taken(tmp_path: Path, data: bytes) -> None:
    checked(tmp_path, data)


def test_a_large_document_is_not_refused_for_what_its_data_spell_by_chance(tmp_path: Path) -> None:
    # In 40 MB of packed data the three signs of /JS occur two or three times.
    noise = random.Random(3).randbytes(40 * MEBIBYTE).replace(b"endstream", b"").replace(b"stream", b"")
    assert b"/JS" in noise or b"/AA" in noise
    checked(tmp_path, pdf(CATALOG, b"5 0 obj<</Filter/DCTDecode>>stream\n" + noise + b"\nendstream endobj"))


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        pytest.param(pdf(b"1 0 obj" + ACTION + b"endobj"), FileAmbiguous, id="an action"),
        pytest.param(pdf(b"1 0 obj<</S/J#61vaScript>>endobj"), FileAmbiguous, id="a name in numbers"),
        pytest.param(pdf(b"1 0 obj<</#4aS(1)>>endobj"), FileAmbiguous, id="a short name in numbers"),
        pytest.param(pdf(b"1 0 obj<</AA<</O 3 0 R>>>>endobj"), FileAmbiguous, id="an additional action"),
        pytest.param(pdf(CATALOG, stream(ACTION, b"/Type/ObjStm")), FileAmbiguous, id="packed objects that act"),
        pytest.param(
            pdf(CATALOG, stream(b" " * 2 * MEBIBYTE + ACTION, b"/Type/ObjStm")), FileAmbiguous, id="far within"
        ),
        pytest.param(pdf(stream(b"\n1 0 obj<</S/Launch>>endobj", packed=False)), FileAmbiguous, id="a false stream"),
        pytest.param(pdf(b"1 0 obj<</Type/EmbeddedFile>>endobj"), FileAmbiguous, id="a file within"),
        pytest.param(pdf(CATALOG, end=b"%%EOF\nPK\x03\x04"), FileAmbiguous, id="something behind the end"),
        pytest.param(pdf(CATALOG, end=b""), FileBroken, id="no end"),
        pytest.param(pdf(b"1 0 obj<</Encrypt 9 0 R>>endobj"), DocumentUnfit, id="a lock"),
        pytest.param(
            pdf(b"5 0 obj<</Filter[/FlateDecode/FlateDecode]>>stream\nx\nendstream"), DocumentUnfit, id="packed twice"
        ),
    ],
)
def test_what_acts_or_is_locked_is_refused(tmp_path: Path, data: bytes, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal) as refused:
        checked(tmp_path, data)
    assert type(refused.value) is refusal


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    deflate = zlib.compressobj(1)
    piece = b"".join(deflate.compress(bytes(MEBIBYTE)) for _ in range(600)) + deflate.flush()
    assert len(piece) < 4 * MEBIBYTE
    began = time.monotonic()
    with pytest.raises(DocumentUnfit):
        checked(tmp_path, pdf(CATALOG, b"5 0 obj<</Filter/FlateDecode>>stream\n" + piece + b"\nendstream endobj"))
    # Of the 600 MB that it holds a tenth is unpacked.
    assert time.monotonic() - began < 10 * MOST_UNPACKED / (100 * MEBIBYTE)


SEED = pdf(CATALOG, stream(b"1 0 <</Type/Page>>", b"/Type/ObjStm"))


@given(place=st.integers(0, len(SEED)), junk=st.binary(max_size=40))
def test_whatever_is_broken_is_refused_or_taken_and_never_a_fault(
    tmp_path_factory: pytest.TempPathFactory, place: int, junk: bytes
) -> None:
    try:
        checked(tmp_path_factory.getbasetemp(), SEED[:place] + junk + SEED[place + len(junk) :])
    except Refusal:
        return
