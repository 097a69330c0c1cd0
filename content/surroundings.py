"""What the checks of a text may know beside the text: its files, consents, tags and what stands above it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from content.checks import ConsentFacts, Surroundings
from content.files import facts_of
from content.kinds import files_in, kind_of
from content.shapes import Audience
from server.core import clock
from server.core.db import connection


async def surroundings(
    *, item_id: int, kind: str, parent_id: int | None, shape: Mapping[str, Any], at: datetime
) -> Surroundings:
    """Look up what the checks of a text want to know."""
    files = await facts_of(asset_id for asset_id, _ in files_in(shape))
    consent_ids = {facts.consent_id for facts in files.values() if facts.consent_id is not None}
    own_consent = shape.get("consent_id")
    if isinstance(own_consent, int) and 0 < own_consent < 2**63:
        consent_ids.add(own_consent)
    above = await connection().value("SELECT audience FROM live WHERE item_id = $1", parent_id)
    given = shape.get("tags")
    slugs = [slug for slug in given if isinstance(slug, str)] if isinstance(given, list | tuple) else []
    needs_parent = bool(kind_of(kind).parents)
    return Surroundings(
        today=clock.day_of(at),
        files=files,
        consents=await consents_of(sorted(consent_ids)),
        tags=frozenset(
            row["slug"] for row in await connection().fetch("SELECT slug FROM tag WHERE slug = ANY($1::text[])", slugs)
        ),
        above=Audience(above) if above else Audience.EVERYONE,
        parent_missing=needs_parent and parent_id is None,
        parent_unpublished=needs_parent and parent_id is not None and above is None,
        airs=await connection().value(
            "SELECT EXISTS (SELECT 1 FROM airing WHERE episode_id = $1 AND cancelled_at IS NULL)", item_id
        ),
    )


async def consents_of(consent_ids: list[int]) -> dict[int, ConsentFacts]:
    """Give what is known of filmed patients' consents by their ids; nobody withdraws them meanwhile."""
    rows = await connection().fetch(
        "SELECT id AS consent_id, scope, de_identified, signed_on, withdrawn_at IS NOT NULL AS withdrawn "
        "FROM filmed_consent WHERE id = ANY($1::bigint[]) ORDER BY id FOR SHARE",
        consent_ids,
    )
    return {row["consent_id"]: msgspec.convert(dict(row), ConsentFacts) for row in rows}
