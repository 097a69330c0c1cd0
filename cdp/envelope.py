"""What stands around every event: its times, its flags, and the fingerprint by which a repeat is told from another one.

The rule, for time: kept are created, sent and received, in whole milliseconds, and the derived time of the deed,
received − (sent − created) where 0 ≤ sent − created ≤ 30 days, else the time of receipt with the flag `CLOCK`.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

# The purpose that a person must have agreed to for the log to name them.
ANALYTICS: Final = "analytics"

# Flags of an event.
CLOCK: Final = 1
CONFLICT: Final = 2
UNNAMED: Final = 4

LONGEST_WAIT: Final = timedelta(days=30)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LONGEST_WAIT_MS: Final = LONGEST_WAIT // _MILLISECOND


def to_milliseconds(at: datetime) -> int:
    """Give the whole milliseconds since 1970, cut and not rounded."""
    return (at - _EPOCH) // _MILLISECOND


def from_milliseconds(milliseconds: int) -> datetime:
    """Give the instant so many milliseconds after 1970."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def derive(*, created_ms: int, sent_ms: int | None, received_ms: int) -> tuple[int, int]:
    """Tell when an event happened by the clock of the house, and the flag where the device's clock cannot be right.

    Times are milliseconds since 1970; ``sent_ms`` is missing where the source does not tell it.
    """
    if sent_ms is not None and 0 <= sent_ms - created_ms <= _LONGEST_WAIT_MS:
        return received_ms - (sent_ms - created_ms), 0
    return received_ms, CLOCK


def fingerprint(canonical: bytes) -> bytes:
    """Give the SHA-256 of an event in canonical form, 32 bytes."""
    return hashlib.sha256(canonical).digest()
