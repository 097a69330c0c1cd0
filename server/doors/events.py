"""The door of the engagement log: batches of events from clients, and the catalogue of what may be in them."""

from typing import Annotated, Any

from msgspec import Meta, Struct
from sanic import Blueprint, HTTPResponse, Request

from cdp import judging
from cdp.batches import MOST_BYTES, MOST_EVENTS, BatchTooLarge, ConsentShown, EventOutcome, SentEvent, open_batch
from cdp.event_fields import AppId, Device, Instant
from cdp.event_schema import document
from cdp.intake import Intake
from cdp.senders import Senders
from server.core import clock
from server.core.errors import Invalid
from server.core.roles import Reader
from server.core.unpack import UnpackedTooLarge, gunzip
from server.core.wire import encode
from server.web.operation import operation
from server.web.replies import etag_of, tagged

blueprint = Blueprint("events", url_prefix="/api/events")


class EncodingUnknown(Invalid):
    """The body is compressed in another way than gzip."""

    code = "encoding_unknown"
    title = "不支持的压缩方式"
    status = 415


class EventBatch(Struct, kw_only=True, forbid_unknown_fields=True):
    """Events of one installation of the app, in any order; up to 500 and 1 MB, 64 KB each.

    ``sent_at`` is the device's clock at sending, by which its error is taken out of the times. Guests say in ``app``
    which mini-program this is and in ``consent`` what was agreed to on this device; without it their events are
    refused. For who has signed in the account tells both. The body of each event is described by
    `/api/events/schema`.
    """

    events: Annotated[list[SentEvent], Meta(min_length=1, max_length=MOST_EVENTS)]
    sent_at: Instant
    anonymous_id: Device
    app: AppId | None = None
    consent: ConsentShown | None = None


class EventsTaken(Struct, frozen=True):
    """What became of each event, in the order of the batch."""

    results: list[EventOutcome]


EXAMPLE: dict[str, Any] = {
    "sent_at": "2026-11-22T20:05:00.120+08:00",
    "anonymous_id": "0192f5a0-1111-7000-8000-000000009999",
    "app": "wx00000000000000aa",
    "consent": {"version": "2026-11-22", "purposes": ["service", "analytics"]},
    "events": [
        {
            "event_id": "019ab1c2-7d10-7a34-9b8e-5f1d2c3b4a59",
            "name": "content_read_progress",
            "schema": "1-0-0",
            "session": "019ab1c2-7000-7000-8000-0123456789ab",
            "sequence": 12,
            "created_at": "2026-11-22T20:04:31.008+08:00",
            "page": "pages/article/show",
            "body": {
                "item_id": 17,
                "kind": "article",
                "max_percent": 80,
                "active_ms": 41000,
                "expected_ms": 60000,
            },
        }
    ],
}


@blueprint.post("/")
@operation(
    "Hand in events of a client",
    body=EventBatch,
    reads_body=True,
    reply=EventsTaken,
    refuses=(BatchTooLarge, UnpackedTooLarge, EncodingUnknown),
    tags=("events",),
    example=EXAMPLE,
    description="An answer of 200 means that every event marked accepted, duplicate or quarantined is on disk. A "
    "batch may be sent again as often as one likes: an event is kept once, without a window, by its source and its "
    "id. The log takes ids of 1 to 16 bytes; at this door the id is `event_id`, a UUID (best UUIDv7) written with 36 "
    "characters. The body may be gzip (Content-Encoding). A bad event is rejected alone, also one with half of a "
    "character; only a body that is no JSON, or is nested some hundreds of levels deep wherever in it, is refused as a "
    "whole with 400. Rejected events say why in `code` and `field` and are not worth sending again; after 503, or no "
    "answer, send the batch again.",
)
async def take_events(request: Request, reader: Reader) -> EventsTaken:
    received_at = clock.now()
    ctx: Any = request.app.ctx
    intake: Intake = ctx.intake
    senders: Senders = ctx.senders
    batch = open_batch(_unpacked(request))
    sender = await senders.of(reader, batch, user_agent=request.headers.get("user-agent", ""))
    return EventsTaken(await intake.take(judging.judge(batch, sender, received_at=received_at)))


def _unpacked(request: Request) -> bytes:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return request.body
    if encoding not in {"gzip", "x-gzip"}:
        raise EncodingUnknown("Send the body as it is, or as gzip.", field="Content-Encoding")
    return gunzip(request.body, most=MOST_BYTES)


@blueprint.get("/schema")
@operation(
    "The catalogue of events, as a JSON Schema of one event of the log",
    reply=dict[str, Any],
    public=True,
    content_type="application/schema+json",
    cached=True,
    tags=("events",),
)
async def schema(request: Request) -> HTTPResponse:
    ctx: Any = request.app.ctx
    if not hasattr(ctx, "event_schema"):
        body = encode(document())
        ctx.event_schema = (body, etag_of(body))
    return tagged(request, *ctx.event_schema, content_type="application/schema+json")
