"""The typed shapes of the kinds that are written: articles, videos, brand accounts, products and documents.

The rule: as in ``content/shapes.py``; what is written has a body in Markdown and blocks that it places.
"""

import enum
from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from content.blocks import Blocks
from content.parts import Attachment, Chapter, Film, Line, People, Picture, RowId
from content.shapes import Shape

Body = Annotated[str, Meta(max_length=60_000)]
Documents = Annotated[tuple[Attachment, ...], Meta(max_length=20)]
Related = Annotated[tuple[RowId, ...], Meta(max_length=12)]


class Written(Shape, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is written: a body with its blocks, documents, and the items that editors think belong to it."""

    body: Body = ""
    blocks: Blocks = ()
    documents: Documents = ()
    related: Related = ()


class ArticleForm(enum.StrEnum):
    """What an article is."""

    NEWS = "news"
    PREVENTION = "prevention"
    FRONTIER = "frontier"
    CASE = "case"


FORM_NAMES = {
    ArticleForm.NEWS: "资讯",
    ArticleForm.PREVENTION: "疾病防治",
    ArticleForm.FRONTIER: "学术前沿",
    ArticleForm.CASE: "病例讨论",
}


class Article(Written, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text to read."""

    form: ArticleForm = ArticleForm.NEWS


class Video(Written, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A film of its own, outside any series."""

    duration_s: Annotated[int, Meta(ge=1, le=86_400)]
    video: Film | None = None
    chapters: Annotated[tuple[Chapter, ...], Meta(max_length=60)] = ()
    team: People = ()
    filmed_patient: bool = False
    consent_id: RowId | None = None


class BrandAccount(Written, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account of a brand elsewhere: its field, who runs it, the code to scan and the way there."""

    field: Annotated[str, Meta(max_length=40)] = ""
    operator: Annotated[str, Meta(max_length=80)] = ""
    qr: Picture | None = None
    link: Annotated[str, Meta(max_length=500)] = ""


class ProductClass(enum.StrEnum):
    """What a product is before the law; a prescription medicine is shown to verified professionals alone."""

    PRESCRIPTION = "prescription"
    OTC = "otc"
    DEVICE = "device"
    OTHER = "other"


CLASS_NAMES = {
    ProductClass.PRESCRIPTION: "处方药",
    ProductClass.OTC: "非处方药",
    ProductClass.DEVICE: "医疗器械",
    ProductClass.OTHER: "其他",
}


class Certificate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A paper of an authority: what it is, its number, and its last day."""

    name: Line
    number: Annotated[str, Meta(min_length=1, max_length=60)]
    valid_until: date | None = None


class Product(Written, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A medicine or a device, with what its papers say of it."""

    product_class: ProductClass
    generic_name: Annotated[str, Meta(max_length=80)] = ""
    maker: Annotated[str, Meta(max_length=80)] = ""
    indications: Annotated[str, Meta(max_length=4000)] = ""
    cautions: Annotated[str, Meta(max_length=4000)] = ""
    certificates: Annotated[tuple[Certificate, ...], Meta(max_length=12)] = ()


class Document(Written, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document of its own: its file is the first of ``documents``; ``edition`` says which edition it is."""

    edition: Annotated[str, Meta(max_length=60)] = ""
