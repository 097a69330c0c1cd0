"""The figures of items: on one item by day, and of all items beside each other, each with the number it rests on.

The rule: what is counted and how is said by `cdp.metrics`; here it is only named, put in order and drawn.
"""

from datetime import date, timedelta
from typing import Any, Final, Literal, NamedTuple, get_args

from msgspec import Struct
from sanic import Blueprint, HTTPResponse, Request

from admin.figure_words import CIRCLES, RATE_HINTS, RATES
from admin.menu import ADMINISTRATORS
from cdp import metrics, metrics_folding, own_accounts
from cdp.metrics import Figures, Rate, RateName
from content import items, titles
from content.kinds import KINDS
from content.sheets import writing
from content.sheets.writing import Head
from server.core import clock
from server.core.clock import day_of
from server.core.staff_sessions import StaffReader
from server.web.forms import Form, form_of
from server.web.languages import SOURCE, language_of, marked, told
from server.web.pages import page, redirect, refusal_of, render
from server.web.request import HouseRequest
from server.web.saved_file import saved

blueprint = Blueprint("admin_figures", url_prefix="/admin/figures")
of_items = Blueprint("admin_item_figures", url_prefix="/admin/items")
SHOWN: Final = 25
LONGEST: Final = 366
PERIODS: Final = {7: marked("近 7 天"), 30: marked("近 30 天"), 90: marked("近 90 天")}
BOUNDS: Final = (marked("下限"), marked("上限"))
# Up to so many days are drawn one by one, more by weeks.
MOST_DAYS: Final = 45
DRAWN: Final = ("shown", "opened", "read", "started", "finished")


class Period(Struct, frozen=True):
    """The days ``[since, until)`` that a page counts."""

    since: date
    until: date

    @property
    def last(self) -> date:
        return self.until - timedelta(days=1)

    @property
    def days(self) -> int:
        return (self.until - self.since).days


class Row(NamedTuple):
    """An item in the overview."""

    item_id: int
    kind: str
    title: str
    figures: Figures


@of_items.get("/<item_id:int>/figures")
@page()
async def one(request: Request, reader: StaffReader, item_id: int) -> HTTPResponse:
    item = await items.draft_of(item_id=item_id)
    period = _period(_asked(request))
    by: Literal["day", "week"] = "day" if period.days <= MOST_DAYS else "week"
    stretches = await metrics.over_time(item_id=item_id, since=period.since, until=period.until, by=by)
    return render(
        request,
        "admin/figures/one.html",
        item=item,
        title=str(item.shape.get("title") or ""),
        above=(await titles.paths([item_id]))[item_id][:-1],
        figures=await metrics.of_item(item_id=item_id, since=period.since, until=period.until),
        by=by,
        stretches=stretches,
        drawn=[name for name in DRAWN if any(getattr(one.figures, name) for one in stretches)],
        **await _words(period),
    )


@of_items.get("/<item_id:int>/figures.csv")
@page()
async def one_as_sheet(request: Request, reader: StaffReader, item_id: int) -> HTTPResponse:
    await items.draft_of(item_id=item_id)
    period = _period(_asked(request))
    days = await metrics.over_time(item_id=item_id, since=period.since, until=period.until)
    heads = [told(request, "日期"), *(told(request, CIRCLES[name]) for name in get_args(metrics.Circle))]
    rows = [[f"{one.starts_on}", *map(str, vars_of(one.figures))] for one in days]
    return _saved(heads, rows, f"{told(request, '数据')}-{item_id}-{period.since}-{period.last}")


