"""The demo editors' desk: files taken in, items written, judged in every role, and published at times gone by.

The rule: everything goes through the functions that editors use, each deed by somebody who holds the role for it, and
is found again by its slug or its name, so that a start that was cut off goes on where it stopped.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from content import assets, items, library, publishing, review, review_notes, sections, workflow
from content.library import Sought
from content.workflow import State
from server.core.roles import Role
from server.core.storage import Files

Shape = Callable[[], Awaitable[dict[str, Any]]]
MOST_BYTES: Final = 64 * 1024 * 1024
# How long before it came out a text was written, handed in, and judged.
WRITTEN: Final = timedelta(days=4)
HANDED_IN: Final = timedelta(days=3)
JUDGED: Final = timedelta(days=2)


class Desk:
    """Where the demo staff work, in one house.

    :param staff: for each role the id of who acts in it.
    :param boards: the ids of the sections by their slugs.
    """

    def __init__(self, *, files: Files, staff: Mapping[Role, int], boards: Mapping[str, int], at: datetime) -> None:
        self.at = at
        self.staff = staff
        self._files = files
        self._boards = boards
        self._items: dict[tuple[str, str], int] = {}
        self._assets: dict[str, int] = {}

    async def open(self) -> None:
        """Look at what is there already."""
        self._items = {(row.kind, row.slug): row.item_id for row in (await items.listing(at=self.at, size=5000)).rows}
        self._assets = {
            row.name: row.id for row in (await library.listing(sought=Sought(text="demo-"), size=5000)).rows
        }

    def found(self, kind: str, slug: str) -> int:
        """Give the id of an item by its slug, or 0."""
        return self._items.get((kind, slug), 0)

    async def asset(self, name: str, make: Callable[[], bytes], *, alt: str = "", since: datetime) -> int:
        """Make a file and take it in, unless one of this name is there."""
        name = f"demo-{name}"
        if name not in self._assets:
            content = await asyncio.to_thread(make)
            taken = await assets.take_in(
                files=self._files,
                pieces=_pieces(content),
                name=name,
                at_most=MOST_BYTES,
                staff_id=self.staff[Role.EDITOR],
                at=since,
                alt=alt,
            )
            self._assets[name] = taken.id
        return self._assets[name]

    def taken(self, name: str) -> int:
        """Give the id of a file that was taken in.

        :raises KeyError: if none of this name was.
        """
        return self._assets[f"demo-{name}"]

    async def written(
        self,
        kind: str,
        slug: str,
        shape: Shape,
        *,
        since: datetime,
        board: str = "",
        parent_id: int | None = None,
        by: Role = Role.AUTHOR,
    ) -> int:
        """Find an item by its slug, or write it and put it into its section."""
        found = self.found(kind, slug)
        if not found:
            text = await shape()
            draft = await items.create(
                kind=kind, slug=slug, parent_id=parent_id, shape=text, staff_id=self.staff[by], at=since
            )
            found = self._items[kind, slug] = draft.item_id
        if board:
            await sections.place(
                item_id=found, section_id=self._boards[board], staff_id=self.staff[Role.EDITOR], at=since
            )
        return found

    async def rewritten(self, item_id: int, shape: Mapping[str, Any], *, board: str, since: datetime) -> None:
        """Write the text of an item that something else has made, and put it into its section, before it comes out."""
        draft = await items.draft_of(item_id=item_id)
        if (await workflow.standing(item_id=item_id, at=self.at)).state == State.DRAFT:
            editor = self.staff[Role.EDITOR]
            await items.save_draft(item_id=item_id, shape=shape, revision=draft.revision, staff_id=editor, at=since)
            await sections.place(item_id=item_id, section_id=self._boards[board], staff_id=editor, at=since)

    async def handed_in(self, item_id: int, *, since: datetime, by: Role = Role.AUTHOR) -> None:
        """Hand the draft in, unless it was."""
        standing = await workflow.standing(item_id=item_id, at=self.at)
        if standing.state == State.DRAFT and standing.required:
            text = await items.draft_of(item_id=item_id)
            await review.submit(item_id=item_id, revision=text.revision, staff_id=self.staff[by], at=since)

    async def judged(self, item_id: int, *roles: Role, since: datetime, note: str = "") -> None:
        """Approve what is handed in: in the roles named, or in all that are missing."""
        text = await items.draft_of(item_id=item_id)
        missing = await publishing.roles_missing(item_id, text.kind, text.content_hash, at=since)
        for role in [Role(name) for name in missing if not roles or name in roles]:
            await review.judge(
                item_id=item_id,
                content_hash=text.content_hash,
                role=role,
                approved=True,
                staff_id=self.staff[role],
                at=since,
                note=note,
            )

    async def sent_back(self, item_id: int, role: Role, *, field: str, text: str, since: datetime) -> None:
        """Refuse what is handed in, with a note at a field, unless that was done."""
        if await review_notes.listing(item_id=item_id):
            return
        draft = await items.draft_of(item_id=item_id)
        staff_id = self.staff[role]
        await review.judge(
            item_id=item_id,
            content_hash=draft.content_hash,
            role=role,
            approved=False,
            staff_id=staff_id,
            at=since,
            note="请看批注。",
        )
        await review_notes.add(item_id=item_id, field=field, text=text, staff_id=staff_id, at=since)

    async def published(
        self,
        item_id: int,
        *,
        since: datetime,
        starts_at: datetime | None = None,
        ends_at: datetime | None = None,
        by: Role = Role.AUTHOR,
    ) -> None:
        """Take an item through review and publish it, where that was not done."""
        standing = await workflow.standing(item_id=item_id, at=self.at)
        if standing.state not in {State.DRAFT, State.IN_REVIEW, State.APPROVED}:
            return
        await self.handed_in(item_id, since=since - HANDED_IN, by=by)
        await self.judged(item_id, since=since - JUDGED)
        await publishing.publish(
            item_id=item_id, staff_id=self.staff[Role.PUBLISHER], at=since, starts_at=starts_at, ends_at=ends_at
        )

    async def withdrawn(self, item_id: int, *, reason: str, since: datetime) -> None:
        """Take back what is published."""
        standing = await workflow.standing(item_id=item_id, at=self.at)
        if standing.state == State.PUBLISHED:
            await publishing.withdraw(item_id=item_id, reason=reason, staff_id=self.staff[Role.PUBLISHER], at=since)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content
