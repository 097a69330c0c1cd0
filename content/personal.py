"""What this room holds of people: for the export that they may ask for, and for their erasure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cdp.erasure import Erased
from content import (
    activity_registration,
    asked,
    broadcast_questions,
    feed,
    following,
    polls,
    reactions,
    reading,
    searched,
    time_online,
    viewing,
)


async def export(*, account_ids: Sequence[int]) -> dict[str, Any]:
    """Tell what accounts have watched, read, follow, asked, said, registered for, and whether they have a feed."""
    return {
        "viewing": await viewing.export_of(account_ids),
        "reading": await reading.export_of(account_ids),
        "following": await following.export_of(account_ids),
        "reactions": await reactions.export_of(account_ids),
        "questions": await asked.export_of(account_ids),
        "calendar_feed": await feed.export_of(account_ids),
        "registrations": await activity_registration.export_of(account_ids),
        "broadcasts": await time_online.export_of(account_ids),
        "broadcast_questions": await broadcast_questions.export_of(account_ids),
        "poll_votes": await polls.export_of(account_ids),
        "searches": await searched.export_of(account_ids),
    }


async def erase(*, account_ids: Sequence[int], at: datetime) -> Erased:
    """Forget all of it, in the transaction that is open; the addresses of feeds lead nowhere from then on."""
    return Erased(
        await viewing.erase(account_ids)
        + await reading.erase(account_ids)
        + await following.erase(account_ids)
        + await reactions.erase(account_ids)
        + await asked.erase(account_ids)
        + await feed.erase(account_ids)
        + await activity_registration.erase(account_ids, at=at)
        + await time_online.erase(account_ids)
        + await broadcast_questions.erase(account_ids)
        + await polls.erase(account_ids)
        + await searched.erase(account_ids)
    )
