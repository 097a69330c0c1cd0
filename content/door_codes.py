"""The codes by which people are let in at the door: one a registration and minute, to be scanned or to be typed.

The rule: nothing is kept of a code before it is used. The long one, in the square picture, is signed with 128 bits and
names its registration; the short one, for typing where nothing scans, has 40 bits and is looked for among those who
have registered for the activity at hand. Both are of one minute and good until the end of the next.
"""

import hmac
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from server.core.errors import Gone, Missing
from server.core.signing import AddressBroken, AddressExpired, Signer

WINDOW: Final = timedelta(minutes=1)
MARK: Final = "XL1."
# Without the letters that are taken for figures or for one another (Crockford's base 32).
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD: Final = str.maketrans("OIL", "011", "- ")
_SHORT: Final = 8


class CodeUnknown(Missing):
    """The code was not given out for this activity, or was mistyped."""

    code = "door_code_unknown"
    title = "签到码无效"


class CodeOver(Gone):
    """The time of the code is over; the page that shows it has a new one."""

    code = "door_code_over"
    title = "签到码已过期，请刷新后出示新的签到码"


class Code(Struct, frozen=True):
    """A code of a registration: ``long`` for the picture, ``short`` for typing, good until ``expires_at``."""

    long: str
    short: str
    expires_at: datetime


class DoorCodes:
    """Makes and reads the codes of the door, from the key of 32 bytes that signs access tokens."""

    def __init__(self, key: bytes) -> None:
        self._signer = Signer(key, "check-in")
        self._key = hmac.digest(key, b"check-in short", "sha256")

    def code(self, *, activity_id: int, registration_id: int, at: datetime) -> Code:
        """Make the code of this minute."""
        window = window_of(at)
        expires_at = _end_of(window)
        payload = registration_id.to_bytes(8, "big") + window.to_bytes(8, "big")
        short = self._short(activity_id, registration_id, window)
        return Code(MARK + self._signer.sign(payload, expires_at=expires_at), f"{short[:4]}-{short[4:]}", expires_at)

    def read(self, text: str, *, activity_id: int, registration_ids: Iterable[int], at: datetime) -> tuple[int, int]:
        """Find the registration and the minute of a code.

        :param registration_ids: those who have registered for the activity, among whom a short code is looked for.
        :raises CodeUnknown: if it is nobody's among them.
        :raises CodeOver: if its time is over.
        """
        if text.startswith(MARK):
            return self._read_long(text.removeprefix(MARK), frozenset(registration_ids), at)
        typed = text.upper().translate(_MISREAD)
        if len(typed) == _SHORT and set(typed) <= set(_LETTERS):
            now = window_of(at)
            for window in (now, now - 1):
                for registration_id in registration_ids:
                    if hmac.compare_digest(self._short(activity_id, registration_id, window), typed):
                        return registration_id, window
        raise CodeUnknown(field="code")

    def _read_long(self, token: str, registration_ids: frozenset[int], at: datetime) -> tuple[int, int]:
        try:
            payload = self._signer.read(token, at=at)
        except AddressExpired:
            raise CodeOver(field="code") from None
        except AddressBroken:
            raise CodeUnknown(field="code") from None
        registration_id, window = int.from_bytes(payload[:8], "big"), int.from_bytes(payload[8:], "big")
        if len(payload) != 16 or registration_id not in registration_ids:
            raise CodeUnknown(field="code")
        return registration_id, window

    def _short(self, activity_id: int, registration_id: int, window: int) -> str:
        parts = b"".join(number.to_bytes(8, "big") for number in (activity_id, registration_id, window))
        number = int.from_bytes(hmac.digest(self._key, parts, "sha256")[:5], "big")
        return "".join(_LETTERS[number >> shift & 31] for shift in range(35, -1, -5))


def window_of(at: datetime) -> int:
    """Name the minute that an instant belongs to."""
    return int(at.timestamp() // WINDOW.total_seconds())


def _end_of(window: int) -> datetime:
    """Give the end of the minute after a minute."""
    return datetime.fromtimestamp((window + 2) * WINDOW.total_seconds(), UTC)
