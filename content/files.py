"""What is known of files of the library, for whoever checks or shows a text that uses them."""

from collections.abc import Iterable

import msgspec

from content.checks import FileFacts
from server.core.db import connection


async def facts_of(asset_ids: Iterable[int]) -> dict[int, FileFacts]:
    """Give what is known of files by their ids; ids of none are left out.

    Within a transaction nobody binds them to a consent or replaces their bytes meanwhile (`content.changing`).
    """
    rows = await connection().fetch(
        "SELECT id AS asset_id, kind, media_type, sha256, bytes, width, height, seconds, consent_id, shows_patient, "
        "alt, focus_x, focus_y FROM asset WHERE id = ANY($1::bigint[]) ORDER BY id FOR KEY SHARE",
        sorted(set(asset_ids)),
    )
    return {row["asset_id"]: msgspec.convert(dict(row), FileFacts) for row in rows}
