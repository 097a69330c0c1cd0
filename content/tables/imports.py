"""Tables of imports: which row of which sheet an item came from, and the sheets that were handed in.

The rule: `SheetRow` is what makes a sheet idempotent, and stays with its item; a sheet itself is kept only until what
it says is done or forgotten.
"""

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class SheetRow(Model):
    """From which row an item came: the key that its source gave it, unique within the kind.

    ``token_before`` is what the row said of the item's state when it was last taken, ``token_after`` what that state
    was when the row had been taken.
    """

    item_id = fields.BigIntField(primary_key=True, generated=False)
    kind = fields.CharField(max_length=32)
    key = fields.CharField(max_length=120, null=True)
    token_before = fields.CharField(max_length=40, db_default="", default="")
    token_after = fields.CharField(max_length=40)
    taken_at = fields.DatetimeField()
    taken_by = fields.BigIntField()

    class Meta:
        table = "sheet_row"
        unique_together = (("kind", "key"),)


class SheetImport(Model):
    """A sheet that was handed in: what it holds, what a dry run found, what was chosen and what became of it.

    ``rows`` are the rows as JSON, compressed, until they are done with. ``choice`` is ``all`` or ``valid``.
    """

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=32)
    name = fields.CharField(max_length=200)
    state = fields.CharField(max_length=12)
    rows = fields.BinaryField(null=True)
    report: Any = fields.JSONField()
    may_plan = fields.BooleanField()
    choice = fields.CharField(max_length=8, db_default="", default="")
    tries = fields.IntField(db_default=0, default=0)
    created_at = fields.DatetimeField()
    created_by = fields.BigIntField()
    chosen_at = fields.DatetimeField(null=True)
    chosen_by = fields.BigIntField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "sheet_import"
        indexes = (Index(fields=("state", "id")),)
