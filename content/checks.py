"""What is asked of a text before readers may see it, each answer with its field and a reason.

The rule: a check is a pure function of the shape and of what was looked up for it (`Surroundings`); it yields findings
and raises nothing. A finding that ``blocks`` forbids publishing; the others are advice.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from content.parts import Attachment, Audience, Film, Picture
from content.shapes import Shape


class Finding(Struct, frozen=True):
    """What is wrong or doubtful at a field; ``sentence`` is for the editor."""

    field: str
    code: str
    sentence: str
    blocks: bool = True


class FileFacts(Struct, frozen=True):
    """What is known of a file of the library."""

    asset_id: int
    kind: str
    media_type: str
    sha256: str
    bytes: int
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    consent_id: int | None = None
    shows_patient: bool = False
    alt: str = ""
    focus_x: int = 50
    focus_y: int = 50


class ConsentFacts(Struct, frozen=True):
    """What is known of a filmed patient's consent."""

    consent_id: int
    scope: Audience
    de_identified: bool
    signed_on: date
    withdrawn: bool


class PlanFacts(Struct, frozen=True):
    """What is known of when and where an activity takes place."""

    starts_at: datetime
    ends_at: datetime
    has_place: bool
    has_stream: bool
    cancelled: bool


class Surroundings(Struct, frozen=True):
    """What a check may know beside the text.

    ``above`` is the audience of all above, None where they exclude all; ``items`` are the kinds of the items that the
    text names, ``prescription_names`` the names of prescription medicines in the house; ``for_patients`` tells that the
    place is one of patients.
    """

    today: date
    files: Mapping[int, FileFacts] = {}
    consents: Mapping[int, ConsentFacts] = {}
    tags: frozenset[str] = frozenset()
    above: Audience | None = Audience.EVERYONE
    parent_missing: bool = False
    parent_unpublished: bool = False
    airs: bool = False
    items: Mapping[int, str] = {}
    prescription_names: tuple[str, ...] = ()
    for_patients: bool = False
    plan: PlanFacts | None = None


Check = Callable[[Any, Surroundings], Iterator[Finding]]


def narrower(one: Audience, other: Audience) -> Audience | None:
    """Give those who belong to both audiences; None where nobody does."""
    if other in {one, Audience.EVERYONE}:
        return one
    if one == Audience.EVERYONE:
        return other
    if {one, other} == {Audience.DOCTOR, Audience.PROFESSIONAL}:
        return Audience.PROFESSIONAL
    return None


# The fields one by one.


def read(shape: type[Shape], values: Mapping[str, Any]) -> tuple[Shape | None, list[Finding]]:
    """Read JSON as a shape, naming every field that does not fit and not only the first."""
    findings: list[Finding] = []
    for field in msgspec.structs.fields(shape):
        if field.encode_name not in values:
            if field.required:
                findings.append(Finding(field.encode_name, "missing", "此项必填。"))
            continue
        try:
            msgspec.convert(values[field.encode_name], field.type)
        except msgspec.ValidationError as fault:
            findings.append(_misfit(field.encode_name, str(fault)))
    known = {field.encode_name for field in msgspec.structs.fields(shape)}
    findings += [Finding(name, "unknown_field", "没有这个字段。") for name in values if name not in known]
    return (None, findings) if findings else (msgspec.convert(dict(values), shape), [])


