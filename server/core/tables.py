"""Tables of the ground: staff, their sessions, the audit, idempotency keys and the keys that seal personal fields."""

from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.models import Model


class Staff(Model):
    """A person who works in the admin pages. ``roles`` are those of `server.core.roles.STAFF`."""

    id = fields.BigIntField(primary_key=True)
    email = fields.CharField(max_length=200, unique=True)
    name = fields.CharField(max_length=80)
    password_hash = fields.CharField(max_length=200)
    roles = ArrayField("text")
    language = fields.CharField(max_length=8, db_default="zh-CN", default="zh-CN")
    totp_secret = fields.BinaryField(null=True)
    totp_confirmed_at = fields.DatetimeField(null=True)
    totp_last_step = fields.BigIntField(db_default=0, default=0)
    password_changed_at = fields.DatetimeField(null=True)
    must_change_password = fields.BooleanField(db_default=False, default=False)
    created_at = fields.DatetimeField()
    disabled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "staff"


class SignInTry(Model):
    """The sign-ins that failed of late under one key, the hash of an email or of a network address.

    An email that nobody has is counted like any other, so that a lock-out tells nobody which ones exist.
    """

    key = fields.CharField(max_length=70, primary_key=True)
    tries = fields.IntField()
    began_at = fields.DatetimeField(db_index=True)
    locked_until = fields.DatetimeField(null=True)

    class Meta:
        table = "sign_in_try"


class StaffSession(Model):
    """A sign-in of a member of staff, known by the hash of its cookie."""

    token_hash = fields.CharField(max_length=64, primary_key=True)
    staff_id = fields.BigIntField(db_index=True)
    csrf = fields.CharField(max_length=64)
    second_factor_at = fields.DatetimeField(null=True)
    address = fields.CharField(max_length=45, db_default="", default="")
    agent = fields.CharField(max_length=200, db_default="", default="")
    created_at = fields.DatetimeField()
    seen_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "staff_session"


class AuditEntry(Model):
    """One write, for ever: a trigger refuses to change or delete it."""

    id = fields.BigIntField(primary_key=True)
    at = fields.DatetimeField()
    actor = fields.CharField(max_length=80)
    deed = fields.CharField(max_length=80)
    subject_kind = fields.CharField(max_length=40)
    subject_id = fields.CharField(max_length=80)
    before: Any = fields.JSONField(null=True)
    after: Any = fields.JSONField(null=True)
    request_id = fields.CharField(max_length=64, db_default="", default="")

    class Meta:
        table = "audit_entry"
        indexes = (
            Index(fields=("subject_kind", "subject_id", "id")),
            Index(fields=("at",)),
            Index(fields=("actor", "id")),
            Index(fields=("deed", "id")),
        )


class IdempotencyKey(Model):
    """The reply that was given to a deed under a key, so that the same request gets the same reply."""

    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    key = fields.CharField(max_length=64)
    deed = fields.CharField(max_length=80)
    fingerprint = fields.BinaryField()
    reply = fields.BinaryField(null=True)
    created_at = fields.DatetimeField(db_index=True)

    class Meta:
        table = "idempotency_key"
        unique_together = (("account_id", "key"),)


class SealingKey(Model):
    """The key that seals the personal fields of one owner (``account:17``), itself sealed by the master key.

    Destroyed is for ever: the row stays without the key, so that nothing makes a new one by accident.
    """

    owner = fields.CharField(max_length=60, primary_key=True)
    wrapped = fields.BinaryField(null=True)
    created_at = fields.DatetimeField()
    destroyed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "sealing_key"
