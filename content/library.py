"""Keeping the library in order: finding files, folders, tags, and deeds for many files at once.

The rule: folders and tags are for the editors alone; nothing that readers see depends on them.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from content import assets, trail
from content.assets import COLUMNS, Asset
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid, Missing
from server.core.wire import check_text

MOST_AT_ONCE: Final = 200
MOST_TAGS: Final = 20
DEEPEST: Final = 8
TAG: Final = re.compile(r"^[^\s,，;；][^,，;；\n\r\t]{0,29}$(?!\n)")


class FolderMissing(Missing):
    """There is no such folder."""

    code = "asset_folder_missing"
    title = "没有这个文件夹"


class FolderTaken(Conflict):
    """There is a folder of this name already."""

    code = "asset_folder_taken"
    title = "已有同名文件夹"


class FolderFull(Conflict):
    """The folder holds files or folders, and is removed only when it is empty."""

    code = "asset_folder_full"
    title = "文件夹不为空"


class FolderBad(Invalid):
    """A folder has a name of 1 to 60 characters and stands at most eight deep."""

    code = "asset_folder_bad"
    title = "文件夹名称有误或层级过深"


class AssetTagBad(Invalid):
    """A tag of a file has 1 to 30 characters and no comma; a file has at most 20."""

    code = "asset_tag_bad"
    title = "标签有误或过多"


class TooManyFiles(Invalid):
    """At most 200 files are changed at once."""

    code = "too_many_files"
    title = "一次最多处理 200 个文件"


class Listing(Struct, frozen=True):
    """One page of the library and how many files there are in all."""

    rows: list[Asset]
    total: int


class Folder(Struct, frozen=True):
    """A folder with the names of all above it, and how many files lie in it itself."""

    id: int
    parent_id: int | None
    path: list[str]
    files: int

    @property
    def name(self) -> str:
        return self.path[-1]


class Sought(Struct, frozen=True):
    """What is looked for in the library.

    ``folder_id`` 0 is outside all folders; the files of folders within count too. ``only`` is ``unused``, ``patient``
    (shows one), ``unbound`` (shows one, without a consent), or ``wordless`` (an image without words for it).
    """

    kind: str = ""
    text: str = ""
    folder_id: int | None = None
    tag: str = ""
    only: str = ""


_ONLY: Final = {
    "": "true",
    "unused": "NOT EXISTS (SELECT 1 FROM asset_use u WHERE u.asset_id = a.id)",
    "patient": "a.shows_patient",
    "unbound": "a.shows_patient AND a.consent_id IS NULL",
    "wordless": "a.kind = 'image' AND a.alt = ''",
}
ONLY: Final = tuple(_ONLY)[1:]


async def listing(*, sought: Sought | None = None, page: int = 1, size: int = 50) -> Listing:
    """List the library, the newest first.

    :param page: from 1.
    """
    sought = sought or Sought()
    where = f"""
        FROM asset a WHERE $1 IN ('', a.kind)
            AND ($2 = '' OR strpos(lower(a.name || ' ' || a.alt || ' ' || array_to_string(a.tags, ' ')), lower($2)) > 0)
            AND ($3 = '' OR a.tags @> ARRAY[$3]::text[])
            AND CASE WHEN $4::bigint IS NULL THEN true WHEN $4 = 0 THEN a.folder_id IS NULL ELSE a.folder_id IN (
                WITH RECURSIVE down AS (SELECT $4::bigint AS id UNION
                    SELECT f.id FROM asset_folder f JOIN down ON f.parent_id = down.id) SELECT id FROM down) END
            AND {_ONLY.get(sought.only, "true")}
    """  # noqa: S608  the parts are constants
    values = (sought.kind, sought.text.strip(), sought.tag.strip(), sought.folder_id)
    rows = await connection().fetch(
        f"SELECT {COLUMNS} {where} ORDER BY a.id DESC LIMIT $5 OFFSET $6", *values, size, (max(page, 1) - 1) * size
    )
    total = await connection().value(f"SELECT count(*) {where}", *values)
    return Listing([msgspec.convert(dict(row), Asset) for row in rows], total)


async def folders() -> list[Folder]:
    """List all folders in the order of their paths."""
    rows = await connection().fetch(
        "WITH RECURSIVE down AS (SELECT id, parent_id, ARRAY[name::text] AS path FROM asset_folder "
        "WHERE parent_id IS NULL UNION ALL SELECT f.id, f.parent_id, down.path || f.name::text FROM asset_folder f "
        "JOIN down ON f.parent_id = down.id) "
        "SELECT down.*, (SELECT count(*) FROM asset a WHERE a.folder_id = down.id) AS files FROM down ORDER BY path"
    )
    return [msgspec.convert(dict(row), Folder) for row in rows]


async def make_folder(*, name: str, parent_id: int | None, staff_id: int, at: datetime, request_id: str = "") -> Folder:
    """Make a folder, perhaps within another.

    :raises FolderBad: if it has no name, too long a one, or stands too deep.
    :raises FolderMissing: if there is no folder that it is to stand in.
    :raises FolderTaken: if there is one of this name.
    """
    name = _folder_name(name)
    async with transaction():
        above = None
        if parent_id is not None:
            await connection().value("SELECT id FROM asset_folder WHERE id = $1 FOR KEY SHARE", parent_id)
            above = await _folder(parent_id)
            if len(above.path) >= DEEPEST:
                raise FolderBad(field="parent_id")
        folder_id = await connection().value(
            "INSERT INTO asset_folder (parent_id, name, created_at, created_by) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT DO NOTHING RETURNING id",
            parent_id,
            name,
            at,
            staff_id,
        )
        if folder_id is None:
            raise FolderTaken(field="name")
        folder = Folder(folder_id, parent_id, [*(above.path if above else []), name], 0)
        await trail.note(
            "make", "asset_folder", folder_id, staff_id=staff_id, at=at, request_id=request_id, after=folder
        )
    return folder


async def rename_folder(*, folder_id: int, name: str, staff_id: int, at: datetime, request_id: str = "") -> None:
    """Give a folder another name.

    :raises FolderBad: if it is none.
    :raises FolderMissing: if there is no such folder.
    :raises FolderTaken: if there is another of this name.
    """
    name = _folder_name(name)
    async with transaction():
        before = await _folder(folder_id)
        # Two who want the same name wait for each other here, and not at an error of the index.
        await connection().value("SELECT pg_advisory_xact_lock(hashtext('asset_folder'), hashtext($1))", name)
        if await connection().value(
            "SELECT true FROM asset_folder WHERE parent_id IS NOT DISTINCT FROM $1 AND name = $2 AND id <> $3",
            before.parent_id,
            name,
            folder_id,
        ):
            raise FolderTaken(field="name")
        await connection().execute("UPDATE asset_folder SET name = $2 WHERE id = $1", folder_id, name)
        await trail.note(
            "rename",
            "asset_folder",
            folder_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={"name": before.name},
            after={"name": name},
        )


async def remove_folder(*, folder_id: int, staff_id: int, at: datetime, request_id: str = "") -> None:
    """Remove an empty folder.

    :raises FolderMissing: if there is no such folder.
    :raises FolderFull: if it is not empty.
    """
    async with transaction():
        await connection().value("SELECT id FROM asset_folder WHERE id = $1 FOR UPDATE", folder_id)
        before = await _folder(folder_id)
        full = await connection().value(
            "SELECT EXISTS (SELECT 1 FROM asset WHERE folder_id = $1) "
            "OR EXISTS (SELECT 1 FROM asset_folder WHERE parent_id = $1)",
            folder_id,
        )
        if full:
            raise FolderFull()
        await connection().execute("DELETE FROM asset_folder WHERE id = $1", folder_id)
        await trail.note(
            "remove", "asset_folder", folder_id, staff_id=staff_id, at=at, request_id=request_id, before=before
        )


async def tags() -> list[str]:
    """List the tags that files have, those used most first."""
    rows = await connection().fetch(
        "SELECT tag FROM asset a, unnest(a.tags) AS tag GROUP BY tag ORDER BY count(*) DESC, tag LIMIT 200"
    )
    return [row["tag"] for row in rows]


async def move(
    *, asset_ids: Sequence[int], folder_id: int | None, staff_id: int, at: datetime, request_id: str = ""
) -> int:
    """Put files into a folder, or out of all; gives how many there were.

    :raises TooManyFiles: if they are too many at once.
    :raises FolderMissing: if there is no such folder.
    """
    async with transaction():
        if folder_id is not None and not await connection().value(
            "SELECT true FROM asset_folder WHERE id = $1 FOR KEY SHARE", folder_id
        ):
            raise FolderMissing()
        before = await _locked(asset_ids)
        await connection().execute("UPDATE asset SET folder_id = $2 WHERE id = ANY($1::bigint[])", before, folder_id)
        await trail.note(
            "move",
            "asset",
            0,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            after={"asset_ids": before, "folder_id": folder_id},
        )
    return len(before)


async def tag(
    *,
    asset_ids: Sequence[int],
    add: Sequence[str] = (),
    drop: Sequence[str] = (),
    staff_id: int,
    at: datetime,
    request_id: str = "",
) -> int:
    """Give files tags and take others from them; gives how many there were.

    :raises TooManyFiles: if they are too many at once.
    :raises AssetTagBad: if a tag is none, or a file would have too many.
    """
    for each in (*add, *drop):
        check_text(each, "tags")
        if not TAG.match(each):
            raise AssetTagBad(field="tags")
    async with transaction():
        before = await _locked(asset_ids)
        most = await connection().value(
            "WITH changed AS (UPDATE asset SET tags = ARRAY(SELECT DISTINCT tag FROM unnest(tags || $2::text[]) AS tag "
            "WHERE tag <> ALL($3::text[]) ORDER BY tag) WHERE id = ANY($1::bigint[]) RETURNING cardinality(tags) AS n) "
            "SELECT coalesce(max(n), 0) FROM changed",
            before,
            list(add),
            list(drop),
        )
        if most > MOST_TAGS:
            raise AssetTagBad(field="tags")
        await trail.note(
            "tag",
            "asset",
            0,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            after={"asset_ids": before, "add": list(add), "drop": list(drop)},
        )
    return len(before)


async def place(
    *,
    asset_id: int,
    folder_id: int | None,
    tags: Sequence[str],
    staff_id: int,
    at: datetime,
    request_id: str = "",
) -> None:
    """Say in which folder one file lies and which tags it has, no others.

    :raises AssetMissing: if there is no such file.
    :raises FolderMissing: if there is no such folder.
    :raises AssetTagBad: if a tag is none, or they are too many.
    """
    async with transaction():
        before = await assets.asset_of(asset_id=asset_id)
        wanted = list(dict.fromkeys(tags))
        drop = [one for one in before.tags if one not in wanted]
        known: Any = {"staff_id": staff_id, "at": at, "request_id": request_id}
        if folder_id != before.folder_id:
            await move(asset_ids=[asset_id], folder_id=folder_id, **known)
        if drop or len(wanted) != len(before.tags):
            await tag(asset_ids=[asset_id], add=wanted, drop=drop, **known)


async def remove_unused(
    *, asset_ids: Sequence[int], staff_id: int, at: datetime, request_id: str = ""
) -> tuple[int, int]:
    """Take those files out of the library that nothing uses; gives how many went and how many stayed.

    :raises TooManyFiles: if they are too many at once.
    """
    _refuse_too_many(asset_ids)
    gone = stayed = 0
    for asset_id in sorted(set(asset_ids)):
        try:
            await assets.remove(asset_id=asset_id, staff_id=staff_id, at=at, request_id=request_id)
            gone += 1
        except assets.AssetInUse:
            stayed += 1
        except assets.AssetMissing:
            continue
    return gone, stayed


async def _locked(asset_ids: Sequence[int]) -> list[int]:
    _refuse_too_many(asset_ids)
    rows = await connection().fetch(
        "SELECT id FROM asset WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE", sorted(set(asset_ids))
    )
    return [row["id"] for row in rows]


def _refuse_too_many(asset_ids: Sequence[int]) -> None:
    if len(set(asset_ids)) > MOST_AT_ONCE:
        raise TooManyFiles()


async def _folder(folder_id: int) -> Folder:
    found = next((folder for folder in await folders() if folder.id == folder_id), None)
    if found is None:
        raise FolderMissing()
    return found


def _folder_name(name: str) -> str:
    name = " ".join(name.split())
    check_text(name, "name")
    if not 1 <= len(name) <= 60 or not name.isprintable():
        raise FolderBad(field="name")
    return name
