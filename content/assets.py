"""The library of files: taking in, describing, listing, removing, and drawing images in the widths that readers need.

The rule: a file enters only through `take_in`, which looks at its bytes and at nothing that its sender says of it. What
was filmed of a patient stays bound to the patient's consent, also when the same bytes are taken in again.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from content import inspection, renditions, trail
from content.inspection import FileFound
from content.workflow import CURRENT, WAITING
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid, Missing
from server.core.storage import Files, Incoming
from server.core.wire import check_text


class AssetMissing(Missing):
    """There is no such file."""

    code = "asset_missing"
    title = "没有这个文件"


class AssetInUse(Conflict):
    """Items use the file; the facts name them."""

    code = "asset_in_use"
    title = "文件正在使用，不能删除"


class WrongKind(Invalid):
    """The file is good, but of another kind than is wanted here."""

    code = "file_wrong_kind"
    title = "文件类型不符"


class NameBad(Invalid):
    """The name or the words for an image are too long."""

    code = "file_name_bad"
    title = "文件名或说明过长"


class Asset(Struct, frozen=True):
    """A file of the library."""

    id: int
    kind: str
    name: str
    sha256: str
    bytes: int
    media_type: str
    width: int | None
    height: int | None
    seconds: float | None
    alt: str
    consent_id: int | None
    shows_patient: bool
    focus_x: int
    focus_y: int
    folder_id: int | None
    tags: list[str]
    derived_from: int | None
    created_at: datetime
    created_by: int


class Use(Struct, frozen=True):
    """Where a file is used: ``place`` is draft or live."""

    item_id: int
    kind: str
    title: str
    place: str
    field: str


COLUMNS = (
    "a.id, a.kind, a.name, a.sha256, a.bytes, a.media_type, a.width, a.height, a.seconds, a.alt, a.consent_id, "
    "a.shows_patient, a.focus_x, a.focus_y, a.folder_id, a.tags, a.derived_from, a.created_at, a.created_by"
)


class Entry(Struct, frozen=True, kw_only=True):
    """What is said of a file beside its bytes: by whom it is taken in, under which name, and where it belongs.

    ``wanted`` is the kind that is wanted, if only one is; ``derived_from`` the film that an image was taken from.
    """

    name: str
    staff_id: int
    at: datetime
    wanted: str = ""
    alt: str = ""
    folder_id: int | None = None
    derived_from: int | None = None
    request_id: str = ""


async def take_in(
    *,
    files: Files,
    pieces: AsyncIterable[bytes],
    name: str,
    at_most: int,
    staff_id: int,
    at: datetime,
    wanted: str = "",
    alt: str = "",
    request_id: str = "",
) -> Asset:
    """Take a file into the library.

    :param at_most: bytes that the house takes at all; kinds have limits of their own.
    :param wanted: the kind that is wanted, if only one is.
    :raises FileTooLarge: if it is longer than its kind may be.
    :raises FileUnknown: if it is nothing that is taken in.
    :raises FileBroken: if it cannot be read to its end.
    :raises FileAmbiguous: if it is or carries something else as well.
    :raises ImageTooLarge: if an image has too many pixels.
    :raises FilmUnfit: if a film or sound cannot be played on phones.
    :raises DocumentUnfit: if a document is encrypted, or unpacks to too much.
    :raises WrongKind: if it is of another kind than is wanted.
    :raises NameBad: if the name or the words for it are too long.
    """
    entry = Entry(name=plain_name(name), staff_id=staff_id, at=at, wanted=wanted, alt=alt, request_id=request_id)
    _check_words(alt, "alt")
    incoming = await files.receive(pieces, at_most=at_most)
    try:
        return await take_file(files=files, incoming=incoming, entry=entry)
    finally:
        incoming.path.unlink(missing_ok=True)


async def take_file(
    *, files: Files, incoming: Incoming, entry: Entry, also: Callable[[Asset], Awaitable[None]] | None = None
) -> Asset:
    """Take a file that has been received into the library; it may be removed from aside afterwards.

    :param also: what is done in the same transaction.
    :raises Refusal: those of `take_in`.
    """
    async with looked_at(files, incoming, wanted=entry.wanted) as (kept, found), transaction():
        asset = await _enter(kept, found, entry)
        if also is not None:
            await also(asset)
        return asset


@asynccontextmanager
async def looked_at(files: Files, incoming: Incoming, *, wanted: str = "") -> AsyncIterator[tuple[Incoming, FileFound]]:
    """Look at a file that has been received and keep its bytes; the library gets to know of them within.

    :raises Refusal: those of `take_in` that speak of the bytes.
    """
    clean = await asyncio.to_thread(files.aside)
    try:
        found = await inspection.inspect(incoming.path, clean=clean)
        if wanted and found.kind != wanted:
            raise WrongKind(wanted=wanted, found=found.kind)
        kept = await asyncio.to_thread(described, clean) if found.kind == "image" else incoming
        await files.keep(kept.path, kept.sha256)
        if found.kind == "image":
            await renditions.prepare(files=files, sha256=kept.sha256, media_type=found.media_type)
        yield kept, found
        # What was kept before the library knew of it may have been cleared as a file that nobody knows.
        if not await files.is_kept(kept.sha256):
            await files.keep(kept.path, kept.sha256)
    finally:
        clean.unlink(missing_ok=True)


async def _enter(kept: Incoming, found: FileFound, entry: Entry) -> Asset:
    """Enter a file; whom the same bytes showed before, here or in a file that was replaced, they show again."""
    row = await connection().row(
        "INSERT INTO asset AS a (kind, name, sha256, bytes, media_type, width, height, seconds, alt, consent_id, "  # noqa: S608  constants
        "shows_patient, folder_id, derived_from, created_at, created_by) "
        "SELECT $1, $2, $3::varchar, $4::bigint, $5, $6::int, $7::int, $8::float8, $9, "
        "max(b.consent_id), coalesce(bool_or(b.shows_patient), false), $10::bigint, $11::bigint, $12::timestamptz, "
        "$13::bigint "
        "FROM asset b WHERE b.sha256 = $3 OR b.id = $11 "
        "OR b.id IN (SELECT v.asset_id FROM asset_version v WHERE v.sha256 = $3) "
        f"RETURNING {COLUMNS}",
        found.kind,
        entry.name,
        kept.sha256,
        kept.bytes,
        found.media_type,
        found.width,
        found.height,
        found.seconds,
        entry.alt,
        entry.folder_id,
        entry.derived_from,
        entry.at,
        entry.staff_id,
    )
    if row is None:
        raise AssetMissing()
    asset = msgspec.convert(dict(row), Asset)
    await trail.note(
        "take_in", "asset", asset.id, staff_id=entry.staff_id, at=entry.at, request_id=entry.request_id, after=asset
    )
    return asset


async def asset_of(*, asset_id: int) -> Asset:
    """Give a file of the library.

    :raises AssetMissing: if there is none.
    """
    row = await connection().row(f"SELECT {COLUMNS} FROM asset a WHERE a.id = $1", asset_id)  # noqa: S608  constants
    if row is None:
        raise AssetMissing()
    return msgspec.convert(dict(row), Asset)


async def newest_derived(asset_ids: Sequence[int]) -> dict[int, Asset]:
    """Give the image that was last taken from each film, by the film's id."""
    rows = await connection().fetch(
        f"SELECT DISTINCT ON (a.derived_from) {COLUMNS} FROM asset a WHERE a.derived_from = ANY($1::bigint[]) "  # noqa: S608  constants
        "ORDER BY a.derived_from, a.id DESC",
        list(asset_ids),
    )
    return {row["derived_from"]: msgspec.convert(dict(row), Asset) for row in rows}


