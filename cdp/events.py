"""The catalogue of events: what can be in the engagement log, each name from exactly one source.

The rule: no phone number, openid, name or free text of a person in an event. In code an event is a class in the past
tense, on the wire ``object_action``; its fields beside ``at`` and ``account_id`` are its body. Schemas are versioned
(SchemaVer, MODEL-REVISION-ADDITION); a change that readers of old events would stumble over raises the first number.
"""

from datetime import datetime
from typing import Any, ClassVar

from msgspec import Struct


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened and that the server knows of its own.

    ``account_id`` is 0 where nobody in particular did it. ``necessary`` events are written, without the person, also
    where there is no consent.
    """

    name: ClassVar[str] = ""
    schema: ClassVar[str] = "1-0-0"
    necessary: ClassVar[bool] = False

    at: datetime
    account_id: int = 0

    def body(self) -> dict[str, Any]:
        """Give what the event says beside when and who."""
        return {name: getattr(self, name) for name in self.__struct_fields__ if name not in {"at", "account_id"}}
