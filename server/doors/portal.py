"""What the doors of a portal share: whose it is, and that answers which name a person are kept nowhere on the way."""

from typing import Final

from server.core.errors import Missing
from server.core.roles import DOCTORS, PATIENTS, Audience, Role

NO_STORE: Final = {"cache-control": "no-store"}


class NoDemo(Missing):
    """There are no demo sign-ins here."""

    code = "missing"
    title = "没有找到"


def people_of(audience: Audience) -> frozenset[Role]:
    """Name the roles that a portal lets in when they have signed in."""
    return DOCTORS if audience is Audience.DOCTOR else PATIENTS
