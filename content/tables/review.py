"""Tables of the house's editing: the tree of sections, and what reviewers ask for, say and number.

The rule: a material is written once, when the last of the roles approves; nothing of a verdict is changed afterwards.
"""

from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.models import Model


class Section(Model):
    """A board or zone, or a part of one: where items stand. ``look`` is how it is drawn, ``order`` how it is listed."""

    id = fields.BigIntField(primary_key=True)
    slug = fields.CharField(max_length=64, unique=True)
    portal = fields.CharField(max_length=8)
    parent_id = fields.BigIntField(null=True)
    position = fields.IntField(db_default=0, default=0)
    name_zh = fields.CharField(max_length=40)
    name_en = fields.CharField(max_length=60, db_default="", default="")
    summary = fields.CharField(max_length=200, db_default="", default="")
    audience = fields.CharField(max_length=16, db_default="everyone", default="everyone")
    order = fields.CharField(max_length=8, db_default="newest", default="newest")
    look: Any = fields.JSONField()
    hidden = fields.BooleanField(db_default=False, default=False)
    created_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()

    class Meta:
        table = "section"
        indexes = (Index(fields=("parent_id", "position", "id")),)


class ReviewRule(Model):
    """Which roles must approve items of a kind, where the house wants it otherwise than the kind says."""

    kind = fields.CharField(max_length=32, primary_key=True)
    roles = ArrayField("text")
    changed_at = fields.DatetimeField()
    changed_by = fields.BigIntField()

    class Meta:
        table = "review_rule"


class Material(Model):
    """The number that a text was given when all had approved it, and until when the approvals hold."""

    id = fields.BigIntField(primary_key=True)
    number = fields.CharField(max_length=24, unique=True)
    item_id = fields.BigIntField()
    content_hash = fields.CharField(max_length=64)
    approved_at = fields.DatetimeField()
    valid_until = fields.DatetimeField(null=True)

    class Meta:
        table = "material"
        indexes = (Index(fields=("item_id", "content_hash")),)


class ReviewNote(Model):
    """What a reviewer says at a field of the text that was handed in, until somebody has settled it."""

    id = fields.BigIntField(primary_key=True)
    item_id = fields.BigIntField()
    content_hash = fields.CharField(max_length=64)
    field = fields.CharField(max_length=80)
    text = fields.TextField()
    author_id = fields.BigIntField()
    at = fields.DatetimeField()
    settled_at = fields.DatetimeField(null=True)
    settled_by = fields.BigIntField(null=True)

    class Meta:
        table = "review_note"
        indexes = (Index(fields=("item_id", "id")),)
