from tortoise import fields, migrations
from tortoise.migrations import operations as ops

VISITS = """
-- What an account did with an item on a day (Asia/Shanghai) in one visit: everything that the figures of an item are
-- made of. A visit is a session of a client, by a number that leads back to none; what the house itself tells of
-- belongs to visit 0. Each column is joined with what comes later so that neither order nor repeats matter: yes stays
-- yes, the first is the least, the last the greatest, what was watched is a union.
CREATE TABLE item_visit (
    item_id bigint NOT NULL,
    day date NOT NULL,
    account_id bigint NOT NULL,
    visit bigint NOT NULL,
    shown boolean NOT NULL DEFAULT false,
    clicked boolean NOT NULL DEFAULT false,
    opened_first timestamptz,
    opened_last timestamptz,
    read boolean NOT NULL DEFAULT false,
    favourite bigint[],
    started boolean NOT NULL DEFAULT false,
    finished boolean NOT NULL DEFAULT false,
    watched int8multirange NOT NULL DEFAULT '{}',
    length_ms bigint,
    PRIMARY KEY (item_id, day, account_id, visit),
    CHECK ((opened_first IS NULL) = (opened_last IS NULL) AND opened_first <= opened_last),
    CHECK (array_length(favourite, 1) = 3)
);
COMMENT ON COLUMN item_visit.favourite IS 'the last word on it: milliseconds since 1970, number of the event, 1 or 0';
COMMENT ON COLUMN item_visit.watched IS 'milliseconds from the start';
CREATE INDEX item_visit_day ON item_visit (day);

-- Up to when of the time of receipt the log has been counted.
CREATE TABLE metric_cursor (
    name text PRIMARY KEY,
    counted_until timestamptz NOT NULL
);
"""


class Migration(migrations.Migration):
    dependencies = [("cdp", "0005_professionals")]

    initial = False

    operations = [
        ops.CreateModel(
            name="OwnAccount",
            fields=[
                ("account_id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("marked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("marked_by", fields.BigIntField()),
            ],
            options={
                "table": "own_account",
                "app": "cdp",
                "pk_attr": "account_id",
                "table_description": "An account of somebody who works for the house, which no figure counts, from its first event on.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            """
            ALTER TABLE own_account ADD FOREIGN KEY (account_id) REFERENCES account (id);
            """,
            reverse_sql="ALTER TABLE own_account DROP CONSTRAINT own_account_account_id_fkey;",
        ),
        ops.RunSQL(VISITS, reverse_sql="DROP TABLE item_visit; DROP TABLE metric_cursor;"),
    ]
