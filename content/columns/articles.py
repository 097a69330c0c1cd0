"""The columns of a sheet of articles. Blocks stay with the article: the body places them by their keys."""

from typing import Final

from content.columns.cells import Column, choice, paragraphs
from content.columns.shared import AUDIENCE, COVER, CREDITS, RELATED, SECTION, SUMMARY, TAGS, TITLE, VALIDITY, column
from content.written import FORM_NAMES

ARTICLES: Final[tuple[Column, ...]] = (
    TITLE,
    column(
        choice("form", FORM_NAMES),
        "类型",
        "form",
        "type",
        field="form",
        choices=tuple(FORM_NAMES.values()),
        note="不填为资讯。",
    ),
    SUMMARY,
    column(
        paragraphs("body"),
        "正文",
        "body",
        "markdown",
        field="body",
        width=60,
        many=True,
        note="Markdown。单独一行的 [[标识]] 放置内容块，内容块在编辑页添加。放不下一个单元格时接在「正文（续）」。",
    ),
    SECTION,
    TAGS,
    AUDIENCE,
    *CREDITS,
    *COVER,
    *VALIDITY,
    RELATED,
)
