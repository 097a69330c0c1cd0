"""The typed blocks of a body: pictures, films, quotes, tables, documents, quizzes and cards of products.

The rule: the body is Markdown, and a block stands where a line of it says ``[[key]]`` and nothing else; so the text is
written in one piece, and a block is moved by moving its line.
"""

from typing import Annotated

from msgspec import Meta, Struct

from content.parts import Attachment, Film, Key, Line, Picture, RowId

Caption = Annotated[str, Meta(max_length=200)]
Cell = Annotated[str, Meta(max_length=400)]
Row = Annotated[tuple[Cell, ...], Meta(max_length=12)]


class Block(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """What all blocks have: the key by which the body places them."""

    key: Key


class ImageBlock(Block, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="image"):
    """A picture with a caption; ``credit`` names whose it is."""

    picture: Picture
    caption: Caption = ""
    credit: Annotated[str, Meta(max_length=80)] = ""


class VideoBlock(Block, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="video"):
    """A film within a text."""

    film: Film
    poster: Picture | None = None
    caption: Caption = ""


class QuoteBlock(Block, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="quote"):
    """Somebody's words, and whose they are."""

    text: Annotated[str, Meta(min_length=1, max_length=1000)]
    by: Annotated[str, Meta(max_length=120)] = ""


class TableBlock(Block, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="table"):
    """A table; every row has as many cells as the header."""

    caption: Caption = ""
    header: Row
    rows: Annotated[tuple[Row, ...], Meta(max_length=60)] = ()


class DocumentBlock(Block, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="document"):
    """A document of the library, offered within the text."""

    document: Attachment


class Option(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer that can be chosen."""

    text: Line
    right: bool = False


class QuizBlock(Block, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="quiz"):
    """A question to check oneself by; it earns nothing. Which options are right stays on the server."""

    question: Annotated[str, Meta(min_length=1, max_length=300)]
    options: Annotated[tuple[Option, ...], Meta(max_length=8)]
    explanation: Annotated[str, Meta(max_length=1000)] = ""


class ProductBlock(Block, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="product"):
    """The card of a product, which only those are shown who may read the product itself."""

    product: RowId


AnyBlock = ImageBlock | VideoBlock | QuoteBlock | TableBlock | DocumentBlock | QuizBlock | ProductBlock
Blocks = Annotated[tuple[AnyBlock, ...], Meta(max_length=80)]
