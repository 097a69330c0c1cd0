"""The trail that editors leave: every write in this room is noted in the audit, and told to readers' caches after it.

The rule: `note` inside the transaction of the deed, `tell` after its commit. A member of staff is ``staff:3``; staff id
0 is whoever works on the command line.
"""

from datetime import datetime
from typing import Any

from server.core import audit
from server.core.changes import Changes

JOB = -1


# Where this process sends the word of changes; a command has nowhere and needs none, for what workers keep is
# short-lived.
_words: list[Changes] = []


def speak_through(changes: Changes) -> None:
    """Say how this process tells of changes."""
    _words.append(changes)


def fall_silent(changes: Changes) -> None:
    """Tell nothing any more through what is about to close."""
    _words.remove(changes)


async def tell(*topics: str) -> None:
    """Send the word that things have changed; call it when the change is committed."""
    if topics and _words:
        await _words[-1].publish(*topics)


def actor_of(staff_id: int) -> str:
    """Name who does something as the audit names them."""
    if staff_id == JOB:
        return "job"
    return f"staff:{staff_id}" if staff_id else "command"


async def note(
    deed: str,
    subject: str,
    subject_id: object,
    *,
    staff_id: int,
    at: datetime,
    request_id: str = "",
    before: Any = None,
    after: Any = None,
) -> None:
    """Enter a deed into the audit, in the transaction that is open."""
    await audit.note(
        actor=actor_of(staff_id),
        deed=f"{subject}.{deed}",
        subject_kind=subject,
        subject_id=subject_id,
        at=at,
        before=before,
        after=after,
        request_id=request_id,
    )
