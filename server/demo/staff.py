"""The demo staff: somebody of each role, under one password that is told to whoever starts the house for trying.

The rule: they are made only where the house is tried; whoever is there already stays as they are.
"""

from datetime import datetime
from typing import Final, NamedTuple

from server.core import staff
from server.core.roles import Role

PASSWORD: Final = "Tea-House-2611"  # noqa: S105 -- opens the demo alone, and is printed at its start
HOST: Final = "demo.example"


class Colleague(NamedTuple):
    """Somebody invented who works in the admin pages."""

    email: str
    name: str
    roles: tuple[Role, ...]


ADMINISTRATOR: Final = Colleague(f"admin@{HOST}", "演示管理员", (Role.ADMINISTRATOR,))
EDITOR: Final = Colleague(f"editor@{HOST}", "演示编辑", (Role.AUTHOR, Role.EDITOR, Role.PUBLISHER))
COLLEAGUES: Final = (
    ADMINISTRATOR,
    EDITOR,
    Colleague(f"author@{HOST}", "演示作者", (Role.AUTHOR,)),
    Colleague(f"medical@{HOST}", "演示医学审核", (Role.MEDICAL,)),
    Colleague(f"legal@{HOST}", "演示法务审核", (Role.LEGAL,)),
    Colleague(f"compliance@{HOST}", "演示合规审核", (Role.COMPLIANCE,)),
    Colleague(f"publisher@{HOST}", "演示发布", (Role.PUBLISHER,)),
    Colleague(f"reviewer@{HOST}", "演示审核", (Role.MEDICAL, Role.LEGAL, Role.COMPLIANCE)),
    Colleague(f"analyst@{HOST}", "演示分析", (Role.ANALYST,)),
)


async def seed(*, at: datetime) -> dict[Role, int]:
    """Take on who is missing, and give for each role the id of who acts in it: whoever has the fewest others."""
    known = {member.email: member.id for member in await staff.members()}
    for colleague in COLLEAGUES:
        if colleague.email not in known:
            member = await staff.create(
                email=colleague.email, name=colleague.name, password=PASSWORD, roles=colleague.roles, at=at
            )
            known[member.email] = member.id
    acting: dict[Role, int] = {}
    for colleague in sorted(COLLEAGUES, key=lambda one: len(one.roles)):
        for role in colleague.roles:
            acting.setdefault(role, known[colleague.email])
    return acting
