"""What the WeChat service may answer instead of what was asked, one class a meaning.

The rule: none of these is a refusal by itself. A room decides what a used code or an empty quota means to a person;
here an error only keeps its number, its words and its ``rid``, under which the platform can be asked for seven days.
The families say what a caller can do: ask again later, ask the person to sign in again, or mend the settings.
"""

import re
from typing import ClassVar

FIELD = re.compile(r"\bdata\.([a-z_]+[0-9]*)\.")


class WeChatError(Exception):
    """The service did not do what it was asked for; a number without a class of its own has this one.

    ``code`` is the platform's number, 0 where no number came back; ``call`` is the path that was called.
    """

    retry_after_s: ClassVar[int] = 0
    """Seconds after which the same call may be granted; 0 where waiting does not help."""

    def __init__(self, code: int, message: str = "", rid: str = "", *, call: str = "") -> None:
        super().__init__(code, message, rid)
        self.code = code
        self.message = message
        self.rid = rid
        self.call = call

    def __str__(self) -> str:
        told = f"{self.call or 'WeChat'}: {self.code} {self.message}".rstrip()
        return f"{told} (rid {self.rid})" if self.rid else told


# No verdict came back.


class Unanswered(WeChatError):
    """No readable verdict came back; the deed may have been done."""

    retry_after_s = 5
    maybe_done: ClassVar[bool] = True


class Unreachable(Unanswered):
    """No connection was made, so that nothing was done."""

    maybe_done = False


class TimedOut(Unanswered):
    """The answer did not come in time."""


class Broken(Unanswered):
    """The connection was lost before the answer was whole."""


class Unreadable(Unanswered):
    """An answer came that is not of the agreed shape."""


class WatermarkWrong(Unreadable):
    """The answer bears the mark of another app."""


class Busy(WeChatError):
    """The service is too busy (−1), also after the retries."""

    retry_after_s = 5


# The access token.


class TokenRefused(WeChatError):
    """The access token is not taken, also after it was fetched once more."""

    retry_after_s = 5


class TokenInvalid(TokenRefused):
    """The access token is wrong or superseded (40001)."""


class TokenMalformed(TokenRefused):
    """The access token is not one at all (40014)."""


class TokenExpired(TokenRefused):
    """The access token has expired (42001)."""


class TokenMissing(WeChatError):
    """The call went out without an access token (41001)."""


# The app's own standing: the settings or the platform account have to be mended.


class AppRefused(WeChatError):
    """The app itself is not served: its settings or its standing with the platform are at fault."""


class AppidInvalid(AppRefused):
    """No such app, or the token belongs to another one (40013)."""


class AppidMissing(AppRefused):
    """The call named no app (41002)."""


class SecretInvalid(AppRefused):
    """The app's secret is wrong (40125; 40001 when a token is asked for)."""


class SecretMissing(AppRefused):
    """The call bore no secret (41004)."""


class SecretFrozen(AppRefused):
    """The app's secret is frozen (40243)."""


class GrantTypeInvalid(AppRefused):
    """The kind of grant is not known (40002)."""


class AddressNotListed(AppRefused):
    """The caller's address is not in the app's list (40164)."""


class AddressUnconfirmed(AppRefused):
    """An administrator has not confirmed the caller's address, or has refused it (89503, 89506, 89507)."""


class ApiNotGranted(AppRefused):
    """The app has no right to this call (48001)."""


class AppMismatch(AppRefused):
    """The openid is not of this app, or the app's category may not use this call (43104)."""


class AccountBanned(AppRefused):
    """The app's account is banned or limited (50002, 50004)."""


class AccountFrozen(AppRefused):
    """The app's account is frozen (50007)."""


# Quotas.


class QuotaReached(WeChatError):
    """Nothing is left of what the platform allows."""


class MinuteQuota(QuotaReached):
    """Too many calls in this minute (45011, 44991)."""

    retry_after_s = 60


class DailyQuota(QuotaReached):
    """Too many calls today (45009)."""

    retry_after_s = 3600


class PhoneQuota(QuotaReached):
    """The paid allowance of phone numbers is used up (1400001)."""

    retry_after_s = 3600


