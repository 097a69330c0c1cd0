"""What goes on around the demo broadcasts: the replay of one that is over; people, questions and a poll at one that is
on.

The rule: as in ``shelves.py`` and ``readers.py``; what is there is not said or made again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from content import activity_plans, broadcast_questions, live_gate, polls, replays
from content.broadcast_questions import State
from server.core.roles import Reader, Role
from server.demo import texts
from server.demo.desk import Desk
from server.demo.shelves import Shelves

ON_AIR: Final = "night-call-live"
POLL: Final = "第二通电话之前，您会最先集齐哪一样？"
OPTIONS: Final = ("此刻的生命体征", "引流的颜色、性状与量", "已经做过的处理", "要请对方做什么")
VOTES: Final = (0, 1, 0, 0, 3, 1)


class Asked(NamedTuple):
    """A question to the speakers, and what has become of it."""

    text: str
    state: State
    answer: str = ""


QUESTIONS: Final = (
    Asked(
        "对方没有复述就挂了电话，要不要马上再打一次？",
        State.ANSWERED,
        "要。再打一次，只说一句：“我想确认您听到的是……”。没有复述，就当作没有听见。",
    ),
    Asked("实习护士可以直接打这通电话吗？", State.APPROVED),
    Asked("四句话写在卡片上，照着念会不会显得生硬？", State.WAITING),
)


async def seed_replays(shelves: Shelves) -> None:
    """Make the replays of the broadcasts that are over, and publish them."""
    desk = shelves.desk
    for occasion in [one for one in texts.occasions() if one.replay]:
        clip = next(one for one in texts.clips() if one.slug == occasion.replay)
        activity_id = desk.found("activity", occasion.slug)
        plan = await activity_plans.plan_of(activity_id=activity_id)
        assert plan is not None, "activities are planned as they are made"
        over = plan.ends_at + timedelta(hours=1)
        with TemporaryDirectory(prefix="xinglin-demo-") as folder:
            shape = await shelves.video(clip, Path(folder))
        if await replays.attached(activity_id=activity_id) is None:
            await replays.attach(
                activity_id=activity_id,
                recording_id=desk.taken(f"{clip.slug}.mp4"),
                recorded_from=plan.starts_at,
                staff_id=desk.staff[Role.EDITOR],
                at=over,
            )
        there = await replays.attached(activity_id=activity_id)
        assert there is not None and there.replay_id is not None, "it was attached above"
        await desk.rewritten(there.replay_id, shape, board=clip.board, since=over)
        await desk.published(there.replay_id, since=shelves.since(clip), by=Role.EDITOR)


async def seed_room(desk: Desk, readers: Sequence[Reader], *, at: datetime) -> None:
    """Let some come to the broadcast that is on, ask and vote, unless somebody has."""
    activity_id = desk.found("activity", ON_AIR)
    plan = await activity_plans.plan_of(activity_id=activity_id)
    if plan is None or not plan.starts_at <= at < plan.ends_at or await polls.listing(activity_id=activity_id):
        return
    staff_id = desk.staff[Role.EDITOR]
    for number, reader in enumerate(readers):
        await live_gate.join(reader=reader, activity_id=activity_id, at=plan.starts_at + timedelta(minutes=number))
    for number, (asked, reader) in enumerate(zip(QUESTIONS, readers, strict=False)):
        when = plan.starts_at + timedelta(minutes=9 + 3 * number)
        question = await broadcast_questions.ask(reader=reader, activity_id=activity_id, text=asked.text, at=when)
        if asked.state != State.WAITING:
            await broadcast_questions.judge(
                activity_id=activity_id,
                question_id=question.id,
                state=asked.state,
                staff_id=staff_id,
                at=when + timedelta(minutes=2),
                answer=asked.answer,
            )
    poll = await polls.make(
        activity_id=activity_id, question=POLL, options=OPTIONS, staff_id=staff_id, at=plan.starts_at
    )
    opened = plan.starts_at + timedelta(minutes=18)
    await polls.open_poll(activity_id=activity_id, poll_id=poll.id, staff_id=staff_id, at=opened)
    for option, reader in zip(VOTES, readers, strict=False):
        await polls.vote(
            reader=reader, activity_id=activity_id, poll_id=poll.id, option=option, at=opened + timedelta(minutes=1)
        )
