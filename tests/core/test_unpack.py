"""Unpacking: the whole of it or nothing, and never more than was agreed on."""

import gzip
import tracemalloc

import pytest

from server.core.unpack import UnpackedTooLarge, gunzip
from server.core.wire import Malformed

MOST = 1024 * 1024


def test_what_was_packed_comes_out_whole_up_to_the_last_byte_allowed() -> None:
    assert gunzip(gzip.compress(b"x" * MOST), most=MOST) == b"x" * MOST
    with pytest.raises(UnpackedTooLarge):
        gunzip(gzip.compress(b"x" * (MOST + 1)), most=MOST)


def test_a_bomb_does_not_go_off_in_memory() -> None:
    bomb = gzip.compress(b"\0" * 200 * MOST)
    tracemalloc.start()
    try:
        with pytest.raises(UnpackedTooLarge):
            gunzip(bomb, most=MOST)
        assert tracemalloc.get_traced_memory()[1] < 4 * MOST
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "data",
    [b"", b"no gzip", gzip.compress(b"whole")[:-1], gzip.compress(b"whole") + b"more", gzip.compress(b"a") * 2],
    ids=["nothing", "no gzip", "cut off", "something behind it", "two in one"],
)
def test_what_is_not_exactly_one_gzip_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        gunzip(data, most=MOST)
