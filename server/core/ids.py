"""Identifiers: UUID version 7 (RFC 9562), which sort by the time they were made, and opaque public tokens."""

import secrets
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """Make a UUID of version 7, later than any made before in this process.

    The 12 bits after the milliseconds hold the fraction of the millisecond (RFC 9562, section 6.2, method 3), so that
    ids made in a burst stay in order.
    """
    global _last  # noqa: PLW0603  the last stamp is the whole state of the generator
    with _lock:
        ns = time.time_ns()
        stamp = (ns // 1_000_000 << 12) | (ns % 1_000_000 * 4096 // 1_000_000)
        _last = stamp = max(stamp, _last + 1)
    value = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62 | secrets.randbits(62)
    return UUID(int=value)


def opaque(bits: int = 128) -> str:
    """Make an unguessable token of letters and digits (base62), of at least ``bits`` bits."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    return "".join(secrets.choice(alphabet) for _ in range(-(-bits * 100 // 595)))
