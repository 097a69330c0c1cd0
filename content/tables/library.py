"""Tables of the library beside its files: uploads that are under way."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Upload(Model):
    """A file that is being sent in parts; its bytes lie on the machine that receives them.

    ``received`` counts the bytes that are safe. When all are there, the file is taken in, and ``asset_id`` or
    ``refused`` (a code) and ``said`` (its sentence) tell what became of it.
    """

    id = fields.CharField(max_length=32, primary_key=True)
    staff_id = fields.BigIntField(db_index=True)
    name = fields.CharField(max_length=200)
    wanted = fields.CharField(max_length=16, db_default="", default="")
    metadata = fields.TextField(db_default="", default="")
    length = fields.BigIntField()
    received = fields.BigIntField(db_default=0, default=0)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(db_index=True)
    finished_at = fields.DatetimeField(null=True)
    asset_id = fields.BigIntField(null=True)
    refused = fields.CharField(max_length=40, db_default="", default="")
    said = fields.CharField(max_length=200, db_default="", default="")

    class Meta:
        table = "upload"
        indexes = (Index(fields=("finished_at", "id")),)
