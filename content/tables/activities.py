"""Tables of activities: the plan of each, who has registered, and what happens at the door and on the line.

The rule: nothing here is part of the text of an activity. Seats are counted in one place, ``activity_plan.seats_left``,
and whoever takes or gives back a seat holds the row of the plan.
"""

from tortoise import fields
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
