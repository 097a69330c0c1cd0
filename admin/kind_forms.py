"""The forms of the kinds: of which fields the form of each is made, and what the pages call it.

The rule: a kind is one description here and needs no page of its own. What is no part of the text (a time of airing, a
plan) stands beside the form, as a ``side`` with a template of its own (``admin/sides.py``).
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from admin.activity_words import FORMS as ACTIVITY_FORMS
from admin.field_groups import (
    BODY,
    CHAPTERS,
    CONSENT,
    COVER,
    CREDITS,
    DOCUMENTS,
    FILM,
    QUESTIONS,
    RELATED,
    STAGE,
    TEAM,
    VALIDITY,
    Group,
    basics,
    people,
)
from admin.fields import Choice, Column, Field, Line, Loose, Picture, Rows, Text, kept
from admin.words import ARTICLE_FORMS, PRODUCT_CLASSES
from server.web.forms import Form
from server.web.languages import marked


class KindForm(Struct, frozen=True, kw_only=True):
    """The form of a kind. ``list_name`` is the last part of its list's address, ``below`` what may stand under one."""

    kind: str
    name: str
    new: str
    list_name: str
    icon: str
    groups: tuple[Group, ...]
    below: tuple[str, ...] = ()
    sides: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(field for group in self.groups for field in group.fields)

    @property
    def words(self) -> dict[str, str]:
        return {name: word for field in self.fields for name, word in field.words.items()}


def shape_of(kind: str, form: Form) -> dict[str, Any]:
    """Read the draft of an item of a kind from its form.

    :raises KeyError: if there is no form for the kind.
    """
    return kept({name: value for field in FORMS[kind].fields for name, value in field.read(form).items()})


def presentable(kind: str, shape: Mapping[str, Any]) -> Loose:
    """Give a draft so that a page can show it, whatever it holds: a field of the wrong sort is left out.

    What is left out is named by the publish checks all the same.
    """
    found = Loose()
    for field in FORMS[kind].fields:
        found.update(field.show(shape))
    return found


