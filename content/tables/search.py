"""Tables of the search: our own words and synonyms, and what was looked for.

The rule: nothing here says who looked for what. ``Searcher`` holds a keyed hash of an account beside a text for a week
at most, to count different people; the key (``SearchWeek``) is destroyed with the week. What items are found by stands
in ``live_words``, which has no model and is reached by SQL alone; the migration describes its columns.
"""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.models import Model


class LexiconState(Model):
    """The one row that counts the editions of the dictionary; publishing shares it, an edit takes it alone.

    ``changed`` are the words that came or went since ``indexed``, the last edition that all items are indexed by; ``*``
    stands for all words. ``form`` is that of the index (`content.indexing.FORM`).
    """

    id = fields.SmallIntField(primary_key=True, generated=False)
    edition = fields.BigIntField(db_default=0, default=0)
    indexed = fields.BigIntField(db_default=0, default=0)
    form = fields.SmallIntField(db_default=0, default=0)
    changed = ArrayField("text")

    class Meta:
        table = "lexicon_state"


class LexiconWord(Model):
    """A word of our own, that text is cut into: ``term`` as it is compared, ``shown`` as it was typed."""

    term = fields.CharField(max_length=80, primary_key=True)
    shown = fields.CharField(max_length=40)
    created_at = fields.DatetimeField(db_index=True)
    created_by = fields.BigIntField()

    class Meta:
        table = "lexicon_word"


class SynonymGroup(Model):
    """Words that stand for one another: ``terms`` as they are compared, ``shown`` as they were typed, in one order."""

    id = fields.BigIntField(primary_key=True)
    terms = ArrayField("text")
    shown = ArrayField("text")
    created_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()
    changed_by = fields.BigIntField()

    class Meta:
        table = "synonym_group"


class Searched(Model):
    """How often a text was looked for on a day in a mini-program, and how often nothing was found."""

    id = fields.BigIntField(primary_key=True)
    day = fields.DateField()
    portal = fields.CharField(max_length=16)
    text = fields.CharField(max_length=80)
    times = fields.IntField()
    unfound = fields.IntField()

    class Meta:
        table = "searched"
        unique_together = (("day", "portal", "text"),)
        indexes = (Index(fields=("text",)),)


class SearchWeek(Model):
    """The key by which accounts are hashed in a week; it goes with the week."""

    week = fields.DateField(primary_key=True)
    salt = fields.BinaryField()

    class Meta:
        table = "search_week"


class Searcher(Model):
    """That somebody looked for a text in a week; ``who`` is the account, hashed with the key of the week."""

    id = fields.BigIntField(primary_key=True)
    week = fields.DateField()
    portal = fields.CharField(max_length=16)
    text = fields.CharField(max_length=80)
    who = fields.BinaryField()

    class Meta:
        table = "searcher"
        unique_together = (("week", "portal", "text", "who"),)


class PopularSearch(Model):
    """A text that enough different people looked for in a week, and so may be suggested to others."""

    id = fields.BigIntField(primary_key=True)
    portal = fields.CharField(max_length=16)
    text = fields.CharField(max_length=80)
    people = fields.IntField()
    week = fields.DateField()

    class Meta:
        table = "popular_search"
        unique_together = (("portal", "text"),)


class SearchDismissal(Model):
    """A text without results that editors need not see any more."""

    text = fields.CharField(max_length=80, primary_key=True)
    dismissed_at = fields.DatetimeField()
    dismissed_by = fields.BigIntField()

    class Meta:
        table = "search_dismissal"
