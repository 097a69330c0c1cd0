"""Tables of the engagement log: the quarantine. The others have no model.

The rule: `event`, `event_key` and `intake_book` are written by `cdp.log` and `cdp.intake` alone, in statements of
their own, for they are the hottest tables of the house; migration ``cdp/0002_log`` makes them and says what they hold.
"""

from typing import Any

from tortoise import fields
from tortoise.models import Model


class Quarantined(Model):
    """An event that nobody here knows yet, as it was sent, with what is needed to take it in later.

    ``payload`` is the event's own JSON, ``batch`` what came with all events of its request. ``outcome`` says what
    became of it at a replay: stored, duplicate or conflict.
    """

    id = fields.BigIntField(primary_key=True)
    received_at = fields.DatetimeField()
    source = fields.SmallIntField()
    event_id = fields.BinaryField()
    fingerprint = fields.BinaryField()
    name = fields.CharField(max_length=60)
    schema = fields.CharField(max_length=20)
    account_id = fields.BigIntField(null=True)
    reason = fields.CharField(max_length=40)
    payload = fields.TextField()
    batch: Any = fields.JSONField()
    resolved_at = fields.DatetimeField(null=True)
    outcome = fields.CharField(max_length=16, null=True)

    class Meta:
        table = "quarantine"
