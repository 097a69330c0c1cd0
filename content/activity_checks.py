"""What is asked of an activity before readers may see it: a time, a place or a stream, speakers, an agenda in order.

The rule: as in ``content/checks.py``. When and where stand in the plan, which is looked up beside the text.
"""

from collections.abc import Iterator
from datetime import timedelta

from content.activity_shapes import Activity, Form
from content.checks import Finding, Surroundings


def plan(shape: Activity, around: Surroundings) -> Iterator[Finding]:
    """Ask when and where; the stream of a broadcast may be told until it begins."""
    facts = around.plan
    if facts is None:
        yield Finding("plan", "plan_missing", "请先安排活动的时间。")
        return
    if facts.cancelled:
        yield Finding("plan", "plan_cancelled", "活动已取消。", blocks=False)
    if shape.form == Form.LIVE:
        if not facts.has_stream:
            yield Finding("plan", "stream_missing", "还没有填写直播流，开播前请补上。", blocks=False)
    elif not facts.has_place:
        yield Finding("plan", "place_missing", "请填写活动地点。")


def speakers(shape: Activity, around: Surroundings) -> Iterator[Finding]:
    """A meeting and a broadcast have somebody who speaks, each named once."""
    if not shape.speakers:
        yield Finding("speakers", "speakers_missing", "请填写讲者。", blocks=shape.form != Form.OFFICIAL)
    names = [person.name.strip() for person in shape.speakers]
    for index, person in enumerate(shape.speakers):
        if names[index] in names[:index]:
            yield Finding(f"speakers[{index}].name", "speaker_twice", f"讲者「{names[index]}」重复。", blocks=False)
        if not person.hospital.strip():
            yield Finding(f"speakers[{index}].hospital", "speaker_incomplete", "请写明讲者的单位。", blocks=False)


def agenda(shape: Activity, around: Surroundings) -> Iterator[Finding]:
    """The agenda goes forward, is spoken by who is named among the speakers, and ends with the activity."""
    if not shape.agenda:
        yield Finding("agenda", "agenda_missing", "建议填写议程。", blocks=False)
    names = {person.name.strip() for person in shape.speakers}
    length = around.plan.ends_at - around.plan.starts_at if around.plan else None
    before = 0
    for index, point in enumerate(shape.agenda):
        if point.starts_min < before:
            yield Finding(f"agenda[{index}].starts_min", "agenda_unsorted", "议程须按时间先后排列。")
        before = max(before, point.starts_min)
        for name in point.speakers:
            if name.strip() not in names:
                yield Finding(f"agenda[{index}].speakers", "speaker_unknown", f"「{name}」不在讲者名单中。")
        ends = timedelta(minutes=point.starts_min + (point.minutes or 0))
        if length is not None and ends > length:
            yield Finding(f"agenda[{index}].starts_min", "agenda_outside", "议程超出活动的结束时间。", blocks=False)
