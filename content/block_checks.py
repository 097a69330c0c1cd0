"""What is asked of the blocks of a body, one sort after the other, and the words that they bring into the text.

The rule: as in ``content/checks.py``; a sort of block without a function of its own has nothing to be asked.
"""

from collections.abc import Iterator
from functools import singledispatch

from content.blocks import (
    Block,
    DocumentBlock,
    ImageBlock,
    ProductBlock,
    QuizBlock,
    QuoteBlock,
    TableBlock,
    VideoBlock,
)
from content.checks import Finding, Surroundings, bound_file, is_safe


@singledispatch
def check_block(block: Block, at: str, around: Surroundings) -> Iterator[Finding]:
    """Say what speaks against a block; ``at`` is its path in the text."""
    yield from ()


@check_block.register
def _image(block: ImageBlock, at: str, around: Surroundings) -> Iterator[Finding]:
    yield from bound_file(block.picture, f"{at}.picture.asset", "image", around)
    if not block.picture.alt.strip():
        yield Finding(f"{at}.picture.alt", "alt_missing", "请为图片写一句替代文字。")


@check_block.register
def _video(block: VideoBlock, at: str, around: Surroundings) -> Iterator[Finding]:
    if block.film.asset is not None and block.film.url:
        yield Finding(f"{at}.film.url", "video_twice", "视频文件和视频地址只能填一个。")
    elif block.film.asset is not None:
        yield from bound_file(block.film, f"{at}.film.asset", "video", around)
    elif not is_safe(block.film.url):
        yield Finding(f"{at}.film.url", "url_unsafe", "视频地址必须是公开的 https 地址。")
    if block.poster is not None:
        yield from bound_file(block.poster, f"{at}.poster.asset", "image", around)


@check_block.register
def _table(block: TableBlock, at: str, around: Surroundings) -> Iterator[Finding]:
    if not block.header:
        yield Finding(f"{at}.header", "missing", "请填写表头。")
    for row, cells in enumerate(block.rows):
        if len(cells) != len(block.header):
            yield Finding(f"{at}.rows[{row}]", "row_uneven", "这一行的格数与表头不同。")


@check_block.register
def _document(block: DocumentBlock, at: str, around: Surroundings) -> Iterator[Finding]:
    yield from bound_file(block.document, f"{at}.document.asset", "document", around)


@check_block.register
def _quiz(block: QuizBlock, at: str, around: Surroundings) -> Iterator[Finding]:
    if len(block.options) < 2:
        yield Finding(f"{at}.options", "options_few", "至少需要两个选项。")
    if not any(option.right for option in block.options):
        yield Finding(f"{at}.options", "no_right_option", "请标出正确的选项。")


@check_block.register
def _product(block: ProductBlock, at: str, around: Surroundings) -> Iterator[Finding]:
    if around.items.get(block.product) != "product":
        yield Finding(f"{at}.product", "product_unknown", "没有这个产品。")


def words_of(block: Block) -> Iterator[str]:
    """List the words that readers see of a block."""
    if isinstance(block, QuoteBlock):
        yield block.text
    elif isinstance(block, TableBlock):
        yield block.caption
        yield from (cell for row in (block.header, *block.rows) for cell in row)
    elif isinstance(block, QuizBlock):
        yield block.question
        yield block.explanation
        yield from (option.text for option in block.options)
    elif isinstance(block, ImageBlock | VideoBlock):
        yield block.caption
    elif isinstance(block, DocumentBlock):
        yield block.document.title
