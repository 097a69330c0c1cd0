"""The WeChat mini-program service, as an async client.

The rule: one base URL decides whether the real service or a stand-in is spoken to, and nothing else differs. Every
call names its `App`. A refused access token is replaced once and the call made once more, never oftener. What goes
wrong is a `WeChatError`; what it means to a person is for the rooms to say. Nothing here waits inside a transaction.

Sources: the platform's server API pages (auth.code2Session, getStableAccessToken, phonenumber.getPhoneNumber,
checkSessionKey, subscribeMessage.send).
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, TypeVar

import httpx
import msgspec
from redis.asyncio import Redis

from server.core.wechat_errors import CodeInvalid, SecretInvalid, SessionRefused, TokenRefused, WatermarkWrong
from server.core.wechat_token import App, Granted, Tokens
from server.core.wechat_transport import Answer, Call, Transport, as_json

T = TypeVar("T")
Text = Annotated[str, msgspec.Meta(min_length=1)]

STABLE_TOKEN = Call("POST", "/cgi-bin/stable_token")
CODE_TO_SESSION = Call("GET", "/sns/jscode2session")
PHONE_NUMBER = Call("POST", "/wxa/business/getuserphonenumber")
CHECK_SESSION = Call("GET", "/wxa/checksession")
SUBSCRIBE_SEND = Call("POST", "/cgi-bin/message/subscribe/send")

LONGEST_CODE = 512


class LoginSession(msgspec.Struct, frozen=True):
    """Who has signed in; ``unionid`` is empty where the app is bound to no Open Platform account."""

    openid: Text
    session_key: Text
    unionid: str | None = None

    def __repr__(self) -> str:
        return f"LoginSession(openid={self.openid!r})"


class PhoneNumber(msgspec.Struct, frozen=True):
    """A verified phone number: as it is dialled, without its country's code, and that code in digits."""

    number: str
    local_number: str
    country_code: str

    def __repr__(self) -> str:
        return "PhoneNumber(…)"


class _Watermark(msgspec.Struct):
    appid: str


class _PhoneInfo(msgspec.Struct, rename="camel"):
    phone_number: Text
    pure_phone_number: Text
    country_code: str | int
    watermark: _Watermark


class _PhoneAnswer(msgspec.Struct):
    phone_info: _PhoneInfo


class _Done(msgspec.Struct):
    pass


class _Sent(msgspec.Struct):
    msgid: int | str = ""


