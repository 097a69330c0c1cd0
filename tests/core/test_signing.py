"""Signed addresses."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.signing import AddressBroken, AddressExpired, Signer

NOON = datetime(2026, 11, 15, 4, tzinfo=UTC)
LATER = NOON + timedelta(minutes=30)
signer = Signer(b"k" * 32, "media")


@given(st.binary(max_size=60))
def test_what_was_signed_is_read_back(payload: bytes) -> None:
    token = signer.sign(payload, expires_at=LATER)
    assert signer.read(token, at=NOON) == payload


def test_an_address_ends_on_time() -> None:
    token = signer.sign(b"x", expires_at=LATER)
    assert signer.read(token, at=LATER - timedelta(seconds=1)) == b"x"
    with pytest.raises(AddressExpired):
        signer.read(token, at=LATER)


@given(st.integers(0, 200), st.integers(1, 127))
def test_an_altered_address_opens_nothing(place: int, change: int) -> None:
    token = bytearray(signer.sign(b"\0" * 16, expires_at=LATER), "ascii")
    place %= len(token)
    token[place] = (token[place] + change) % 128
    with pytest.raises(AddressBroken):
        signer.read(token.decode(), at=NOON)


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(token: str) -> None:
    with pytest.raises(AddressBroken):
        signer.read(token, at=NOON)


def test_an_address_for_one_purpose_opens_nothing_else() -> None:
    token = signer.sign(b"x", expires_at=LATER)
    for other in (Signer(b"k" * 32, "poster"), Signer(b"l" * 32, "media")):
        with pytest.raises(AddressBroken):
            other.read(token, at=NOON)


def test_an_address_has_one_spelling() -> None:
    token = signer.sign(b"x" * 2, expires_at=LATER)
    with pytest.raises(AddressBroken):
        signer.read(token + "=", at=NOON)
    with pytest.raises(AddressBroken):
        signer.read(token + "\n", at=NOON)
