"""Quizzes within a text, to check oneself by: what is right is said only to an answer.

The rule: a quiz earns nothing and nothing is kept of it.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from content import access
from server.core.db import connection
from server.core.errors import Invalid, Missing
from server.core.roles import Reader


class BlockMissing(Missing):
    """There is no such quiz in the text."""

    code = "block_missing"
    title = "没有找到这道题"


class OptionUnknown(Invalid):
    """The quiz has no such option."""

    code = "option_unknown"
    title = "没有这个选项"


class Verdict(Struct, frozen=True, kw_only=True):
    """Whether what was chosen is right, which options are, by their places from 0, and why."""

    right: bool
    right_options: list[int]
    explanation: str


async def judge(*, item_id: int, key: str, chosen: Sequence[int], reader: Reader, at: datetime) -> Verdict:
    """Say whether what was chosen in a quiz of an item is right: all that are right, and no other.

    :raises ItemMissing: if there is no such item for this reader; also `Withdrawn`, `Expired`, `SignInNeeded`.
    :raises BlockMissing: if it has no such quiz.
    :raises OptionUnknown: if the quiz has no such option.
    """
    await access.readable(item_id=item_id, reader=reader, at=at)
    found = await connection().value(
        "SELECT block::text FROM live l JOIN version v ON v.id = l.version_id "
        "CROSS JOIN jsonb_array_elements(coalesce(v.shape -> 'blocks', '[]')) AS block "
        "WHERE l.item_id = $1 AND block ->> 'type' = 'quiz' AND block ->> 'key' = $2",
        item_id,
        key,
    )
    if found is None:
        raise BlockMissing()
    block = msgspec.json.decode(found)
    right = [place for place, option in enumerate(block["options"]) if option.get("right")]
    if any(place >= len(block["options"]) for place in chosen):
        raise OptionUnknown(field="chosen")
    return Verdict(right=sorted(set(chosen)) == right, right_options=right, explanation=block.get("explanation") or "")
