"""Tables of the questions that doctors hand in: what each asked, and what the editors made of those that are alike.

The rule: the words of a doctor stand in `AskedQuestion` alone and go with the account; an `Inquiry` holds only what the
house itself says.
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Inquiry(Model):
    """One question to a series, asked by one doctor or by several in their own words, and what became of it.

    What became of it follows from what is set: an episode, an answer, or that it was set aside. ``shown_at`` is when
    readers could first see the episode.
    """

    id = fields.BigIntField(primary_key=True)
    series_id = fields.BigIntField()
    created_at = fields.DatetimeField()
    answer = fields.TextField(db_default="", default="")
    answered_at = fields.DatetimeField(null=True)
    answered_by = fields.BigIntField(null=True)
    episode_id = fields.BigIntField(null=True, db_index=True)
    turned_at = fields.DatetimeField(null=True)
    turned_by = fields.BigIntField(null=True)
    shown_at = fields.DatetimeField(null=True)
    set_aside_at = fields.DatetimeField(null=True)
    set_aside_by = fields.BigIntField(null=True)

    class Meta:
        table = "inquiry"
        indexes = (Index(fields=("series_id", "id")),)


class AskedQuestion(Model):
    """What a doctor asked, in the doctor's words; ``text_hash`` keeps the same from being asked twice."""

    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    inquiry_id = fields.BigIntField(db_index=True)
    series_id = fields.BigIntField()
    text = fields.CharField(max_length=500)
    text_hash = fields.CharField(max_length=32)
    created_at = fields.DatetimeField()

    class Meta:
        table = "asked_question"
        unique_together = (("account_id", "series_id", "text_hash"),)
