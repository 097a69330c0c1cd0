"""What the WeChat service's errors mean to the person who is waiting.

The rule: what the person can mend (another code) is told apart from what only time mends and from what only the house
mends; the last is written to the log with the ``rid`` under which the platform can be asked.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import structlog

from server.core import wechat_errors as wechat
from server.core.errors import Conflict, Forbidden, Invalid, TooMany

log = structlog.get_logger()


class CodeInvalid(Invalid):
    """The code is wrong, has expired, or is another mini-program's or another button's."""

    code = "code_invalid"
    title = "微信凭证无效或已过期，请重试"


class CodeUsed(Conflict):
    """The code was used before; a new one is needed."""

    code = "code_used"
    title = "微信凭证已被使用，请重试"


class LoginBlocked(Forbidden):
    """The platform holds this user to be of high risk and lets nobody in."""

    code = "login_blocked"
    title = "微信暂时限制了该用户登录"


class WeChatQuota(TooMany):
    """The platform's allowance of calls is used up for now."""

    code = "wechat_quota"
    title = "微信接口调用过于频繁，请稍后再试"


class WeChatBusy(TooMany):
    """The platform did not answer, or was too busy to."""

    code = "wechat_busy"
    title = "微信服务繁忙，请稍后再试"
    status: ClassVar[int] = 503


class WeChatFailed(TooMany):
    """The platform does not serve this mini-program as it is set up; the house has to mend that."""

    code = "wechat_failed"
    title = "微信服务暂不可用，请稍后再试"
    status: ClassVar[int] = 503


REFUSALS = (CodeInvalid, CodeUsed, LoginBlocked, WeChatQuota, WeChatBusy, WeChatFailed)


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what the service answers inside into refusals.

    :raises CodeInvalid: if the code cannot be exchanged.
    :raises CodeUsed: if it was exchanged before.
    :raises LoginBlocked: if the platform bars the user.
    :raises WeChatQuota: if the allowance is used up.
    :raises WeChatBusy: if no verdict came.
    :raises WeChatFailed: if the settings or the app's standing are at fault.
    """
    try:
        yield
    except wechat.CodeUsed:
        raise CodeUsed("A code of WeChat works once.", field="code") from None
    except wechat.CodeRefused:
        raise CodeInvalid(
            "A code of WeChat works for five minutes, in the app that it was made in.", field="code"
        ) from None
    except wechat.LoginBlocked:
        raise LoginBlocked() from None
    except wechat.QuotaReached as fault:
        log.warning("wechat_quota", call=fault.call, code=fault.code, rid=fault.rid)
        raise WeChatQuota(retry_after_s=fault.retry_after_s or 60) from None
    except (wechat.Busy, wechat.Unanswered) as fault:
        log.warning("wechat_busy", call=fault.call, code=fault.code, rid=fault.rid, kind=type(fault).__name__)
        raise WeChatBusy(retry_after_s=fault.retry_after_s or 5) from None
    except wechat.WeChatError as fault:
        log.exception("wechat_failed", call=fault.call, code=fault.code, rid=fault.rid, kind=type(fault).__name__)
        raise WeChatFailed(retry_after_s=60) from None
