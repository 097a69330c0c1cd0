"""Tables of the figures of items: who the house's own people are. What is counted has no model.

The rule: `item_visit` and `metric_cursor` are written by `cdp.metrics_folding` alone, in statements of its own; the
migration ``cdp/0006_metrics`` makes them and says what they hold.
"""

from tortoise import fields
from tortoise.models import Model


class OwnAccount(Model):
    """An account of somebody who works for the house, which no figure counts, from its first event on."""

    account_id = fields.BigIntField(primary_key=True, generated=False)
    marked_at = fields.DatetimeField()
    marked_by = fields.BigIntField()

    class Meta:
        table = "own_account"
