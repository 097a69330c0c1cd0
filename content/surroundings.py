"""What the checks of a text may know beside the text: its files, consents, tags and what stands above it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from content.checks import ConsentFacts, PlanFacts, Surroundings, narrower
from content.files import facts_of
from content.kinds import kind_of
from content.parts import Audience, files_in
from server.core import clock
from server.core.db import connection

# The section that the tree of an item stands in, and those above.
_SECTIONS = """
    WITH RECURSIVE up AS (
        SELECT id, parent_id, section_id FROM item WHERE id = $1
        UNION ALL SELECT i.id, i.parent_id, i.section_id FROM item i JOIN up ON i.id = up.parent_id
    ), over AS (
        SELECT s.id, s.parent_id, s.audience, s.portal FROM section s JOIN up ON s.id = up.section_id
        UNION ALL SELECT s.id, s.parent_id, s.audience, s.portal FROM section s JOIN over ON s.id = over.parent_id
    ) SELECT audience, portal FROM over
"""


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
    named = sorted(set(_items_in(shape)))
    circle: Audience | None = Audience(above) if above else Audience.EVERYONE
    sections = await connection().fetch(_SECTIONS, item_id)
    for section in sections:
        circle = narrower(circle, Audience(section["audience"])) if circle else None
    needs_parent = bool(kind_of(kind).parents)
    return Surroundings(
        today=clock.day_of(at),
        files=files,
        consents=await consents_of(sorted(consent_ids)),
        tags=frozenset(
            row["slug"] for row in await connection().fetch("SELECT slug FROM tag WHERE slug = ANY($1::text[])", slugs)
        ),
        above=circle,
        for_patients=any(section["portal"] == "patient" for section in sections),
        parent_missing=needs_parent and parent_id is None,
        parent_unpublished=needs_parent and parent_id is not None and above is None,
        airs=await connection().value(
            "SELECT EXISTS (SELECT 1 FROM airing WHERE episode_id = $1 AND cancelled_at IS NULL)", item_id
        ),
        items={
            row["id"]: row["kind"]
            for row in await connection().fetch("SELECT id, kind FROM item WHERE id = ANY($1::bigint[])", named)
        },
        prescription_names=await prescription_names(),
        plan=await _plan_of(item_id) if kind == "activity" else None,
    )


async def _plan_of(item_id: int) -> PlanFacts | None:
    row = await connection().row(
        "SELECT starts_at, ends_at, place_name <> '' AS has_place, stream <> '' AS has_stream, "
        "cancelled_at IS NOT NULL AS cancelled FROM activity_plan WHERE activity_id = $1",
        item_id,
    )
    return PlanFacts(**row) if row else None


async def prescription_names() -> tuple[str, ...]:
    """List the names of the prescription medicines that the house knows, also of those not published yet."""
    rows = await connection().fetch(
        "SELECT DISTINCT name FROM item i JOIN draft d ON d.item_id = i.id, "
        "LATERAL (VALUES (d.shape ->> 'title'), (d.shape ->> 'generic_name')) AS named (name) "
        "WHERE i.kind = 'product' AND d.shape ->> 'product_class' = 'prescription' AND char_length(btrim(name)) > 1"
    )
    return tuple(row["name"].strip() for row in rows)


def _items_in(shape: Mapping[str, Any]) -> Iterator[int]:
    """List the ids of the items that a text names; a draft need not be valid for it."""
    related, blocks = shape.get("related"), shape.get("blocks")
    given = list(related) if isinstance(related, list | tuple) else []
    given += (
        [block.get("product") for block in blocks or () if isinstance(block, Mapping)]
        if isinstance(blocks, list | tuple)
        else []
    )
    yield from (one for one in given if isinstance(one, int) and not isinstance(one, bool) and 0 < one < 2**63)


async def consents_of(consent_ids: list[int]) -> dict[int, ConsentFacts]:
    """Give what is known of filmed patients' consents by their ids; nobody withdraws them meanwhile."""
    rows = await connection().fetch(
        "SELECT id AS consent_id, scope, de_identified, signed_on, withdrawn_at IS NOT NULL AS withdrawn "
        "FROM filmed_consent WHERE id = ANY($1::bigint[]) ORDER BY id FOR SHARE",
        consent_ids,
    )
    return {row["consent_id"]: msgspec.convert(dict(row), ConsentFacts) for row in rows}
