"""What an answer of the WeChat service means for the message that was being sent: pure, one place.

The rule: the service takes no idempotency key, so that a message is sent at most once. Where it said that it did not
send, or was not reached, the message may be tried again; where it may have been sent and nobody knows, it never is.
"""

from typing import Final

from msgspec import Struct

from server.core import wechat_errors as wechat
from server.core.errors import Unavailable
from server.core.wechat import SUBSCRIBE_SEND

APP_PAUSE_S: Final = 60.0


class Sent(Struct, frozen=True):
    """The service has taken it; ``wechat_msg_id`` is empty where it gave none."""

    wechat_msg_id: str


class Failed(Struct, frozen=True):
    """It was not sent and never will be. ``clears`` is whether the person has no message left."""

    reason: str
    error: int = 0
    clears: bool = False


class Later(Struct, frozen=True):
    """It was not sent and may be tried again. ``pauses`` is whether the day's quota is used up."""

    reason: str
    retry_after_s: float = 0
    pauses: bool = False


class Unknown(Struct, frozen=True):
    """It may have been sent."""

    reason: str


class Gone(Struct, frozen=True):
    """There is nobody any more to send it to."""

    reason: str


Outcome = Sent | Failed | Later | Unknown | Gone


def outcome_of(fault: wechat.WeChatError | Unavailable) -> Outcome:
    """Tell what an error that came instead of an answer means."""
    if isinstance(fault, Unavailable):
        return Later("token_store_away", fault.retry_after_s)
    name = _snake(type(fault).__name__)
    match fault:
        case wechat.Unanswered():
            # Without an answer to the question for a token the message itself has not been on the way yet.
            on_the_way = fault.maybe_done and fault.call in {"", SUBSCRIBE_SEND.path}
            return Unknown(name) if on_the_way else Later(name, fault.retry_after_s)
        case wechat.Refused():
            return Failed(name, fault.code, clears=True)
        case wechat.ArgumentInvalid():
            return Failed(f"{name}:{fault.field}".rstrip(":"), fault.code)
        case wechat.DailyQuota():
            return Later(name, fault.retry_after_s, pauses=True)
        case wechat.QuotaReached() | wechat.Busy() | wechat.SendingTwice() | wechat.TokenRefused():
            return Later(name, fault.retry_after_s)
        case wechat.AppMismatch():
            return Failed(name, fault.code)
        case wechat.AppRefused() | wechat.TokenMissing():
            # The settings have to be mended, which may happen in time.
            return Later(name, APP_PAUSE_S)
        case _:
            return Failed(name if type(fault) is not wechat.WeChatError else f"error_{fault.code}", fault.code)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
