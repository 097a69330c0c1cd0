"""Tables of the library beside its files: folders, what files were before, uploads under way, the key of pictures."""

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
    replaces = fields.BigIntField(null=True)
    folder_id = fields.BigIntField(null=True)
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


class AssetFolder(Model):
    """A folder of the library, perhaps within another."""

    id = fields.BigIntField(primary_key=True)
    parent_id = fields.BigIntField(null=True)
    name = fields.CharField(max_length=60)
    created_at = fields.DatetimeField()
    created_by = fields.BigIntField()

    class Meta:
        table = "asset_folder"


class AssetVersion(Model):
    """What a file of the library was before other bytes took its place; its bytes are kept and in no address."""

    id = fields.BigIntField(primary_key=True)
    asset_id = fields.BigIntField()
    number = fields.IntField()
    name = fields.CharField(max_length=200)
    sha256 = fields.CharField(max_length=64, db_index=True)
    bytes = fields.BigIntField()
    media_type = fields.CharField(max_length=80)
    width = fields.IntField(null=True)
    height = fields.IntField(null=True)
    seconds = fields.FloatField(null=True)
    replaced_at = fields.DatetimeField()
    replaced_by = fields.BigIntField()

    class Meta:
        table = "asset_version"
        unique_together = (("asset_id", "number"),)


class PictureKey(Model):
    """The key that signs how pictures are drawn; one row, made when it is first needed.

    It keeps nothing secret: it only keeps others from having the house draw what no page of it shows.
    """

    id = fields.SmallIntField(primary_key=True, generated=False)
    key = fields.BinaryField()

    class Meta:
        table = "picture_key"
