"""What each answer of the service means for the message."""

import pytest

from cdp.message_outcomes import APP_PAUSE_S, Failed, Later, Outcome, Unknown, outcome_of
from server.core import wechat_errors as wechat
from server.core.errors import Unavailable
from server.core.wechat import STABLE_TOKEN, SUBSCRIBE_SEND
from server.core.wechat_codes import error_of

SEND = SUBSCRIBE_SEND.path


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (error_of(43101, "user refuse to accept the msg", call=SEND), Failed("refused", 43101, clears=True)),
        (
            error_of(47003, "argument invalid! data.thing18.value invalid rid: 1-2-3", call=SEND),
            Failed("argument_invalid:thing18", 47003),
        ),
        (
            error_of(47003, "argument invalid! data.character_string1.value i", call=SEND),
            Failed("argument_invalid:character_string1", 47003),
        ),
        (error_of(47003, "argument invalid! da", call=SEND), Failed("argument_invalid", 47003)),
        (error_of(40003, "invalid openid", call=SEND), Failed("openid_invalid", 40003)),
        (error_of(40037, "invalid template_id", call=SEND), Failed("template_invalid", 40037)),
        (error_of(41030, "invalid page", call=SEND), Failed("page_invalid", 41030)),
        (error_of(43107, "banned", call=SEND), Failed("template_banned", 43107)),
        (error_of(43104, "not of this app", call=SEND), Failed("app_mismatch", 43104)),
        (error_of(99999, "never heard of", call=SEND), Failed("error_99999", 99999)),
        (error_of(-1, "system error", call=SEND), Later("busy", 5)),
        (error_of(43108, "again", call=SEND), Later("sending_twice", 5)),
        (error_of(45009, "quota", call=SEND), Later("daily_quota", 3600, pauses=True)),
        (error_of(45011, "quota", call=SEND), Later("minute_quota", 60)),
        (error_of(40001, "invalid credential", call=SEND), Later("token_invalid", 5)),
        (error_of(40164, "not in whitelist", call=STABLE_TOKEN.path), Later("address_not_listed", APP_PAUSE_S)),
        (error_of(48001, "unauthorized", call=SEND), Later("api_not_granted", APP_PAUSE_S)),
        (wechat.Unreachable(0, "no connection", call=SEND), Later("unreachable", 5)),
        (wechat.TimedOut(0, "late", call=SEND), Unknown("timed_out")),
        (wechat.Broken(0, "lost", call=SEND), Unknown("broken")),
        (wechat.Unreadable(0, "status 502", call=SEND), Unknown("unreadable")),
        (wechat.TimedOut(0, "late", call=STABLE_TOKEN.path), Later("timed_out", 5)),
        (wechat.Unreadable(0, "status 502", call=STABLE_TOKEN.path), Later("unreadable", 5)),
        (Unavailable("Redis is away.", retry_after_s=2), Later("token_store_away", 2)),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_answer_means(fault: wechat.WeChatError | Unavailable, outcome: Outcome) -> None:
    assert outcome_of(fault) == outcome
