"""Sealed fields: readable with the owner's key only, and never again once it is destroyed."""

from datetime import UTC, datetime

import pytest

from server.core import db
from server.core.keys import KeyDestroyed, Sealer

AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(b"m" * 32)


async def test_a_sealed_field_opens_for_its_owner_and_field_only(database: None, sealer: Sealer) -> None:
    sealed = await sealer.seal(owner="account:1", field="phone", text="13800001234", at=AT)
    await sealer.seal(owner="account:2", field="phone", text="other", at=AT)
    assert await sealer.open(owner="account:1", field="phone", sealed=sealed) == "13800001234"
    assert b"13800001234" not in sealed
    for owner, field in (("account:2", "phone"), ("account:1", "openid")):
        with pytest.raises(ValueError, match="another"):
            await sealer.open(owner=owner, field=field, sealed=sealed)


async def test_the_same_value_is_never_sealed_the_same(database: None, sealer: Sealer) -> None:
    twice = [await sealer.seal(owner="account:1", field="phone", text="13800001234", at=AT) for _ in range(2)]
    assert twice[0] != twice[1]


async def test_a_destroyed_key_neither_opens_nor_seals_again(database: None, sealer: Sealer) -> None:
    sealed = await sealer.seal(owner="account:1", field="phone", text="13800001234", at=AT)
    await sealer.destroy(owner="account:1", at=AT)
    await sealer.destroy(owner="account:1", at=AT)
    with pytest.raises(KeyDestroyed):
        await sealer.open(owner="account:1", field="phone", sealed=sealed)
    with pytest.raises(KeyDestroyed):
        await sealer.seal(owner="account:1", field="phone", text="again", at=AT)
    assert await db.connection().value("SELECT wrapped FROM sealing_key") is None


async def test_another_master_key_opens_nothing(database: None, sealer: Sealer) -> None:
    sealed = await sealer.seal(owner="account:1", field="phone", text="13800001234", at=AT)
    with pytest.raises(ValueError, match="another key"):
        await Sealer(b"n" * 32).open(owner="account:1", field="phone", sealed=sealed)


def test_a_hash_needs_the_key_and_tells_kinds_apart(sealer: Sealer) -> None:
    assert sealer.hash("phone", "1") == sealer.hash("phone", "1")
    assert sealer.hash("phone", "1") != sealer.hash("openid", "1")
    assert sealer.hash("phone", "1") != Sealer(b"n" * 32).hash("phone", "1")


def test_a_secret_of_the_house_is_bound_to_its_name(sealer: Sealer) -> None:
    sealed = sealer.seal_secret("app:wx1", "s3cret")
    assert sealer.open_secret("app:wx1", sealed) == "s3cret"
    with pytest.raises(ValueError, match="another"):
        sealer.open_secret("app:wx2", sealed)