@blueprint.get("/")
@page()
async def overview(request: Request, reader: StaffReader) -> HTTPResponse:
    asked = _asked(request)
    period = _period(asked)
    rows = await _rows(asked, period)
    number = min(max(asked.whole("page") or 1, 1), 100_000)
    return render(
        request,
        "admin/figures/list.html",
        rows=rows[(number - 1) * SHOWN : number * SHOWN],
        total=len(rows),
        page_number=number,
        pages=-(-len(rows) // SHOWN),
        asked=asked,
        sort=_sort(asked),
        kinds=_kinds(request),
        own=await own_accounts.listing() if reader.roles & ADMINISTRATORS else None,
        refused={},
        **await _words(period),
    )


@blueprint.get("/figures.csv")
@page()
async def as_sheet(request: Request, reader: StaffReader) -> HTTPResponse:
    """Give the overview as a sheet: every count, and every rate with what it rests on and its interval."""
    asked = _asked(request)
    period = _period(asked)
    heads = [told(request, word) for word in ("编号", "类型", "标题", *CIRCLES.values())]
    for name in RATES.values():
        word = told(request, name)
        heads += [word, f"{word} n", *(f"{word} {told(request, bound)}" for bound in BOUNDS)]
    kinds = _kinds(request)
    rows = [
        [
            str(row.item_id),
            kinds[row.kind],
            row.title,
            *map(str, vars_of(row.figures)),
            *(part for rate in row.figures.rates.values() for part in _parts(rate)),
        ]
        for row in await _rows(asked, period)
    ]
    return _saved(heads, rows, f"{told(request, '数据')}-{period.since}-{period.last}")


@blueprint.post("/own")
@page(roles=ADMINISTRATORS)
async def mark(request: HouseRequest, reader: StaffReader) -> HTTPResponse:
    """Leave an account of the house's own people out of all figures, or count it again."""
    form = form_of(request)
    account_id = form.whole("account_id") or 0
    change = own_accounts.unmark if form.is_on("undo") else own_accounts.mark
    try:
        await change(account_id=account_id, staff_id=reader.staff_id, at=clock.now(), request_id=request.request_id)
    except own_accounts.AccountUnknown as refused:
        _, errors = refusal_of(request, refused)
        return redirect(request, "/admin/figures#own", flash=next(iter(errors.values())), kind="danger")
    return redirect(request, "/admin/figures#own", flash="已更新。")


def vars_of(figures: Figures) -> list[int]:
    """List the counts of all circles in their order."""
    return [getattr(figures, name) for name in get_args(metrics.Circle)]


async def _rows(asked: Form, period: Period) -> list[Row]:
    """List the items that anybody had to do with, in the order that is wanted."""
    found = await metrics.of_items(since=period.since, until=period.until)
    named = await titles.kinds_and_titles(one.item_id for one in found)
    kind, text = asked.text("kind", most=40), asked.text("text").casefold()
    rows = [
        Row(one.item_id, *named[one.item_id], one.figures)
        for one in found
        if one.item_id in named and kind in {"", named[one.item_id][0]} and text in named[one.item_id][1].casefold()
    ]
    sort = _sort(asked)
    # Rates are ordered by what they are at least, so that one reader of one does not come before thirty of forty.
    return sorted(rows, key=lambda row: (-_weight(row.figures, sort), row.item_id))


def _kinds(request: Request) -> dict[str, str]:
    """Name all kinds in the language of the request."""
    chinese = language_of(request) == SOURCE
    return {name: kind.name_zh if chinese else kind.name_en for name, kind in KINDS.items()}


def _weight(figures: Figures, sort: str) -> float:
    rate = figures.rates.get(sort)  # type: ignore[call-overload]  # other names have none
    return rate.interval[0] if rate else float(getattr(figures, sort))


def _sort(asked: Form) -> str:
    sort = asked.text("sort", most=20)
    return sort if sort in {*get_args(RateName), *get_args(metrics.Circle)} else "opened"


def _period(asked: Form) -> Period:
    """Read the days that are wanted: the last so many, or from a day to another, at most a year."""
    today = day_of(clock.now())
    since, last = asked.day("since"), asked.day("until")
    if since is None and last is None:
        days = asked.whole("days") or 30
        last = today
        since = last - timedelta(days=min(max(days, 1), LONGEST) - 1)
    last = last or today
    since = since or last - timedelta(days=29)
    since = min(since, last)
    return Period(max(since, last - timedelta(days=LONGEST - 1)), last + timedelta(days=1))


async def _words(period: Period) -> dict[str, Any]:
    return {
        "period": period,
        "today": day_of(clock.now()),
        "periods": PERIODS,
        "circles": CIRCLES,
        "rate_names": RATES,
        "rate_hints": RATE_HINTS,
        "counted_until": await metrics_folding.counted_until(),
    }


def _parts(rate: Rate) -> list[str]:
    if rate.share is None:
        return ["", "0", "", ""]
    return [f"{value:.4f}" for value in (rate.share,)] + [str(rate.n), *(f"{value:.4f}" for value in rate.interval)]


def _saved(heads: list[str], rows: list[list[str]], name: str) -> HTTPResponse:
    return saved(
        writing.as_csv([Head(head) for head in heads], rows), name=f"{name}.csv", media_type="text/csv; charset=utf-8"
    )


def _asked(request: Request) -> Form:
    return Form([(name, value) for name, values in request.args.items() for value in values])
