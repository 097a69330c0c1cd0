from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("content", "0011_library")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Broadcast",
            fields=[
                ("activity_id", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("opened_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("recording_id", fields.BigIntField(null=True)),
                ("recorded_from", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("replay_id", fields.BigIntField(null=True, unique=True)),
            ],
            options={
                "table": "broadcast",
                "app": "content",
                "pk_attr": "activity_id",
                "table_description": "What staff have done with the broadcast of an activity: opened and closed it, and what became its replay.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BroadcastQuestion",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("activity_id", fields.BigIntField()),
                ("account_id", fields.BigIntField(db_index=True)),
                ("text", fields.CharField(max_length=300)),
                ("state", fields.CharField(default="waiting", db_default="waiting", max_length=12)),
                ("answer", fields.CharField(default="", db_default="", max_length=1000)),
                ("asked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("judged_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("judged_by", fields.BigIntField(null=True)),
            ],
            options={
                "table": "broadcast_question",
                "app": "content",
                "indexes": [Index(fields=["activity_id", "state", "id"])],
                "pk_attr": "id",
                "table_description": "A question to the speakers, and what moderators have done with it: nobody else sees it before it is approved.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Poll",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("activity_id", fields.BigIntField(db_index=True)),
                ("question", fields.CharField(max_length=200)),
                ("options", ArrayField(element_type="TEXT")),
                ("opened_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("counts", ArrayField(null=True, element_type="INT")),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_by", fields.BigIntField()),
            ],
            options={
                "table": "poll",
                "app": "content",
                "pk_attr": "id",
                "table_description": "A question with options put to those who watch. ``counts`` are frozen when it closes, and outlive the votes.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PollVote",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("poll_id", fields.BigIntField()),
                ("person_id", fields.BigIntField()),
                ("account_id", fields.BigIntField(db_index=True)),
                ("option", fields.SmallIntField()),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "poll_vote",
                "app": "content",
                "unique_together": (("poll_id", "person_id"),),
                "pk_attr": "id",
                "table_description": "What a person has chosen in a poll; ``option`` counts from 0.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            """
            ALTER TABLE broadcast
                ADD FOREIGN KEY (activity_id) REFERENCES activity_plan (activity_id) ON DELETE CASCADE,
                ADD FOREIGN KEY (recording_id) REFERENCES asset (id),
                ADD FOREIGN KEY (replay_id) REFERENCES item (id) ON DELETE SET NULL,
                ADD CHECK ((recording_id IS NULL) = (recorded_from IS NULL));
            ALTER TABLE broadcast_question
                ADD FOREIGN KEY (activity_id) REFERENCES activity_plan (activity_id) ON DELETE CASCADE,
                ADD CHECK (state IN ('waiting', 'approved', 'answered', 'hidden')),
                ADD CHECK ((judged_at IS NULL) = (judged_by IS NULL));
            ALTER TABLE poll ADD FOREIGN KEY (activity_id) REFERENCES activity_plan (activity_id) ON DELETE CASCADE,
                ADD CHECK (cardinality(options) BETWEEN 2 AND 8),
                ADD CHECK (closed_at IS NULL OR opened_at IS NOT NULL),
                ADD CHECK ((closed_at IS NULL) = (counts IS NULL));
            ALTER TABLE poll_vote ADD FOREIGN KEY (poll_id) REFERENCES poll (id) ON DELETE CASCADE,
                ADD CHECK ("option" BETWEEN 0 AND 7);

            -- When an account was at a broadcast: written every few seconds, so that no index holds what changes.
            CREATE TABLE attendance (
                account_id bigint NOT NULL,
                activity_id bigint NOT NULL REFERENCES activity_plan (activity_id) ON DELETE CASCADE,
                -- Milliseconds since 1970 at which it was there, in normal form, whichever device it used.
                ranges int8multirange NOT NULL DEFAULT '{}',
                covered_ms bigint NOT NULL DEFAULT 0,
                joined_at timestamptz NOT NULL,
                -- When what was seen of it was added to the viewing of the replay.
                carried_at timestamptz,
                PRIMARY KEY (account_id, activity_id),
                CHECK (covered_ms >= 0 AND lower(ranges) >= 0)
            ) WITH (fillfactor = 70);
            CREATE INDEX attendance_activity ON attendance (activity_id);

            -- One coming through the gate.
            CREATE TABLE live_sitting (
                id varchar(22) PRIMARY KEY,
                account_id bigint NOT NULL,
                activity_id bigint NOT NULL,
                joined_at timestamptz NOT NULL,
                heard_at timestamptz NOT NULL,
                -- The numbers of the reports that were counted, and the milliseconds since joining that they told of.
                heard int8multirange NOT NULL DEFAULT '{}',
                ranges int8multirange NOT NULL DEFAULT '{}',
                ended_at timestamptz,
                end_reason varchar(12) NOT NULL DEFAULT '',
                -- How much of it the events of leaving have told.
                told_ms bigint NOT NULL DEFAULT 0,
                FOREIGN KEY (account_id, activity_id) REFERENCES attendance ON DELETE CASCADE,
                CHECK ((ended_at IS NULL) = (end_reason = ''))
            ) WITH (fillfactor = 70);
            CREATE INDEX live_sitting_whose ON live_sitting (account_id, activity_id);
            CREATE INDEX live_sitting_there ON live_sitting (activity_id) WHERE ended_at IS NULL;

            -- The line is read in the order in which people came to it.
            CREATE INDEX registration_order ON registration (activity_id, state, id);
            DROP INDEX registration_line;
            """,
            reverse_sql="DROP TABLE live_sitting; DROP TABLE attendance;",
        ),
    ]
