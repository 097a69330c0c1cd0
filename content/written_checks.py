"""What is asked of a written text: its body and blocks, whose it is, how long it holds, what the law forbids to say.

The rule: as in ``content/checks.py``. What the Advertising Law (articles 15 and 16) and the rules on medicines forbid
blocks where the public or patients may read it, and is advice where only professionals do.
"""

import re
from collections.abc import Iterator
from typing import Final

from content import markup
from content.block_checks import check_block, words_of
from content.checks import Finding, Surroundings, bound_file, is_safe
from content.parts import Audience
from content.shapes import Shape
from content.written import BrandAccount, Document, Product, ProductClass, Video, Written

# Efficacy promised, safety warranted, rates of cure, superlatives: each with the words that are found.
CLAIMS: Final = re.compile(
    r"治愈率|有效率(?:高)?达|根治率|包治|包好|药到病除|立竿见影|根治(?!性)|彻底(?:治愈|根除)|保证(?:疗效|治愈|有效|安全)"
    r"|无(?:任何)?(?:毒)?副作用|无(?:任何)?不良反应|绝对安全|安全无毒|百分之?百(?:有效|安全|治愈)|100\s*[%％]\s*(?:有效|安全|治愈)"
    r"|疗效(?:最佳|显著|第一)|全国(?:最好|第一)|国家级(?:新药|产品)|最(?:先进|有效|安全)的(?:药|疗法|产品|器械)|永不复发|不复发率"
)


def claims(shape: Shape, around: Surroundings) -> Iterator[Finding]:
    """Say where a text promises what the law forbids to promise."""
    strict = isinstance(shape, Product) or _public(shape, around)
    for field, text in _texts(shape):
        found = CLAIMS.search(text)
        if found:
            yield Finding(
                field, "claim_forbidden", f"「{found[0]}」涉及疗效、安全性保证或绝对化用语，不能使用。", blocks=strict
            )


def products_named(shape: Shape, around: Surroundings) -> Iterator[Finding]:
    """Keep prescription medicines out of what patients or everybody may read."""
    if isinstance(shape, Product):
        return
    public = _public(shape, around)
    for field, text in _texts(shape):
        for name in around.prescription_names:
            if name in text:
                yield Finding(
                    field, "product_named", f"提到了处方药「{name}」，面向公众或患者的内容不能出现。", blocks=public
                )


def credits(shape: Shape, around: Surroundings) -> Iterator[Finding]:
    """Ask whose text it is and what it rests on."""
    if shape.author is None:
        yield Finding("author", "author_missing", "请写明作者及其单位、职称。")
    elif not (shape.author.hospital.strip() and shape.author.title.strip()):
        yield Finding("author", "author_incomplete", "请写明作者的单位和职称。")
    if shape.reviewer is not None and not shape.reviewer.hospital.strip():
        yield Finding("reviewer", "reviewer_incomplete", "请写明审稿人的单位。", blocks=False)
    if not shape.sources:
        yield Finding("sources", "sources_missing", "建议列出参考来源。", blocks=False)


def sources(shape: Shape, around: Surroundings) -> Iterator[Finding]:
    for index, source in enumerate(shape.sources):
        if source.url and not is_safe(source.url):
            yield Finding(f"sources[{index}].url", "url_unsafe", "来源地址必须是公开的 https 地址。")


def validity(shape: Shape, around: Surroundings) -> Iterator[Finding]:
    """A text must hold today or later, and begin before it ends."""
    if shape.valid_until is not None and shape.valid_until < around.today:
        yield Finding("valid_until", "validity_over", "有效期已过，不能发布。")
    if shape.valid_from is not None and shape.valid_until is not None and shape.valid_from > shape.valid_until:
        yield Finding("valid_from", "validity_empty", "有效期的开始晚于结束。")


