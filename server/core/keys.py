"""Sealing: personal fields are encrypted with a key per owner, and destroying the key erases them everywhere.

The rule: AES-256-GCM with a fresh nonce of 96 bits for every value, bound to its owner and field, so that a sealed
value cannot be moved to another row. An owner's key lies in the database sealed by the master key, which comes from a
setting. A phone number or the like is found again by a keyed hash (HMAC-SHA-256), never by a plain one.
"""

import hashlib
import hmac
import os
from collections.abc import Sequence
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.core.db import connection
from server.core.errors import Missing

NONCE = 12


class KeyDestroyed(Missing):
    """What this key sealed has been erased for good."""

    code = "erased"
    title = "资料已删除"


class Sealer:
    """Seals and opens personal fields with one master key of 32 bytes."""

    def __init__(self, master_key: bytes) -> None:
        self._master = AESGCM(_derive(master_key, b"xinglin wrap"))
        self._settings = _derive(master_key, b"xinglin settings")
        self._lookup = _derive(master_key, b"xinglin lookup")

    def hash(self, kind: str, value: str) -> bytes:
        """Hash a value for finding it again; 32 bytes that say nothing without the master key."""
        return hmac.digest(self._lookup, f"{kind}\0{value}".encode(), "sha256")

    def seal_secret(self, name: str, text: str) -> bytes:
        """Seal a secret of the house itself, such as the secret of a mini-program."""
        return _seal(AESGCM(self._settings), text.encode(), name.encode())

    def open_secret(self, name: str, sealed: bytes) -> str:
        """Open a secret of the house.

        :raises ValueError: if it was sealed with another master key or under another name.
        """
        return _open(AESGCM(self._settings), sealed, name.encode()).decode()

    async def seal(self, *, owner: str, field: str, text: str, at: datetime) -> bytes:
        """Seal a personal field of an owner (``account:17``); the first one makes the owner's key.

        :raises KeyDestroyed: if the owner has been erased.
        """
        return await self.seal_bytes(owner=owner, field=field, data=text.encode(), at=at)

    async def seal_bytes(self, *, owner: str, field: str, data: bytes, at: datetime) -> bytes:
        """Seal a personal file of an owner, such as a photo.

        :raises KeyDestroyed: if the owner has been erased.
        """
        return _seal(AESGCM(await self._key(owner, at)), data, f"{owner}\0{field}".encode())

    async def open(self, *, owner: str, field: str, sealed: bytes) -> str:
        """Open a personal field.

        :raises KeyDestroyed: if the owner has been erased.
        :raises ValueError: if the value is not this owner's field.
        """
        return (await self.open_bytes(owner=owner, field=field, sealed=sealed)).decode()

    async def open_bytes(self, *, owner: str, field: str, sealed: bytes) -> bytes:
        """Open a personal file.

        :raises KeyDestroyed: if the owner has been erased.
        :raises ValueError: if it is not this owner's file.
        """
        wrapped = await connection().value("SELECT wrapped FROM sealing_key WHERE owner = $1", owner)
        if wrapped is None:
            raise KeyDestroyed()
        key = _open(self._master, wrapped, owner.encode())
        return _open(AESGCM(key), sealed, f"{owner}\0{field}".encode())

    async def open_all(self, sealed: Sequence[tuple[str, str, bytes]]) -> list[str | None]:
        """Open many personal fields, each an owner, a field and what was sealed; None where the owner was erased.

        :raises ValueError: if a value is not its owner's field.
        """
        rows = await connection().fetch(
            "SELECT owner, wrapped FROM sealing_key WHERE owner = ANY($1::text[]) AND wrapped IS NOT NULL",
            sorted({owner for owner, _, _ in sealed}),
        )
        keys = {row["owner"]: AESGCM(_open(self._master, row["wrapped"], row["owner"].encode())) for row in rows}
        return [
            _open(keys[owner], value, f"{owner}\0{field}".encode()).decode() if owner in keys else None
            for owner, field, value in sealed
        ]

    async def destroy(self, *, owner: str, at: datetime) -> None:
        """Destroy an owner's key for good, also one that was never made."""
        await connection().execute(
            "INSERT INTO sealing_key (owner, wrapped, created_at, destroyed_at) VALUES ($1, NULL, $2, $2) "
            "ON CONFLICT (owner) DO UPDATE SET wrapped = NULL, "
            "destroyed_at = coalesce(sealing_key.destroyed_at, excluded.destroyed_at)",
            owner,
            at,
        )

    async def _key(self, owner: str, at: datetime) -> bytes:
        fresh = os.urandom(32)
        row = await connection().row(
            "INSERT INTO sealing_key (owner, wrapped, created_at) VALUES ($1, $2, $3) "
            "ON CONFLICT (owner) DO UPDATE SET owner = excluded.owner RETURNING wrapped",
            owner,
            _seal(self._master, fresh, owner.encode()),
            at,
        )
        if row is None or row["wrapped"] is None:
            raise KeyDestroyed()
        return _open(self._master, row["wrapped"], owner.encode())


def _derive(master: bytes, purpose: bytes) -> bytes:
    return hashlib.blake2b(purpose, key=master, digest_size=32).digest()


def _seal(cipher: AESGCM, data: bytes, bound_to: bytes) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + cipher.encrypt(nonce, data, bound_to)


def _open(cipher: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    try:
        return cipher.decrypt(bytes(sealed[:NONCE]), bytes(sealed[NONCE:]), bound_to)
    except InvalidTag:
        raise ValueError("The value was sealed with another key or for another field.") from None
