"""How the WeChat stand-in answers: JSON as text/plain with status 200, errors too, each with a trace of its own."""

import json
import secrets
import time
from typing import Any

from sanic import HTTPResponse, response

ERRMSG = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40037: "invalid template_id",
    40066: "invalid url",
    40097: "invalid args",
    40125: "invalid appsecret",
    40163: "code been used",
    40226: "code blocked",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    41030: "invalid page",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43101: "user refuse to accept the msg",
    44002: "empty post data",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit mustslower retry next minute",
    47001: "data format error",
    47003: "argument invalid!",
    87007: "session_key is not existd or expired",
    87008: "invalid sig_method",
    87009: "invalid signature",
    1400001: "no quota left for getPhoneNumber",
}
HINTED = {40029, 40125, 40013, 40001}


class Errcode(Exception):
    """The stand-in answers with an error of this number."""

    def __init__(self, code: int, words: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.words = words or ERRMSG.get(code, "unknown error")


def answer(payload: dict[str, Any], *, status: int = 200) -> HTTPResponse:
    """Answer in raw UTF-8; the content type says text, as the real service's often does."""
    return response.raw(json.dumps(payload, ensure_ascii=False), status=status, content_type="text/plain")


def error_answer(error: Errcode) -> HTTPResponse:
    """Answer with a number and with words that end in a trace, different every time."""
    hint = f" hint: [{secrets.token_urlsafe(4)}-{secrets.token_urlsafe(4)}]" if error.code in HINTED else ""
    rid = f"{int(time.time()):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
    return answer({"errcode": error.code, "errmsg": f"{error.words}{hint} rid: {rid}"})
