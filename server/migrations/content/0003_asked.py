from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("content", "0002_viewing")]

    initial = False

    operations = [
        ops.CreateModel(
            name="AskedQuestion",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account_id", fields.BigIntField()),
                ("inquiry_id", fields.BigIntField(db_index=True)),
                ("series_id", fields.BigIntField()),
                ("text", fields.CharField(max_length=500)),
                ("text_hash", fields.CharField(max_length=32)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "asked_question",
                "app": "content",
                "unique_together": (("account_id", "series_id", "text_hash"),),
                "pk_attr": "id",
                "table_description": "What a doctor asked, in the doctor's words; ``text_hash`` keeps the same from being asked twice.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Inquiry",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("series_id", fields.BigIntField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("answer", fields.TextField(default="", db_default="", unique=False)),
                ("answered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("answered_by", fields.BigIntField(null=True)),
                ("episode_id", fields.BigIntField(null=True, db_index=True)),
                ("turned_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("turned_by", fields.BigIntField(null=True)),
                ("shown_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("set_aside_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("set_aside_by", fields.BigIntField(null=True)),
            ],
            options={
                "table": "inquiry",
                "app": "content",
                "indexes": [Index(fields=["series_id", "id"])],
                "pk_attr": "id",
                "table_description": "One question to a series, asked by one doctor or by several in their own words, and what became of it.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            """
            ALTER TABLE inquiry ADD FOREIGN KEY (series_id) REFERENCES item (id) ON DELETE CASCADE,
                -- The draft of an episode may be thrown away; then the inquiry is open again.
                ADD FOREIGN KEY (episode_id) REFERENCES item (id) ON DELETE SET NULL,
                ADD CHECK ((answered_at IS NULL) = (answer = '')),
                ADD CHECK (set_aside_at IS NULL OR (answered_at IS NULL AND episode_id IS NULL));
            ALTER TABLE asked_question ADD FOREIGN KEY (inquiry_id) REFERENCES inquiry (id) ON DELETE CASCADE,
                ADD FOREIGN KEY (series_id) REFERENCES item (id) ON DELETE CASCADE,
                ADD CHECK (text <> '');
            """,
            reverse_sql="ALTER TABLE asked_question DROP CONSTRAINT asked_question_inquiry_id_fkey;",
        ),
    ]
