"""Tables of accounts, people, keys and consent; ``docs/decisions/0003-accounts-people-keys-consent.md`` says why.

The rule: what could name a human being lies here only sealed with the account's key, or as a keyed hash for finding it
again. Rooms keep account ids; an account never changes whose it is, and who is one person is told by a map.
"""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.models import Model


class MiniProgram(Model):
    """A mini-program, its audience and what proves that the house speaks for it, sealed."""

    app_id = fields.CharField(max_length=40, primary_key=True)
    audience = fields.CharField(max_length=8)
    name = fields.CharField(max_length=80)
    secret = fields.BinaryField()
    push_token = fields.BinaryField(null=True)
    push_key = fields.BinaryField(null=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    disabled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "mini_program"


class Account(Model):
    """An (app, openid). An erased one keeps its number and its times, and nothing that leads to anybody."""

    id = fields.BigIntField(primary_key=True)
    app_id = fields.CharField(max_length=40)
    audience = fields.CharField(max_length=8)
    openid_hash = fields.BinaryField(null=True)
    openid = fields.BinaryField(null=True)
    phone = fields.BinaryField(null=True)
    phone_bound_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    erased_at = fields.DatetimeField(null=True)

    class Meta:
        table = "account"


class Person(Model):
    """A person (OneID) of one audience; the accounts are told by `PersonMap`."""

    id = fields.BigIntField(primary_key=True)
    audience = fields.CharField(max_length=8)
    created_at = fields.DatetimeField()
    erased_at = fields.DatetimeField(null=True)

    class Meta:
        table = "person"


class PersonMap(Model):
    """From when until when an account was whose: each change adds a version; the one without an end holds now."""

    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    version = fields.IntField()
    person_id = fields.BigIntField()
    from_at = fields.DatetimeField()
    until_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=16)
    actor = fields.CharField(max_length=80)

    class Meta:
        table = "person_map"
        unique_together = (("account_id", "version"),)


class IdentityKey(Model):
    """A key that an account has shown: a unionid, a phone number, a device. The hash holds the audience too."""

    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    kind = fields.CharField(max_length=16)
    hash = fields.BinaryField()
    bound_at = fields.DatetimeField()

    class Meta:
        table = "identity_key"


class PersonLink(Model):
    """A steward's word that two accounts are one person's; ended, it counts no more."""

    id = fields.BigIntField(primary_key=True)
    account_a = fields.BigIntField()
    account_b = fields.BigIntField()
    reason = fields.CharField(max_length=400)
    made_at = fields.DatetimeField()
    made_by = fields.CharField(max_length=80)
    ended_at = fields.DatetimeField(null=True)
    ended_by = fields.CharField(max_length=80, db_default="", default="")
    end_reason = fields.CharField(max_length=400, db_default="", default="")

    class Meta:
        table = "person_link"


class MergeReview(Model):
    """Two known people who show the same key: a steward says whether they are one."""

    id = fields.BigIntField(primary_key=True)
    account_a = fields.BigIntField()
    account_b = fields.BigIntField()
    kind = fields.CharField(max_length=16)
    hash = fields.BinaryField(null=True)
    opened_at = fields.DatetimeField()
    verdict = fields.CharField(max_length=8, db_default="", default="")
    note = fields.CharField(max_length=400, db_default="", default="")
    decided_at = fields.DatetimeField(null=True)
    decided_by = fields.CharField(max_length=80, db_default="", default="")

    class Meta:
        table = "merge_review"


class AccountSession(Model):
    """A sign-in and all the tokens that came of it: a family, which stands or ends as one."""

    id = fields.CharField(max_length=32, primary_key=True)
    account_id = fields.BigIntField()
    created_at = fields.DatetimeField()
    refreshed_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(db_index=True)
    ended_at = fields.DatetimeField(null=True)
    end_reason = fields.CharField(max_length=16, db_default="", default="")

    class Meta:
        table = "account_session"


class RefreshToken(Model):
    """A refresh token, by its hash. ``salt`` is what its successor was made with when it was used."""

    token_hash = fields.CharField(max_length=64, primary_key=True)
    session_id = fields.CharField(max_length=32, db_index=True)
    parent_hash = fields.CharField(max_length=64, null=True)
    issued_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(db_index=True)
    used_at = fields.DatetimeField(null=True)
    salt = fields.BinaryField(null=True)

    class Meta:
        table = "refresh_token"


class ConsentText(Model):
    """What is agreed to: one purpose, one version, one language. Published is final: a trigger refuses to change it.

    ``material`` texts are not covered by what was agreed to before them.
    """

    id = fields.BigIntField(primary_key=True)
    audience = fields.CharField(max_length=8)
    purpose = fields.CharField(max_length=16)
    version = fields.CharField(max_length=16)
    language = fields.CharField(max_length=8)
    title = fields.CharField(max_length=120)
    body = fields.TextField()
    material = fields.BooleanField()
    published_at = fields.DatetimeField()

    class Meta:
        table = "consent_text"
        unique_together = (("audience", "purpose", "version", "language"),)


class Consent(Model):
    """A word given or taken back; rows are only ever added, and the last one of a purpose counts."""

    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    purpose = fields.CharField(max_length=16)
    version = fields.CharField(max_length=16)
    granted = fields.BooleanField()
    channel = fields.CharField(max_length=16)
    at = fields.DatetimeField()

    class Meta:
        table = "consent"
        indexes = (Index(fields=("account_id", "purpose", "id")),)


class Suppression(Model):
    """A keyed hash of somebody erased: nothing told of them before ``erased_at`` may be written again."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=16)
    hash = fields.BinaryField()
    erased_at = fields.DatetimeField()

    class Meta:
        table = "suppression"


class Erasure(Model):
    """A person's erasure: asked for, and done when every room has given its receipt."""

    id = fields.UUIDField(primary_key=True)
    person_id = fields.BigIntField(db_index=True)
    account_ids = ArrayField("bigint")
    asked_by = fields.CharField(max_length=80)
    requested_at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "erasure"


class ErasureReceipt(Model):
    """What one room erased, and what it had to keep and why."""

    id = fields.BigIntField(primary_key=True)
    erasure_id = fields.UUIDField()
    room = fields.CharField(max_length=40)
    erased = fields.BigIntField()
    kept = fields.BigIntField(db_default=0, default=0)
    why_kept = fields.CharField(max_length=200, db_default="", default="")
    at = fields.DatetimeField()

    class Meta:
        table = "erasure_receipt"
        unique_together = (("erasure_id", "room"),)
