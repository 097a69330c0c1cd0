"""What the page of an item shows: its draft, where it stands, what speaks against publishing it, and the choices.

The rule: only reading; every write is one call of the room, made by a door.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sanic import HTTPResponse, Request

from admin.differences import FIELDS
from admin.menu import PLANNERS, PUBLISHERS, WITHDRAWERS, WRITERS
from admin.words import AUDIENCES, FACETS, FINDINGS, KINDS, ROLES, STAGES, STATE_COLOURS, STATES
from content import airings, assets, filming, items, publishing, tags, titles, workflow
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


async def edit_page(
    request: Request, reader: StaffReader, item_id: int, *, status: int = 200, refused: str = ""
) -> HTTPResponse:
    """Draw the page of an item; ``refused`` says why something was not done."""
    at = clock.now()
    item = await items.draft_of(item_id=item_id)
    standing = await workflow.standing(item_id=item_id, at=at)
    return render(
        request,
        "admin/items/edit.html",
        status=status,
        refused=refused,
        item=item,
        shape=presentable(item.shape),
        standing=standing,
        findings=said(request, await publishing.checks(item_id=item_id, at=at)),
        waiting=next((row for row in await publishing.history(item_id=item_id) if _waits(row)), None),
        airing=await airings.airing_of(episode_id=item_id) if item.kind == "episode" else None,
        now=at,
        above=(await titles.paths([item_id]))[item_id][:-1],
        parents=await parents(item.kind, at=at),
        children=await children(item, at=at),
        tag_groups=await tag_groups(),
        consents=await filming.listing() if item.kind == "episode" else [],
        files=await files_of(request, item.shape, at=at),
        editor=(await staff.names([item.updated_by])).get(item.updated_by, ""),
        may=may(reader.roles),
        **words(),
    )


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
        "blank": Loose(),
        "anchor": anchor,
    }


class Loose(dict[str, Any]):
    """A part of a draft, whose fields may all be missing."""

    def __missing__(self, name: str) -> None:
        return None


def presentable(shape: Mapping[str, Any]) -> Loose:
    """Give a draft so that a page can show it, whatever it holds: a field of the wrong sort is left out.

    What is left out is named by the publish checks all the same.
    """
    found = Loose()
    for name, value in shape.items():
        if name in _ROWS:
            found[name] = [_part(row) for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
        elif name in _PARTS:
            found[name] = _part(value) if isinstance(value, Mapping) else Loose()
        elif name == "tags":
            found[name] = [slug for slug in value if isinstance(slug, str)] if isinstance(value, list) else []
        elif not isinstance(value, Mapping | list):
            found[name] = value
    return found


_ROWS = frozenset({"chapters", "questions", "team", "documents"})
_PARTS = frozenset({"cover", "video"})


def _part(value: Mapping[str, Any]) -> Loose:
    return Loose({name: inner for name, inner in value.items() if not isinstance(inner, Mapping | list)})


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
    """Give the id of the field of a path: ``chapters[2].title`` is ``field-chapters-2-title``."""
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
    if item.kind == "episode":
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
