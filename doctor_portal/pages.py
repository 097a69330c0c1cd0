"""The phone pages of doctors: shells that our scripts fill by the interface that the mini-program calls too.

The rule: a shell holds nothing of anybody and is the same for everyone; what a reader may see is asked by the script
with the token of the reader. Nothing but our own files is run or loaded.
"""

from pathlib import Path
from typing import Any, Final, NamedTuple

from sanic import Blueprint, HTTPResponse, Request

from server.web.pages import guarded, open_page, redirect
from server.web.templates import Templates

blueprint = Blueprint("doctor_pages", url_prefix="/h5")
front = Blueprint("front")

TEMPLATES: Final = Path(__file__).parent / "templates"
HOME: Final = "/h5/doctor/"


class Tab(NamedTuple):
    """A way to go that every page offers; ``icon`` is a path of 24 × 24."""

    path: str
    title: str
    icon: str


TABS: Final = (
    Tab("/", "首页", "M4 11l8-7 8 7v9h-5v-6H9v6H4z"),
    Tab("/boards", "专区", "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z"),
    Tab("/calendar", "日历", "M4 6h16v14H4zM4 10h16M8 3v4M16 3v4"),
    Tab("/series", "系列", "M4 5h16v11H4zM8 20h8M10.5 8.2v4.6l4-2.3z"),
    Tab("/me", "我的", "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4.5 20a7.5 7.5 0 0 1 15 0"),
)

# What every page loads, so that a browser fetches it all at once and not one after the other.
COMMON: Final = ("ui", "session", "api", "events", "cards", "sign_in")


def names() -> dict[str, Any]:
    """Give the names that the templates know."""
    return {"doctor_tabs": TABS}


@front.get("/", name="start")
@blueprint.get("/", name="start")
@open_page
async def start(request: Request) -> HTTPResponse:
    return redirect(request, HOME)


@blueprint.get("/doctor")
@open_page
async def home(request: Request) -> HTTPResponse:
    return _shell(
        request,
        script="home",
        path="/home",
        under="/",
        title="首页",
        heading="杏林医生",
        more=("items", "search_field"),
    )


@blueprint.get("/doctor/boards")
@blueprint.get("/doctor/boards/<slug:str>", name="board")
@open_page
async def boards(request: Request, slug: str = "") -> HTTPResponse:
    return _shell(
        request, script="boards", path="/boards", under="/boards", title="专区", heading="", more=("items", "gates")
    )


@blueprint.get("/doctor/items/<item_id:int>")
@open_page
async def item(request: Request, item_id: int) -> HTTPResponse:
    return _shell(
        request,
        script="item",
        path="/item",
        under="/boards",
        title="内容",
        heading="",
        back="/boards",
        more=("items", "body", "deeds", "gates", "video", "player"),
        item=item_id,
    )


@blueprint.get("/doctor/favourites")
@open_page
async def favourites(request: Request) -> HTTPResponse:
    return _shell(
        request,
        script="favourites",
        path="/favourites",
        under="/me",
        title="我的收藏",
        back="/me",
        more=("items",),
    )


@blueprint.get("/doctor/questions")
@open_page
async def questions(request: Request) -> HTTPResponse:
    return _shell(
        request,
        script="questions",
        path="/questions",
        under="/me",
        title="我的提问",
        back="/me",
        more=("items", "asking"),
    )


@blueprint.get("/doctor/search")
@open_page
async def search(request: Request) -> HTTPResponse:
    return _shell(request, script="search", path="/search", under="/", title="搜索", back="/", more=("search_field",))


@blueprint.get("/doctor/calendar")
@open_page
async def calendar(request: Request) -> HTTPResponse:
    return _shell(request, script="calendar", path="/calendar", under="/calendar", title="追剧日历")


@blueprint.get("/doctor/series")
@open_page
async def series_list(request: Request) -> HTTPResponse:
    return _shell(request, script="series_list", path="/series", under="/series", title="系列")


@blueprint.get("/doctor/series/<item_id:int>")
@open_page
async def series(request: Request, item_id: int) -> HTTPResponse:
    return _shell(
        request,
        script="series",
        path="/series/one",
        under="/series",
        title="系列",
        heading="",
        back="/series",
        more=("reading",),
        item=item_id,
    )


@blueprint.get("/doctor/episodes/<item_id:int>")
@open_page
async def episode(request: Request, item_id: int) -> HTTPResponse:
    return _shell(
        request,
        script="episode",
        path="/episode",
        under="/series",
        title="剧集",
        heading="",
        back="/series",
        more=("player", "reading"),
        item=item_id,
    )


@blueprint.get("/doctor/share/<share_id:str>")
@open_page
async def share(request: Request, share_id: str) -> HTTPResponse:
    return _shell(
        request,
        script="share",
        path="/share",
        under="",
        title="分享",
        heading="分享给您的内容",
        more=("items", "gates"),
        share=share_id,
    )


@blueprint.get("/doctor/verify")
@open_page
async def verify(request: Request) -> HTTPResponse:
    return _shell(
        request,
        script="verify",
        path="/verify",
        under="/me",
        title="专业人士认证",
        back="/me",
        more=("hospital_field",),
    )


@blueprint.get("/doctor/me")
@open_page
async def me(request: Request) -> HTTPResponse:
    return _shell(request, script="me", path="/me", under="/me", title="我的", more=("items",))


def _shell(
    request: Request,
    *,
    script: str,
    path: str,
    title: str,
    heading: str | None = None,
    under: str,
    back: str = "",
    more: tuple[str, ...] = (),
    **facts: object,
) -> HTTPResponse:
    """Draw a page's shell, under one of the tabs; ``facts`` are handed to the script as data of the body."""
    templates: Templates = request.app.ctx.templates
    page = templates.render(
        "h5/page.html",
        script=script,
        modules=(*COMMON, *more),
        path=path,
        under=under,
        title=title,
        heading=title if heading is None else heading,
        back=back,
        facts=facts,
    )
    return guarded(request, HTTPResponse(page, content_type="text/html; charset=utf-8"), framed=True)
