"""The files that readers may have: films, documents and covers of what is live, by addresses that say for which item.

The rule: an address opens a file only while the item that it was given out for is live, uses the file and rests on no
consent that was withdrawn. This is asked at every request, from an answer that is less than a second old, and again
while a long film is sent.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct

from content import viewing
from content.access import ACCESS_COLUMNS, Access, access_of, readable, refuse_absent
from content.viewing import NotAired
from server.core.db import connection
from server.core.errors import Missing
from server.core.roles import Reader
from server.core.signing import AddressBroken, Signer

PURPOSE: Final = "media"
LIFE: Final = timedelta(minutes=30)
STAFF_LIFE: Final = timedelta(minutes=30)
# In an address of the editors, who look at files that no item shows yet.
NO_ITEM: Final = 0


class FilmMissing(Missing):
    """The item has no film that may be shown now."""

    code = "film_missing"
    title = "视频暂不可用"


class FileMissing(Missing):
    """There is no such file at this item."""

    code = "file_missing"
    title = "没有这个文件"


class MediaFile(Struct, frozen=True):
    """A file as it is sent."""

    asset_id: int
    sha256: str
    bytes: int
    media_type: str
    name: str
    created_at: datetime
    shows_patient: bool = False
    fields: tuple[str, ...] = ()

    @property
    def is_cover(self) -> bool:
        return self.media_type.startswith("image/")


class OpenFiles(Struct, frozen=True):
    """The files of an item that may be had now; films only once they have aired."""

    access: Access
    films_from: datetime | None
    cancelled: bool
    files: dict[int, MediaFile]


class Film(Struct, frozen=True):
    """Where the film of an item is: a file of the library, or an address elsewhere."""

    seconds: int
    asset_id: int | None = None
    url: str = ""
    media_type: str = ""


async def film_of(*, item_id: int, reader: Reader, at: datetime) -> Film:
    """Say where the film of an item is.

    :raises ItemMissing: if there is no such item for this reader; also `Withdrawn`, `Expired`, `SignInNeeded`.
    :raises NotAired: if its time has not come.
    :raises FilmMissing: if it has none that may be shown.
    """
    await viewing.aired(item_id=item_id, reader=reader, at=at)
    row = await connection().row(
        "SELECT l.seconds, v.shape -> 'video' ->> 'url' AS url, a.id AS asset_id, a.media_type FROM live l "
        "JOIN version v ON v.id = l.version_id "
        "LEFT JOIN asset_use u ON u.item_id = l.item_id AND u.place = 'live' AND u.field = 'video.asset' "
        "LEFT JOIN asset a ON a.id = u.asset_id "
        "WHERE l.item_id = $1 AND NOT EXISTS (SELECT 1 FROM filmed_consent f WHERE f.withdrawn_at IS NOT NULL "
        "AND f.id IN (l.consent_id, a.consent_id))",
        item_id,
    )
    if row is None or not (row["asset_id"] or row["url"]):
        raise FilmMissing()
    if row["asset_id"]:
        return Film(row["seconds"], row["asset_id"], "", row["media_type"])
    return Film(row["seconds"], None, row["url"], "")


async def document_of(*, item_id: int, number: int, reader: Reader, at: datetime) -> MediaFile:
    """Give a document of an item by its number, from 1.

    :raises ItemMissing: if there is no such item for this reader; also `Withdrawn`, `Expired`, `SignInNeeded`.
    :raises FileMissing: if it has no such document.
    """
    await readable(item_id=item_id, reader=reader, at=at)
    opened = await open_files(item_id=item_id)
    field = f"documents[{number - 1}].asset"
    found = next((file for file in opened.files.values() if field in file.fields), None)
    if found is None:
        raise FileMissing()
    return found


async def block_file_of(*, item_id: int, key: str, reader: Reader, at: datetime) -> MediaFile:
    """Give the film or document of a block within the text of an item, by the key of the block.

    :raises ItemMissing: if there is no such item for this reader; also `Withdrawn`, `Expired`, `SignInNeeded`.
    :raises FileMissing: if the text has no such block, or the block no file.
    """
    await readable(item_id=item_id, reader=reader, at=at)
    place = await connection().value(
        "SELECT block.place - 1 FROM live l JOIN version v ON v.id = l.version_id CROSS JOIN "
        "jsonb_array_elements(coalesce(v.shape -> 'blocks', '[]')) WITH ORDINALITY AS block (shape, place) "
        "WHERE l.item_id = $1 AND block.shape ->> 'key' = $2 AND block.shape ->> 'type' IN ('video', 'document')",
        item_id,
        key,
    )
    opened = await open_files(item_id=item_id)
    fields = {f"blocks[{place}].{name}.asset" for name in ("film", "document")}
    found = next((file for file in opened.files.values() if fields & set(file.fields)), None)
    if found is None:
        raise FileMissing()
    return found


async def open_files(*, item_id: int) -> OpenFiles:
    """List the files of a live item that rest on no withdrawn consent.

    :raises Withdrawn: if the item was taken back.
    :raises Expired: if its time is over.
    :raises ItemMissing: if there is none.
    """
    row = await connection().row(
        f"SELECT {ACCESS_COLUMNS}, a.airs_at, a.cancelled_at IS NOT NULL AS cancelled "  # noqa: S608  constants
        "FROM live l LEFT JOIN airing a ON a.episode_id = l.item_id WHERE l.item_id = $1 AND NOT EXISTS "
        "(SELECT 1 FROM filmed_consent f WHERE f.id = l.consent_id AND f.withdrawn_at IS NOT NULL)",
        item_id,
    )
    if row is None:
        await refuse_absent(item_id)
    rows = await connection().fetch(
        "SELECT a.id AS asset_id, a.sha256, a.bytes, a.media_type, a.name, a.created_at, "
        "a.shows_patient OR a.consent_id IS NOT NULL AS shows_patient, "
        "array_agg(u.field ORDER BY u.field) AS fields FROM asset_use u JOIN asset a ON a.id = u.asset_id "
        "LEFT JOIN filmed_consent f ON f.id = a.consent_id "
        "WHERE u.item_id = $1 AND u.place = 'live' AND f.withdrawn_at IS NULL GROUP BY a.id",
        item_id,
    )
    access = access_of(item_id, row)
    files = {each["asset_id"]: msgspec.convert(dict(each), MediaFile) for each in rows}
    return OpenFiles(access, row["airs_at"], row["cancelled"], files)


async def file_of_library(*, asset_id: int) -> MediaFile:
    """Give a file of the library to an editor, unless its patient has withdrawn.

    :raises FileMissing: if there is none.
    """
    row = await connection().row(
        "SELECT a.id AS asset_id, a.sha256, a.bytes, a.media_type, a.name, a.created_at, "
        "a.shows_patient OR a.consent_id IS NOT NULL AS shows_patient FROM asset a "
        "LEFT JOIN filmed_consent f ON f.id = a.consent_id WHERE a.id = $1 AND f.withdrawn_at IS NULL",
        asset_id,
    )
    if row is None:
        raise FileMissing()
    return msgspec.convert(dict(row), MediaFile)


def pick(opened: OpenFiles, asset_id: int, *, at: datetime) -> MediaFile:
    """Give one of the open files of an item, if its time has come.

    :raises FileMissing: if the item does not use it, or is not valid at this time.
    :raises NotAired: if it is the film of an episode whose time has not come.
    """
    file = opened.files.get(asset_id)
    over = opened.access.valid_until is not None and opened.access.valid_until <= at
    if file is None or over or opened.access.valid_from > at:
        raise FileMissing()
    is_film = file.media_type.startswith(("video/", "audio/"))
    if is_film and (opened.cancelled or (opened.films_from is not None and opened.films_from > at)):
        raise NotAired()
    return file


def address(signer: Signer, *, item_id: int, asset_id: int, expires_at: datetime) -> str:
    """Write the signed address of a file, as a path of this house."""
    token = signer.sign(item_id.to_bytes(8, "big") + asset_id.to_bytes(8, "big"), expires_at=expires_at)
    return f"/media/{token}"


def staff_address(signer: Signer, *, asset_id: int, at: datetime) -> str:
    """Write the signed address under which an editor sees a file of the library."""
    return address(signer, item_id=NO_ITEM, asset_id=asset_id, expires_at=at + STAFF_LIFE)


def addressed(signer: Signer, token: str, *, at: datetime) -> tuple[int, int]:
    """Read a signed address: the item and the file.

    :raises AddressBroken: if it was not given out here.
    :raises AddressExpired: if its time is over.
    """
    payload = signer.read(token, at=at)
    if len(payload) != 16:
        raise AddressBroken()
    return int.from_bytes(payload[:8], "big"), int.from_bytes(payload[8:], "big")
