from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("content", "0004_reading")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ActivityPlan",
            fields=[
                ("activity_id", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("starts_at", fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("capacity", fields.IntField(null=True)),
                ("seats_left", fields.IntField(null=True)),
                ("registration_opens_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("registration_closes_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("cancels_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("place_name", fields.CharField(default="", db_default="", max_length=120)),
                ("place_address", fields.CharField(default="", db_default="", max_length=200)),
                ("stream", fields.CharField(default="", db_default="", max_length=500)),
                ("open_to_all", fields.BooleanField(default=False, db_default=False)),
                ("sequence", fields.IntField(default=0, db_default=0)),
                ("previous_starts_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("cancelled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("cancel_reason", fields.CharField(default="", db_default="", max_length=200)),
            ],
            options={
                "table": "activity_plan",
                "app": "content",
                "pk_attr": "activity_id",
                "table_description": "When and where an activity takes place and who may still register: fields of operation, audited.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Registration",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("activity_id", fields.BigIntField()),
                ("account_id", fields.BigIntField(db_index=True)),
                ("person_id", fields.BigIntField()),
                ("state", fields.CharField(max_length=12)),
                ("asked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("promoted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("cancelled_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("cancelled_by", fields.CharField(default="", db_default="", max_length=12)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "registration",
                "app": "content",
                "pk_attr": "id",
                "table_description": "An account has asked for a seat at an activity: it has one (registered), waits for one, or has left (cancelled).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CheckIn",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("registration_id", fields.BigIntField()),
                ("way", fields.CharField(max_length=8)),
                ("window", fields.BigIntField(null=True)),
                ("attempt", fields.CharField(max_length=64)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("staff_id", fields.BigIntField()),
                ("undone_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("undone_by", fields.BigIntField(null=True)),
                ("undo_reason", fields.CharField(default="", db_default="", max_length=200)),
            ],
            options={
                "table": "check_in",
                "app": "content",
                "pk_attr": "id",
                "table_description": "Somebody who has registered came through the door; one that was undone stays, and its code stays used.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            """
            ALTER TABLE activity_plan ADD FOREIGN KEY (activity_id) REFERENCES item (id) ON DELETE CASCADE,
                ADD CHECK (starts_at < ends_at),
                ADD CHECK (capacity > 0 AND seats_left BETWEEN 0 AND capacity),
                ADD CHECK ((capacity IS NULL) = (seats_left IS NULL));
            ALTER TABLE registration ADD FOREIGN KEY (activity_id) REFERENCES activity_plan (activity_id) ON DELETE CASCADE,
                ADD CHECK (state IN ('registered', 'waiting', 'cancelled')),
                ADD CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL));
            -- One registration a person stands, and the line is read in its order.
            CREATE UNIQUE INDEX registration_standing ON registration (activity_id, person_id) WHERE state <> 'cancelled';
            CREATE INDEX registration_line ON registration (activity_id, state, asked_at, id);
            -- A code lets in once, also where what it let in was undone; a request that comes again is the same.
            ALTER TABLE check_in ADD FOREIGN KEY (registration_id) REFERENCES registration (id) ON DELETE CASCADE,
                ADD CHECK (way IN ('code', 'name')),
                ADD CHECK ((undone_at IS NULL) = (undone_by IS NULL));
            CREATE UNIQUE INDEX check_in_standing ON check_in (registration_id) WHERE undone_at IS NULL;
            CREATE UNIQUE INDEX check_in_code ON check_in (registration_id, "window");
            """,
            reverse_sql="",
        ),
    ]
