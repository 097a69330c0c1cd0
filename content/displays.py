"""Displays of prescription medicines: each one is in the log, with the standing that its reader had.

The rule: whatever shows a prescription medicine says so here before it is shown, also where the answer was kept or the
reader has it already. It is noted without the person where there is no consent to analytics, for the law asks for the
standing and not for the name.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from cdp import log
from cdp.reading_events import ProductDisplayed, Surface
from content.access import FOR_PROFESSIONALS
from server.core.db import transaction
from server.core.roles import Reader, Role

Standing = Literal["professional", "doctor", "patient", "guest"]


async def note(*, reader: Reader, item_ids: Iterable[int], surface: Surface, at: datetime) -> None:
    """Note that a reader is shown prescription medicines on a surface; nothing where there are none."""
    shown = list(dict.fromkeys(item_ids))
    if not shown:
        return
    standing = standing_of(reader)
    async with transaction():
        for item_id in shown:
            await log.record(
                ProductDisplayed(
                    at=at, account_id=reader.account_id, item_id=item_id, surface=surface, standing=standing
                )
            )


def among(entries: Iterable[Any]) -> list[int]:
    """Name the prescription medicines among entries that have an ``id`` and a ``product_class``."""
    return [entry.id for entry in entries if entry.product_class == FOR_PROFESSIONALS]


def standing_of(reader: Reader) -> Standing:
    """Name the standing with which a reader reads: the highest that the reader has."""
    if Role.PROFESSIONAL in reader.roles:
        return "professional"
    if Role.DOCTOR in reader.roles:
        return "doctor"
    return "patient" if Role.PATIENT in reader.roles else "guest"
