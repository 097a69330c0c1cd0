"""Tables of the messages to people: templates, credits with their ledger, the queue, and the pushes that came in.

The rule: the database itself keeps the books. What is left of a credit is what was granted less what was spent and
cleared, and never below nothing; ledger entries are only ever added, each source once; a message has one row for
ever, whatever becomes of it.
"""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class MessageTemplate(Model):
    """How one kind of notice (``key``) is told in one mini-program.

    Several keys may share a ``template_id`` of WeChat and with it its credits. ``places`` says for each place of the
    template (``thing1``) which text of a message goes there.
    """

    id = fields.BigIntField(primary_key=True)
    app_id = fields.CharField(max_length=40)
    key = fields.CharField(max_length=40)
    template_id = fields.CharField(max_length=64)
    title = fields.CharField(max_length=40)
    kind = fields.CharField(max_length=12)
    places: Any = fields.JSONField()
    enabled = fields.BooleanField(db_default=True, default=True)
    paused_until = fields.DatetimeField(null=True)
    updated_at = fields.DatetimeField()

    class Meta:
        table = "message_template"
        unique_together = (("app_id", "key"),)


class MessageCredit(Model):
    """What one account may still be sent under one template of WeChat: granted less spent and cleared."""

    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    template_id = fields.CharField(max_length=64)
    remaining = fields.IntField(db_default=0, default=0)
    granted = fields.IntField(db_default=0, default=0)
    spent = fields.IntField(db_default=0, default=0)
    cleared = fields.IntField(db_default=0, default=0)
    cleared_at = fields.DatetimeField(null=True)

    class Meta:
        table = "message_credit"
        unique_together = (("account_id", "template_id"),)


class CreditEntry(Model):
    """One change of a credit, from one source; a trigger refuses to change or delete it."""

    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    template_id = fields.CharField(max_length=64)
    deed = fields.CharField(max_length=8)
    amount = fields.IntField()
    source = fields.CharField(max_length=120)
    at = fields.DatetimeField()

    class Meta:
        table = "message_credit_entry"
        unique_together = (("account_id", "template_id", "source"),)


class CreditPrompt(Model):
    """A prompt that was accepted, as told by the client, by the platform, or by both.

    The two tell of the same prompt without a common name and are matched by time, so that it grants once.
    """

    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    template_id = fields.CharField(max_length=64)
    prompted_at = fields.DatetimeField()
    client_source = fields.CharField(max_length=120, null=True)
    push_source = fields.CharField(max_length=120, null=True)

    class Meta:
        table = "message_credit_prompt"
        indexes = (Index(fields=("account_id", "template_id", "prompted_at")),)


class Message(Model):
    """One message to one account; ``subject`` names it within the account, ``topic`` is what it is about.

    ``due_at`` is when it was meant to go out, ``ready_at`` when it may be tried next. A claimed message bears the
    ``claim`` of the sender that has it.
    """

    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    app_id = fields.CharField(max_length=40)
    key = fields.CharField(max_length=40)
    template_id = fields.CharField(max_length=64)
    kind = fields.CharField(max_length=12)
    topic = fields.CharField(max_length=60)
    item_id = fields.BigIntField(null=True)
    subject = fields.CharField(max_length=100)
    urgency = fields.SmallIntField()
    due_at = fields.DatetimeField()
    not_after = fields.DatetimeField()
    ready_at = fields.DatetimeField()
    texts: Any = fields.JSONField()
    page = fields.CharField(max_length=200, db_default="", default="")
    state = fields.CharField(max_length=12, db_default="planned", default="planned")
    reason = fields.CharField(max_length=80, db_default="", default="")
    tries = fields.IntField(db_default=0, default=0)
    claim = fields.UUIDField(null=True)
    claimed_at = fields.DatetimeField(null=True)
    wechat_msg_id = fields.CharField(max_length=40, null=True)
    sent_at = fields.DatetimeField(null=True)
    delivered_at = fields.DatetimeField(null=True)
    planned_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "message"
        unique_together = (("account_id", "subject"),)


class WeChatPush(Model):
    """A push that came in; its content is sealed and forgotten once it has been followed."""

    dedupe_key = fields.CharField(max_length=64, primary_key=True)
    app_id = fields.CharField(max_length=40)
    kind = fields.CharField(max_length=64)
    content = fields.BinaryField(null=True)
    received_at = fields.DatetimeField()
    followed_at = fields.DatetimeField(null=True)
    tries = fields.IntField(db_default=0, default=0)
    next_try_at = fields.DatetimeField(null=True)

    class Meta:
        table = "wechat_push"