async def uses(*, asset_id: int) -> list[Use]:
    """List where a file is used."""
    rows = await connection().fetch(
        "SELECT u.item_id, i.kind, coalesce(d.shape ->> 'title', '') AS title, u.place, u.field FROM asset_use u "
        "JOIN item i ON i.id = u.item_id JOIN draft d ON d.item_id = i.id WHERE u.asset_id = $1 "
        "ORDER BY u.item_id, u.place, u.field",
        asset_id,
    )
    return [msgspec.convert(dict(row), Use) for row in rows]


async def describe(*, asset_id: int, name: str, alt: str, staff_id: int, at: datetime, request_id: str = "") -> Asset:
    """Change the name of a file and the words for it.

    :raises AssetMissing: if there is none.
    :raises NameBad: if either is too long.
    """
    name = plain_name(name)
    _check_words(alt, "alt")
    async with transaction():
        before = await asset_of(asset_id=asset_id)
        await connection().execute("UPDATE asset SET name = $2, alt = $3 WHERE id = $1", asset_id, name, alt)
        after = await asset_of(asset_id=asset_id)
        await trail.note(
            "describe",
            "asset",
            asset_id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={"name": before.name, "alt": before.alt},
            after={"name": name, "alt": alt},
        )
    return after


async def remove(*, asset_id: int, staff_id: int, at: datetime, request_id: str = "") -> None:
    """Take a file out of the library that no text uses; its bytes go later, if no other has the same.

    :raises AssetMissing: if there is none.
    :raises AssetInUse: if an item uses it, or it is bound to the consent of a filmed patient.
    """
    async with transaction():
        before = await asset_of(asset_id=asset_id)
        used = {use.item_id for use in await uses(asset_id=asset_id)} | set(await _resting_on(asset_id))
        # A film that is bound to a consent must stay known, or the same bytes could come back unbound.
        if used or before.consent_id is not None:
            raise AssetInUse(item_ids=sorted(used))
        await connection().execute("DELETE FROM asset WHERE id = $1", asset_id)
        await trail.note("remove", "asset", asset_id, staff_id=staff_id, at=at, request_id=request_id, before=before)


async def _resting_on(asset_id: int) -> list[int]:
    """List the items that show a file or will, also where neither their draft nor what is live now names it."""
    rows = await connection().fetch(
        f"""
        SELECT DISTINCT p.item_id FROM publication p JOIN version v ON v.id = p.version_id
        WHERE (({CURRENT.format(p="p")} AND p.expired_at IS NULL) OR ({WAITING.format(p="p")}))
            AND jsonb_path_exists(v.shape, '$.**.asset ? (@ == $id)', jsonb_build_object('id', $1::bigint))
        """,  # noqa: S608  the parts are constants
        asset_id,
    )
    return [row["item_id"] for row in rows]


def described(path: Path) -> Incoming:
    """Name a file by the hash of its bytes."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Incoming(path, digest, path.stat().st_size)


def plain_name(name: str) -> str:
    """Keep of a name what is only a name: no folders, no control signs."""
    plain = "".join(sign for sign in name.replace("\\", "/").rsplit("/", 1)[-1] if sign.isprintable()).strip()
    plain = plain or "file"
    _check_words(plain, "name")
    return plain


def _check_words(text: str, field: str) -> None:
    check_text(text, field)
    if len(text) > 200:
        raise NameBad(field=field)
