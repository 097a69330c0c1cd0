"""Signed addresses: a few bytes that were given out here, for one purpose and until a time.

The rule: a token says what it was made for and for how long, and nothing is kept of it; what it opens is looked up
again at every use. Format: 5 bytes of expiry (seconds since 1970), the payload, 16 bytes of HMAC-SHA-256, all in
base64url.
"""

import base64
import hashlib
import hmac
from datetime import datetime

from server.core.errors import Gone, Missing

MAC = 16
EXPIRY = 5
LONGEST = 200


class AddressBroken(Missing):
    """The address was not given out here, or was altered."""

    code = "address_broken"
    title = "地址无效"


class AddressExpired(Gone):
    """The time of the address is over; ask for a new one."""

    code = "address_expired"
    title = "地址已过期"


class Signer:
    """Makes and reads tokens for one purpose, from the key of 32 bytes that signs access tokens."""

    def __init__(self, key: bytes, purpose: str) -> None:
        self._key = hashlib.blake2b(purpose.encode(), key=key, digest_size=32, person=b"xinglin address").digest()

    def sign(self, payload: bytes, *, expires_at: datetime) -> str:
        """Make a token of a payload of at most 100 bytes."""
        body = int(expires_at.timestamp()).to_bytes(EXPIRY, "big") + payload
        return base64.urlsafe_b64encode(body + self._mac(body)).rstrip(b"=").decode()

    def read(self, token: str, *, at: datetime) -> bytes:
        """Give the payload of a token.

        :raises AddressBroken: if it was not made here.
        :raises AddressExpired: if its time is over.
        """
        if len(token) > LONGEST or not token.isascii():
            raise AddressBroken()
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            raise AddressBroken() from None
        body, mac = raw[:-MAC], raw[-MAC:]
        # Base64 has several spellings of the same bytes; only ours counts.
        canonical = base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == token
        if len(body) < EXPIRY or not canonical or not hmac.compare_digest(mac, self._mac(body)):
            raise AddressBroken()
        if int.from_bytes(body[:EXPIRY], "big") <= at.timestamp():
            raise AddressExpired()
        return body[EXPIRY:]

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:MAC]
