"""Who sent a batch: the account that the token names, or a guest who has agreed on the device.

The rule: of who has signed in the house knows app, audience and consent itself. A guest has no consent on file, so that
the batch has to say which text was shown and agreed to; as with accounts it counts only together with the consent to
the service, and while no later material text has replaced it.
"""

from functools import lru_cache
from typing import Final

from msgspec import Struct

from cdp.batches import Batch, Sender
from cdp.bots import bot_reasons
from cdp.consent import SERVICE
from cdp.envelope import ANALYTICS
from server.core.changes import Changes, Kept
from server.core.db import connection
from server.core.roles import Reader

_STANDING_TEXTS: Final = """
SELECT audience, version FROM consent_text AS text
WHERE purpose = 'service' AND NOT EXISTS (
    SELECT FROM consent_text AS later
    WHERE later.audience = text.audience AND later.purpose = text.purpose AND later.material
        AND later.version COLLATE "C" > text.version COLLATE "C"
)
"""


class _Known(Struct, frozen=True):
    """What of a guest's word can be checked: app → audience, and the (audience, version) of texts that stand."""

    audiences: dict[str, str]
    texts: frozenset[tuple[str, str]]


class Senders:
    """Tells who sends; what it asks the database is kept for less than a second."""

    def __init__(self, changes: Changes) -> None:
        self._kept: Kept[_Known] = Kept(changes)
        # The same few apps and versions of phones send everything.
        self._bots = lru_cache(maxsize=2048)(bot_reasons)

    async def of(self, reader: Reader, batch: Batch, *, user_agent: str) -> Sender:
        """Tell who sent a batch, and what they have agreed to."""
        bots = self._bots(user_agent[:500])
        if reader.known:
            return Sender(
                account_id=reader.account_id,
                audience=reader.audience.value if reader.audience else None,
                app=reader.app_id or None,
                consent_version=reader.consent_version or None,
                purposes=tuple(sorted(reader.consented)),
                bot_reasons=bots,
            )
        known = await self._kept.of("guests", _known)
        audience = known.audiences.get(batch.app or "")
        guest = Sender(audience=audience, app=batch.app if audience else None, bot_reasons=bots)
        shown = batch.consent
        if (
            shown is None
            or not {SERVICE, ANALYTICS} <= set(shown.purposes)
            or not _stands(known, audience, shown.version)
        ):
            return guest
        return Sender(
            audience=guest.audience,
            app=guest.app,
            consent_version=shown.version,
            purposes=tuple(sorted(set(shown.purposes))),
            bot_reasons=bots,
        )


def _stands(known: _Known, audience: str | None, version: str) -> bool:
    return any(version == text and audience in (None, whose) for whose, text in known.texts)


async def _known() -> _Known:
    apps = await connection().fetch("SELECT app_id, audience FROM mini_program WHERE disabled_at IS NULL")
    texts = await connection().fetch(_STANDING_TEXTS)
    return _Known(
        {row["app_id"]: row["audience"] for row in apps},
        frozenset((row["audience"], row["version"]) for row in texts),
    )
