"""Which number of the WeChat service stands for which error, and how its words are read.

The rule: the words are never matched, for they differ at every answer; the number alone decides. A number that is not
listed is a plain `WeChatError` that keeps it.
"""

import re

from server.core import wechat_errors as errors
from server.core.wechat_errors import WeChatError

RID = re.compile(r"[,\s]*\brid:\s*([0-9a-f]{1,8}(?:-[0-9a-f]{1,8}){2})", re.IGNORECASE)
HINT = re.compile(r"[,\s]*\bhint:\s*\[[^\]]*\]", re.IGNORECASE)

BY_CODE: dict[int, type[WeChatError]] = {
    -1: errors.Busy,
    40001: errors.TokenInvalid,
    40002: errors.GrantTypeInvalid,
    40003: errors.OpenidInvalid,
    40004: errors.MediaTypeInvalid,
    40013: errors.AppidInvalid,
    40014: errors.TokenMalformed,
    40029: errors.CodeInvalid,
    40037: errors.TemplateInvalid,
    40097: errors.ArgumentsInvalid,
    40125: errors.SecretInvalid,
    40129: errors.SceneInvalid,
    40159: errors.PathInvalid,
    40163: errors.CodeUsed,
    40164: errors.AddressNotListed,
    40165: errors.PathInvalid,
    40169: errors.LengthInvalid,
    40212: errors.QueryInvalid,
    40226: errors.LoginBlocked,
    40243: errors.SecretFrozen,
    41001: errors.TokenMissing,
    41002: errors.AppidMissing,
    41004: errors.SecretMissing,
    41030: errors.PageInvalid,
    42001: errors.TokenExpired,
    43001: errors.MethodInvalid,
    43002: errors.MethodInvalid,
    43101: errors.Refused,
    43104: errors.AppMismatch,
    43107: errors.TemplateBanned,
    43108: errors.SendingTwice,
    44002: errors.BodyEmpty,
    44990: errors.LinkRate,
    44991: errors.MinuteQuota,
    44993: errors.LinkDailyQuota,
    45009: errors.DailyQuota,
    45011: errors.MinuteQuota,
    45029: errors.CodesExhausted,
    45168: errors.WordsRefused,
    47001: errors.FormatInvalid,
    47003: errors.ArgumentInvalid,
    48001: errors.ApiNotGranted,
    50002: errors.AccountBanned,
    50004: errors.AccountBanned,
    50007: errors.AccountFrozen,
    61010: errors.VisitTooOld,
    76004: errors.RidExpired,
    85079: errors.NotReleased,
    85096: errors.ParameterReserved,
    85401: errors.LinkTimeInvalid,
    85402: errors.EnvVersionInvalid,
    85403: errors.LinkMissing,
    85406: errors.LinkVisitQuota,
    85407: errors.LinkRefused,
    85408: errors.LinkRefused,
    87007: errors.SessionExpired,
    87008: errors.SigMethodInvalid,
    87009: errors.SignatureInvalid,
    87014: errors.ContentRisky,
    87020: errors.CheckRepeated,
    89503: errors.AddressUnconfirmed,
    89506: errors.AddressUnconfirmed,
    89507: errors.AddressUnconfirmed,
    1400001: errors.PhoneQuota,
}


def error_of(code: int, errmsg: str, *, call: str = "") -> WeChatError:
    """Make the error that a number stands for, with the trace taken out of the words.

    :param errmsg: the platform's words, which end in a trace that differs at every answer.
    """
    found = RID.search(errmsg)
    words = HINT.sub("", RID.sub("", errmsg)).strip()
    return BY_CODE.get(code, WeChatError)(code, words, found[1].lower() if found else "", call=call)
