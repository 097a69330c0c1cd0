"""The one table of roles: who may stand at which door.

The rule: an account has exactly one audience; being a verified professional comes on top. Staff roles are separate from
the readers' and can be held several at once.
"""

import enum

from msgspec import Struct


class Role(enum.StrEnum):
    """What a person at a door can be; a door names those it lets in."""

    GUEST = "guest"
    PATIENT = "patient"
    DOCTOR = "doctor"
    PROFESSIONAL = "professional"

    AUTHOR = "author"
    EDITOR = "editor"
    MEDICAL = "medical"
    LEGAL = "legal"
    COMPLIANCE = "compliance"
    PUBLISHER = "publisher"
    ANALYST = "analyst"
    ADMINISTRATOR = "administrator"


class Audience(enum.StrEnum):
    """Whom a mini-program is for."""

    DOCTOR = "doctor"
    PATIENT = "patient"


READERS = frozenset({Role.GUEST, Role.PATIENT, Role.DOCTOR, Role.PROFESSIONAL})
STAFF = frozenset(Role) - READERS
EVERYONE = READERS
SIGNED_IN = READERS - {Role.GUEST}
DOCTORS = frozenset({Role.DOCTOR, Role.PROFESSIONAL})
PATIENTS = frozenset({Role.PATIENT})


class Reader(Struct, frozen=True):
    """Who reads or acts through a mini-program; a guest has account 0.

    ``session_id`` is the family of tokens that was shown, ``consented`` the purposes that the account has agreed to
    in ``consent_version`` of the privacy text, ``entitlements`` what the account has a right to beside its roles, such
    as a membership.
    """

    account_id: int = 0
    roles: frozenset[Role] = frozenset({Role.GUEST})
    session_id: str = ""
    app_id: str = ""
    audience: Audience | None = None
    consented: frozenset[str] = frozenset()
    consent_version: str = ""
    entitlements: frozenset[str] = frozenset()

    @property
    def known(self) -> bool:
        return self.account_id > 0


GUEST = Reader()
