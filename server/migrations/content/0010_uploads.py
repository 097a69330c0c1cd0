from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("content", "0009_search")]

    operations = [
        ops.CreateModel(
            name="Upload",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("staff_id", fields.BigIntField(db_index=True)),
                ("name", fields.CharField(max_length=200)),
                ("wanted", fields.CharField(default="", db_default="", max_length=16)),
                ("metadata", fields.TextField(default="", db_default="", unique=False)),
                ("length", fields.BigIntField()),
                ("received", fields.BigIntField(default=0, db_default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("asset_id", fields.BigIntField(null=True)),
                ("refused", fields.CharField(default="", db_default="", max_length=40)),
                ("said", fields.CharField(default="", db_default="", max_length=200)),
            ],
            options={
                "table": "upload",
                "app": "content",
                "indexes": [Index(fields=["finished_at", "id"])],
                "pk_attr": "id",
                "table_description": "A file that is being sent in parts; its bytes lie on the machine that receives "
                "them.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            "ALTER TABLE upload ADD CONSTRAINT upload_counts CHECK (0 <= received AND received <= length)",
            reverse_sql="ALTER TABLE upload DROP CONSTRAINT upload_counts",
        ),
    ]
