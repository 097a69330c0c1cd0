"""The search at the editors' desk: what was looked for in vain, synonyms, words of our own, and a place to try them.

The rule: an edit is in effect for readers within a second; the index follows, and the pages say how far it is.
"""

from typing import Any, Final

from sanic import Blueprint, HTTPResponse, Request

from admin.menu import SEARCH_KEEPERS, SEARCH_READERS
from admin.words import FOUND_BY, KINDS
from content import dictionary, lexicon, reindexing, search, searched
from content.dictionary import Group, SynonymsMissing, SynonymTaken, WordBad
from content.query import understood
from server.core import clock
from server.core.errors import Refusal
from server.core.roles import Reader, Role
from server.core.staff_sessions import StaffReader
from server.web.forms import Form, form_of
from server.web.languages import told
from server.web.pages import page, redirect, refusal_of, render
from server.web.request import HouseRequest

blueprint = Blueprint("admin_search", url_prefix="/admin/search")
SHOWN: Final = 50
# Texts without a result are tried again as a verified doctor sees the house, who sees most.
_AS: Final = Reader(roles=frozenset({Role.DOCTOR, Role.PROFESSIONAL}))


@blueprint.get("/")
@page(roles=SEARCH_READERS)
async def unfound(request: Request, reader: StaffReader) -> HTTPResponse:
    at = clock.now()
    rows = await searched.unfound(at=at, limit=SHOWN)
    found = [await search.count(text=row.text, reader=_AS, at=at) for row in rows]
    return await _page(request, reader, "unfound", rows=list(zip(rows, found, strict=True)), days=searched.DAYS)


@blueprint.post("/unfound/dismiss")
@page(roles=SEARCH_KEEPERS)
async def dismiss(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    text = form_of(request).text("text", most=searched.LONGEST)
    await searched.dismiss(text=text, staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id)
    return redirect(request, "/admin/search", flash="已从列表中移除“%(text)s”。", text=text)


@blueprint.get("/synonyms")
@page(roles=SEARCH_READERS)
async def synonyms(request: Request, reader: StaffReader) -> HTTPResponse:
    asked = Form([(name, given[-1]) for name, given in request.args.items()])
    group_id = asked.whole("edit")
    edited = await dictionary.group_of(group_id=group_id) if group_id else None
    typed = "\n".join(edited.shown) if edited else asked.text("with", most=searched.LONGEST)
    return await _synonyms(request, reader, typed=typed, edited=edited)


@blueprint.post("/synonyms")
@page(roles=SEARCH_KEEPERS)
async def save_group(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    form = form_of(request)
    group_id, typed = form.whole("group_id"), form.text("terms", most=2000)
    try:
        group = await dictionary.save_group(
            shown=_lines(typed),
            group_id=group_id,
            staff_id=reader.staff_id,
            at=clock.now(),
            request_id=request.request_id,
        )
    except SynonymsMissing:
        raise
    except Refusal as refused:
        status, errors = _refused(request, refused, otherwise="terms")
        edited = await dictionary.group_of(group_id=group_id) if group_id else None
        return await _synonyms(request, reader, typed=typed, edited=edited, errors=errors, status=status)
    return redirect(request, "/admin/search/synonyms", flash="同义词已保存：%(words)s", words="、".join(group.shown))


@blueprint.post("/synonyms/<group_id:int>/remove")
@page(roles=SEARCH_KEEPERS)
async def remove_group(request: HouseRequest, reader: StaffReader, group_id: int) -> HTTPResponse:
    await dictionary.remove_group(
        group_id=group_id, staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id
    )
    return redirect(request, "/admin/search/synonyms", flash="同义词组已删除。")


@blueprint.get("/words")
@page(roles=SEARCH_READERS)
async def words(request: Request, reader: StaffReader) -> HTTPResponse:
    return await _words(request, reader)


@blueprint.post("/words")
@page(roles=SEARCH_KEEPERS)
async def add_words(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    typed = form_of(request).text("words", most=20_000)
    try:
        added = await dictionary.add_words(
            shown=_lines(typed), staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id
        )
    except Refusal as refused:
        status, errors = _refused(request, refused, otherwise="words")
        return await _words(request, reader, typed=typed, errors=errors, status=status)
    return redirect(request, "/admin/search/words", flash="已添加 %(count)s 个词。", count=len(added))


@blueprint.post("/words/remove")
@page(roles=SEARCH_KEEPERS)
async def remove_word(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    term = form_of(request).text("term", most=dictionary.LONGEST_KEY)
    await dictionary.remove_word(term=term, staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id)
    return redirect(request, "/admin/search/words", flash="词语已删除。")


@blueprint.post("/starter")
@page(roles=SEARCH_KEEPERS)
async def plant(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    planted = await dictionary.plant(staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id)
    return redirect(
        request,
        "/admin/search/words",
        flash="已载入起步词库：%(words)s 个词、%(groups)s 组同义词。",
        words=planted.words,
        groups=planted.groups,
    )


@blueprint.get("/try")
@page(roles=SEARCH_READERS)
async def attempt(request: Request, reader: StaffReader) -> HTTPResponse:
    text = Form([("text", request.args.get("text", ""))]).text("text", most=100)
    query = understood(text, await lexicon.current())
    found = await search.search(text=text, reader=_AS, at=clock.now(), limit=10) if text else None
    return await _page(request, reader, "try", text=text, query=query, found=found)


async def _synonyms(
    request: Request,
    reader: StaffReader,
    *,
    typed: str = "",
    edited: Group | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> HTTPResponse:
    asked = Form([(name, given[-1]) for name, given in request.args.items()])
    text = asked.text("text", most=dictionary.LONGEST)
    groups = await dictionary.groups(text=text, after=asked.whole("after") or 0, limit=SHOWN + 1)
    return await _page(
        request,
        reader,
        "synonyms",
        status=status,
        rows=groups[:SHOWN],
        following=groups[SHOWN - 1].id if len(groups) > SHOWN else 0,
        text=text,
        typed=typed,
        edited=edited,
        errors=errors or {},
    )


async def _words(
    request: Request, reader: StaffReader, *, typed: str = "", errors: dict[str, str] | None = None, status: int = 200
) -> HTTPResponse:
    asked = Form([(name, given[-1]) for name, given in request.args.items()])
    text = asked.text("text", most=dictionary.LONGEST)
    rows = await dictionary.words(text=text, after=asked.text("after"), limit=SHOWN * 2 + 1)
    return await _page(
        request,
        reader,
        "words",
        status=status,
        rows=rows[: SHOWN * 2],
        following=rows[SHOWN * 2 - 1].term if len(rows) > SHOWN * 2 else "",
        text=text,
        typed=typed,
        errors=errors or {},
    )


async def _page(request: Request, reader: StaffReader, name: str, *, status: int = 200, **values: Any) -> HTTPResponse:
    return render(
        request,
        f"admin/search/{name}.html",
        status=status,
        tab=name,
        may_keep=bool(reader.roles & SEARCH_KEEPERS),
        waiting=await reindexing.waiting(),
        kind_names=KINDS,
        by_names=FOUND_BY,
        **values,
    )


def _refused(request: Request, refused: Refusal, *, otherwise: str) -> tuple[int, dict[str, str]]:
    """Say a refusal with the word that it speaks of."""
    status, errors = refusal_of(request, refused, otherwise=otherwise)
    if isinstance(refused, WordBad | SynonymTaken) and refused.detail:
        errors = {name: f"{told(request, refused.title)}: {refused.detail}" for name in errors}
    return status, errors


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
