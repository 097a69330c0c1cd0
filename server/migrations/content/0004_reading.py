from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("content", "0003_asked")]

    initial = False

    operations = [
        # As `viewing`: written every few seconds of a text, so no index holds a column that changes and the pages keep
        # room, so that PostgreSQL writes the row in place (heap-only tuples).
        ops.RunSQL(
            """
            CREATE TABLE reading (
                account_id bigint NOT NULL,
                item_id bigint NOT NULL REFERENCES item (id) ON DELETE CASCADE,
                max_percent smallint NOT NULL DEFAULT 0,
                active_ms bigint NOT NULL DEFAULT 0,
                -- The newest sittings, each [name, milliseconds, first heard of (seconds since 1970)].
                sittings jsonb NOT NULL DEFAULT '[]',
                started_at timestamptz NOT NULL,
                updated_at timestamptz NOT NULL,
                finished_at timestamptz,
                PRIMARY KEY (account_id, item_id),
                CHECK (max_percent BETWEEN 0 AND 100 AND active_ms >= 0),
                CHECK (jsonb_typeof(sittings) = 'array'),
                CHECK (started_at <= updated_at)
            ) WITH (fillfactor = 70);
            CREATE INDEX reading_item ON reading (item_id);
            """,
            reverse_sql="DROP TABLE reading;",
        ),
    ]
