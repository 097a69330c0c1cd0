"""The words of imports: their states, what becomes of rows, and what is wrong with cells."""

from collections.abc import Iterable
from typing import Any, Final

from sanic import Request

from admin.differences import FIELDS
from admin.words import FINDINGS
from content.import_rows import Problem
from server.web.languages import SOURCE, language_of, marked, told

SHEETS: Final = {"article": marked("文章"), "episode": marked("剧集")}
IMPORT_STATES: Final = {
    "tried": marked("已检查，待选择"),
    "waiting": marked("正在导入"),
    "done": marked("已完成"),
    "refused": marked("未导入"),
    "failed": marked("失败"),
}
IMPORT_COLOURS: Final = {
    "tried": "badge-teal",
    "waiting": "badge-blue",
    "done": "badge-green",
    "refused": "badge-red",
    "failed": "badge-red",
}
OUTCOMES: Final = {
    "new": marked("新建"),
    "changed": marked("修改"),
    "unchanged": marked("没有变化"),
    "conflict": marked("冲突"),
    "faulty": marked("有错误"),
}
OUTCOME_COLOURS: Final = {
    "new": "badge-green",
    "changed": "badge-blue",
    "unchanged": "",
    "conflict": "badge-amber",
    "faulty": "badge-red",
}
OPERATION: Final = {
    "parent_id": marked("所属系列"),
    "section_id": marked("栏目"),
    "airs_at": marked("播出时间"),
    "form": marked("类型"),
    "body": marked("正文"),
    "author": marked("作者"),
    "reviewer": marked("审稿人"),
    "sources": marked("参考来源"),
    "valid_from": marked("有效期起"),
    "valid_until": marked("有效期止"),
    "approval_number": marked("批准文号"),
    "entitlement": marked("所需权益"),
    "related": marked("相关内容"),
}


def said(request: Request, problem: Problem) -> str:
    """Say what is wrong with a cell in the language of the request."""
    if language_of(request) == SOURCE:
        return problem.said
    sentence = told(request, problem.sentence, **problem.facts)
    if sentence == problem.said and problem.code in FINDINGS:
        return told(request, FINDINGS[problem.code])
    return sentence


def fields(names: Iterable[str]) -> list[Any]:
    """Name the fields that a row changes."""
    return [FIELDS.get(name, OPERATION.get(name, name)) for name in names]
