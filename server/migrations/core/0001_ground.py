import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("actor", fields.CharField(max_length=80)),
                ("deed", fields.CharField(max_length=80)),
                ("subject_kind", fields.CharField(max_length=40)),
                ("subject_id", fields.CharField(max_length=80)),
                (
                    "before",
                    fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
                ),
                (
                    "after",
                    fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
                ),
                ("request_id", fields.CharField(default="", db_default="", max_length=64)),
            ],
            options={
                "table": "audit_entry",
                "app": "core",
                "indexes": [Index(fields=["subject_kind", "subject_id", "id"]), Index(fields=["at"])],
                "pk_attr": "id",
                "table_description": "One write, for ever: a trigger refuses to change or delete it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account_id", fields.BigIntField()),
                ("key", fields.CharField(max_length=64)),
                ("deed", fields.CharField(max_length=80)),
                ("fingerprint", fields.BinaryField()),
                ("reply", fields.BinaryField(null=True)),
                ("created_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "idempotency_key",
                "app": "core",
                "unique_together": (("account_id", "key"),),
                "pk_attr": "id",
                "table_description": "The reply that was given to a deed under a key, so that the same request gets the same reply.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SealingKey",
            fields=[
                ("owner", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=60)),
                ("wrapped", fields.BinaryField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("destroyed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "sealing_key",
                "app": "core",
                "pk_attr": "owner",
                "table_description": "The key that seals the personal fields of one owner (``account:17``), itself sealed by the master key.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Staff",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("email", fields.CharField(unique=True, max_length=200)),
                ("name", fields.CharField(max_length=80)),
                ("password_hash", fields.CharField(max_length=200)),
                ("roles", ArrayField(element_type="TEXT")),
                ("language", fields.CharField(default="zh-CN", db_default="zh-CN", max_length=8)),
                ("totp_secret", fields.BinaryField(null=True)),
                ("totp_confirmed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("totp_last_step", fields.BigIntField(default=0, db_default=0)),
                ("failed_tries", fields.IntField(default=0, db_default=0)),
                ("locked_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("disabled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "staff",
                "app": "core",
                "pk_attr": "id",
                "table_description": "A person who works in the admin pages. ``roles`` are those of `server.core.roles.STAFF`.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StaffSession",
            fields=[
                ("token_hash", fields.CharField(max_length=64, primary_key=True, unique=True, db_index=True)),
                ("staff_id", fields.BigIntField(db_index=True)),
                ("csrf", fields.CharField(max_length=64)),
                ("second_factor_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("seen_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "staff_session",
                "app": "core",
                "pk_attr": "token_hash",
                "table_description": "A sign-in of a member of staff, known by the hash of its cookie.",
            },
            bases=["Model"],
        ),
        # The audit is for ever: the database itself refuses to change it.
        ops.RunSQL(
            """
            CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$;
            CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE ON audit_entry
                FOR EACH ROW EXECUTE FUNCTION refuse_change();
            """,
            reverse_sql="DROP TRIGGER audit_entry_append_only ON audit_entry; DROP FUNCTION refuse_change();",
        ),
    ]
