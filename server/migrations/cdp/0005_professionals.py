from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.migrations import operations as ops

CHECKS_AND_INDEXES = """
ALTER TABLE consent_text DROP CONSTRAINT consent_text_purpose_check,
    ADD CONSTRAINT consent_text_purpose_check
        CHECK (purpose IN ('service', 'analytics', 'marketing', 'health', 'verification'));
ALTER TABLE identity_key DROP CONSTRAINT identity_key_kind_check,
    ADD CONSTRAINT identity_key_kind_check CHECK (kind IN ('unionid', 'phone', 'device', 'professional'));
CREATE UNIQUE INDEX identity_key_professional ON identity_key (account_id) WHERE kind = 'professional';

ALTER TABLE professional_application
    ADD CONSTRAINT professional_application_account FOREIGN KEY (account_id) REFERENCES account (id),
    ADD CONSTRAINT professional_application_verdict CHECK (verdict IN ('', 'approved', 'refused')),
    ADD CONSTRAINT professional_application_decided CHECK ((verdict = '') = (decided_at IS NULL)),
    ADD CONSTRAINT professional_application_valid CHECK ((verdict = 'approved') = (valid_until IS NOT NULL)),
    ADD CONSTRAINT professional_application_period CHECK (valid_until > decided_at),
    ADD CONSTRAINT professional_application_reason CHECK ((verdict = 'refused') = (reason <> '')),
    ADD CONSTRAINT professional_application_ended CHECK ((ended_at IS NULL) = (end_reason = '')),
    ADD CONSTRAINT professional_application_sealed CHECK (
        (name IS NULL) = (cleared_at IS NOT NULL) AND (licence IS NULL) = (cleared_at IS NOT NULL)
        AND (licence_hash IS NULL) = (cleared_at IS NOT NULL)),
    ADD CONSTRAINT professional_application_cleared CHECK (cleared_at IS NULL OR verdict = 'refused' OR ended_at IS NOT NULL);
CREATE UNIQUE INDEX professional_application_open ON professional_application (account_id)
    WHERE verdict = '' AND ended_at IS NULL;
CREATE UNIQUE INDEX professional_application_standing ON professional_application (account_id)
    WHERE verdict = 'approved' AND ended_at IS NULL;
CREATE INDEX professional_application_of_account ON professional_application (account_id, id);
CREATE INDEX professional_application_waiting ON professional_application (submitted_at, id)
    WHERE verdict = '' AND ended_at IS NULL;
CREATE INDEX professional_application_lapsing ON professional_application (valid_until)
    WHERE verdict = 'approved' AND ended_at IS NULL;
CREATE INDEX professional_application_licence ON professional_application (licence_hash) WHERE licence_hash IS NOT NULL;
CREATE INDEX professional_application_sealed ON professional_application (id)
    WHERE cleared_at IS NULL AND (verdict = 'refused' OR ended_at IS NOT NULL);

ALTER TABLE professional_photo
    ADD CONSTRAINT professional_photo_request FOREIGN KEY (application_id) REFERENCES professional_application (id)
        ON DELETE CASCADE;
-- What is sealed does not shrink, so that nobody need try.
ALTER TABLE professional_photo ALTER COLUMN sealed SET STORAGE EXTERNAL;

ALTER TABLE entitlement
    ADD CONSTRAINT entitlement_account FOREIGN KEY (account_id) REFERENCES account (id),
    ADD CONSTRAINT entitlement_name CHECK (name ~ '^[a-z][a-z0-9_-]{0,39}$'),
    ADD CONSTRAINT entitlement_period CHECK (ends_at > starts_at),
    ADD CONSTRAINT entitlement_revoked CHECK ((revoked_at IS NULL) = (revoked_by = ''));
CREATE INDEX entitlement_of_account ON entitlement (account_id, id);
CREATE INDEX entitlement_name ON entitlement (name, id);

ALTER TABLE hospital ADD CONSTRAINT hospital_key CHECK (key ~ '^[a-z0-9][a-z0-9-]{0,63}$');
CREATE SEQUENCE hospital_revision OWNED BY hospital.revision;
CREATE INDEX hospital_by_revision ON hospital (revision);
"""


class Migration(migrations.Migration):
    initial = False
    dependencies = [("cdp", "0004_profiles")]

    operations = [
        ops.CreateModel(
            name="ProfessionalApplication",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account_id", fields.BigIntField()),
                ("submitted_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("name", fields.BinaryField(null=True)),
                ("licence", fields.BinaryField(null=True)),
                ("licence_hash", fields.BinaryField(null=True)),
                ("hospital", fields.CharField(max_length=100)),
                ("hospital_key", fields.CharField(default="", db_default="", max_length=64)),
                ("matched", fields.CharField(default="", db_default="", max_length=12)),
                ("department", fields.CharField(max_length=60)),
                ("title", fields.CharField(max_length=24)),
                ("verdict", fields.CharField(default="", db_default="", max_length=8)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("decided_by", fields.CharField(default="", db_default="", max_length=80)),
                ("reason", fields.CharField(default="", db_default="", max_length=24)),
                ("note", fields.CharField(default="", db_default="", max_length=400)),
                ("valid_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("end_reason", fields.CharField(default="", db_default="", max_length=20)),
                ("ended_by", fields.CharField(default="", db_default="", max_length=80)),
                ("end_note", fields.CharField(default="", db_default="", max_length=400)),
                ("cleared_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "professional_application",
                "app": "cdp",
                "pk_attr": "id",
                "table_description": "What a doctor handed in to be verified, what was decided, and how long that holds.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ProfessionalPhoto",
            fields=[
                ("application_id", fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("sealed", fields.BinaryField()),
                ("media_type", fields.CharField(max_length=20)),
                ("kept_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "professional_photo",
                "app": "cdp",
                "pk_attr": "application_id",
                "table_description": "The photo of a licence, sealed; it goes with the retention after the decision, and at erasure.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Entitlement",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account_id", fields.BigIntField()),
                ("name", fields.CharField(max_length=40)),
                ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("reason", fields.CharField(default="", db_default="", max_length=400)),
                ("granted_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("granted_by", fields.CharField(max_length=80)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revoked_by", fields.CharField(default="", db_default="", max_length=80)),
                ("revoke_reason", fields.CharField(default="", db_default="", max_length=400)),
            ],
            options={
                "table": "entitlement",
                "app": "cdp",
                "pk_attr": "id",
                "table_description": "A right that an account was given for ``[starts_at, ends_at)``, until it is revoked; without an end, for good.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Hospital",
            fields=[
                ("key", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("name", fields.CharField(max_length=100)),
                ("province", fields.CharField(max_length=20)),
                ("city", fields.CharField(max_length=20)),
                ("level", fields.CharField(default="", db_default="", max_length=12)),
                ("aliases", ArrayField(element_type="text")),
                ("revision", fields.BigIntField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "hospital",
                "app": "cdp",
                "pk_attr": "key",
                "table_description": "A hospital of the dictionary. ``revision`` rises with every change, so that copies in memory know their age.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(CHECKS_AND_INDEXES, reverse_sql=""),
    ]
