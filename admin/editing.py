"""What the page of an item shows: its draft, where it stands, what speaks against publishing it, and the choices.

The rule: only reading; every write is one call of the room, made by a door.
"""

import re
from datetime import datetime
from typing import Any, Final

from sanic import HTTPResponse, Request

from admin.differences import FIELDS
from admin.fields import Loose, json_of
from admin.kind_forms import FORMS, presentable
from admin.menu import PLANNERS, PUBLISHERS, WITHDRAWERS, WRITERS
from admin.sides import SIDES
from admin.typed import hours
from admin.words import AUDIENCES, FACETS, FINDINGS, KINDS, ROLES, STAGES, STATE_COLOURS, STATES
from content import assets, filming, items, lookup, publishing, tags, titles, workflow
from content.assets import Asset, AssetMissing
from content.checks import Finding
from content.film_times import film_time
from content.items import DraftState
from content.kinds import kind_of
from content.media import staff_address
from content.parts import files_in
from server.core import clock, staff
from server.core.roles import Role
from server.core.staff_sessions import StaffReader
from server.web.languages import SOURCE, language_of, told
from server.web.pages import render

MOST_PARENTS = 500
_BLOCK = re.compile(r"blocks\[\d+\]")


async def edit_page(
    request: Request, reader: StaffReader, item_id: int, *, status: int = 200, refused: str = ""
) -> HTTPResponse:
    """Draw the page of an item; ``refused`` says why something was not done."""
    at = clock.now()
    item = await items.draft_of(item_id=item_id)
    form = FORMS[item.kind]
    standing = await workflow.standing(item_id=item_id, at=at)
    shape = presentable(item.kind, item.shape)
    above = (await titles.paths([item_id]))[item_id][:-1]
    facts: dict[str, Any] = {}
    for side in form.sides:
        facts |= await SIDES[side].facts(item, at)
    return render(
        request,
        "admin/items/edit.html",
        status=status,
        refused=refused,
        item=item,
        form=form,
        forms=FORMS,
        shape=shape,
        standing=standing,
        sides=[SIDES[side].template for side in form.sides],
        findings=said(request, await publishing.checks(item_id=item_id, at=at)),
        waiting=next((row for row in await publishing.history(item_id=item_id) if _waits(row)), None),
        now=at,
        above=above,
        shown=shown_on_phone(item, above),
        parents=await parents(item.kind, at=at),
        children=await children(item, at=at),
        tag_trees=await tag_trees(),
        consents=await filming.listing() if "filmed_patient" in form.words else [],
        files=await files_of(request, item.shape, at=at),
        named=await lookup.named(item_ids=_items_in(shape)),
        editor=(await staff.names([item.updated_by])).get(item.updated_by, ""),
        may=may(reader.roles),
        **facts,
        **words(),
    )


# The kinds whose drafts the phone pages can be filled with (``admin/preview.py``).
PREVIEWED: Final = frozenset({"series", "episode"})


def shown_on_phone(item: DraftState, above: list[tuple[int, str]]) -> int | None:
    """Say which item the phone shows beside the form: a season has no page and is seen on that of its series."""
    if item.kind == "season":
        return above[-1][0] if above else None
    return item.item_id if item.kind in PREVIEWED else None


def _items_in(shape: Loose) -> list[int]:
    """List the items that a draft names."""
    given = [*(shape["related"] or []), *(block.get("product") for block in shape["blocks"] or [])]
    return [one for one in given if isinstance(one, int) and not isinstance(one, bool) and 0 < one < 2**63]


def words() -> dict[str, Any]:
    """Give the words and small functions that the templates of items use."""
    return {
        "kind_names": KINDS,
        "state_names": STATES,
        "state_colours": STATE_COLOURS,
        "audience_names": AUDIENCES,
        "stage_names": STAGES,
        "facet_names": FACETS,
        "role_names": ROLES,
        "film_time": film_time,
        "hours": hours,
        "json_of": json_of,
        "blank": Loose(),
        "anchor": anchor,
    }


def may(roles: frozenset[Role]) -> dict[str, bool]:
    """Say what somebody may do with an item; the doors ask again."""
    return {
        "write": bool(roles & WRITERS),
        "plan": bool(roles & PLANNERS),
        "publish": bool(roles & PUBLISHERS),
        "withdraw": bool(roles & WITHDRAWERS),
    }


def said(request: Request, findings: list[Finding]) -> list[dict[str, Any]]:
    """Bring findings into words: where, what, and whether it keeps from publishing."""
    chinese = language_of(request) == SOURCE
    return [
        {
            "anchor": anchor(finding.field),
            "where": _where(request, finding.field),
            "sentence": finding.sentence if chinese else told(request, FINDINGS.get(finding.code, finding.sentence)),
            "blocks": finding.blocks,
        }
        for finding in sorted(findings, key=lambda finding: not finding.blocks)
    ]


