"""Tables of activities: the plan of each, who has registered, and what happens at the door and on the line.

The rule: nothing here is part of the text of an activity. Seats are counted in one place, ``activity_plan.seats_left``,
and whoever takes or gives back a seat holds the row of the plan. Two tables that are written every few seconds of a
broadcast have no model and are reached by SQL alone: ``attendance`` (account, activity → the instants at which one was
there) and ``live_sitting`` (one coming through the gate, with the numbers of its reports). The migration
``0012_broadcasts`` describes their columns.
"""

from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.models import Model


class ActivityPlan(Model):
    """When and where an activity takes place and who may still register: fields of operation, audited.

    ``seats_left`` is missing where there is no limit. ``registration_opens_at`` is missing where one may register as
    soon as the activity can be read; ``registration_closes_at`` and ``cancels_until`` where that is with its beginning
    (for a broadcast with its end). ``sequence`` rises with every change that calendars show (RFC 5545, 3.8.7.4).
    """

    activity_id = fields.BigIntField(primary_key=True, generated=False)
    starts_at = fields.DatetimeField(db_index=True)
    ends_at = fields.DatetimeField()
    capacity = fields.IntField(null=True)
    seats_left = fields.IntField(null=True)
    registration_opens_at = fields.DatetimeField(null=True)
    registration_closes_at = fields.DatetimeField(null=True)
    cancels_until = fields.DatetimeField(null=True)
    place_name = fields.CharField(max_length=120, db_default="", default="")
    place_address = fields.CharField(max_length=200, db_default="", default="")
    stream = fields.CharField(max_length=500, db_default="", default="")
    open_to_all = fields.BooleanField(db_default=False, default=False)
    sequence = fields.IntField(db_default=0, default=0)
    previous_starts_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()
    cancelled_at = fields.DatetimeField(null=True)
    cancel_reason = fields.CharField(max_length=200, db_default="", default="")

    class Meta:
        table = "activity_plan"


class Registration(Model):
    """An account has asked for a seat at an activity: it has one (registered), waits for one, or has left (cancelled).

    One a person (OneID) is not cancelled at any time; ``person_id`` follows the map of people.
    """

    id = fields.BigIntField(primary_key=True)
    activity_id = fields.BigIntField()
    account_id = fields.BigIntField(db_index=True)
    person_id = fields.BigIntField()
    state = fields.CharField(max_length=12)
    asked_at = fields.DatetimeField()
    promoted_at = fields.DatetimeField(null=True)
    cancelled_at = fields.DatetimeField(null=True)
    cancelled_by = fields.CharField(max_length=12, db_default="", default="")
    changed_at = fields.DatetimeField()

    class Meta:
        table = "registration"


class CheckIn(Model):
    """Somebody who has registered came through the door; one that was undone stays, and its code stays used.

    ``window`` names the code, where there was one: a minute since 1970. ``attempt`` names the request, so that it can
    be sent again.
    """

    id = fields.BigIntField(primary_key=True)
    registration_id = fields.BigIntField()
    way = fields.CharField(max_length=8)
    window = fields.BigIntField(null=True)
    attempt = fields.CharField(max_length=64)
    at = fields.DatetimeField()
    staff_id = fields.BigIntField()
    undone_at = fields.DatetimeField(null=True)
    undone_by = fields.BigIntField(null=True)
    undo_reason = fields.CharField(max_length=200, db_default="", default="")

    class Meta:
        table = "check_in"


class Broadcast(Model):
    """What staff have done with the broadcast of an activity: opened and closed it, and what became its replay.

    Without a row it opens and closes by the plan. ``recorded_from`` is the instant that second 0 of the film shows.
    """

    activity_id = fields.BigIntField(primary_key=True, generated=False)
    opened_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    recording_id = fields.BigIntField(null=True)
    recorded_from = fields.DatetimeField(null=True)
    replay_id = fields.BigIntField(null=True, unique=True)

    class Meta:
        table = "broadcast"


class BroadcastQuestion(Model):
    """A question to the speakers, and what moderators have done with it: nobody else sees it before it is approved."""

    id = fields.BigIntField(primary_key=True)
    activity_id = fields.BigIntField()
    account_id = fields.BigIntField(db_index=True)
    text = fields.CharField(max_length=300)
    state = fields.CharField(max_length=12, db_default="waiting", default="waiting")
    answer = fields.CharField(max_length=1000, db_default="", default="")
    asked_at = fields.DatetimeField()
    judged_at = fields.DatetimeField(null=True)
    judged_by = fields.BigIntField(null=True)

    class Meta:
        table = "broadcast_question"
        indexes = (Index(fields=("activity_id", "state", "id")),)


class Poll(Model):
    """A question with options put to those who watch. ``counts`` are frozen when it closes, and outlive the votes."""

    id = fields.BigIntField(primary_key=True)
    activity_id = fields.BigIntField(db_index=True)
    question = fields.CharField(max_length=200)
    options = ArrayField("text")
    opened_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    counts: Any = ArrayField("int", null=True)
    created_at = fields.DatetimeField()
    created_by = fields.BigIntField()

    class Meta:
        table = "poll"


class PollVote(Model):
    """What a person has chosen in a poll; ``option`` counts from 0."""

    id = fields.BigIntField(primary_key=True)
    poll_id = fields.BigIntField()
    person_id = fields.BigIntField()
    account_id = fields.BigIntField(db_index=True)
    option = fields.SmallIntField()
    at = fields.DatetimeField()

    class Meta:
        table = "poll_vote"
        unique_together = (("poll_id", "person_id"),)
