"""Tables of the content model: items with their draft, versions, publications and what readers see of them.

The rule: `Live`, `LiveQuestion` and `Tombstone` are derived and can be made again from the rest; only
``content/live.py`` writes them. See ``docs/decisions/0002-items.md`` for the invariants.
"""

from typing import Any

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.indexes import Index
from tortoise.models import Model


class Item(Model):
    """A piece of content of a kind, at its place in the tree; what it says stands in its draft and its versions."""

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=32)
    slug = fields.CharField(max_length=96)
    parent_id = fields.BigIntField(null=True)
    position = fields.IntField(db_default=0, default=0)
    section_id = fields.BigIntField(null=True)
    created_at = fields.DatetimeField()
    created_by = fields.BigIntField()

    class Meta:
        table = "item"
        unique_together = (("kind", "slug"),)
        indexes = (Index(fields=("parent_id", "position", "id")), Index(fields=("section_id", "position", "id")))


class Draft(Model):
    """What the editors work on: one row an item, changed in place; every change raises the revision.

    ``title`` and ``tags`` repeat what the text says, so that lists need not open texts of any length.
    """

    item_id = fields.BigIntField(primary_key=True, generated=False)
    title = fields.CharField(max_length=200, db_default="", default="")
    tags: Any = ArrayField("text", db_default=[], default=list)
    shape: Any = fields.JSONField()
    content_hash = fields.CharField(max_length=64)
    revision = fields.IntField(db_default=1, default=1)
    updated_at = fields.DatetimeField()
    updated_by = fields.BigIntField()

    class Meta:
        table = "draft"
        indexes = (Index(fields=("updated_at", "item_id")),)


class Version(Model):
    """What an item said when it was handed in or published; a trigger refuses to change or delete it."""

    id = fields.BigIntField(primary_key=True)
    item_id = fields.BigIntField()
    number = fields.IntField()
    shape: Any = fields.JSONField()
    content_hash = fields.CharField(max_length=64)
    author_id = fields.BigIntField()
    created_at = fields.DatetimeField()
    restores = fields.IntField(null=True)

    class Meta:
        table = "version"
        unique_together = (("item_id", "number"),)


class Approval(Model):
    """The verdict of a reviewer in one role on exactly the text of one hash; a trigger refuses to change it."""

    id = fields.BigIntField(primary_key=True)
    item_id = fields.BigIntField()
    content_hash = fields.CharField(max_length=64)
    role = fields.CharField(max_length=20)
    approved = fields.BooleanField()
    note = fields.TextField(db_default="", default="")
    reviewer_id = fields.BigIntField()
    at = fields.DatetimeField()
    valid_until = fields.DatetimeField(null=True)

    class Meta:
        table = "approval"
        indexes = (Index(fields=("item_id", "content_hash")),)


class Publication(Model):
    """The decision to show a version in ``[starts_at, ends_at)``.

    ``began_at`` is set when its turn came, ``replaced_at`` when a later publication took its place,
    ``withdrawn_at`` when it was taken back; ``expired_at`` when its end was noticed and told.
    """

    id = fields.BigIntField(primary_key=True)
    item_id = fields.BigIntField()
    version_id = fields.BigIntField()
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField(null=True)
    began_at = fields.DatetimeField(null=True)
    replaced_at = fields.DatetimeField(null=True)
    withdrawn_at = fields.DatetimeField(null=True)
    expired_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=200, db_default="", default="")
    created_at = fields.DatetimeField()
    created_by = fields.BigIntField()
    withdrawn_by = fields.BigIntField(null=True)

    class Meta:
        table = "publication"
        indexes = (Index(fields=("item_id", "id")),)


class Live(Model):
    """What readers get of an item now: there is a row only while it and everything above it is published.

    ``root_id`` is the topmost item above (a series, for an episode), ``audience`` and the validity are narrowed by all
    above. ``card`` is the item in a list, ``prepared`` the item on its own page.
    """

    item_id = fields.BigIntField(primary_key=True, generated=False)
    kind = fields.CharField(max_length=32)
    slug = fields.CharField(max_length=96)
    parent_id = fields.BigIntField(null=True)
    root_id = fields.BigIntField()
    position = fields.IntField()
    version_id = fields.BigIntField()
    publication_id = fields.BigIntField()
    consent_id = fields.BigIntField(null=True)
    audience = fields.CharField(max_length=16)
    product_class = fields.CharField(max_length=16, db_default="", default="")
    entitlement = fields.CharField(max_length=40, db_default="", default="")
    section_ids: Any = ArrayField("bigint", db_default=[], default=list)
    tags = ArrayField("text")
    title = fields.CharField(max_length=200)
    seconds = fields.IntField(null=True)
    valid_from = fields.DatetimeField()
    valid_until = fields.DatetimeField(null=True)
    published_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()
    card: Any = fields.JSONField()
    prepared: Any = fields.JSONField()

    class Meta:
        table = "live"
        indexes = (
            Index(fields=("kind", "published_at")),
            Index(fields=("parent_id", "position", "item_id")),
            Index(fields=("root_id",)),
        )


