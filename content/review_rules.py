"""Which roles must approve items of a kind: what the kind says, unless the house has set it otherwise.

The rule: it is asked whenever it matters (handing in, judging, publishing, and again when the time to publish comes),
so a change holds for everything that is not shown yet; what is shown stays.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from content import trail
from content.kinds import KINDS, kind_of
from server.core.db import connection, transaction
from server.core.errors import Invalid
from server.core.roles import Role

REVIEWERS: Final = frozenset({Role.MEDICAL, Role.LEGAL, Role.COMPLIANCE})


class RolesBad(Invalid):
    """Only medical, legal and compliance reviewers can be asked to approve."""

    code = "review_roles_bad"
    title = "只能要求医学、法务或合规审核"


class Rule(Struct, frozen=True):
    """The roles that must approve items of a kind; ``own`` tells whether the house has set them."""

    kind: str
    roles: tuple[Role, ...]
    own: bool


async def listing() -> list[Rule]:
    """List the rule of every kind."""
    own = await _own()
    return [
        Rule(name, tuple(sorted(own.get(name, kind.reviewers))), name in own) for name, kind in sorted(KINDS.items())
    ]


async def roles_of(kind: str) -> frozenset[Role]:
    """Name the roles that must approve items of a kind.

    :raises KindUnknown: if there is no such kind.
    """
    return (await _own()).get(kind, kind_of(kind).reviewers)


async def required_roles() -> str:
    """Give the roles that each kind requires, as JSON for `content.workflow.STANDING`."""
    return msgspec.json.encode({rule.kind: rule.roles for rule in await listing()}).decode()


async def change(*, kind: str, roles: Collection[Role], staff_id: int, at: datetime, request_id: str = "") -> Rule:
    """Say which roles must approve items of a kind from now on.

    :raises KindUnknown: if there is no such kind.
    :raises RolesBad: if one of the roles does not review.
    """
    if not frozenset(roles) <= REVIEWERS:
        raise RolesBad(field="roles")
    async with transaction():
        before = await roles_of(kind)
        await connection().execute(
            "INSERT INTO review_rule (kind, roles, changed_at, changed_by) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (kind) DO UPDATE SET roles = $2, changed_at = $3, changed_by = $4",
            kind,
            sorted(roles),
            at,
            staff_id,
        )
        await trail.note(
            "change",
            "review_rule",
            kind,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={"roles": sorted(before)},
            after={"roles": sorted(roles)},
        )
    return Rule(kind, tuple(sorted(roles)), own=True)


async def _own() -> dict[str, frozenset[Role]]:
    rows = await connection().fetch("SELECT kind, roles FROM review_rule")
    return {row["kind"]: frozenset(Role(role) for role in row["roles"]) for row in rows}
