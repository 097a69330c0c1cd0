"""Tables of what readers do with content: viewing, following, reactions and the addresses of calendar feeds.

The rule: a row belongs to an account and goes with it; nothing here is part of an item. Two tables that are written
every few seconds of a video have no model and are reached by SQL alone: ``viewing`` (account, episode → ranges in
milliseconds, position, budget, times) and ``viewing_session`` (account, episode, session → the sequences heard). The
migration ``0002_viewing`` describes their columns.
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Follow(Model):
    """An account follows a series: its episodes are in their feed and they are reminded of them."""

    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    series_id = fields.BigIntField(db_index=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "follow"
        unique_together = (("account_id", "series_id"),)


class Reaction(Model):
    """A favourite, a like or a rating of an item; only a rating has ``stars``, from 1 to 5."""

    id = fields.BigIntField(primary_key=True)
    account_id = fields.BigIntField()
    item_id = fields.BigIntField()
    kind = fields.CharField(max_length=12)
    stars = fields.SmallIntField(null=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "reaction"
        unique_together = (("account_id", "kind", "item_id"),)
        indexes = (Index(fields=("item_id", "kind")),)


class FeedAddress(Model):
    """The personal address of an account's calendar feed, by the hash of its token; taken back, the row is gone."""

    account_id = fields.BigIntField(primary_key=True, generated=False)
    token_hash = fields.CharField(max_length=64, unique=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "feed_address"
