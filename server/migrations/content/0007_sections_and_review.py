import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("content", "0006_draft_titles")]

    operations = [
        ops.CreateModel(
            name="Section",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("slug", fields.CharField(unique=True, max_length=64)),
                ("portal", fields.CharField(max_length=8)),
                ("parent_id", fields.BigIntField(null=True)),
                ("position", fields.IntField(default=0, db_default=0)),
                ("name_zh", fields.CharField(max_length=40)),
                ("name_en", fields.CharField(default="", db_default="", max_length=60)),
                ("summary", fields.CharField(default="", db_default="", max_length=200)),
                ("audience", fields.CharField(default="everyone", db_default="everyone", max_length=16)),
                ("order", fields.CharField(default="newest", db_default="newest", max_length=8)),
                ("look", fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads)),
                ("hidden", fields.BooleanField(default=False, db_default=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "section",
                "app": "content",
                "indexes": [Index(fields=["parent_id", "position", "id"])],
                "pk_attr": "id",
                "table_description": "A board or zone, or a part of one: where items stand. ``look`` is how it is drawn, ``order`` how it is listed.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ReviewRule",
            fields=[
                ("kind", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("roles", ArrayField(element_type="TEXT")),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("changed_by", fields.BigIntField()),
            ],
            options={
                "table": "review_rule",
                "app": "content",
                "pk_attr": "kind",
                "table_description": "Which roles must approve items of a kind, where the house wants it otherwise than the kind says.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Material",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("number", fields.CharField(unique=True, max_length=24)),
                ("item_id", fields.BigIntField()),
                ("content_hash", fields.CharField(max_length=64)),
                ("approved_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("valid_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "material",
                "app": "content",
                "indexes": [Index(fields=["item_id", "content_hash"])],
                "pk_attr": "id",
                "table_description": "The number that a text was given when all had approved it, and until when the approvals hold.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ReviewNote",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("item_id", fields.BigIntField()),
                ("content_hash", fields.CharField(max_length=64)),
                ("field", fields.CharField(max_length=80)),
                ("text", fields.TextField(unique=False)),
                ("author_id", fields.BigIntField()),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("settled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("settled_by", fields.BigIntField(null=True)),
            ],
            options={
                "table": "review_note",
                "app": "content",
                "indexes": [Index(fields=["item_id", "id"])],
                "pk_attr": "id",
                "table_description": "What a reviewer says at a field of the text that was handed in, until somebody has settled it.",
            },
            bases=["Model"],
        ),
        ops.AddField(model_name="Item", name="section_id", field=fields.BigIntField(null=True)),
        ops.AddIndex(model_name="Item", index=Index(fields=["section_id", "position", "id"])),
        ops.AddField(
            model_name="Approval",
            name="valid_until",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Live",
            name="product_class",
            field=fields.CharField(default="", db_default="", max_length=16),
        ),
        ops.AddField(
            model_name="Live",
            name="entitlement",
            field=fields.CharField(default="", db_default="", max_length=40),
        ),
        ops.AddField(
            model_name="Live",
            name="section_ids",
            field=ArrayField(default=list, db_default=[], element_type="BIGINT"),
        ),
        ops.RunSQL(
            """
            ALTER TABLE section ADD FOREIGN KEY (parent_id) REFERENCES section (id), ADD CHECK (parent_id <> id),
                ADD CHECK (portal IN ('doctor', 'patient')),
                ADD CHECK (audience IN ('everyone', 'doctor', 'patient', 'professional')),
                ADD CHECK ("order" IN ('newest', 'manual')), ADD CHECK (jsonb_typeof(look) = 'object');
            ALTER TABLE item ADD FOREIGN KEY (section_id) REFERENCES section (id);
            ALTER TABLE material ADD FOREIGN KEY (item_id) REFERENCES item (id);
            ALTER TABLE review_note ADD FOREIGN KEY (item_id) REFERENCES item (id) ON DELETE CASCADE;
            -- A list of a section is read from the newest on, and so is one of everything.
            CREATE INDEX live_sections ON live USING gin (section_ids);
            CREATE SEQUENCE material_number;
            CREATE TRIGGER material_immutable BEFORE UPDATE OR DELETE ON material
                FOR EACH ROW EXECUTE FUNCTION refuse_change();
            """,
            reverse_sql="DROP TRIGGER material_immutable ON material; DROP SEQUENCE material_number;",
        ),
    ]
