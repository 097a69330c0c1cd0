"""Who stands at the door: from a bearer token to a `Reader`.

The rule: a token that is shown must be good; a request without one is a guest. What an account may do is asked of the
domain through `Standings`, which the wiring hands in, so that the doorframe knows no feature.
"""

from datetime import datetime
from typing import Protocol

from sanic import Request

from server.core import clock
from server.core.errors import Anonymous, Forbidden
from server.core.roles import GUEST, Reader, Role
from server.core.tokens import Tokens


class NotSignedIn(Anonymous):
    """The door is for people who have signed in."""

    code = "not_signed_in"
    title = "请先登录"


class WrongRole(Forbidden):
    """The person is known, and this door is not theirs."""

    code = "wrong_role"
    title = "没有权限"


class Standings(Protocol):
    """The question what a session may do now."""

    async def __call__(self, *, account_id: int, session_id: str, at: datetime) -> Reader:
        """Tell who this is at a time.

        :raises Anonymous: if the session has ended or the account is gone.
        """


async def reader_of(request: Request) -> Reader:
    """Tell who makes a request.

    :raises Anonymous: if a token is shown that is not good (any more).
    """
    header = request.headers.get("authorization")
    if not header:
        return GUEST
    tokens: Tokens = request.app.ctx.tokens
    claims = tokens.read_access(header)
    standings: Standings = request.app.ctx.standings
    return await standings(account_id=claims.account_id, session_id=claims.session_id, at=clock.now())


def admit(reader: Reader, roles: frozenset[Role]) -> None:
    """Let a reader through a door.

    :raises NotSignedIn: if the door is not for guests.
    :raises WrongRole: if it is not for this reader.
    """
    if reader.roles & roles:
        return
    if not reader.known:
        raise NotSignedIn()
    raise WrongRole()
