"""The groups of fields that several kinds share: what is at the head of every form, credits, films, documents.

The rule: what only one kind has stands with that kind (``admin/kind_forms.py``).
"""

from typing import Final

from msgspec import Struct

from admin.fields import (
    Body,
    Choice,
    Column,
    Day,
    Field,
    Film,
    Filmed,
    Items,
    Length,
    Line,
    Person,
    Picture,
    Rows,
    Tags,
    Text,
)
from admin.words import AUDIENCES, STAGES
from server.web.languages import marked


class Group(Struct, frozen=True, kw_only=True):
    """Fields that stand together under a heading."""

    key: str
    title: str
    fields: tuple[Field, ...]
    hint: str = ""


TITLE: Final = Line(name="title", label=marked("标题"), most=80, required=True, leads=True)
SUMMARY: Final = Text(name="summary", label=marked("简介"))
AUDIENCE: Final = Choice(name="audience", label=marked("可见范围"), options=AUDIENCES, chosen="everyone", wide=False)
TAGS: Final = Tags(name="tags", label=marked("标签"))
STAGE: Final = Choice(
    name="stage", label=marked("整集所属阶段"), options=STAGES, empty=marked("分章节标注"), wide=False
)
COVER: Final = Group(key="cover", title=marked("封面"), fields=(Picture(name="cover", label=marked("封面")),))
CREDITS: Final = Group(
    key="credits",
    title=marked("署名与来源"),
    fields=(
        Person(name="author", label=marked("作者")),
        Person(name="reviewer", label=marked("审稿人")),
        Rows(
            name="sources",
            label=marked("参考来源"),
            one=marked("来源"),
            add=marked("添加来源"),
            needed="title",
            columns=(
                Column(name="title", label=marked("来源名称"), most=200),
                Column(name="url", label=marked("来源地址"), sort="address", most=500),
            ),
        ),
    ),
)
VALIDITY: Final = Group(
    key="validity",
    title=marked("有效期与批准"),
    hint=marked("超出有效期的内容会从所有页面消失"),
    fields=(
        Day(name="valid_from", label=marked("有效期自"), wide=False),
        Day(name="valid_until", label=marked("有效期至"), wide=False),
        Line(name="approval_number", label=marked("批准文号"), most=60, wide=False),
        Line(
            name="entitlement",
            label=marked("需要的权益"),
            hint=marked("只有持有这项权益的读者能看到，如 membership；一般留空"),
            most=39,
            wide=False,
        ),
    ),
)
BODY: Final = Group(
    key="body",
    title=marked("正文"),
    hint=marked("Markdown；内容块单独一行写作 [[标识]]"),
    fields=(Body(name="body", label=marked("正文")),),
)
DOCUMENTS: Final = Group(
    key="documents",
    title=marked("附件资料"),
    hint=marked("PDF"),
    fields=(
        Rows(
            name="documents",
            label=marked("资料"),
            one=marked("资料"),
            add=marked("添加资料"),
            needed="asset",
            columns=(
                Column(name="asset", label=marked("文件"), sort="file", width="w-file"),
                Column(name="title", label=marked("显示名称")),
            ),
        ),
    ),
)
RELATED: Final = Group(
    key="related",
    title=marked("相关内容"),
    fields=(Items(name="related", label=marked("相关内容"), one=marked("内容"), add=marked("添加内容")),),
)


def people(name: str, title: str) -> Group:
    """Give the group of a list of people."""
    return Group(
        key=name,
        title=title,
        fields=(
            Rows(
                name=name,
                label=title,
                one=marked("人员"),
                add=marked("添加人员"),
                needed="name",
                columns=(
                    Column(name="name", label=marked("姓名"), most=40, width="w-name"),
                    Column(name="title", label=marked("职称"), most=60, width="w-name"),
                    Column(name="hospital", label=marked("医院"), most=80),
                    Column(name="role", label=marked("分工"), most=40, width="w-name"),
                ),
            ),
        ),
    )


TEAM: Final = people("team", marked("团队与嘉宾"))
FILM: Final = Group(
    key="film",
    title=marked("视频"),
    fields=(
        Film(name="video", label=marked("视频")),
        Length(name="duration_s", label=marked("时长（分:秒）"), required=True, wide=False),
    ),
)
CHAPTERS: Final = Group(
    key="chapters",
    title=marked("章节"),
    hint=marked("按时间先后；阶段：面诊要点、手术方案、术中难点、术后护理团队配合"),
    fields=(
        Rows(
            name="chapters",
            label=marked("章节"),
            one=marked("章节"),
            add=marked("添加章节"),
            needed="title",
            columns=(
                Column(name="key", label="", sort="key", filled=True),
                Column(name="starts_at_s", label=marked("开始"), sort="clock", most=12, width="w-clock"),
                Column(name="title", label=marked("章节标题")),
                Column(name="stage", label=marked("阶段"), sort="stage", width="w-stage", filled=True),
            ),
        ),
    ),
)
QUESTIONS: Final = Group(
    key="questions",
    title=marked("本集回答的问题"),
    hint=marked("医生会用这些问题找到本集，并直接跳到对应章节"),
    fields=(
        Rows(
            name="questions",
            label=marked("问题"),
            one=marked("问题"),
            add=marked("添加问题"),
            needed="text",
            columns=(
                Column(name="text", label=marked("问题")),
                Column(name="chapter", label=marked("回答它的章节"), sort="chapter", width="w-chapter", filled=True),
            ),
        ),
    ),
)
CONSENT: Final = Group(
    key="consent",
    title=marked("患者出镜"),
    fields=(Filmed(name="filmed_patient", label=marked("视频中有患者出镜")),),
)


def basics(*between: Field) -> Group:
    """Give the first group of a form, with what a kind has between title and summary."""
    return Group(key="basics", title=marked("基本信息"), fields=(TITLE, *between, SUMMARY, AUDIENCE, TAGS))
