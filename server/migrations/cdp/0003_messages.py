import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

CHECKS_AND_INDEXES = """
ALTER TABLE message_template
    ADD CONSTRAINT message_template_kind CHECK (kind IN ('service', 'marketing')),
    ADD CONSTRAINT message_template_places CHECK (jsonb_typeof(places) = 'object');
ALTER TABLE message_credit
    ADD CONSTRAINT message_credit_books CHECK (remaining = granted - spent - cleared),
    ADD CONSTRAINT message_credit_not_negative CHECK (remaining >= 0 AND granted >= 0 AND spent >= 0 AND cleared >= 0);
ALTER TABLE message_credit_entry
    ADD CONSTRAINT message_credit_entry_deed CHECK (deed IN ('grant', 'spend', 'return', 'clear')),
    ADD CONSTRAINT message_credit_entry_amount CHECK (amount >= 0);
ALTER TABLE message_credit_prompt
    ADD CONSTRAINT message_credit_prompt_told CHECK (client_source IS NOT NULL OR push_source IS NOT NULL);
ALTER TABLE message
    ADD CONSTRAINT message_kind CHECK (kind IN ('service', 'marketing')),
    ADD CONSTRAINT message_state CHECK (state IN
        ('planned', 'sending', 'sent', 'failed', 'unknown', 'cancelled', 'expired', 'no_credit')),
    ADD CONSTRAINT message_times CHECK (not_after > due_at),
    ADD CONSTRAINT message_claimed CHECK ((state = 'sending') <= (claim IS NOT NULL AND claimed_at IS NOT NULL)),
    ADD CONSTRAINT message_sent CHECK ((state = 'sent') <= (sent_at IS NOT NULL));

CREATE TRIGGER message_credit_entry_append_only BEFORE UPDATE OR DELETE ON message_credit_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The queue is small beside what has been sent, so that what looks for waiting messages sees only those.
CREATE INDEX message_ready ON message (ready_at, id) WHERE state = 'planned';
CREATE INDEX message_line ON message (account_id, template_id) WHERE state = 'planned';
CREATE INDEX message_topic ON message (topic, account_id) WHERE state = 'planned';
CREATE INDEX message_not_after ON message (not_after) WHERE state = 'planned';
CREATE INDEX message_claimed ON message (claimed_at) WHERE state = 'sending';
CREATE INDEX message_marketing ON message (account_id, claimed_at) WHERE kind = 'marketing';
CREATE INDEX message_wechat ON message (wechat_msg_id) WHERE wechat_msg_id IS NOT NULL;
CREATE INDEX message_due ON message (due_at, id);
CREATE INDEX wechat_push_open ON wechat_push (next_try_at) WHERE followed_at IS NULL;
CREATE INDEX wechat_push_received ON wechat_push (received_at);
"""


class Migration(migrations.Migration):
    initial = False
    dependencies = [("core", "0001_ground"), ("cdp", "0002_log")]

    operations = [
        ops.CreateModel(
            name="CreditEntry",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account_id", fields.BigIntField()),
                ("template_id", fields.CharField(max_length=64)),
                ("deed", fields.CharField(max_length=8)),
                ("amount", fields.IntField()),
                ("source", fields.CharField(max_length=120)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "message_credit_entry",
                "app": "cdp",
                "unique_together": (("account_id", "template_id", "source"),),
                "pk_attr": "id",
                "table_description": "One change of a credit, from one source; a trigger refuses to change or delete it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CreditPrompt",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account_id", fields.BigIntField()),
                ("template_id", fields.CharField(max_length=64)),
                ("prompted_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("client_source", fields.CharField(null=True, max_length=120)),
                ("push_source", fields.CharField(null=True, max_length=120)),
            ],
            options={
                "table": "message_credit_prompt",
                "app": "cdp",
                "indexes": [Index(fields=["account_id", "template_id", "prompted_at"])],
                "pk_attr": "id",
                "table_description": "A prompt that was accepted, as told by the client, by the platform, or by both.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Message",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account_id", fields.BigIntField()),
                ("app_id", fields.CharField(max_length=40)),
                ("key", fields.CharField(max_length=40)),
                ("template_id", fields.CharField(max_length=64)),
                ("kind", fields.CharField(max_length=12)),
                ("topic", fields.CharField(max_length=60)),
                ("item_id", fields.BigIntField(null=True)),
                ("subject", fields.CharField(max_length=100)),
                ("urgency", fields.SmallIntField()),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("not_after", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ready_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("texts", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("page", fields.CharField(default="", db_default="", max_length=200)),
                ("state", fields.CharField(default="planned", db_default="planned", max_length=12)),
                ("reason", fields.CharField(default="", db_default="", max_length=80)),
                ("tries", fields.IntField(default=0, db_default=0)),
                ("claim", fields.UUIDField(null=True)),
                ("claimed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("wechat_msg_id", fields.CharField(null=True, max_length=40)),
                ("sent_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("delivered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("planned_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "message",
                "app": "cdp",
                "unique_together": (("account_id", "subject"),),
                "pk_attr": "id",
                "table_description": "One message to one account; ``subject`` names it within the account, ``topic`` is what it is about.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="MessageCredit",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account_id", fields.BigIntField()),
                ("template_id", fields.CharField(max_length=64)),
                ("remaining", fields.IntField(default=0, db_default=0)),
                ("granted", fields.IntField(default=0, db_default=0)),
                ("spent", fields.IntField(default=0, db_default=0)),
                ("cleared", fields.IntField(default=0, db_default=0)),
                ("cleared_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "message_credit",
                "app": "cdp",
                "unique_together": (("account_id", "template_id"),),
                "pk_attr": "id",
                "table_description": "What one account may still be sent under one template of WeChat: granted less spent and cleared.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="MessageTemplate",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("app_id", fields.CharField(max_length=40)),
                ("key", fields.CharField(max_length=40)),
                ("template_id", fields.CharField(max_length=64)),
                ("title", fields.CharField(max_length=40)),
                ("kind", fields.CharField(max_length=12)),
                ("places", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("enabled", fields.BooleanField(default=True, db_default=True)),
                ("paused_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "message_template",
                "app": "cdp",
                "unique_together": (("app_id", "key"),),
                "pk_attr": "id",
                "table_description": "How one kind of notice (``key``) is told in one mini-program.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WeChatPush",
            fields=[
                ("dedupe_key", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("app_id", fields.CharField(max_length=40)),
                ("kind", fields.CharField(max_length=64)),
                ("content", fields.BinaryField(null=True)),
                ("received_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("followed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("tries", fields.IntField(default=0, db_default=0)),
                ("next_try_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "wechat_push",
                "app": "cdp",
                "pk_attr": "dedupe_key",
                "table_description": "A push that came in; its content is sealed and forgotten once it has been followed.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            CHECKS_AND_INDEXES, reverse_sql="DROP TRIGGER message_credit_entry_append_only ON message_credit_entry"
        ),
    ]