def anchor(path: str) -> str:
    """Give the id of the field of a path: ``chapters[2].title`` is ``field-chapters-2-title``; a block is one field."""
    if match := _BLOCK.match(path):
        path = match[0]
    return "field-" + re.sub(r"[^A-Za-z0-9_]+", "-", path).strip("-")


def _where(request: Request, path: str) -> str:
    words: list[str] = []
    for part in re.findall(r"[A-Za-z_]+|\d+", path):
        words.append(
            str(int(part) + 1) if part.isdecimal() else told(request, FIELDS.get(part, _OUTSIDE.get(part, part)))
        )
    return " ".join(words)


_OUTSIDE = {"parent_id": "所属系列", "airs_at": "播出时间"}


def _waits(row: publishing.PublicationRow) -> bool:
    return row.began_at is None and row.replaced_at is None and row.withdrawn_at is None


async def parents(kind: str, *, at: datetime) -> list[tuple[int, str]]:
    """List what an item of a kind can stand under, series with their seasons below them."""
    wanted = kind_of(kind).parents
    if not wanted:
        return []
    series = (await items.listing(at=at, kind="series", size=MOST_PARENTS)).rows
    seasons = (await items.listing(at=at, kind="season", size=MOST_PARENTS)).rows if "season" in wanted else []
    found: list[tuple[int, str]] = []
    for one in sorted(series, key=lambda row: row.title):
        found.append((one.item_id, one.title))
        below = sorted((row for row in seasons if row.parent_id == one.item_id), key=lambda row: row.position)
        found += [(season.item_id, f"{one.title} › {season.title}") for season in below]
    return found


async def children(item: DraftState, *, at: datetime) -> list[tuple[items.Row, list[items.Row]]]:
    """List what stands under an item in its order, and what stands under that."""
    if not FORMS[item.kind].below:
        return []
    rows = (await items.listing(at=at, parent_id=item.item_id, size=MOST_PARENTS)).rows
    found = []
    for row in sorted(rows, key=lambda row: (row.kind != "season", row.position)):
        below = (
            (await items.listing(at=at, parent_id=row.item_id, size=MOST_PARENTS)).rows if row.kind == "season" else []
        )
        found.append((row, below))
    return found


async def tag_groups() -> dict[str, list[tags.Tag]]:
    """Give the tags by facet, in the facets' order."""
    found: dict[str, list[tags.Tag]] = {facet: [] for facet in FACETS}
    for tag in await tags.listing():
        found.setdefault(tag.facet, []).append(tag)
    return {facet: group for facet, group in found.items() if group}


async def tag_trees() -> dict[str, list[tuple[tags.Tag, int]]]:
    """Give the tags by facet as trees: each after what it stands under, with its depth."""
    return {facet: _tree(group) for facet, group in (await tag_groups()).items()}


def _tree(group: list[tags.Tag]) -> list[tuple[tags.Tag, int]]:
    below: dict[str | None, list[tags.Tag]] = {}
    slugs = {tag.slug for tag in group}
    for tag in group:
        below.setdefault(tag.parent_slug if tag.parent_slug in slugs else None, []).append(tag)
    found: list[tuple[tags.Tag, int]] = []

    def add(parent: str | None, depth: int) -> None:
        for tag in below.get(parent, []):
            found.append((tag, depth))
            add(tag.slug, depth + 1)

    add(None, 0)
    return found


async def files_of(request: Request, shape: dict[str, Any], *, at: datetime) -> dict[int, dict[str, Any]]:
    """Give the files that a text uses, by id, as the pages show them."""
    found: dict[int, dict[str, Any]] = {}
    for asset_id, _ in files_in(shape):
        if asset_id not in found:
            try:
                found[asset_id] = shown(request, await assets.asset_of(asset_id=asset_id), at=at)
            except AssetMissing:
                continue
    return found


def shown(request: Request, asset: Asset, *, at: datetime, poster: Asset | None = None) -> dict[str, Any]:
    """Give a file as the pages and their scripts show it; ``poster`` is the picture that stands for a film."""
    picture = asset if asset.kind == "image" else poster
    return {
        "id": asset.id,
        "kind": asset.kind,
        "name": asset.name,
        "alt": asset.alt,
        "bytes": asset.bytes,
        "width": asset.width,
        "height": asset.height,
        "seconds": asset.seconds,
        "length": film_time(round(asset.seconds)) if asset.seconds else "",
        "consent_id": asset.consent_id,
        "address": staff_address(request.app.ctx.media.signer, asset_id=asset.id, at=at),
        "shows_patient": asset.shows_patient,
        "small": f"/admin/assets/{picture.id}/small" if picture else "",
    }
