"""The registry of kinds: what an item of a kind is made of, where it may stand, and what is asked of it.

The rule: a kind is one entry here. The workflow, the drafts, the files and the tree know no kind by name.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from content import checks
from content.checks import Check, Finding, Surroundings
from content.shapes import Episode, Season, Series, Shape
from server.core.errors import Invalid
from server.core.roles import Role


class KindUnknown(Invalid):
    """There is no such kind of content."""

    code = "kind_unknown"
    title = "没有这种内容类型"


class Kind(Struct, frozen=True, kw_only=True):
    """A kind of content.

    ``card`` names the fields that lists show, ``hidden`` those that no reader is shown, ``parents`` the kinds it stands
    under (one of them it must), ``reviewers`` the roles that must approve it.
    """

    name: str
    name_zh: str
    name_en: str
    shape: type[Shape]
    checks: tuple[Check, ...]
    card: tuple[str, ...]
    hidden: frozenset[str] = frozenset({"audience"})
    parents: frozenset[str] = frozenset()
    reviewers: frozenset[Role] = frozenset()

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


COMMON: Final = (checks.texts, checks.tags, checks.place)

KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(
            name="series",
            name_zh="系列",
            name_en="Series",
            shape=Series,
            checks=(*COMMON, checks.cover),
            card=("title", "summary", "problem", "cover", "tags"),
        ),
        Kind(
            name="season",
            name_zh="季",
            name_en="Season",
            shape=Season,
            checks=COMMON,
            card=("title", "summary", "tags"),
            parents=frozenset({"series"}),
        ),
        Kind(
            name="episode",
            name_zh="剧集",
            name_en="Episode",
            shape=Episode,
            checks=(
                *COMMON,
                checks.cover,
                checks.video,
                checks.chapters,
                checks.questions,
                checks.documents,
                checks.filmed_patient,
                checks.airing,
            ),
            card=("title", "summary", "stage", "duration_s", "cover", "tags"),
            hidden=frozenset({"audience", "video", "filmed_patient", "consent_id"}),
            parents=frozenset({"series", "season"}),
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


def files_in(value: Any, path: str = "") -> Iterator[tuple[int, str]]:
    """List the files that a text uses, each with the path of its field; a draft need not be valid for it."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            here = f"{path}.{name}" if path else str(name)
            if name == "asset" and isinstance(inner, int) and not isinstance(inner, bool) and 0 < inner < 2**63:
                yield inner, here
            else:
                yield from files_in(inner, here)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from files_in(inner, f"{path}[{index}]")


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Name the fields in which two texts differ."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
