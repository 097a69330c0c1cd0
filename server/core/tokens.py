"""Access tokens: short-lived, signed, and naming nothing but a session and an account (RFC 7519, HS256).

The rule: a token proves only who signed in; whether the session still stands is asked of the database.
"""

import time
from datetime import datetime, timedelta
from functools import lru_cache

import jwt
from msgspec import Struct

from server.core.errors import Anonymous

ISSUER = "xinglin"
AUDIENCE = "api"
LEEWAY_S = 5


class TokenExpired(Anonymous):
    """The access token has run out; the refresh token gives a new one."""

    code = "token_expired"
    title = "登录已过期"


class TokenInvalid(Anonymous):
    """The access token was not made here, or was altered."""

    code = "token_invalid"
    title = "登录凭证无效"


class Claims(Struct, frozen=True):
    """What an access token says. ``expires_at`` is in seconds since 1970."""

    account_id: int
    session_id: str
    expires_at: int


class Tokens:
    """Makes and reads access tokens with one key of 32 bytes."""

    def __init__(self, key: bytes, *, access_minutes: int) -> None:
        self._key = key
        self.life = timedelta(minutes=access_minutes)
        # The same token comes with every request of a visit; its signature is checked once a worker.
        self._read = lru_cache(maxsize=8192)(self._verify)

    def make_access(self, *, account_id: int, session_id: str, at: datetime) -> str:
        """Make a token that is good until `life` has passed."""
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(account_id),
            "sid": session_id,
            "iat": int(at.timestamp()),
            "exp": int((at + self.life).timestamp()),
        }
        return jwt.encode(claims, self._key, algorithm="HS256")

    def read_access(self, header: str) -> Claims:
        """Read the value of an Authorization header.

        :raises TokenInvalid: if it is no bearer token of ours.
        :raises TokenExpired: if its time is over.
        """
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenInvalid("The Authorization header must be `Bearer <token>`.")
        claims = self._read(token.strip())
        if claims.expires_at + LEEWAY_S < time.time():
            raise TokenExpired()
        return claims

    def _verify(self, token: str) -> Claims:
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["HS256"],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": ["exp", "sub", "sid"], "verify_exp": False, "verify_iat": False},
            )
            return Claims(int(claims["sub"]), str(claims["sid"]), int(claims["exp"]))
        except (jwt.InvalidTokenError, ValueError, TypeError):
            raise TokenInvalid() from None
