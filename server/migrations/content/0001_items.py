import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    initial = True
    # The function behind the append-only triggers comes from there.
    dependencies = [("core", "0001_ground")]

    operations = [
        ops.CreateModel(
            name="Airing",
            fields=[
                ("episode_id", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("airs_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("sequence", fields.IntField(default=0, db_default=0)),
                ("previous_airs_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("cancelled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "airing",
                "app": "content",
                "pk_attr": "episode_id",
                "table_description": "When an episode is first shown: a field of operation, audited, no part of the text.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Approval",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("item_id", fields.BigIntField()),
                ("content_hash", fields.CharField(max_length=64)),
                ("role", fields.CharField(max_length=20)),
                ("approved", fields.BooleanField()),
                ("note", fields.TextField(default="", db_default="", unique=False)),
                ("reviewer_id", fields.BigIntField()),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "approval",
                "app": "content",
                "indexes": [Index(fields=["item_id", "content_hash"])],
                "pk_attr": "id",
                "table_description": "The verdict of a reviewer in one role on exactly the text of one hash; a trigger refuses to change it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Asset",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("kind", fields.CharField(max_length=16)),
                ("name", fields.CharField(max_length=200)),
                ("sha256", fields.CharField(db_index=True, max_length=64)),
                ("bytes", fields.BigIntField()),
                ("media_type", fields.CharField(max_length=80)),
                ("width", fields.IntField(null=True)),
                ("height", fields.IntField(null=True)),
                ("seconds", fields.FloatField(null=True)),
                ("alt", fields.CharField(default="", db_default="", max_length=200)),
                ("consent_id", fields.BigIntField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_by", fields.BigIntField()),
            ],
            options={
                "table": "asset",
                "app": "content",
                "indexes": [Index(fields=["kind", "id"])],
                "pk_attr": "id",
                "table_description": "A file that was taken in and found to be what it says it is; its bytes lie under their SHA-256.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="AssetUse",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("asset_id", fields.BigIntField()),
                ("item_id", fields.BigIntField(db_index=True)),
                ("place", fields.CharField(max_length=8)),
                ("field", fields.CharField(max_length=80)),
            ],
            options={
                "table": "asset_use",
                "app": "content",
                "unique_together": (("asset_id", "item_id", "place", "field"),),
                "pk_attr": "id",
                "table_description": "Where a file is used: by the draft or by the live text of an item, in which field.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Draft",
            fields=[
                ("item_id", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("shape", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("content_hash", fields.CharField(max_length=64)),
                ("revision", fields.IntField(default=1, db_default=1)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_by", fields.BigIntField()),
            ],
            options={
                "table": "draft",
                "app": "content",
                "pk_attr": "item_id",
                "table_description": "What the editors work on: one row an item, changed in place; every change raises the revision.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FilmedConsent",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("code", fields.CharField(unique=True, max_length=40)),
                ("scope", fields.CharField(max_length=16)),
                ("de_identified", fields.BooleanField()),
                ("signed_on", fields.DateField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_by", fields.BigIntField()),
                ("withdrawn_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("withdrawn_by", fields.BigIntField(null=True)),
            ],
            options={
                "table": "filmed_consent",
                "app": "content",
                "pk_attr": "id",
                "table_description": "The consent on file of a patient who was filmed, by a code and without a name.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Item",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("kind", fields.CharField(max_length=32)),
                ("slug", fields.CharField(max_length=96)),
                ("parent_id", fields.BigIntField(null=True)),
                ("position", fields.IntField(default=0, db_default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_by", fields.BigIntField()),
            ],
            options={
                "table": "item",
                "app": "content",
                "unique_together": (("kind", "slug"),),
                "indexes": [Index(fields=["parent_id", "position", "id"])],
                "pk_attr": "id",
                "table_description": "A piece of content of a kind, at its place in the tree; what it says stands in its draft and its versions.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Live",
            fields=[
                ("item_id", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("kind", fields.CharField(max_length=32)),
                ("slug", fields.CharField(max_length=96)),
                ("parent_id", fields.BigIntField(null=True)),
                ("root_id", fields.BigIntField()),
                ("position", fields.IntField()),
                ("version_id", fields.BigIntField()),
                ("publication_id", fields.BigIntField()),
                ("consent_id", fields.BigIntField(null=True)),
                ("audience", fields.CharField(max_length=16)),
                ("tags", ArrayField(element_type="TEXT")),
                ("title", fields.CharField(max_length=200)),
                ("seconds", fields.IntField(null=True)),
                ("valid_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("valid_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("published_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("card", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("prepared", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
            ],
            options={
                "table": "live",
                "app": "content",
                "indexes": [
                    Index(fields=["kind", "published_at"]),
                    Index(fields=["parent_id", "position", "item_id"]),
                    Index(fields=["root_id"]),
                ],
                "pk_attr": "item_id",
                "table_description": "What readers get of an item now: there is a row only while it and everything above it is published.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LiveQuestion",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("item_id", fields.BigIntField()),
                ("number", fields.IntField()),
                ("text", fields.CharField(max_length=200)),
                ("folded", fields.CharField(max_length=400)),
                ("grams", ArrayField(element_type="TEXT")),
                ("chapter", fields.CharField(max_length=40)),
                ("starts_at_s", fields.FloatField()),
            ],
            options={
                "table": "live_question",
                "app": "content",
                "unique_together": (("item_id", "number"),),
                "pk_attr": "id",
                "table_description": "A question that a live item answers; ``grams`` are the pairs of characters that it is found by.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Pin",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("place", fields.CharField(max_length=40)),
                ("item_id", fields.BigIntField()),
                ("position", fields.IntField()),
                ("pinned_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("pinned_by", fields.BigIntField()),
            ],
            options={
                "table": "pin",
                "app": "content",
                "unique_together": (("place", "item_id"),),
                "pk_attr": "id",
                "table_description": "An item held at the top of a list (``place``) by the editors: a field of operation.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Publication",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("item_id", fields.BigIntField()),
                ("version_id", fields.BigIntField()),
                ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("began_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("replaced_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("withdrawn_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("expired_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("reason", fields.CharField(default="", db_default="", max_length=200)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_by", fields.BigIntField()),
                ("withdrawn_by", fields.BigIntField(null=True)),
            ],
            options={
                "table": "publication",
                "app": "content",
                "indexes": [Index(fields=["item_id", "id"])],
                "pk_attr": "id",
                "table_description": "The decision to show a version in ``[starts_at, ends_at)``.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Tag",
            fields=[
                ("slug", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("facet", fields.CharField(max_length=24)),
                ("parent_slug", fields.CharField(null=True, max_length=64)),
                ("name_zh", fields.CharField(max_length=60)),
                ("name_en", fields.CharField(max_length=80)),
                ("position", fields.IntField(default=0, db_default=0)),
            ],
            options={
                "table": "tag",
                "app": "content",
                "indexes": [Index(fields=["facet", "position", "slug"])],
                "pk_attr": "slug",
                "table_description": "A word of the taxonomy; ``facet`` is the tree that it belongs to.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Tombstone",
            fields=[
                ("item_id", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("why", fields.CharField(max_length=16)),
                ("gone_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("root_id", fields.BigIntField(db_index=True)),
                ("version_id", fields.BigIntField()),
                ("audience", fields.CharField(max_length=16)),
            ],
            options={
                "table": "tombstone",
                "app": "content",
                "pk_attr": "item_id",
                "table_description": "An item that readers could see and cannot any more; ``why`` is withdrawn or expired.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Version",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("item_id", fields.BigIntField()),
                ("number", fields.IntField()),
                ("shape", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("content_hash", fields.CharField(max_length=64)),
                ("author_id", fields.BigIntField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("restores", fields.IntField(null=True)),
            ],
            options={
                "table": "version",
                "app": "content",
                "unique_together": (("item_id", "number"),),
                "pk_attr": "id",
                "table_description": "What an item said when it was handed in or published; a trigger refuses to change or delete it.",
            },
            bases=["Model"],
        ),
        # Rows of one room hold on to each other; what other rooms remember is a plain id.
        ops.RunSQL(
            """
            ALTER TABLE item ADD FOREIGN KEY (parent_id) REFERENCES item (id),
                ADD CHECK (parent_id <> id);
            ALTER TABLE draft ADD FOREIGN KEY (item_id) REFERENCES item (id) ON DELETE CASCADE,
                ADD CHECK (jsonb_typeof(shape) = 'object'), ADD CHECK (revision > 0);
            ALTER TABLE version ADD FOREIGN KEY (item_id) REFERENCES item (id), ADD UNIQUE (item_id, id);
            ALTER TABLE approval ADD FOREIGN KEY (item_id) REFERENCES item (id);
            ALTER TABLE publication ADD FOREIGN KEY (item_id, version_id) REFERENCES version (item_id, id),
                ADD CHECK (ends_at > starts_at);
            ALTER TABLE live ADD FOREIGN KEY (item_id) REFERENCES item (id),
                ADD FOREIGN KEY (item_id, version_id) REFERENCES version (item_id, id),
                ADD FOREIGN KEY (publication_id) REFERENCES publication (id),
                ADD CHECK (audience IN ('everyone', 'doctor', 'patient', 'professional'));
            ALTER TABLE live_question ADD FOREIGN KEY (item_id) REFERENCES live (item_id) ON DELETE CASCADE;
            ALTER TABLE tombstone ADD FOREIGN KEY (item_id) REFERENCES item (id),
                ADD FOREIGN KEY (version_id) REFERENCES version (id),
                ADD CHECK (why IN ('withdrawn', 'expired'));
            ALTER TABLE airing ADD FOREIGN KEY (episode_id) REFERENCES item (id) ON DELETE CASCADE;
            ALTER TABLE pin ADD FOREIGN KEY (item_id) REFERENCES item (id) ON DELETE CASCADE;
            ALTER TABLE tag ADD FOREIGN KEY (parent_slug) REFERENCES tag (slug), ADD CHECK (parent_slug <> slug);
            ALTER TABLE asset ADD FOREIGN KEY (consent_id) REFERENCES filmed_consent (id),
                ADD CHECK (kind IN ('image', 'video', 'audio', 'document'));
            ALTER TABLE asset_use ADD FOREIGN KEY (asset_id) REFERENCES asset (id),
                ADD FOREIGN KEY (item_id) REFERENCES item (id) ON DELETE CASCADE,
                ADD CHECK (place IN ('draft', 'live'));
            ALTER TABLE live ADD FOREIGN KEY (consent_id) REFERENCES filmed_consent (id);

            -- One publication is shown and one waits, never more.
            CREATE UNIQUE INDEX publication_current ON publication (item_id) WHERE began_at IS NOT NULL
                AND replaced_at IS NULL AND withdrawn_at IS NULL AND expired_at IS NULL;
            CREATE UNIQUE INDEX publication_waiting ON publication (item_id) WHERE began_at IS NULL
                AND replaced_at IS NULL AND withdrawn_at IS NULL;
            CREATE INDEX publication_due ON publication (starts_at) WHERE began_at IS NULL
                AND replaced_at IS NULL AND withdrawn_at IS NULL;
            CREATE INDEX publication_ending ON publication (ends_at) WHERE began_at IS NOT NULL
                AND replaced_at IS NULL AND withdrawn_at IS NULL AND expired_at IS NULL;
            CREATE INDEX live_question_grams ON live_question USING gin (grams);
            CREATE INDEX live_tags ON live USING gin (tags);
            ALTER TABLE filmed_consent ADD CHECK (scope IN ('everyone', 'doctor', 'patient', 'professional'));
            CREATE INDEX live_consent ON live (consent_id) WHERE consent_id IS NOT NULL;

            CREATE TRIGGER version_immutable BEFORE UPDATE OR DELETE ON version
                FOR EACH ROW EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER approval_immutable BEFORE UPDATE OR DELETE ON approval
                FOR EACH ROW EXECUTE FUNCTION refuse_change();
            """,
            reverse_sql="DROP TRIGGER version_immutable ON version; DROP TRIGGER approval_immutable ON approval;",
        ),
    ]
