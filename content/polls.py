"""Polls at a broadcast: a question with two to eight options, and what people chose, counted while they choose.

The rule: a person (OneID) has one vote, which they may change until the poll closes. Closing holds the poll alone and
voting holds it together with others, so that no vote comes after the count; the count of a closed poll stands for ever,
also where who voted is erased.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from cdp import log
from cdp.activity_events import LiveInteracted
from content import keeping, trail
from content.activity_registration import person_of
from content.broadcast import admitted
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid, Missing
from server.core.roles import Reader
from server.core.wire import check_text

LEAST_OPTIONS: Final = 2
MOST_OPTIONS: Final = 8
MOST_POLLS: Final = 50


class PollBad(Invalid):
    """A poll has a question of up to 200 characters and 2 to 8 different options of up to 80."""

    code = "poll_bad"
    title = "投票须有问题和 2–8 个不同的选项"


class PollMissing(Missing):
    """There is no such poll at this activity."""

    code = "poll_missing"
    title = "没有这个投票"


class PollClosed(Conflict):
    """The poll has not opened, or has closed."""

    code = "poll_closed"
    title = "投票尚未开始或已结束"


class PollUsed(Conflict):
    """A poll that has opened is not changed and not thrown away."""

    code = "poll_used"
    title = "投票已经开始，不能修改"


class OptionUnknown(Invalid):
    """The poll has no such option."""

    code = "poll_option_unknown"
    title = "没有这个选项"


class Poll(Struct, frozen=True, kw_only=True):
    """A poll and how often each option was chosen."""

    id: int
    question: str
    options: list[str]
    counts: list[int]
    votes: int
    opened_at: datetime | None
    closed_at: datetime | None


async def make(
    *, activity_id: int, question: str, options: Sequence[str], staff_id: int, at: datetime, request_id: str = ""
) -> Poll:
    """Make a poll, which nobody sees before it is opened.

    :raises PollBad: if the question or the options are none.
    :raises PollMissing: if there is no such activity with a plan.
    """
    words = " ".join(question.split())
    chosen = [" ".join(option.split()) for option in options if option.strip()]
    for name, text in (("question", words), *(("options", option) for option in chosen)):
        check_text(text, name)
    if not 0 < len(words) <= 200 or not LEAST_OPTIONS <= len(chosen) <= MOST_OPTIONS:
        raise PollBad(field="question" if not 0 < len(words) <= 200 else "options")
    if len(set(chosen)) != len(chosen) or any(len(option) > 80 for option in chosen):
        raise PollBad(field="options")
    async with transaction():
        known = await connection().value(
            "SELECT true FROM activity_plan WHERE activity_id = $1 FOR KEY SHARE", activity_id
        )
        count = await connection().value("SELECT count(*) FROM poll WHERE activity_id = $1", activity_id)
        if not known or count >= MOST_POLLS:
            raise PollMissing()
        poll_id = await connection().value(
            "INSERT INTO poll (activity_id, question, options, created_at, created_by) "
            "VALUES ($1, $2, $3::text[], $4, $5) RETURNING id",
            activity_id,
            words,
            chosen,
            at,
            staff_id,
        )
        await _note("make", poll_id, activity_id, staff_id, at, request_id, {"question": words, "options": chosen})
        return await poll_of(activity_id=activity_id, poll_id=poll_id)


async def open_poll(*, activity_id: int, poll_id: int, staff_id: int, at: datetime, request_id: str = "") -> Poll:
    """Open a poll. Again changes nothing.

    :raises PollMissing: if there is none at this activity.
    :raises PollUsed: if it was closed.
    """
    async with transaction():
        row = await _held(activity_id, poll_id)
        if row["closed_at"] is not None:
            raise PollUsed()
        if row["opened_at"] is None:
            await connection().execute("UPDATE poll SET opened_at = $2 WHERE id = $1", poll_id, at)
            await _note("open", poll_id, activity_id, staff_id, at, request_id, None)
    await trail.tell(f"room:{activity_id}")
    return await poll_of(activity_id=activity_id, poll_id=poll_id)


async def close_poll(*, activity_id: int, poll_id: int, staff_id: int, at: datetime, request_id: str = "") -> Poll:
    """Close a poll for good, and freeze its count. Again changes nothing.

    :raises PollMissing: if there is none at this activity.
    :raises PollClosed: if it has not opened.
    """
    async with transaction():
        row = await _held(activity_id, poll_id)
        if row["opened_at"] is None:
            raise PollClosed()
        if row["closed_at"] is None:
            poll = await poll_of(activity_id=activity_id, poll_id=poll_id)
            await connection().execute(
                "UPDATE poll SET closed_at = $2, counts = $3::int[] WHERE id = $1", poll_id, at, poll.counts
            )
            await _note("close", poll_id, activity_id, staff_id, at, request_id, {"counts": poll.counts})
    await trail.tell(f"room:{activity_id}")
    return await poll_of(activity_id=activity_id, poll_id=poll_id)


async def remove(*, activity_id: int, poll_id: int, staff_id: int, at: datetime, request_id: str = "") -> None:
    """Throw a poll away that was never opened.

    :raises PollMissing: if there is none at this activity.
    :raises PollUsed: if it was opened.
    """
    async with transaction():
        row = await _held(activity_id, poll_id)
        if row["opened_at"] is not None:
            raise PollUsed()
        await connection().execute("DELETE FROM poll WHERE id = $1", poll_id)
        await _note("remove", poll_id, activity_id, staff_id, at, request_id, None)


async def vote(*, reader: Reader, activity_id: int, poll_id: int, option: int, at: datetime) -> None:
    """Choose an option, in the place of what was chosen before.

    :param option: counted from 0.
    :raises PollMissing: if there is none at this activity that has opened.
    :raises PollClosed: if it has closed.
    :raises OptionUnknown: if it has no such option.
    :raises NotOnAir: if the broadcast is not on; also the other refusals of `content.broadcast`.
    :raises ConsentNeeded: if the reader has not agreed to anything being kept.
    """
    async with transaction():
        await keeping.check(reader)
        await admitted(reader=reader, activity_id=activity_id, at=at)
        row = await connection().row(
            "SELECT opened_at, closed_at, cardinality(options) AS options FROM poll "
            "WHERE id = $1 AND activity_id = $2 FOR SHARE",
            poll_id,
            activity_id,
        )
        if row is None or row["opened_at"] is None:
            raise PollMissing()
        if row["closed_at"] is not None:
            raise PollClosed()
        if not 0 <= option < row["options"]:
            raise OptionUnknown(field="option")
        first = await connection().value(
            "INSERT INTO poll_vote AS v (poll_id, person_id, account_id, option, at) VALUES ($1, $2, $3, $4, $5) "
            "ON CONFLICT (poll_id, person_id) DO UPDATE SET option = excluded.option, at = excluded.at, "
            "account_id = excluded.account_id RETURNING xmax = 0",
            poll_id,
            await person_of(reader.account_id),
            reader.account_id,
            option,
            at,
        )
        if first:
            await log.record(LiveInteracted(at=at, account_id=reader.account_id, item_id=activity_id, way="vote"))


async def poll_of(*, activity_id: int, poll_id: int) -> Poll:
    """Give a poll of an activity, whether it has opened or not.

    :raises PollMissing: if there is none.
    """
    found = await _list("AND p.id = $2", activity_id, poll_id)
    if not found:
        raise PollMissing()
    return found[0]


async def listing(*, activity_id: int, opened: bool = False) -> list[Poll]:
    """List the polls of an activity, all of them or those that have opened, the last opened first."""
    return await _list("AND (NOT $2 OR p.opened_at IS NOT NULL)", activity_id, opened)


async def choices_of(*, reader: Reader, activity_id: int) -> dict[int, int]:
    """Tell what a reader has chosen, by poll."""
    rows = await connection().fetch(
        "SELECT v.poll_id, v.option FROM poll_vote v JOIN poll p ON p.id = v.poll_id "
        "WHERE p.activity_id = $1 AND v.person_id = $2",
        activity_id,
        await person_of(reader.account_id),
    )
    return {row["poll_id"]: row["option"] for row in rows}


async def export_of(account_ids: Sequence[int]) -> list[dict[str, Any]]:
    """List what accounts have chosen, for their owner."""
    rows = await connection().fetch(
        "SELECT v.account_id, p.activity_id, p.question, p.options[v.option + 1] AS chosen, v.at FROM poll_vote v "
        "JOIN poll p ON p.id = v.poll_id WHERE v.account_id = ANY($1) ORDER BY v.id",
        list(account_ids),
    )
    return [dict(row) for row in rows]


async def erase(account_ids: Sequence[int]) -> int:
    """Forget what accounts have chosen, and count it; the counts of closed polls stay."""
    return await connection().execute("DELETE FROM poll_vote WHERE account_id = ANY($1)", list(account_ids))


async def _held(activity_id: int, poll_id: int) -> Any:
    row = await connection().row(
        "SELECT opened_at, closed_at FROM poll WHERE id = $1 AND activity_id = $2 FOR UPDATE", poll_id, activity_id
    )
    if row is None:
        raise PollMissing()
    return row


async def _list(which: str, *values: Any) -> list[Poll]:
    rows = await connection().fetch(
        f"""
        SELECT p.id, p.question, p.options, p.opened_at, p.closed_at, coalesce(p.counts, ARRAY(
            SELECT count(v.id)::int FROM generate_series(0, cardinality(p.options) - 1) AS o (number)
            LEFT JOIN poll_vote v ON v.poll_id = p.id AND v.option = o.number GROUP BY o.number ORDER BY o.number
        )) AS counts
        FROM poll p WHERE p.activity_id = $1 {which} ORDER BY p.opened_at DESC NULLS FIRST, p.id DESC
        """,  # noqa: S608  constants
        *values,
    )
    return [
        msgspec.convert(
            {**row, "options": list(row["options"]), "counts": list(row["counts"]), "votes": sum(row["counts"])}, Poll
        )
        for row in rows
    ]


async def _note(
    deed: str, poll_id: int, activity_id: int, staff_id: int, at: datetime, request_id: str, after: Any
) -> None:
    await trail.note(
        deed,
        "poll",
        poll_id,
        staff_id=staff_id,
        at=at,
        request_id=request_id,
        before={"activity_id": activity_id},
        after=after,
    )