class WeChat:
    """The client; one for a process, closed with it.

    :param base_url: of the real service or of a stand-in.
    :param redis: where the access tokens are shared; the sign-in call does without.
    :param http: a client to use instead of an own one; it stays open.
    :param timeout_s: how long one attempt may take.
    """

    def __init__(
        self,
        base_url: str,
        redis: Redis,
        *,
        http: httpx.AsyncClient | None = None,
        timeout_s: float = 4.0,
        tries: int = 3,
        backoff_s: float = 0.4,
    ) -> None:
        self._transport = Transport(base_url, http=http, timeout_s=timeout_s, tries=tries, backoff_s=backoff_s)
        self._tokens = Tokens(redis, fetch=self._fetch_token, longest_fetch_s=self._transport.longest_s)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._tokens.aclose()
        await self._transport.aclose()

    async def code2session(self, app: App, *, code: str) -> LoginSession:
        """Exchange the code of ``wx.login`` for who signed in; it works once, within five minutes.

        :raises CodeRefused: if the code is wrong, expired, another app's (`CodeInvalid`) or used (`CodeUsed`).
        :raises LoginBlocked: if the platform bars this user.
        :raises WeChatError: if the service does not do it for another reason.
        """
        _check_code(code, CODE_TO_SESSION)
        query = {"appid": app.appid, "secret": app.secret, "js_code": code, "grant_type": "authorization_code"}
        return await self._transport.ask(CODE_TO_SESSION, query=query, read=as_json(LoginSession))

    async def phone_number(self, app: App, *, code: str, openid: str = "") -> PhoneNumber:
        """Exchange the code of the phone-number button, which is not that of ``wx.login``, for the number.

        :param openid: whose number it has to be; empty to leave that unchecked.
        :raises CodeRefused: if the code is wrong, expired or used.
        :raises QuotaReached: if the paid allowance is used up.
        :raises WatermarkWrong: if the answer was made for another app.
        :raises WeChatError: if the service does not do it for another reason.
        :raises Unavailable: if Redis is away.
        """
        _check_code(code, PHONE_NUMBER)
        body = {"code": code} | ({"openid": openid} if openid else {})
        info = (await self._ask(app, PHONE_NUMBER, body=body, read=as_json(_PhoneAnswer))).phone_info
        if not hmac.compare_digest(info.watermark.appid.encode(), app.appid.encode()):
            raise WatermarkWrong(0, "the number was given to another app", call=PHONE_NUMBER.path)
        return PhoneNumber(
            number=info.phone_number,
            local_number=info.pure_phone_number,
            country_code=str(info.country_code).lstrip("+"),
        )

    async def check_session(self, app: App, *, openid: str, session_key: str) -> bool:
        """Tell whether a session key is still the user's present one.

        :raises WeChatError: if the service cannot say.
        :raises Unavailable: if Redis is away.
        """
        # The key is the text of the session key as it stands, and what is signed is empty.
        signature = hmac.new(session_key.encode(), b"", hashlib.sha256).hexdigest()
        query = {"openid": openid, "signature": signature, "sig_method": "hmac_sha256"}
        try:
            await self._ask(app, CHECK_SESSION, query=query, read=as_json(_Done))
        except SessionRefused:
            return False
        return True

    async def send_subscribe_message(
        self,
        app: App,
        *,
        openid: str,
        template_id: str,
        values: Mapping[str, str],
        page: str = "",
        state: Literal["formal", "trial", "developer"] = "formal",
        lang: Literal["zh_CN", "en_US", "zh_HK", "zh_TW"] = "zh_CN",
    ) -> str:
        """Send a message that the user has subscribed to, and give its id; empty where the service gives none.

        :param values: the template's keys, such as ``thing1``, with their texts.
        :param page: where a tap leads, with a query if need be; empty for nowhere.
        :raises Refused: if the user has not accepted, has cancelled, or no message is left.
        :raises ArgumentInvalid: if a value breaks the rules of its type.
        :raises Unanswered: if it is not known whether it was sent, unless ``maybe_done`` is false.
        :raises WeChatError: if the service does not do it for another reason.
        :raises Unavailable: if Redis is away.
        """
        body: dict[str, object] = {
            "touser": openid,
            "template_id": template_id,
            "data": {key: {"value": value} for key, value in values.items()},
            "miniprogram_state": state,
            "lang": lang,
        }
        if page:
            body["page"] = page
        return str((await self._ask(app, SUBSCRIBE_SEND, body=body, read=as_json(_Sent))).msgid)

    async def _ask(
        self,
        app: App,
        call: Call,
        *,
        read: Callable[[Answer], T],
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> T:
        token = await self._tokens.current(app)
        query = query or {}
        try:
            return await self._transport.ask(call, query={"access_token": token.value, **query}, body=body, read=read)
        except TokenRefused:
            fresh = await self._tokens.replacement(app, refused=token)
        return await self._transport.ask(call, query={"access_token": fresh.value, **query}, body=body, read=read)

    async def _fetch_token(self, app: App) -> Granted:
        body = {"grant_type": "client_credential", "appid": app.appid, "secret": app.secret, "force_refresh": False}
        try:
            return await self._transport.ask(STABLE_TOKEN, query={}, body=body, read=as_json(Granted))
        except TokenRefused as error:
            # Where a token is asked for there is none to refuse: the number then speaks of the secret.
            raise SecretInvalid(error.code, error.message, error.rid, call=error.call) from None


def _check_code(code: str, call: Call) -> None:
    """Refuse what cannot be a code without spending the quota on it."""
    if not (0 < len(code) <= LONGEST_CODE and code.isascii() and code.isprintable()):
        raise CodeInvalid(40029, "not a code", call=call.path)
