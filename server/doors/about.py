"""Who runs the house, and under which filings: what the footer of every page says, for clients with pages of theirs."""

from msgspec import Struct
from sanic import Blueprint, HTTPResponse, Request

from server.core.wire import encode
from server.web.operation import operation
from server.web.replies import etag_of, tagged

blueprint = Blueprint("about", url_prefix="/api")

NOTICE = "内容面向医疗卫生专业人士，不能代替面诊与医嘱"
AGE_S = 300


class About(Struct, frozen=True, kw_only=True):
    """The licence footer. A number is empty where none has been entered in the settings."""

    company: str
    icp_number: str
    drug_information_number: str
    notice: str
    demo: bool


@blueprint.get("/about")
@operation("Who runs the house, and the numbers of its filings", reply=About, public=True, cached=True, tags=("house",))
async def about(request: Request) -> HTTPResponse:
    settings = request.app.ctx.settings
    body = encode(
        About(
            company=settings.company,
            icp_number=settings.icp_number,
            drug_information_number=settings.drug_information_number,
            notice=NOTICE,
            demo=settings.demo and not settings.production,
        )
    )
    return tagged(request, body, etag_of(body), cache_control=f"public, max-age={AGE_S}")
