"""Tables of verified professionals, entitlements and the dictionary of hospitals.

The rule: what names a doctor (name, licence number, photo) lies here only sealed with the account's key, and only while
a decision waits or a standing rests on it; ``docs/decisions/0019-professionals.md`` says why.
"""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model


class ProfessionalApplication(Model):
    """What a doctor handed in to be verified, what was decided, and how long that holds.

    It waits while neither decided nor ended. An approved one carries the standing in ``[decided_at, valid_until)``,
    unless it was ended before.
    """

    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    submitted_at = fields.DatetimeField()
    name = fields.BinaryField(null=True)
    licence = fields.BinaryField(null=True)
    licence_hash = fields.BinaryField(null=True)
    hospital = fields.CharField(max_length=100)
    hospital_key = fields.CharField(max_length=64, db_default="", default="")
    matched = fields.CharField(max_length=12, db_default="", default="")
    department = fields.CharField(max_length=60)
    title = fields.CharField(max_length=24)
    verdict = fields.CharField(max_length=8, db_default="", default="")
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.CharField(max_length=80, db_default="", default="")
    reason = fields.CharField(max_length=24, db_default="", default="")
    note = fields.CharField(max_length=400, db_default="", default="")
    valid_until = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    end_reason = fields.CharField(max_length=20, db_default="", default="")
    ended_by = fields.CharField(max_length=80, db_default="", default="")
    end_note = fields.CharField(max_length=400, db_default="", default="")
    cleared_at = fields.DatetimeField(null=True)

    class Meta:
        table = "professional_application"


class ProfessionalPhoto(Model):
    """The photo of a licence, sealed; it goes with the retention after the decision, and at erasure."""

    application_id = fields.BigIntField(primary_key=True, generated=False)
    sealed = fields.BinaryField()
    media_type = fields.CharField(max_length=20)
    kept_at = fields.DatetimeField()

    class Meta:
        table = "professional_photo"


class Entitlement(Model):
    """A right that an account was given for ``[starts_at, ends_at)``, until it is revoked; without an end, for good."""

    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    name = fields.CharField(max_length=40)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=400, db_default="", default="")
    granted_at = fields.DatetimeField()
    granted_by = fields.CharField(max_length=80)
    revoked_at = fields.DatetimeField(null=True)
    revoked_by = fields.CharField(max_length=80, db_default="", default="")
    revoke_reason = fields.CharField(max_length=400, db_default="", default="")

    class Meta:
        table = "entitlement"


class Hospital(Model):
    """A hospital of the dictionary. ``revision`` rises with every change, so that copies in memory know their age."""

    key = fields.CharField(max_length=64, primary_key=True)
    name = fields.CharField(max_length=100)
    province = fields.CharField(max_length=20)
    city = fields.CharField(max_length=20)
    level = fields.CharField(max_length=12, db_default="", default="")
    aliases = ArrayField("text")
    revision = fields.BigIntField()
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "hospital"