def body(shape: Written, around: Surroundings) -> Iterator[Finding]:
    """The body places every block, each once, and nothing else."""
    keys = [block.key for block in shape.blocks]
    placed = markup.places(shape.body)
    for index, key in enumerate(keys):
        if key in keys[:index]:
            yield Finding(f"blocks[{index}].key", "block_twice", f"内容块标识「{key}」重复。")
        elif key not in placed:
            yield Finding(f"blocks[{index}]", "block_unplaced", f"正文中没有放置内容块「{key}」。")
    for key in dict.fromkeys(placed):
        if key not in keys:
            yield Finding("body", "block_unknown", f"正文引用的内容块「{key}」不存在。")
        elif placed.count(key) > 1:
            yield Finding("body", "block_placed_twice", f"内容块「{key}」在正文中放置了多次。")
    for index, block in enumerate(shape.blocks):
        yield from check_block(block, f"blocks[{index}]", around)


def body_needed(shape: Written, around: Surroundings) -> Iterator[Finding]:
    if not markup.plain(shape.body).strip() and not shape.blocks:
        yield Finding("body", "missing", "请撰写正文。")


def related(shape: Written, around: Surroundings) -> Iterator[Finding]:
    for index, item_id in enumerate(shape.related):
        if item_id not in around.items:
            yield Finding(f"related[{index}]", "item_unknown", "没有这个内容。")


# What single kinds are asked.


def video_text(shape: Video, around: Surroundings) -> Iterator[Finding]:
    """A filmed person who speaks of medicine has a name."""
    if not shape.team and shape.author is None:
        yield Finding("team", "team_missing", "建议写明讲者。", blocks=False)


def brand(shape: BrandAccount, around: Surroundings) -> Iterator[Finding]:
    if not shape.field.strip():
        yield Finding("field", "missing", "请填写所属领域。")
    if not shape.operator.strip():
        yield Finding("operator", "missing", "请填写运营主体。")
    if shape.qr is None and not shape.link:
        yield Finding("qr", "way_missing", "请上传二维码或填写链接。")
    if shape.qr is not None:
        yield from bound_file(shape.qr, "qr.asset", "image", around)
        if not shape.qr.alt.strip():
            yield Finding("qr.alt", "alt_missing", "请为图片写一句替代文字。")
    if shape.link and not is_safe(shape.link):
        yield Finding("link", "url_unsafe", "链接必须是公开的 https 地址。")


def product(shape: Product, around: Surroundings) -> Iterator[Finding]:
    """A medicine or device carries its papers, and a prescription medicine is for verified professionals alone."""
    if shape.product_class == ProductClass.PRESCRIPTION and shape.audience != Audience.PROFESSIONAL:
        yield Finding("audience", "prescription_audience", "处方药只能向经认证的专业人士展示。")
    if shape.product_class != ProductClass.OTHER and not shape.certificates:
        yield Finding("certificates", "certificate_missing", "请填写批准文号或注册证号。")
    for index, certificate in enumerate(shape.certificates):
        if certificate.valid_until is not None and certificate.valid_until < around.today:
            yield Finding(f"certificates[{index}].valid_until", "certificate_over", "证号已过有效期。")
    if not shape.indications.strip():
        yield Finding("indications", "missing", "请填写适应证或适用范围。")
    if not shape.maker.strip():
        yield Finding("maker", "missing", "请填写生产企业。")


def document(shape: Document, around: Surroundings) -> Iterator[Finding]:
    if not shape.documents:
        yield Finding("documents", "document_missing", "请选择文档文件。")


def _public(shape: Shape, around: Surroundings) -> bool:
    return around.for_patients or shape.audience in {Audience.EVERYONE, Audience.PATIENT}


def _texts(shape: Shape) -> Iterator[tuple[str, str]]:
    for name in ("title", "summary", "problem", "body", "indications", "cautions"):
        text = getattr(shape, name, "")
        if text:
            yield name, text
    for index, block in enumerate(getattr(shape, "blocks", ())):
        yield f"blocks[{index}]", "\n".join(words_of(block))
