"""What readers see: the live rows, derived from publications, versions and the tree.

The rule: only this module writes ``live``, ``live_question``, ``tombstone`` and the ``asset_use`` of live texts, and
has ``live_words`` written (`content.indexing`), always within the transaction of the deed that changes what they follow
from and with the tree held. An item is live while it and everything above it is published; audience and validity are
narrowed by all above and by the consents of the patients whom its files show.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal

import asyncpg
import msgspec
from msgspec import Struct

from cdp import log
from cdp.events import ContentExpired, ContentPublished, ContentRetagged, ContentWithdrawn
from content import falling_away, indexing, markup, pictures, trail
from content.checks import FileFacts, narrower
from content.files import facts_of
from content.kinds import kind_of
from content.parts import Audience, files_in
from content.pictures import Picture
from content.resting import CONSENTS
from content.shapes import Shape
from content.tables.items import Live, LiveQuestion, Tombstone
from content.workflow import CURRENT
from server.core.db import connection, transaction

Why = Literal["withdrawn", "expired"]

# The items from $1 down, parents first, with what stands in the way of each and what readers see of it at $2.
DOWN = f"""
    WITH RECURSIVE down AS (
        SELECT id, 0 AS depth FROM item WHERE id = $1
        UNION ALL SELECT i.id, down.depth + 1 FROM item i JOIN down ON i.parent_id = down.id
    )
    SELECT i.id AS item_id, i.kind, i.slug, i.parent_id, i.position,
        (WITH RECURSIVE over AS (
            SELECT id, parent_id, audience FROM section WHERE id = i.section_id
            UNION ALL SELECT s.id, s.parent_id, s.audience FROM section s JOIN over ON s.id = over.parent_id
        ) SELECT coalesce(jsonb_agg(jsonb_build_array(id, audience)), '[]') FROM over) AS sections,
        coalesce(v.shape ->> 'product_class', '') AS product_class,
        coalesce(v.shape ->> 'entitlement', '') AS own_entitlement,
        p.id AS publication_id, p.version_id, p.starts_at, p.ends_at, v.number,
        coalesce(v.shape ->> 'audience', 'everyone') AS own_audience,
        (SELECT min(b.began_at) FROM publication b WHERE b.item_id = i.id) AS published_at,
        rests.scopes AS consent_scopes, rests.withdrawn AS consent_withdrawn,
        CASE WHEN $3 OR l.version_id IS DISTINCT FROM p.version_id THEN v.shape END AS shape,
        l.version_id AS live_version_id, l.slug AS live_slug, l.parent_id AS live_parent_id, l.root_id AS live_root_id,
        l.position AS live_position, l.publication_id AS live_publication_id, l.audience AS live_audience,
        l.valid_from AS live_valid_from, l.valid_until AS live_valid_until, l.tags AS live_tags,
        l.product_class AS live_product_class, l.entitlement AS live_entitlement, l.section_ids AS live_section_ids
    FROM down JOIN item i ON i.id = down.id
    LEFT JOIN publication p ON p.item_id = i.id AND {CURRENT.format(p="p")} AND p.expired_at IS NULL
        AND (p.ends_at IS NULL OR p.ends_at > $2::timestamptz)
    LEFT JOIN version v ON v.id = p.version_id
    LEFT JOIN LATERAL (
        SELECT array_agg(c.scope ORDER BY c.id) AS scopes, bool_or(c.withdrawn_at IS NOT NULL) AS withdrawn
        FROM ({CONSENTS.format(shape="v.shape")}) AS c
    ) AS rests ON true
    LEFT JOIN live l ON l.item_id = i.id
    ORDER BY down.depth, i.id
