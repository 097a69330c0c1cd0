"""Tables of sharing: who shared what, and how often it was opened.

The rule: nothing here says who opened a share. Beside the count there is, for a day or two, a keyed hash of each
visitor in ``share_opening`` (share, day → visitors), so that a visitor counts once a day; it is reached by SQL alone
and its columns stand in the migration ``0001_sharing``.
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Share(Model):
    """A share of an item by an account; the id is all that the shared card carries."""

    id = fields.CharField(max_length=22, primary_key=True)
    account_id = fields.BigIntField()
    item_id = fields.BigIntField(db_index=True)
    kind = fields.CharField(max_length=32)
    channel = fields.CharField(max_length=16)
    openings = fields.IntField(db_default=0, default=0)
    created_at = fields.DatetimeField()

    class Meta:
        table = "share"
        indexes = (Index(fields=("account_id", "created_at", "id")),)
