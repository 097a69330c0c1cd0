"""The menu of the admin pages: what there is, and for which roles.

The rule: a page that somebody may not open is not in their menu; that it is not there protects nothing, the doors do.
"""

from typing import Final

from msgspec import Struct

from server.core.roles import STAFF, Role
from server.web.languages import marked

WRITERS: Final = frozenset({Role.AUTHOR, Role.EDITOR})
PLANNERS: Final = frozenset({Role.EDITOR, Role.PUBLISHER})
PUBLISHERS: Final = frozenset({Role.PUBLISHER})
# Taking something away must never wait for one person.
WITHDRAWERS: Final = frozenset({Role.PUBLISHER, Role.EDITOR, Role.COMPLIANCE, Role.LEGAL, Role.MEDICAL})
CONSENT_KEEPERS: Final = frozenset({Role.EDITOR, Role.COMPLIANCE, Role.LEGAL})
MESSAGE_READERS: Final = frozenset({Role.EDITOR, Role.ANALYST, Role.COMPLIANCE})
IDENTITY_REVIEWERS: Final = frozenset({Role.COMPLIANCE})
AUDITORS: Final = frozenset({Role.ADMINISTRATOR, Role.COMPLIANCE})
ADMINISTRATORS: Final = frozenset({Role.ADMINISTRATOR})


class Entry(Struct, frozen=True):
    """A line of the menu."""

    address: str
    name: str
    icon: str
    roles: frozenset[Role] = STAFF


MENU: Final[tuple[tuple[str, tuple[Entry, ...]], ...]] = (
    ("", (Entry("/admin/", marked("概览"), "layout-dashboard"),)),
    (
        marked("系统"),
        (
            Entry("/admin/audit", marked("审计日志"), "history", AUDITORS),
            Entry("/admin/staff", marked("工作人员"), "users-group", ADMINISTRATORS),
        ),
    ),
)