class LinkRate(QuotaReached):
    """More than a hundred links in this second (44990)."""

    retry_after_s = 1


class LinkDailyQuota(QuotaReached):
    """Too many links today (44993)."""

    retry_after_s = 3600


class LinkVisitQuota(QuotaReached):
    """The links were opened too often today (85406)."""

    retry_after_s = 3600


class CodesExhausted(QuotaReached):
    """The app has made all the limited codes it may ever make (45029)."""


# Signing in.


class CodeRefused(WeChatError):
    """The one-time code cannot be exchanged; only a new one helps."""


class CodeInvalid(CodeRefused):
    """The code is wrong, has expired or is another app's (40029)."""


class CodeUsed(CodeRefused):
    """The code was exchanged before (40163)."""


class LoginBlocked(WeChatError):
    """The platform holds this user to be of high risk and lets nobody in (40226)."""


class SessionRefused(WeChatError):
    """The session key is not the user's present one."""


class SessionExpired(SessionRefused):
    """The user has no session key any more (87007)."""


class SignatureInvalid(SessionRefused):
    """The signature was not made with the user's present session key (87009)."""


class SigMethodInvalid(WeChatError):
    """The way of signing is not known (87008)."""


# Messages and content.


class OpenidInvalid(WeChatError):
    """The openid is not of a user of this app (40003)."""


class TemplateInvalid(WeChatError):
    """The app has no such template (40037)."""


class TemplateBanned(WeChatError):
    """The template, or the app's right to send, is banned (43107)."""


class Refused(WeChatError):
    """The user has not accepted, has cancelled, or has no message left (43101)."""


class SendingTwice(WeChatError):
    """The same message is being sent by another call right now (43108)."""

    retry_after_s = 5


class WordsRefused(WeChatError):
    """The message has words that the platform bars (45168)."""


class ContentRisky(WeChatError):
    """The content was found to be risky by the first version of the check (87014)."""


class VisitTooOld(WeChatError):
    """The user has not opened the app within two hours, so that the content cannot be checked (61010)."""


class CheckRepeated(WeChatError):
    """This file is being checked already (87020)."""


# The request itself.


class RequestInvalid(WeChatError):
    """The request is not well formed."""


class ArgumentInvalid(RequestInvalid):
    """A value of the message breaks the rules of its type (47003); ``field`` names it where the answer does."""

    @property
    def field(self) -> str:
        """The key of the value, such as ``thing18``; empty where the answer was cut off before its end."""
        found = FIELD.search(self.message)
        return found[1] if found else ""


class ArgumentsInvalid(RequestInvalid):
    """The arguments are wrong (40097)."""


class FormatInvalid(RequestInvalid):
    """The body is not JSON of the agreed shape (47001)."""


class BodyEmpty(RequestInvalid):
    """The body is empty (44002)."""


class MethodInvalid(RequestInvalid):
    """The call wants the other method (43001 GET, 43002 POST)."""


class MediaTypeInvalid(RequestInvalid):
    """The kind of media is not known (40004)."""


class SceneInvalid(RequestInvalid):
    """The scene is not one that the call takes (40129)."""


class LengthInvalid(RequestInvalid):
    """A value is too long, or the data is not a JSON string (40169)."""


class PageInvalid(RequestInvalid):
    """The published app has no such page (41030)."""


class PathInvalid(RequestInvalid):
    """The path is wrong (40159, 40165)."""


class QueryInvalid(RequestInvalid):
    """The query is wrong (40212)."""


class ParameterReserved(RequestInvalid):
    """The page uses a parameter that the platform keeps for itself (85096)."""


class LinkTimeInvalid(RequestInvalid):
    """The life of the link is not between a minute and thirty days (85401)."""


class EnvVersionInvalid(RequestInvalid):
    """The version of the app is not a known one (85402)."""


class LinkRefused(RequestInvalid):
    """The link was not made for another reason (85407, 85408)."""


class LinkMissing(WeChatError):
    """There is no such link (85403)."""


class NotReleased(WeChatError):
    """The app has no released version (85079)."""


class RidExpired(WeChatError):
    """The trace is older than seven days (76004)."""