FORMS: Final[dict[str, KindForm]] = {
    form.kind: form
    for form in (
        KindForm(
            kind="series",
            name=marked("系列"),
            new=marked("新建系列"),
            list_name="series",
            icon="playlist",
            below=("season", "episode"),
            groups=(
                basics(
                    Line(
                        name="problem",
                        label=marked("临床问题"),
                        hint=marked("这个系列要回答的一个问题，如“低位直肠癌还能保肛吗”"),
                        most=120,
                    )
                ),
                COVER,
                TEAM,
                CREDITS,
                VALIDITY,
            ),
        ),
        KindForm(
            kind="season",
            name=marked("季"),
            new=marked("新建季"),
            list_name="series",
            icon="folder",
            below=("episode",),
            groups=(basics(), VALIDITY),
        ),
        KindForm(
            kind="episode",
            name=marked("剧集"),
            new=marked("新建剧集"),
            list_name="episodes",
            icon="movie",
            sides=("airing",),
            groups=(basics(STAGE), FILM, COVER, CHAPTERS, QUESTIONS, TEAM, DOCUMENTS, CONSENT, CREDITS, VALIDITY),
        ),
        KindForm(
            kind="article",
            name=marked("文章"),
            new=marked("新建文章"),
            list_name="articles",
            icon="article",
            groups=(
                basics(Choice(name="form", label=marked("文章类型"), options=ARTICLE_FORMS, chosen="news", wide=False)),
                BODY,
                COVER,
                CREDITS,
                RELATED,
                DOCUMENTS,
                VALIDITY,
            ),
        ),
        KindForm(
            kind="video",
            name=marked("视频"),
            new=marked("新建视频"),
            list_name="videos",
            icon="video",
            groups=(basics(), FILM, COVER, CHAPTERS, BODY, TEAM, CONSENT, CREDITS, RELATED, DOCUMENTS, VALIDITY),
        ),
        KindForm(
            kind="activity",
            name=marked("活动"),
            new=marked("新建活动"),
            list_name="activity-texts",
            sides=("plan",),
            icon="calendar-event",
            groups=(
                basics(
                    Choice(
                        name="form",
                        label=marked("活动形式"),
                        options=ACTIVITY_FORMS,
                        empty=marked("请选择"),
                        required=True,
                        wide=False,
                    ),
                    Line(name="organiser", label=marked("主办方"), most=80, wide=False),
                ),
                COVER,
                people("speakers", marked("讲者")),
                Group(
                    key="agenda",
                    title=marked("议程"),
                    hint=marked("开始时间从活动开始算起，如 0:30；讲者之间用顿号隔开"),
                    fields=(
                        Rows(
                            name="agenda",
                            label=marked("议程"),
                            one=marked("议程项"),
                            add=marked("添加议程项"),
                            needed="title",
                            columns=(
                                Column(name="starts_min", label=marked("开始"), sort="offset", most=6, width="w-clock"),
                                Column(name="minutes", label=marked("分钟"), sort="minutes", most=5, width="w-clock"),
                                Column(name="title", label=marked("内容")),
                                Column(name="speakers", label=marked("讲者"), sort="names", width="w-chapter"),
                            ),
                        ),
                    ),
                ),
                BODY,
                CREDITS,
                RELATED,
                DOCUMENTS,
                VALIDITY,
            ),
        ),
        KindForm(
            kind="brand_account",
            name=marked("品牌号"),
            new=marked("新建品牌号"),
            list_name="brands",
            icon="brand-wechat",
            groups=(
                basics(
                    Line(name="field", label=marked("所属领域"), most=40, required=True, wide=False),
                    Line(name="operator", label=marked("运营主体"), most=80, required=True, wide=False),
                ),
                COVER,
                Group(
                    key="way",
                    title=marked("二维码与链接"),
                    fields=(
                        Picture(name="qr", label=marked("二维码")),
                        Line(name="link", label=marked("链接"), most=500, typed="url"),
                    ),
                ),
                BODY,
                CREDITS,
                RELATED,
                DOCUMENTS,
                VALIDITY,
            ),
        ),
        KindForm(
            kind="product",
            name=marked("产品"),
            new=marked("新建产品"),
            list_name="products",
            icon="pill",
            groups=(
                basics(
                    Choice(
                        name="product_class",
                        label=marked("产品类别"),
                        options=PRODUCT_CLASSES,
                        empty=marked("请选择"),
                        required=True,
                        wide=False,
                    ),
                    Line(name="generic_name", label=marked("通用名"), most=80, wide=False),
                    Line(name="maker", label=marked("生产企业"), most=80, required=True, wide=False),
                ),
                Group(
                    key="papers",
                    title=marked("说明与证照"),
                    fields=(
                        Text(name="indications", label=marked("适应证或适用范围"), most=4000, required=True),
                        Text(name="cautions", label=marked("禁忌与注意事项"), most=4000),
                        Rows(
                            name="certificates",
                            label=marked("证照"),
                            one=marked("证照"),
                            add=marked("添加证照"),
                            needed="name",
                            columns=(
                                Column(name="name", label=marked("证照名称")),
                                Column(name="number", label=marked("证照编号"), most=60),
                                Column(name="valid_until", label=marked("有效期至"), sort="day", width="w-stage"),
                            ),
                        ),
                    ),
                ),
                COVER,
                DOCUMENTS,
                BODY,
                RELATED,
                CREDITS,
                VALIDITY,
            ),
        ),
        KindForm(
            kind="document",
            name=marked("资料"),
            new=marked("新建资料"),
            list_name="documents",
            icon="file-text",
            groups=(
                basics(Line(name="edition", label=marked("版本或版次"), most=60, wide=False)),
                DOCUMENTS,
                COVER,
                BODY,
                CREDITS,
                RELATED,
                VALIDITY,
            ),
        ),
    )
}
# Those that have a list of their own; a season is found in its series.
LISTED: Final[tuple[KindForm, ...]] = tuple({form.list_name: form for form in reversed(FORMS.values())}.values())[::-1]
