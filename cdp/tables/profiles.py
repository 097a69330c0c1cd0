"""The table of what doctors have told of themselves, for registering without a form."""

from tortoise import fields
from tortoise.models import Model


class Profile(Model):
    """Name, hospital, department and title of an account's owner, sealed together with the account's key."""

    account_id = fields.BigIntField(primary_key=True, generated=False)
    sealed = fields.BinaryField()
    changed_at = fields.DatetimeField()

    class Meta:
        table = "profile"
