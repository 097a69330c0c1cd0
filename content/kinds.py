"""The registry of kinds: what an item of a kind is made of, where it may stand, and what is asked of it.

The rule: a kind is one entry here. The workflow, the drafts, the files and the tree know no kind by name.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from content import activity_checks, checks, film_checks, patient_checks, written_checks
from content.activity_shapes import Activity
from content.checks import Check, Finding, Surroundings
from content.shapes import Episode, Season, Series, Shape
from content.written import Article, BrandAccount, Document, Product, Video
from server.core.errors import Invalid
from server.core.roles import Role


class KindUnknown(Invalid):
    """There is no such kind of content."""

    code = "kind_unknown"
    title = "没有这种内容类型"


class Kind(Struct, frozen=True, kw_only=True):
    """A kind of content.

    ``card`` names the fields that lists show, ``hidden`` those that no reader is shown, ``parents`` the kinds it stands
    under (one of them it must), ``sectioned`` whether it stands in a section of its own, not in that of its parent,
    ``reviewers`` the roles that must approve it where no rule of the house says others (`review_rules`), and
    ``approved_days`` for how long an approval holds.
    """

    name: str
    name_zh: str
    name_en: str
    shape: type[Shape]
    checks: tuple[Check, ...]
    card: tuple[str, ...]
    hidden: frozenset[str] = frozenset({"audience", "entitlement"})
    parents: frozenset[str] = frozenset()
    sectioned: bool = False
    reviewers: frozenset[Role] = frozenset()
    approved_days: int = 365

    @property
    def field_names(self) -> frozenset[str]:
        return frozenset(field.encode_name for field in msgspec.structs.fields(self.shape))

    def read(self, values: Mapping[str, Any]) -> tuple[Shape | None, list[Finding]]:
        """Read JSON as the shape of this kind; where it does not fit, name every field that does not."""
        return checks.read(self.shape, values)

    def check(self, values: Mapping[str, Any], around: Surroundings) -> list[Finding]:
        """Say everything that speaks against publishing a text, or that an editor should know."""
        shape, findings = self.read(values)
        if shape is None:
            return findings
        return [finding for check in self.checks for finding in check(shape, around)]


COMMON: Final = (
    checks.texts,
    checks.tags,
    checks.place,
    written_checks.sources,
    written_checks.validity,
    written_checks.claims,
    written_checks.products_named,
    patient_checks.patients,
)
WRITTEN: Final = (*COMMON, checks.cover, written_checks.body, film_checks.documents, written_checks.related)
CARD: Final = ("title", "summary", "cover", "tags")
TWO: Final = frozenset({Role.MEDICAL, Role.COMPLIANCE})
THREE: Final = TWO | {Role.LEGAL}
FILMED: Final = frozenset({"audience", "entitlement", "video", "filmed_patient", "consent_id"})

KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(
            name="series",
            name_zh="系列",
            name_en="Series",
            shape=Series,
            checks=(*COMMON, checks.cover),
            card=(*CARD, "problem"),
            sectioned=True,
            reviewers=TWO,
        ),
        Kind(
            name="season",
            name_zh="季",
            name_en="Season",
            shape=Season,
            checks=COMMON,
            card=("title", "summary", "tags"),
            parents=frozenset({"series"}),
            reviewers=frozenset({Role.COMPLIANCE}),
        ),
        Kind(
            name="episode",
            name_zh="剧集",
            name_en="Episode",
            shape=Episode,
            checks=(
                *COMMON,
                checks.cover,
                film_checks.video,
                film_checks.usual_length,
                film_checks.chapters,
                film_checks.questions,
                film_checks.documents,
                film_checks.filmed_patient,
                film_checks.airing,
            ),
            card=(*CARD, "stage", "duration_s"),
            hidden=FILMED,
            parents=frozenset({"series", "season"}),
            reviewers=TWO,
        ),
        Kind(
            name="article",
            name_zh="文章",
            name_en="Article",
            shape=Article,
            checks=(*WRITTEN, written_checks.body_needed, written_checks.credits),
            card=(*CARD, "form", "author"),
            sectioned=True,
            reviewers=TWO,
        ),
        Kind(
            name="video",
            name_zh="视频",
            name_en="Video",
            shape=Video,
            checks=(
                *WRITTEN,
                film_checks.video,
                film_checks.chapters,
                film_checks.filmed_patient,
                written_checks.video_text,
            ),
            card=(*CARD, "duration_s"),
            hidden=FILMED,
            sectioned=True,
            reviewers=TWO,
        ),
        Kind(
            name="activity",
            name_zh="活动",
            name_en="Activity",
            shape=Activity,
            checks=(*WRITTEN, activity_checks.plan, activity_checks.speakers, activity_checks.agenda),
            card=(*CARD, "form", "speakers"),
            sectioned=True,
            reviewers=TWO,
        ),
        Kind(
            name="brand_account",
            name_zh="品牌号",
            name_en="Brand account",
            shape=BrandAccount,
            checks=(*WRITTEN, written_checks.brand),
            card=(*CARD, "field", "operator"),
            sectioned=True,
            reviewers=frozenset({Role.COMPLIANCE}),
        ),
        Kind(
            name="product",
            name_zh="产品",
            name_en="Product",
            shape=Product,
            checks=(*WRITTEN, written_checks.product),
            card=(*CARD, "product_class", "generic_name", "maker"),
            sectioned=True,
            reviewers=THREE,
        ),
        Kind(
            name="document",
            name_zh="资料",
            name_en="Document",
            shape=Document,
            checks=(*WRITTEN, written_checks.document),
            card=(*CARD, "edition"),
            sectioned=True,
            reviewers=TWO,
        ),
    )
}


def kind_of(name: str) -> Kind:
    """Give the kind of a name.

    :raises KindUnknown: if there is none.
    """
    try:
        return KINDS[name]
    except KeyError:
        raise KindUnknown(f"There is no kind {name!r}.", field="kind") from None


def content_hash(kind: str, shape: Mapping[str, Any]) -> str:
    """Name a text by the SHA-256 of its kind and its JSON with sorted keys; what reviewers approve is bound to it."""
    return hashlib.sha256(msgspec.json.encode([kind, shape], order="deterministic")).hexdigest()


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Name the fields in which two texts differ."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
