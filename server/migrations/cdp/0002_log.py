import functools
from json import dumps, loads

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

LOG = """
-- Which ids have been taken, for ever and without a window. It is not partitioned, since a unique key of a partitioned
-- table would have to hold the time of receipt. The fingerprint is the SHA-256 of the canonical event without its times
-- of sending and receipt.
CREATE TABLE event_key (
    source smallint NOT NULL,
    id bytea NOT NULL CHECK (octet_length(id) BETWEEN 1 AND 16),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    PRIMARY KEY (source, id)
);

-- The log. Months are those of Asia/Shanghai, as in every report, so that the report of a month reads one partition and
-- what is detached is a month as people name it. `number` is the order in which rows were made, not that in which they
-- were committed: nobody may read on from "the last number seen".
CREATE TABLE event (
    number bigserial NOT NULL,
    received_at timestamptz NOT NULL,
    source smallint NOT NULL,
    event_id bytea NOT NULL,
    given_id bytea,
    name text NOT NULL,
    schema text NOT NULL,
    audience text,
    account_id bigint,
    anonymous_id text,
    session text,
    sequence integer,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    derived_at timestamptz NOT NULL,
    flags smallint NOT NULL DEFAULT 0,
    bot_reasons text[],
    app text,
    channel text,
    page text,
    campaign text,
    share_id text,
    experiment text,
    recommendation_id text,
    consent_version text,
    purposes text[],
    body jsonb NOT NULL,
    PRIMARY KEY (received_at, number)
) PARTITION BY RANGE (received_at);
COMMENT ON COLUMN event.source IS '1 the house itself, 2 a client of ours';
COMMENT ON COLUMN event.flags IS 'bits: 1 the clock of the device cannot be right, 2 the id was taken by another event '
    '(given_id holds it), 4 written without the person for want of consent';

CREATE INDEX event_account ON event (account_id, derived_at) WHERE account_id IS NOT NULL;
CREATE TABLE event_default PARTITION OF event DEFAULT;

DO $$
DECLARE
    month timestamp := date_trunc('month', now() AT TIME ZONE 'Asia/Shanghai') - interval '1 month';
BEGIN
    FOR ahead IN 0..4 LOOP
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF event FOR VALUES FROM (%L) TO (%L)',
            to_char(month, '"event_"YYYY_MM'),
            month AT TIME ZONE 'Asia/Shanghai',
            (month + interval '1 month') AT TIME ZONE 'Asia/Shanghai'
        );
        month := month + interval '1 month';
    END LOOP;
END $$;

-- What was received in an hour and what became of it; a row belongs to one connection to the database, so that writers
-- never wait for one another. Written in the transaction of the events themselves.
CREATE TABLE intake_book (
    hour timestamptz NOT NULL,
    writer integer NOT NULL,
    received bigint NOT NULL,
    stored bigint NOT NULL,
    duplicate bigint NOT NULL,
    quarantined bigint NOT NULL,
    rejected bigint NOT NULL,
    PRIMARY KEY (hour, writer),
    CONSTRAINT intake_book_closes CHECK (received = stored + duplicate + quarantined + rejected)
) WITH (fillfactor = 50);

CREATE UNIQUE INDEX quarantine_event ON quarantine (source, event_id, fingerprint);
CREATE INDEX quarantine_open ON quarantine (id) WHERE resolved_at IS NULL;
CREATE INDEX quarantine_account ON quarantine (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX quarantine_received ON quarantine (received_at);
"""


class Migration(migrations.Migration):
    initial = False
    dependencies = [("cdp", "0001_accounts")]

    operations = [
        ops.CreateModel(
            name="Quarantined",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("received_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("source", fields.SmallIntField()),
                ("event_id", fields.BinaryField()),
                ("fingerprint", fields.BinaryField()),
                ("name", fields.CharField(max_length=60)),
                ("schema", fields.CharField(max_length=20)),
                ("account_id", fields.BigIntField(null=True)),
                ("reason", fields.CharField(max_length=40)),
                ("payload", fields.TextField(unique=False)),
                (
                    "batch",
                    fields.JSONField(encoder=functools.partial(dumps, separators=(",", ":")), decoder=loads),
                ),
                ("resolved_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("outcome", fields.CharField(null=True, max_length=16)),
            ],
            options={
                "table": "quarantine",
                "app": "cdp",
                "pk_attr": "id",
                "table_description": "An event that nobody here knows yet, as it was sent, with what is needed to take it in later.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            LOG,
            reverse_sql="DROP TABLE event; DROP TABLE event_key; DROP TABLE intake_book; DROP INDEX quarantine_event; "
            "DROP INDEX quarantine_open; DROP INDEX quarantine_account; DROP INDEX quarantine_received;",
        ),
    ]
