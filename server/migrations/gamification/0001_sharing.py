from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Share",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=22)),
                ("account_id", fields.BigIntField()),
                ("item_id", fields.BigIntField(db_index=True)),
                ("kind", fields.CharField(max_length=32)),
                ("channel", fields.CharField(max_length=16)),
                ("openings", fields.IntField(default=0, db_default=0)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "share",
                "app": "gamification",
                "indexes": [Index(fields=["account_id", "created_at", "id"])],
                "pk_attr": "id",
                "table_description": "A share of an item by an account; the id is all that the shared card carries.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            """
            ALTER TABLE share ADD CHECK (openings >= 0), ADD CHECK (id ~ '^[0-9A-Za-z]{22}$');

            CREATE TABLE share_opening (
                share_id varchar(22) NOT NULL REFERENCES share (id) ON DELETE CASCADE,
                day date NOT NULL,
                visitor bytea NOT NULL,
                PRIMARY KEY (share_id, day, visitor)
            );
            CREATE INDEX share_opening_day ON share_opening (day);
            """,
            reverse_sql="DROP TABLE share_opening;",
        ),
    ]
