"""Events and batches to try the log with, as a client would write them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cdp.batches import Batch, Judged, Sender, open_batch
from cdp.judging import judge
from server.core.ids import uuid7

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SENT = "2026-11-22T12:00:00.000Z"
DEVICE = "0192f5a0-1111-7000-8000-000000009999"
SESSION = "0192f5a0-1111-7000-8000-000000001234"
AGREED = Sender(
    account_id=7, audience="doctor", app="wx00000000000000aa", consent_version="2026-11-01",
    purposes=("analytics", "service"),
)  # fmt: skip


def event(**parts: Any) -> dict[str, Any]:
    """Write an event, with a new id unless one is given."""
    return {
        "event_id": str(uuid7()),
        "name": "content_open",
        "schema": "1-0-0",
        "session": SESSION,
        "sequence": 1,
        "created_at": SENT,
        "body": {"item_id": 7, "kind": "episode"},
        **parts,
    }


def batch(*events: Mapping[str, Any], **parts: Any) -> dict[str, Any]:
    """Write a batch."""
    return {"events": list(events), "sent_at": SENT, "anonymous_id": DEVICE, **parts}


def opened(*events: Mapping[str, Any], **parts: Any) -> Batch:
    """Write a batch and open it."""
    return open_batch(json.dumps(batch(*events, **parts)).encode())


def judged(*events: Mapping[str, Any], sender: Sender = AGREED, at: datetime = AT) -> Judged:
    """Write a batch and judge its events."""
    return judge(opened(*events), sender, received_at=at)
