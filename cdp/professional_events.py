"""The events of professionals and entitlements, a part of the catalogue.

The rule: they say that something was handed in, decided or ended, and for which reason of a list; never who, where or
under which number.
"""

from typing import ClassVar, Literal

from cdp.event_fields import Code, Id, Instant
from cdp.events import Event

Match = Literal["exact", "alias", "fuzzy", "ambiguous", "none"]
Ending = Literal["revoked", "replaced", "consent_withdrawn"]


class ProfessionalSubmitted(Event, frozen=True, kw_only=True):
    """A doctor handed in what is needed to be verified; ``hospital`` is how its name was found in the dictionary."""

    name: ClassVar[str] = "professional_submitted"
    necessary: ClassVar[bool] = True

    application_id: Id
    hospital: Match
    again: bool


class ProfessionalWithdrawn(Event, frozen=True, kw_only=True):
    """An application ended undecided: its doctor took it back, or took back the consent that it rested on."""

    name: ClassVar[str] = "professional_withdrawn"
    necessary: ClassVar[bool] = True

    application_id: Id


class ProfessionalApproved(Event, frozen=True, kw_only=True):
    """Staff verified a doctor as a professional, until a time."""

    name: ClassVar[str] = "professional_approved"
    necessary: ClassVar[bool] = True

    application_id: Id
    valid_until: Instant


class ProfessionalRefused(Event, frozen=True, kw_only=True):
    """Staff refused to verify a doctor, for a reason of a list."""

    name: ClassVar[str] = "professional_refused"
    necessary: ClassVar[bool] = True

    application_id: Id
    reason: Code


class ProfessionalExpired(Event, frozen=True, kw_only=True):
    """The time for which a doctor was verified is over; the standing ended at ``valid_until`` itself."""

    name: ClassVar[str] = "professional_expired"
    necessary: ClassVar[bool] = True

    application_id: Id
    valid_until: Instant


class ProfessionalEnded(Event, frozen=True, kw_only=True):
    """A doctor's standing as a professional ended before its time."""

    name: ClassVar[str] = "professional_ended"
    necessary: ClassVar[bool] = True

    application_id: Id
    reason: Ending


class EntitlementGranted(Event, frozen=True, kw_only=True):
    """An account was given a right, such as a membership, for a time."""

    name: ClassVar[str] = "entitlement_granted"
    necessary: ClassVar[bool] = True

    entitlement: Code
    starts_at: Instant
    ends_at: Instant | None


class EntitlementRevoked(Event, frozen=True, kw_only=True):
    """A right of an account was taken back before its time was over."""

    name: ClassVar[str] = "entitlement_revoked"
    necessary: ClassVar[bool] = True

    entitlement: Code