class LiveQuestion(Model):
    """A question that a live item answers; ``grams`` are the pairs of characters that it is found by."""

    id = fields.BigIntField(primary_key=True)
    item_id = fields.BigIntField()
    number = fields.IntField()
    text = fields.CharField(max_length=200)
    folded = fields.CharField(max_length=400)
    grams = ArrayField("text")
    chapter = fields.CharField(max_length=40)
    starts_at_s = fields.FloatField()

    class Meta:
        table = "live_question"
        unique_together = (("item_id", "number"),)


class Tombstone(Model):
    """An item that readers could see and cannot any more; ``why`` is withdrawn or expired.

    The root, version and audience are those that it had when it was seen last.
    """

    item_id = fields.BigIntField(primary_key=True, generated=False)
    why = fields.CharField(max_length=16)
    gone_at = fields.DatetimeField()
    root_id = fields.BigIntField(db_index=True)
    version_id = fields.BigIntField()
    audience = fields.CharField(max_length=16)

    class Meta:
        table = "tombstone"


class Airing(Model):
    """When an episode is first shown: a field of operation, audited, no part of the text.

    ``sequence`` rises with every change of time and at cancellation (RFC 5545, section 3.8.7.4).
    """

    episode_id = fields.BigIntField(primary_key=True, generated=False)
    airs_at = fields.DatetimeField(db_index=True)
    sequence = fields.IntField(db_default=0, default=0)
    previous_airs_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()
    cancelled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "airing"


class Pin(Model):
    """An item held at the top of a list (``place``) by the editors: a field of operation."""

    id = fields.BigIntField(primary_key=True)
    place = fields.CharField(max_length=40)
    item_id = fields.BigIntField()
    position = fields.IntField()
    pinned_at = fields.DatetimeField()
    pinned_by = fields.BigIntField()

    class Meta:
        table = "pin"
        unique_together = (("place", "item_id"),)


class Tag(Model):
    """A word of the taxonomy; ``facet`` is the tree that it belongs to."""

    slug = fields.CharField(max_length=64, primary_key=True)
    facet = fields.CharField(max_length=24)
    parent_slug = fields.CharField(max_length=64, null=True)
    name_zh = fields.CharField(max_length=60)
    name_en = fields.CharField(max_length=80)
    position = fields.IntField(db_default=0, default=0)

    class Meta:
        table = "tag"
        indexes = (Index(fields=("facet", "position", "slug")),)


class Asset(Model):
    """A file that was taken in and found to be what it says it is; its bytes lie under their SHA-256.

    ``focus_x`` and ``focus_y`` are hundredths of its width and height: the point that a cut keeps. ``derived_from`` is
    the film that an image was taken from.
    """

    id = fields.BigIntField(primary_key=True)
    kind = fields.CharField(max_length=16)
    name = fields.CharField(max_length=200)
    sha256 = fields.CharField(max_length=64, db_index=True)
    bytes = fields.BigIntField()
    media_type = fields.CharField(max_length=80)
    width = fields.IntField(null=True)
    height = fields.IntField(null=True)
    seconds = fields.FloatField(null=True)
    alt = fields.CharField(max_length=200, db_default="", default="")
    consent_id = fields.BigIntField(null=True)
    shows_patient = fields.BooleanField(db_default=False, default=False)
    focus_x = fields.SmallIntField(db_default=50, default=50)
    focus_y = fields.SmallIntField(db_default=50, default=50)
    folder_id = fields.BigIntField(null=True)
    tags = ArrayField("text", db_default=[], default=list)
    derived_from = fields.BigIntField(null=True)
    created_at = fields.DatetimeField()
    created_by = fields.BigIntField()

    class Meta:
        table = "asset"
        indexes = (
            Index(fields=("kind", "id")),
            Index(fields=("folder_id", "id")),
            Index(fields=("consent_id",)),
            Index(fields=("derived_from",)),
        )


class AssetUse(Model):
    """Where a file is used: by the draft or by the live text of an item, in which field."""

    id = fields.BigIntField(primary_key=True)
    asset_id = fields.BigIntField()
    item_id = fields.BigIntField(db_index=True)
    place = fields.CharField(max_length=8)
    field = fields.CharField(max_length=80)

    class Meta:
        table = "asset_use"
        unique_together = (("asset_id", "item_id", "place", "field"),)


class FilmedConsent(Model):
    """The consent on file of a patient who was filmed, by a code and without a name.

    ``scope`` is the widest audience that the patient agreed to.
    """

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True)
    scope = fields.CharField(max_length=16)
    de_identified = fields.BooleanField()
    signed_on = fields.DateField()
    created_at = fields.DatetimeField()
    created_by = fields.BigIntField()
    withdrawn_at = fields.DatetimeField(null=True)
    withdrawn_by = fields.BigIntField(null=True)

    class Meta:
        table = "filmed_consent"