_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$?(?P<path>[^`]*)`)?$", re.DOTALL)
_SENTENCES: list[tuple[str, str, str]] = [
    (r"`str` of length >= 1", "missing", "此项必填。"),
    (r"missing required field", "missing", "此项必填。"),
    (r"`str` of length <= (\d+)", "too_long", "最多 {0} 个字。"),
    (r"`array` of length <= (\d+)", "too_many", "最多 {0} 项。"),
    (r"unknown field", "unknown_field", "没有这个字段。"),
    (r"Invalid enum value", "not_a_choice", "不是可选的值。"),
    (r"matching regex", "bad_key", "只能用小写字母、数字和连字符。"),
    (r"`(?:int|float)` >= ([\d.]+)", "too_small", "不能小于 {0}。"),
    (r"`(?:int|float)` <= ([\d.]+)", "too_large", "不能大于 {0}。"),
    (r"Expected `(?:int|float)", "not_a_number", "应为数字。"),
]


def _misfit(name: str, fault: str) -> Finding:
    match = _AT.match(fault)
    what, path = (match["what"], match["path"] or "") if match else (fault, "")
    inner = re.search(r"(?:missing required field|unknown field) `([^`]+)`", what)
    path = name + path + (f".{inner[1]}" if inner else "")
    for pattern, code, sentence in _SENTENCES:
        found = re.search(pattern, what)
        if found:
            return Finding(path, code, sentence.format(*(part.removesuffix(".0") for part in found.groups())))
    return Finding(path, "bad_value", "内容不合要求。")


# What all kinds are asked.


def texts(shape: Shape, around: Surroundings) -> Iterator[Finding]:
    """A title that is only spaces is none."""
    if not shape.title.strip():
        yield Finding("title", "missing", "此项必填。")
    if not shape.summary.strip():
        yield Finding("summary", "summary_missing", "建议写一段简介。", blocks=False)


def tags(shape: Shape, around: Surroundings) -> Iterator[Finding]:
    for index, slug in enumerate(shape.tags):
        if slug not in around.tags:
            yield Finding(f"tags[{index}]", "tag_unknown", f"没有「{slug}」这个标签。")
        elif slug in shape.tags[:index]:
            yield Finding(f"tags[{index}]", "tag_twice", f"标签「{slug}」重复。")


def place(shape: Shape, around: Surroundings) -> Iterator[Finding]:
    if around.parent_missing:
        yield Finding("parent_id", "parent_missing", "还没有归入系列。")
    if around.parent_unpublished:
        yield Finding("parent_id", "parent_unpublished", "所属系列尚未发布，发布系列后读者才能看到。", blocks=False)
    if around.above is None or narrower(shape.audience, around.above) is None:
        yield Finding("audience", "audience_empty", "可见范围与所属系列矛盾，没有人能看到。")


def cover(shape: Shape, around: Surroundings) -> Iterator[Finding]:
    if shape.cover is None:
        yield Finding("cover", "cover_missing", "请上传封面。")
        return
    yield from bound_file(shape.cover, "cover.asset", "image", around)
    if not shape.cover.alt.strip():
        yield Finding("cover.alt", "alt_missing", "请为封面写一句替代文字。")


def bound_file(part: Picture | Film | Attachment, field: str, kind: str, around: Surroundings) -> Iterator[Finding]:
    """A file must be in the library and of the right kind; of patients in it asks `content.patient_checks`."""
    facts = around.files.get(part.asset or 0)
    if facts is None:
        yield Finding(field, "asset_unknown", "素材库中没有这个文件。")
    elif facts.kind != kind:
        wanted = {"image": "图片", "video": "视频", "document": "文档", "audio": "音频"}[kind]
        yield Finding(field, "asset_wrong_kind", f"这个文件不是{wanted}。")


_HOST = re.compile(r"^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{2,59})$")
_INNER = (".local", ".localhost", ".internal", ".lan", ".home", ".test", ".invalid", ".example", ".arpa")


def is_safe(url: str) -> bool:
    """Tell whether an address may be handed to readers: https, a public host name, no user, no odd port or sign."""
    if not url.isascii() or not url.isprintable() or any(sign in url for sign in " \"'<>\\`{}|^"):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    host = (parts.hostname or "").rstrip(".")
    try:
        ip_address(host)
    except ValueError:
        pass
    else:
        return False
    named = bool(_HOST.match(host)) and not host.endswith(_INNER)
    return parts.scheme == "https" and named and port in {None, 443} and "@" not in parts.netloc
