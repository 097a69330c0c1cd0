"""How far a reader has come with a series, episode by episode.

The rule: the states are those of the calendar, by the same words of the statement, so that both always say the same.
"""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from content import access
from content.calendar import JOINED, READABLE, RESUME, SHARE, STATE, State
from server.core.db import connection
from server.core.roles import Reader


class EpisodeProgress(Struct, frozen=True, kw_only=True):
    """How an episode stands to a reader: the ``share`` of its distinct seconds watched, and where to go on."""

    id: int
    state: State
    share: Annotated[float, Meta(ge=0, le=1)]
    resume_s: float


async def series_progress(*, reader: Reader, series_id: int, at: datetime) -> list[EpisodeProgress]:
    """Tell how every episode of a series stands to a reader, of those that the reader may see.

    :raises ItemMissing: if there is no such series for this reader; also `Withdrawn`, `Expired`.
    """
    await access.readable(item_id=series_id, reader=reader, at=at)
    written = await connection().value(_SERIES, reader.account_id, access.audience_values(reader), at, series_id)
    return msgspec.json.decode(written, type=list[EpisodeProgress])


_SERIES: Final = f"""
SELECT coalesce(json_agg(json_build_object('id', l.item_id, 'state', {STATE}, 'share', {SHARE}, 'resume_s', {RESUME})
    ORDER BY l.position, l.item_id), '[]')::text
FROM {JOINED} WHERE l.root_id = $4 AND l.kind = 'episode' AND {READABLE}
"""  # noqa: S608  the parts are constants