"""  # noqa: S608  the parts are constants


PLACE: Final = ("slug", "parent_id", "root_id", "position")


class Reach(Struct, frozen=True):
    """For whom and when an item is live, as the items under it inherit it.

    ``section_ids`` are the section that its tree stands in and those above that.
    """

    root_id: int
    audience: Audience
    valid_from: datetime
    valid_until: datetime | None
    product_class: str = ""
    entitlement: str = ""
    section_ids: tuple[int, ...] = ()


def topics_of(item_ids: Iterable[int], kinds: Iterable[str] = ()) -> set[str]:
    """Name what has to be told when items have changed."""
    return {f"item:{item_id}" for item_id in item_ids} | {f"{kind}_list:*" for kind in kinds}


async def refresh(
    item_id: int, *, at: datetime, why: Why, staff_id: int, request_id: str = "", anew: bool = False
) -> set[str]:
    """Bring what readers see of an item and of all under it up to date, and say what has to be told after the commit.

    What vanishes before it airs has its airing cancelled.

    :param why: what is told of items that vanish.
    :param anew: write the rows again also where the version is the same.
    """
    above: dict[int | None, Reach | None] = {}
    topics: set[str] = set()
    gone: list[int] = []
    changed: list[int] = []
    told: list[int] = []
    for row in await connection().fetch(DOWN, item_id, at, anew):
        if row["parent_id"] not in above:
            above[row["parent_id"]] = await _reach_of(row["parent_id"])
        reach = _reach(row, above[row["parent_id"]])
        above[row["item_id"]] = reach
        if await _bring(row, reach, at=at, why=why, anew=anew):
            topics |= topics_of([row["item_id"]], [row["kind"]])
            (gone if reach is None else changed).append(row["item_id"])
            told += [row["item_id"]] if row["shape"] is not None or row["live_parent_id"] != row["parent_id"] else []
    await indexing.write(changed, told=told)
    await falling_away.cancel_airings(gone, staff_id=staff_id, at=at, request_id=request_id)
    await falling_away.cancel_activities(gone, staff_id=staff_id, at=at, request_id=request_id)
    return topics | topics_of(await _over(item_id))


async def refresh_all(*, at: datetime) -> None:
    """Write everything that readers see again, tree by tree; for after a change of what is kept in a live row."""
    topics: set[str] = set()
    for row in await connection().fetch("SELECT id FROM item WHERE parent_id IS NULL ORDER BY id"):
        async with transaction():
            await connection().value("SELECT id FROM item WHERE id = $1 FOR NO KEY UPDATE", row["id"])
            topics |= await refresh(row["id"], at=at, why="withdrawn", staff_id=trail.JOB, anew=True)
    await trail.tell(*topics)


async def _over(item_id: int) -> list[int]:
    rows = await connection().fetch(
        "WITH RECURSIVE up AS (SELECT id, parent_id FROM item WHERE id = $1 UNION ALL "
        "SELECT i.id, i.parent_id FROM item i JOIN up ON i.id = up.parent_id) SELECT id FROM up",
        item_id,
    )
    return [row["id"] for row in rows]


async def _reach_of(item_id: int | None) -> Reach | None:
    row = await connection().row(
        "SELECT root_id, audience, valid_from, valid_until, product_class, entitlement, section_ids FROM live "
        "WHERE item_id = $1",
        item_id,
    )
    return msgspec.convert(dict(row), Reach) if row else None


def _reach(row: asyncpg.Record, above: Reach | None) -> Reach | None:
    """Work out for whom and when an item is live; None where it is not."""
    needs_parent = bool(kind_of(row["kind"]).parents)
    if row["publication_id"] is None or row["consent_withdrawn"] or (needs_parent and above is None):
        return None
    sections = msgspec.json.decode(row["sections"], type=list[tuple[int, Audience]])
    circles = [audience for _, audience in sections] if above is None else [above.audience]
    circles += [Audience(scope) for scope in row["consent_scopes"] or ()]
    audience: Audience | None = Audience(row["own_audience"])
    for circle in circles:
        audience = narrower(audience, circle) if audience else None
    if audience is None:
        return None
    own = Reach(
        row["item_id"],
        audience,
        row["starts_at"],
        row["ends_at"],
        row["product_class"],
        row["own_entitlement"],
        tuple(section_id for section_id, _ in sections),
    )
    if above is None:
        return own
    ends = [end for end in (own.valid_until, above.valid_until) if end is not None]
    return msgspec.structs.replace(
        own,
        root_id=above.root_id,
        valid_from=max(own.valid_from, above.valid_from),
        valid_until=min(ends, default=None),
        entitlement=own.entitlement or above.entitlement,
        section_ids=above.section_ids,
    )


async def _bring(row: asyncpg.Record, reach: Reach | None, *, at: datetime, why: Why, anew: bool) -> bool:
    """Write, change or remove one live row, and record what readers will notice; tell whether anything changed."""
    if reach is None:
        if row["live_version_id"] is None:
            return False
        await _remove(row, at=at, why=why)
        return True
    place = dict(zip(PLACE, (row["slug"], row["parent_id"], reach.root_id, row["position"]), strict=True))
    place |= {"publication_id": row["publication_id"], "section_ids": list(reach.section_ids)}
    shown = {"version_id": row["version_id"], "audience": reach.audience.value}
    shown |= {name: getattr(reach, name) for name in ("valid_from", "valid_until", "product_class", "entitlement")}
    was = {name: row[f"live_{name}"] for name in (*place, *shown)}
    if place | shown == was and not anew:
        return False
    columns: dict[str, Any] = place | shown
    noticed = any(shown[name] != was[name] for name in shown)
    if row["shape"] is not None:
        columns |= await _text(row["item_id"], row["kind"], msgspec.json.decode(row["shape"]))
    columns["changed_at"] = at
    if row["live_version_id"] is None:
        columns |= {"kind": row["kind"], "published_at": row["published_at"] or at}
        questions = columns.pop("questions")
        await Live.create(item_id=row["item_id"], **columns)
        await Tombstone.filter(item_id=row["item_id"]).delete()
    else:
        questions = columns.pop("questions", None)
        await Live.filter(item_id=row["item_id"]).update(**columns)
    if questions is not None:
        await LiveQuestion.filter(item_id=row["item_id"]).delete()
        await LiveQuestion.bulk_create([LiveQuestion(item_id=row["item_id"], **question) for question in questions])
    await _record(row, reach, columns.get("tags"), noticed=noticed, at=at)
    return True


async def _remove(row: asyncpg.Record, *, at: datetime, why: Why) -> None:
    await connection().execute("DELETE FROM asset_use WHERE item_id = $1 AND place = 'live'", row["item_id"])
    await Live.filter(item_id=row["item_id"]).delete()
    await connection().execute(
        "INSERT INTO tombstone (item_id, why, gone_at, root_id, version_id, audience) VALUES ($1, $2, $3, $4, $5, $6)",
        row["item_id"],
        why,
        at,
        row["live_root_id"],
        row["live_version_id"],
        row["live_audience"],
    )
    event = ContentWithdrawn if why == "withdrawn" else ContentExpired
    await log.record(
        event(
            at=at,
            item_id=row["item_id"],
            root_id=row["live_root_id"],
            kind=row["kind"],
            tags=tuple(row["live_tags"]),
        )
    )


async def _record(row: asyncpg.Record, reach: Reach, tags: list[str] | None, *, noticed: bool, at: datetime) -> None:
    was = row["live_tags"]
    tags = was if tags is None else tags
    if noticed:
        await log.record(
            ContentPublished(
                at=at,
                item_id=row["item_id"],
                root_id=reach.root_id,
                kind=row["kind"],
                version=row["number"],
                tags=tuple(tags),
                audience=reach.audience.value,
                valid_from=reach.valid_from,
                valid_until=reach.valid_until,
            )
        )
    if was is not None and sorted(was) != sorted(tags):
        await log.record(
            ContentRetagged(
                at=at,
                item_id=row["item_id"],
                root_id=reach.root_id,
                kind=row["kind"],
                tags=tuple(tags),
                previous_tags=tuple(was),
            )
        )


async def _text(item_id: int, kind: str, values: dict[str, Any]) -> dict[str, Any]:
    """Give the columns that follow from the text of a version, and note which files it uses."""
    shape, _ = kind_of(kind).read(values)
    if shape is None:
        raise ValueError(f"Version of item {item_id} does not fit its kind any more.")
    used = list(files_in(values))
    consent_id = getattr(shape, "consent_id", None)
    await _use_files(item_id, used, consent_id)
    files = await facts_of([asset_id for asset_id, _ in used])
    shown = _with_files(msgspec.to_builtins(shape), files, item_id, await pictures.key() if files else b"")
    for name in kind_of(kind).hidden:
        shown.pop(name, None)
    if "body" in shown:
        shown |= written(shown.pop("body"), shown.pop("blocks"))
    return {
        "consent_id": consent_id,
        "tags": list(shape.tags),
        "title": shape.title,
        "seconds": getattr(shape, "duration_s", None),
        "card": {name: shown[name] for name in kind_of(kind).card},
        "prepared": shown,
        "questions": _questions(shape),
    }


async def _use_files(item_id: int, used: list[tuple[int, str]], consent_id: int | None) -> None:
    await connection().execute("DELETE FROM asset_use WHERE item_id = $1 AND place = 'live'", item_id)
    await connection().execute(
        "INSERT INTO asset_use (asset_id, item_id, place, field) SELECT u.asset_id, $1, 'live', u.field "
        "FROM unnest($2::bigint[], $3::text[]) AS u (asset_id, field)",
        item_id,
        [asset_id for asset_id, _ in used],
        [field for _, field in used],
    )
    # The consent sticks to the film itself, whichever copy of it, so that its withdrawal closes the film everywhere.
    await connection().execute(
        "WITH film AS (SELECT id FROM asset WHERE kind = 'video' "
        "AND sha256 IN (SELECT sha256 FROM asset WHERE id = ANY($1::bigint[]))) "
        "UPDATE asset SET consent_id = $2 WHERE $2::bigint IS NOT NULL AND consent_id IS NULL "
        "AND (id IN (SELECT id FROM film) OR derived_from IN (SELECT id FROM film))",
        [asset_id for asset_id, _ in used],
        consent_id,
    )


def _with_files(value: Any, files: Mapping[int, FileFacts], item_id: int, key: bytes) -> Any:
    """Put in the place of every file of a text what readers need to show it."""
    if isinstance(value, dict):
        inner = {name: _with_files(part, files, item_id, key) for name, part in value.items()}
        facts = files.get(value.get("asset") or 0)
        if facts is not None and facts.kind == "image":
            del inner["asset"]
            inner |= {"width": facts.width, "height": facts.height}
            picture = Picture(facts.asset_id, facts.sha256, facts.focus_x, facts.focus_y)
            inner |= pictures.addresses(key, item_id=item_id, picture=picture)
        elif facts is not None:
            inner |= {"media_type": facts.media_type, "bytes": facts.bytes, "seconds": facts.seconds}
        return inner
    if isinstance(value, list | tuple):
        return [_with_files(part, files, item_id, key) for part in value]
    return value


def written(body: str, blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """Give a body as readers get it: its parts, with nothing in them that gives the answers of a quiz away."""
    shown = []
    for block in blocks:
        if block["type"] == "quiz":
            several = sum(option["right"] for option in block["options"]) > 1
            block = {name: value for name, value in block.items() if name != "explanation"} | {  # noqa: PLW2901
                "options": [option["text"] for option in block["options"]],
                "several": several,
            }
        shown.append(block)
    return {"parts": msgspec.to_builtins(markup.parts(body, shown)), "reading_s": markup.reading_s(body)}


def _questions(shape: Shape) -> list[dict[str, Any]]:
    starts = {chapter.key: chapter.starts_at_s for chapter in getattr(shape, "chapters", ())}
    return [
        {
            "number": number,
            "text": question.text,
            "folded": fold(question.text)[:400],
            "grams": grams(question.text),
            "chapter": question.chapter,
            "starts_at_s": starts.get(question.chapter, 0.0),
        }
        for number, question in enumerate(getattr(shape, "questions", ()), start=1)
    ]


def fold(text: str) -> str:
    """Bring a text into the form in which it is compared: compatibility forms and case made equal, signs dropped."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum())


def grams(text: str) -> list[str]:
    """List the pairs of neighbouring characters of a text, each once."""
    folded = fold(text)
    return sorted({folded[index : index + 2] for index in range(len(folded) - 1)})
