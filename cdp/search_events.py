"""The event of searching, as a client sees it; a part of the catalogue (`cdp.client_events`)."""

from typing import ClassVar

from cdp.client_events import ClientEvent
from cdp.event_fields import Count, Id, Kind


class ContentSearched(ClientEvent, frozen=True, kw_only=True):
    """The results of a search came on the screen, or one was opened: then ``clicked_rank`` is its place, from 1.

    What was looked for stands nowhere in the log.
    """

    name: ClassVar[str] = "content_search"

    results: Count
    clicked_rank: Count | None = None
    item_id: Id | None = None
    kind: Kind | None = None
