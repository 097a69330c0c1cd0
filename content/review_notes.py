"""What reviewers say at a field of a text, until somebody has settled it.

The rule: a note belongs to the text that was read; it stays with the item when the text is edited, and says whether the
text is still the one that it speaks of. It decides nothing: verdicts do (``content/review.py``).
"""

from datetime import datetime

import msgspec
from msgspec import Struct

from content import trail
from content.items import draft_of
from content.tables.review import ReviewNote
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid, Missing
from server.core.wire import check_text

MOST_LETTERS = 2000


class NoteBad(Invalid):
    """A note says something, in at most 2,000 characters, at a field of the text."""

    code = "review_note_bad"
    title = "批注内容有误"


class NoteMissing(Missing):
    """There is no such note at this item."""

    code = "review_note_missing"
    title = "没有这条批注"


class NoteSettled(Conflict):
    """The note was settled already."""

    code = "review_note_settled"
    title = "这条批注已处理"


class Note(Struct, frozen=True):
    """A note. ``current`` tells whether the draft is still the text that it speaks of."""

    id: int
    field: str
    text: str
    author_id: int
    at: datetime
    settled_at: datetime | None
    settled_by: int | None
    current: bool


async def listing(*, item_id: int, only_open: bool = False) -> list[Note]:
    """List the notes at an item, those open first, the newest first.

    :raises ItemMissing: if there is no such item.
    """
    draft = await draft_of(item_id=item_id)
    rows = await connection().fetch(
        "SELECT id, field, text, author_id, at, settled_at, settled_by, content_hash = $2 AS current FROM review_note "
        "WHERE item_id = $1 AND (settled_at IS NULL OR NOT $3) ORDER BY settled_at IS NOT NULL, id DESC",
        item_id,
        draft.content_hash,
        only_open,
    )
    return [msgspec.convert(dict(row), Note) for row in rows]


async def add(*, item_id: int, field: str, text: str, staff_id: int, at: datetime, request_id: str = "") -> Note:
    """Say something at a field of the draft as it is.

    :raises ItemMissing: if there is no such item.
    :raises NoteBad: if nothing is said, or too much.
    """
    text = text.strip()
    check_text(text, "text")
    check_text(field, "field")
    if not 1 <= len(text) <= MOST_LETTERS or len(field) > 80:
        raise NoteBad(field="text")
    async with transaction():
        draft = await draft_of(item_id=item_id)
        made = await ReviewNote.create(
            item_id=item_id, content_hash=draft.content_hash, field=field, text=text, author_id=staff_id, at=at
        )
        after = {"note": made.id, "field": field, "text": text}
        await trail.note("annotate", "item", item_id, staff_id=staff_id, at=at, request_id=request_id, after=after)
    return Note(made.id, field, text, staff_id, at, None, None, current=True)


async def settle(*, item_id: int, note_id: int, staff_id: int, at: datetime, request_id: str = "") -> None:
    """Mark a note as settled.

    :raises NoteMissing: if there is no such note at this item.
    :raises NoteSettled: if somebody was faster.
    """
    async with transaction():
        note = await ReviewNote.get_or_none(id=note_id, item_id=item_id)
        if note is None:
            raise NoteMissing()
        settled = await ReviewNote.filter(id=note_id, settled_at=None).update(settled_at=at, settled_by=staff_id)
        if not settled:
            raise NoteSettled()
        await trail.note(
            "settle", "item", item_id, staff_id=staff_id, at=at, request_id=request_id, after={"note": note_id}
        )
