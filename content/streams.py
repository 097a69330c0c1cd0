"""Where a stream is had: the house's live service by its name there, or an address elsewhere.

The rule: an address of the house's live service is signed for a short time where the service asks for that, in the way
that Tencent's and those like it read: ``txSecret = MD5(key + stream + txTime)``, with ``txTime`` the end of the address
in hexadecimal seconds since 1970 (its document 267/31560). So what the gate leads to is of no use for long.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from server.core.errors import Unavailable

# As long as a player may go on asking for the playlist without coming back to the gate.
LIFE: Final = timedelta(minutes=10)
NAME: Final = "{name}"


class Streams(Struct, frozen=True):
    """The live service: its address with ``{name}`` for that of a stream, the key that signs, and further hosts.

    ``hosts`` are those, beside the service's own, that pages may play streams from.
    """

    template: str = ""
    key: str = ""
    hosts: tuple[str, ...] = ()

    def address_of(self, stream: str, *, at: datetime) -> str:
        """Give the address of a stream for now.

        :raises Unavailable: if it is named for a live service and the house knows none.
        """
        if stream.startswith("https://"):
            return stream
        if not self.template:
            raise Unavailable("No live service is set (XINGLIN_STREAM_URL).", retry_after_s=30)
        address = self.template.replace(NAME, stream)
        if not self.key:
            return address
        until = f"{int((at + LIFE).timestamp()):x}"
        secret = hashlib.md5(f"{self.key}{stream}{until}".encode(), usedforsecurity=False).hexdigest()
        return f"{address}{'&' if '?' in address else '?'}txSecret={secret}&txTime={until}"

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins that pages may play streams from, for their policy."""
        parts = urlsplit(self.template)
        own = (f"{parts.scheme}://{parts.netloc}",) if parts.netloc else ()
        return (*own, *(f"https://{host}" for host in self.hosts))
