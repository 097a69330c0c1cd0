"""Drafts on the phone: the pages that doctors get, filled with what is not published yet.

The rule: the page is the very one of the phones (``h5/page.html`` and its scripts); only where it asks for the text is
another, which only staff may read. Nothing that is done in a preview is reported or kept.
"""

from typing import Any, Final

from sanic import Blueprint, HTTPResponse, Request

from admin.editing import children, files_of
from admin.fields import Loose
from admin.kind_forms import presentable
from content import airings, items, tags, titles
from content.access import ItemMissing
from content.items import DraftState
from server.core import clock
from server.core.staff_sessions import StaffReader
from server.web.pages import page
from server.web.replies import reply
from server.web.templates import Templates

blueprint = Blueprint("admin_preview", url_prefix="/admin/items")
MOST_CARDS: Final = 60
KINDS: Final = {"series": "系列", "episode": "剧集"}


@blueprint.get("/<item_id:int>/preview")
@page(framed=True)
async def preview(request: Request, reader: StaffReader, item_id: int) -> HTTPResponse:
    kind = (await items.draft_of(item_id=item_id)).kind
    if kind not in KINDS:
        raise ItemMissing()
    templates: Templates = request.app.ctx.templates
    shell = templates.render(
        "h5/page.html",
        script=kind,
        modules=(),
        path="/preview",
        under="/series",
        title=KINDS[kind],
        heading="",
        back="",
        facts={"item": item_id, "preview": f"/admin/items/{item_id}/preview.json"},
    )
    return HTTPResponse(shell, content_type="text/html; charset=utf-8")


@blueprint.get("/<item_id:int>/preview.json")
@page()
async def text(request: Request, reader: StaffReader, item_id: int) -> HTTPResponse:
    """Give the draft in the shape in which the phones get what is published, whatever it lacks."""
    item = await items.draft_of(item_id=item_id)
    if item.kind not in KINDS:
        raise ItemMissing()
    return reply(await (_series if item.kind == "series" else _episode)(request, item))


async def _series(request: Request, item: DraftState) -> dict[str, Any]:
    below = await children(item, at=clock.now())
    return {
        **await _both(request, item),
        "problem": presentable(item.kind, item.shape)["problem"] or "",
        "seasons": [
            {"id": row.item_id, "title": row.title, "summary": "", "episodes": await _cards(request, inner)}
            for row, inner in below
            if row.kind == "season"
        ],
        "episodes": await _cards(request, [row for row, _ in below if row.kind == "episode"]),
    }


async def _episode(request: Request, item: DraftState) -> dict[str, Any]:
    shape = presentable(item.kind, item.shape)
    files = await files_of(request, item.shape, at=clock.now())
    path = (await titles.paths([item.item_id]))[item.item_id]
    chapters = [
        {"key": one["key"] or "", "title": _words(one["title"]), "stage": one["stage"] or shape["stage"]}
        | {"starts_at_s": _number(one["starts_at_s"])}
        for one in shape["chapters"] or []
    ]
    starts = {chapter["key"]: chapter["starts_at_s"] for chapter in chapters}
    video = shape["video"] or Loose()
    airing = await airings.airing_of(episode_id=item.item_id)
    return {
        **await _both(request, item),
        "series": {"id": path[0][0], "title": path[0][1] if len(path) > 1 else ""},
        "season": {"id": path[1][0], "title": path[1][1]} if len(path) > 2 else None,
        "stage": shape["stage"],
        "duration_s": _number(shape["duration_s"]),
        "chapters": chapters,
        "questions": [
            {"text": _words(one["text"]), "chapter": one["chapter"] or "", "starts_at_s": starts.get(one["chapter"], 0)}
            for one in shape["questions"] or []
        ],
        "documents": [
            {"number": number, "title": _words(one["title"]), "bytes": files[one["asset"]]["bytes"]}
            | {"url": files[one["asset"]]["address"]}
            for number, one in enumerate(shape["documents"] or [], start=1)
            if one["asset"] in files
        ],
        "film": files[video["asset"]]["address"] if video["asset"] in files else _words(video["url"]),
        "airs_at": airing.airs_at if airing and airing.cancelled_at is None else None,
        "cancelled": airing is not None and airing.cancelled_at is not None,
        "previous": None,
        "next": None,
    }


async def _both(request: Request, item: DraftState) -> dict[str, Any]:
    """Give what a series and an episode have in common."""
    shape = presentable(item.kind, item.shape)
    files = await files_of(request, {"cover": item.shape.get("cover")}, at=clock.now())
    cover = shape["cover"] or Loose()
    named = await tags.names()
    drawn = files.get(cover["asset"], {})
    pictures = dict.fromkeys(("small", "medium", "large"), f"/admin/assets/{cover['asset']}/large")
    return {
        "id": item.item_id,
        "title": _words(shape["title"]) or "（无标题）",
        "summary": _words(shape["summary"]),
        "tags": [{"slug": slug, "name": named.get(slug, slug)} for slug in shape["tags"] or []],
        "cover": {"alt": _words(cover["alt"]), **pictures} if drawn.get("kind") == "image" else None,
        "team": [
            {name: _words(one[name]) for name in ("name", "title", "hospital", "role")} for one in shape["team"] or []
        ],
    }


async def _cards(request: Request, rows: list[items.Row]) -> list[dict[str, Any]]:
    """Give episodes as a list shows them, from their drafts."""
    cards = []
    for row in rows[:MOST_CARDS]:
        draft = await items.draft_of(item_id=row.item_id)
        shape = presentable(draft.kind, draft.shape)
        facts = {"stage": shape["stage"], "duration_s": _number(shape["duration_s"]), "airs_at": row.airs_at}
        cards.append({**await _both(request, draft), **facts, "cancelled": False})
    return cards


def _words(value: Any) -> str:
    return "" if value is None else str(value)


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0
