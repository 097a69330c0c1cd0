"""Faults that can be switched on: slowness, busyness, refused tokens, empty quotas, broken wires.

The rule: a fault strikes the calls of the platform only, those whose path begins as it says, and so many times as it
says; the calls that switch it on and off are never struck.
"""

from typing import Annotated, Literal

import msgspec

from server.sandbox.answers import Errcode

Kind = Literal[
    "slow", "busy", "expired_token", "daily_quota", "minute_quota", "error", "drop", "drop_answer", "garbage"
]

CODES = {"busy": -1, "expired_token": 42001, "daily_quota": 45009, "minute_quota": 45011}


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """One fault.

    ``slow`` waits before the call is done. ``drop`` breaks the connection before it is done, ``drop_answer`` after.
    ``garbage`` answers as a gateway in trouble does. ``error`` answers with ``code``. ``expired_token`` strikes calls
    with a token only. ``times`` is how often it strikes, None for always.
    """

    kind: Kind
    path: str = "/"
    times: Annotated[int, msgspec.Meta(ge=1)] | None = None
    seconds: Annotated[float, msgspec.Meta(ge=0, le=600)] = 10.0
    code: int = -1

    def error(self) -> Errcode | None:
        """The error that this fault answers with; None for those that answer otherwise."""
        if self.kind == "error":
            return Errcode(self.code)
        return Errcode(CODES[self.kind]) if self.kind in CODES else None


def struck(faults: list[Fault], path: str, *, with_token: bool) -> list[Fault]:
    """Take the faults that strike a call now, and count them down."""
    found = [fault for fault in faults if path.startswith(fault.path) and (with_token or fault.kind != "expired_token")]
    for fault in found:
        if fault.times is not None:
            fault.times -= 1
    faults[:] = [fault for fault in faults if fault.times is None or fault.times > 0]
    return found
