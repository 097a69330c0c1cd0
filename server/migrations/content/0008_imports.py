import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("content", "0007_sections_and_review")]

    initial = False

    operations = [
        ops.CreateModel(
            name="SheetImport",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("kind", fields.CharField(max_length=32)),
                ("name", fields.CharField(max_length=200)),
                ("state", fields.CharField(max_length=12)),
                ("rows", fields.BinaryField(null=True)),
                (
                    "report",
                    fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
                ),
                ("may_plan", fields.BooleanField()),
                ("choice", fields.CharField(default="", db_default="", max_length=8)),
                ("tries", fields.IntField(default=0, db_default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_by", fields.BigIntField()),
                ("chosen_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("chosen_by", fields.BigIntField(null=True)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "sheet_import",
                "app": "content",
                "indexes": [Index(fields=["state", "id"])],
                "pk_attr": "id",
                "table_description": "A sheet that was handed in: what it holds, what a dry run found, what was chosen and what became of it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SheetRow",
            fields=[
                ("item_id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("kind", fields.CharField(max_length=32)),
                ("key", fields.CharField(null=True, max_length=120)),
                ("token_before", fields.CharField(default="", db_default="", max_length=40)),
                ("token_after", fields.CharField(max_length=40)),
                ("taken_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("taken_by", fields.BigIntField()),
            ],
            options={
                "table": "sheet_row",
                "app": "content",
                "unique_together": (("kind", "key"),),
                "pk_attr": "item_id",
                "table_description": "From which row an item came: the key that its source gave it, unique within the kind.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            """
            -- The draft of an item may be thrown away; its row then makes a new one.
            ALTER TABLE sheet_row ADD FOREIGN KEY (item_id) REFERENCES item (id) ON DELETE CASCADE,
                ADD CHECK (key <> '');
            ALTER TABLE sheet_import
                ADD CHECK (state IN ('tried', 'waiting', 'done', 'refused', 'failed')),
                ADD CHECK (choice IN ('', 'all', 'valid')),
                ADD CHECK (state <> 'waiting' OR (rows IS NOT NULL AND choice <> ''));
            """,
            reverse_sql="ALTER TABLE sheet_row DROP CONSTRAINT sheet_row_item_id_fkey;",
        ),
    ]
