from uuid import uuid4

from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    initial = True
    dependencies = [("core", "0001_ground")]

    operations = [
        ops.CreateModel(
            name="Account",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("app_id", fields.CharField(max_length=40)),
                ("audience", fields.CharField(max_length=8)),
                ("openid_hash", fields.BinaryField(null=True)),
                ("openid", fields.BinaryField(null=True)),
                ("phone", fields.BinaryField(null=True)),
                ("phone_bound_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("erased_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "account",
                "app": "cdp",
                "pk_attr": "id",
                "table_description": "An (app, openid). An erased one keeps its number and its times, and nothing that leads to anybody.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AccountSession",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("account_id", fields.BigIntField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("refreshed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("end_reason", fields.CharField(default="", db_default="", max_length=16)),
            ],
            options={
                "table": "account_session",
                "app": "cdp",
                "pk_attr": "id",
                "table_description": "A sign-in and all the tokens that came of it: a family, which stands or ends as one.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Consent",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account_id", fields.BigIntField()),
                ("purpose", fields.CharField(max_length=16)),
                ("version", fields.CharField(max_length=16)),
                ("granted", fields.BooleanField()),
                ("channel", fields.CharField(max_length=16)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "consent",
                "app": "cdp",
                "indexes": [Index(fields=["account_id", "purpose", "id"])],
                "pk_attr": "id",
                "table_description": "A word given or taken back; rows are only ever added, and the last one of a purpose counts.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ConsentText",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("audience", fields.CharField(max_length=8)),
                ("purpose", fields.CharField(max_length=16)),
                ("version", fields.CharField(max_length=16)),
                ("language", fields.CharField(max_length=8)),
                ("title", fields.CharField(max_length=120)),
                ("body", fields.TextField(unique=False)),
                ("material", fields.BooleanField()),
                ("published_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "consent_text",
                "app": "cdp",
                "unique_together": (("audience", "purpose", "version", "language"),),
                "pk_attr": "id",
                "table_description": "What is agreed to: one purpose, one version, one language. Published is final: a trigger refuses to change it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Erasure",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("person_id", fields.BigIntField(db_index=True)),
                ("account_ids", ArrayField(element_type="BIGINT")),
                ("asked_by", fields.CharField(max_length=80)),
                ("requested_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("done_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "erasure",
                "app": "cdp",
                "pk_attr": "id",
                "table_description": "A person's erasure: asked for, and done when every room has given its receipt.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ErasureReceipt",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("erasure_id", fields.UUIDField()),
                ("room", fields.CharField(max_length=40)),
                ("erased", fields.BigIntField()),
                ("kept", fields.BigIntField(default=0, db_default=0)),
                ("why_kept", fields.CharField(default="", db_default="", max_length=200)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "erasure_receipt",
                "app": "cdp",
                "unique_together": (("erasure_id", "room"),),
                "pk_attr": "id",
                "table_description": "What one room erased, and what it had to keep and why.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="IdentityKey",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account_id", fields.BigIntField()),
                ("kind", fields.CharField(max_length=16)),
                ("hash", fields.BinaryField()),
                ("bound_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "identity_key",
                "app": "cdp",
                "pk_attr": "id",
                "table_description": "A key that an account has shown: a unionid, a phone number, a device. The hash holds the audience too.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="MergeReview",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account_a", fields.BigIntField()),
                ("account_b", fields.BigIntField()),
                ("kind", fields.CharField(max_length=16)),
                ("hash", fields.BinaryField(null=True)),
                ("opened_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("verdict", fields.CharField(default="", db_default="", max_length=8)),
                ("note", fields.CharField(default="", db_default="", max_length=400)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("decided_by", fields.CharField(default="", db_default="", max_length=80)),
            ],
            options={
                "table": "merge_review",
                "app": "cdp",
                "pk_attr": "id",
                "table_description": "Two known people who show the same key: a steward says whether they are one.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="MiniProgram",
            fields=[
                ("app_id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ("audience", fields.CharField(max_length=8)),
                ("name", fields.CharField(max_length=80)),
                ("secret", fields.BinaryField()),
                ("push_token", fields.BinaryField(null=True)),
                ("push_key", fields.BinaryField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("disabled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "mini_program",
                "app": "cdp",
                "pk_attr": "app_id",
                "table_description": "A mini-program, its audience and what proves that the house speaks for it, sealed.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Person",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("audience", fields.CharField(max_length=8)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("erased_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "person",
                "app": "cdp",
                "pk_attr": "id",
                "table_description": "A person (OneID) of one audience; the accounts are told by `PersonMap`.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PersonLink",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account_a", fields.BigIntField()),
                ("account_b", fields.BigIntField()),
                ("reason", fields.CharField(max_length=400)),
                ("made_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("made_by", fields.CharField(max_length=80)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_by", fields.CharField(default="", db_default="", max_length=80)),
                ("end_reason", fields.CharField(default="", db_default="", max_length=400)),
            ],
            options={
                "table": "person_link",
                "app": "cdp",
                "pk_attr": "id",
                "table_description": "A steward's word that two accounts are one person's; ended, it counts no more.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PersonMap",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account_id", fields.BigIntField()),
                ("version", fields.IntField()),
                ("person_id", fields.BigIntField()),
                ("from_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("until_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("reason", fields.CharField(max_length=16)),
                ("actor", fields.CharField(max_length=80)),
            ],
            options={
                "table": "person_map",
                "app": "cdp",
                "unique_together": (("account_id", "version"),),
                "pk_attr": "id",
                "table_description": "From when until when an account was whose: each change adds a version; the one without an end holds now.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="RefreshToken",
            fields=[
                ("token_hash", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("session_id", fields.CharField(db_index=True, max_length=32)),
                ("parent_hash", fields.CharField(null=True, max_length=64)),
                ("issued_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("salt", fields.BinaryField(null=True)),
            ],
            options={
                "table": "refresh_token",
                "app": "cdp",
                "pk_attr": "token_hash",
                "table_description": "A refresh token, by its hash. ``salt`` is what its successor was made with when it was used.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Suppression",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("kind", fields.CharField(max_length=16)),
                ("hash", fields.BinaryField()),
                ("erased_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "suppression",
                "app": "cdp",
                "pk_attr": "id",
                "table_description": "A keyed hash of somebody erased: nothing told of them before ``erased_at`` may be written again.",
            },
            bases=["Model"],
        ),
        # What the mapper cannot say: hashes are unique among what is live, and values are what the code means them to be.
        ops.RunSQL(
            """
            ALTER TABLE mini_program ADD CHECK (audience IN ('doctor', 'patient'));
            ALTER TABLE account ADD CHECK (audience IN ('doctor', 'patient')),
                ADD CHECK ((openid_hash IS NULL) = (erased_at IS NOT NULL)),
                ADD CHECK ((phone IS NULL) = (phone_bound_at IS NULL)),
                ADD CHECK (erased_at IS NULL OR (openid IS NULL AND phone IS NULL));
            CREATE UNIQUE INDEX account_openid ON account (app_id, openid_hash);
            ALTER TABLE person ADD CHECK (audience IN ('doctor', 'patient'));
            ALTER TABLE person_map ADD CHECK (version > 0), ADD CHECK (until_at >= from_at),
                ADD CHECK (reason IN ('created', 'unionid', 'merge', 'unmerge'));
            CREATE UNIQUE INDEX person_map_now ON person_map (account_id) INCLUDE (person_id) WHERE until_at IS NULL;
            CREATE INDEX person_map_accounts ON person_map (person_id) WHERE until_at IS NULL;
            ALTER TABLE identity_key ADD CHECK (kind IN ('unionid', 'phone', 'device'));
            CREATE UNIQUE INDEX identity_key_once ON identity_key (kind, hash, account_id);
            CREATE UNIQUE INDEX identity_key_phone ON identity_key (account_id) WHERE kind = 'phone';
            CREATE INDEX identity_key_account ON identity_key (account_id);
            ALTER TABLE person_link ADD CHECK (account_a < account_b);
            CREATE UNIQUE INDEX person_link_live ON person_link (account_a, account_b) WHERE ended_at IS NULL;
            CREATE INDEX person_link_b ON person_link (account_b) WHERE ended_at IS NULL;
            ALTER TABLE merge_review ADD CHECK (account_a < account_b),
                ADD CHECK (verdict IN ('', 'merged', 'apart', 'moot')),
                ADD CHECK ((verdict = '') = (decided_at IS NULL));
            CREATE UNIQUE INDEX merge_review_once ON merge_review (account_a, account_b, kind, hash);
            CREATE INDEX merge_review_open ON merge_review (id) WHERE verdict = '';
            CREATE INDEX account_session_live ON account_session (account_id) WHERE ended_at IS NULL;
            CREATE UNIQUE INDEX refresh_token_successor ON refresh_token (parent_hash) WHERE parent_hash IS NOT NULL;
            ALTER TABLE refresh_token ADD CHECK ((used_at IS NULL) = (salt IS NULL));
            ALTER TABLE consent_text ADD CHECK (version ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}([.][1-9])?$'),
                ADD CHECK (audience IN ('doctor', 'patient')),
                ADD CHECK (purpose IN ('service', 'analytics', 'marketing', 'health'));
            CREATE TRIGGER consent_text_append_only BEFORE UPDATE OR DELETE ON consent_text
                FOR EACH ROW EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER consent_append_only BEFORE UPDATE OR DELETE ON consent
                FOR EACH ROW EXECUTE FUNCTION refuse_change();
            CREATE UNIQUE INDEX suppression_hash ON suppression (kind, hash);
            """,
            reverse_sql="",
        ),
    ]
