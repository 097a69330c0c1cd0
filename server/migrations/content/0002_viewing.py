from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("content", "0001_items")]

    initial = False

    operations = [
        ops.CreateModel(
            name="FeedAddress",
            fields=[
                ("account_id", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "feed_address",
                "app": "content",
                "pk_attr": "account_id",
                "table_description": "The personal address of an account's calendar feed, by the hash of its token; taken back, the row is gone.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Follow",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account_id", fields.BigIntField()),
                ("series_id", fields.BigIntField(db_index=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "follow",
                "app": "content",
                "unique_together": (("account_id", "series_id"),),
                "pk_attr": "id",
                "table_description": "An account follows a series: its episodes are in their feed and they are reminded of them.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Reaction",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account_id", fields.BigIntField()),
                ("item_id", fields.BigIntField()),
                ("kind", fields.CharField(max_length=12)),
                ("stars", fields.SmallIntField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "reaction",
                "app": "content",
                "unique_together": (("account_id", "kind", "item_id"),),
                "indexes": [Index(fields=["item_id", "kind"])],
                "pk_attr": "id",
                "table_description": "A favourite, a like or a rating of an item; only a rating has ``stars``, from 1 to 5.",
            },
            bases=["Model"],
        ),
        # A viewing is written every few seconds of a video: no index holds a column that changes, and the pages keep
        # room, so that PostgreSQL writes the row in place (heap-only tuples).
        ops.RunSQL(
            """
            CREATE TABLE viewing (
                account_id bigint NOT NULL,
                episode_id bigint NOT NULL REFERENCES item (id) ON DELETE CASCADE,
                -- Milliseconds from the start that were watched, in normal form.
                ranges int8multirange NOT NULL DEFAULT '{}',
                -- How many of them lay within the video when it was last watched, and how long it was then.
                covered_ms bigint NOT NULL DEFAULT 0,
                length_ms bigint NOT NULL,
                position_ms bigint NOT NULL DEFAULT 0,
                -- How much more than the clock allows could still be believed at updated_at.
                budget_ms bigint NOT NULL,
                started_at timestamptz NOT NULL,
                updated_at timestamptz NOT NULL,
                finished_at timestamptz,
                PRIMARY KEY (account_id, episode_id),
                CHECK (covered_ms BETWEEN 0 AND length_ms AND position_ms >= 0 AND budget_ms >= 0),
                CHECK (lower(ranges) >= 0),
                CHECK (started_at <= updated_at)
            ) WITH (fillfactor = 70);
            CREATE INDEX viewing_episode ON viewing (episode_id);

            CREATE TABLE viewing_session (
                account_id bigint NOT NULL,
                episode_id bigint NOT NULL,
                session varchar(64) NOT NULL,
                -- The numbers of the reports that were counted.
                heard int8multirange NOT NULL,
                started_at timestamptz NOT NULL,
                PRIMARY KEY (account_id, episode_id, session),
                FOREIGN KEY (account_id, episode_id) REFERENCES viewing ON DELETE CASCADE
            ) WITH (fillfactor = 70);
            -- Sessions are forgotten in the order in which they began.
            CREATE INDEX viewing_session_started ON viewing_session USING brin (started_at);

            ALTER TABLE follow ADD FOREIGN KEY (series_id) REFERENCES item (id) ON DELETE CASCADE;
            ALTER TABLE reaction ADD FOREIGN KEY (item_id) REFERENCES item (id) ON DELETE CASCADE,
                ADD CHECK (CASE kind WHEN 'rating' THEN stars IS NOT NULL AND stars BETWEEN 1 AND 5
                                     ELSE kind IN ('favourite', 'like') AND stars IS NULL END);
            """,
            reverse_sql="DROP TABLE viewing_session; DROP TABLE viewing;",
        ),
    ]
