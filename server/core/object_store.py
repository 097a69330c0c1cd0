"""Files kept in a service that speaks S3, with a bounded copy of what was used last on this machine.

The rule: a file is taken in and looked at on this machine and sent when it is whole; the service shows an object only
when all of it has come. Films are read from there in windows, so that no slow reader holds a connection and no film is
ever whole in memory. What can only read files (the libraries for images and films) gets the local copy.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import obstore
import structlog
from msgspec import Struct
from obstore.exceptions import BaseError
from obstore.store import S3Store

from server.core.errors import Misconfigured, Unavailable
from server.core.once import Once
from server.core.settings import Settings
from server.core.storage import NAME, ORIGINALS, PIECE, DiskFiles, Files, append, check_name, link_over

if TYPE_CHECKING:
    from obstore.store import S3Config

WINDOW: Final = 1024 * 1024
PART: Final = 8 * 1024 * 1024
PARTS_AT_ONCE: Final = 4
PATIENCE: Final = timedelta(seconds=8)

log = structlog.get_logger()


class StoreAway(Unavailable):
    """The service that keeps the files does not answer, or not as it should."""


class Address(Struct, frozen=True):
    """Where the service is and who we are there."""

    url: str
    bucket: str
    region: str
    key_id: str
    secret: str
    path_style: bool = True

    def open(self) -> S3Store:
        """Make a client of the service; it connects at the first use.

        :raises Misconfigured: if the address is none.
        """
        config: S3Config = {
            "region": self.region,
            "access_key_id": self.key_id,
            "secret_access_key": self.secret,
            "virtual_hosted_style_request": not self.path_style,
        }
        if self.url:
            config["endpoint"] = self.url
        try:
            return S3Store(
                self.bucket,
                config=config,
                client_options={
                    "allow_http": self.url.startswith("http://"),
                    "connect_timeout": timedelta(seconds=3),
                    "timeout": timedelta(seconds=60),
                },
                retry_config={
                    "max_retries": 12,
                    "retry_timeout": PATIENCE,
                    "backoff": {"max_backoff": timedelta(seconds=1.5)},
                },
            )
        except (BaseError, ValueError) as fault:
            raise Misconfigured(f"XINGLIN_S3_URL and XINGLIN_S3_BUCKET name no service: {fault}.") from None


def files_of(settings: Settings) -> Files:
    """Open the files of the house where the settings say that they are.

    :raises Misconfigured: if the address of the service is none.
    """
    root = settings.home / "files"
    if not settings.s3_bucket:
        return DiskFiles(root)
    address = Address(
        settings.s3_url,
        settings.s3_bucket,
        settings.s3_region,
        settings.s3_key_id,
        settings.s3_secret,
        settings.s3_path_style,
    )
    return ObjectFiles(root, address.open(), cache_bytes=settings.s3_cache_bytes)


class ObjectFiles(Files):
    """Files that are kept as objects, ``shelf/ab/cd/name`` each."""

    def __init__(self, root: Path, store: S3Store, *, cache_bytes: int) -> None:
        super().__init__(root)
        self._store = store
        self._copies = Copies(root.absolute() / "copies", at_most=cache_bytes)
        self._fetching: Once[None] = Once()

    async def keep(self, path: Path, name: str, *, shelf: str = ORIGINALS) -> None:
        key = _key(name, shelf)
        size = (await asyncio.to_thread(path.stat)).st_size
        with _named():
            await obstore.put_async(self._store, key, path, chunk_size=PART, max_concurrency=PARTS_AT_ONCE)
            if (await obstore.head_async(self._store, key))["size"] != size:
                raise StoreAway("The service has kept another length than was sent.")
        await asyncio.to_thread(self._copies.add, path, key, self.aside())

    async def read(self, name: str, *, start: int, length: int, shelf: str = ORIGINALS) -> AsyncGenerator[bytes, None]:
        key, end = _key(name, shelf), start + length
        while start < end:
            until = min(start + WINDOW, end)
            with _named():
                window = memoryview(await obstore.get_range_async(self._store, key, start=start, end=until))
            for place in range(0, len(window), PIECE):
                yield bytes(window[place : place + PIECE])
            if len(window) < until - start:
                return
            start = until

    @asynccontextmanager
    async def at_hand(self, name: str, *, shelf: str = ORIGINALS) -> AsyncIterator[Path]:
        key = _key(name, shelf)
        # Whoever clears the copies may take one away at any moment; the link stays with whoever reads.
        link = await asyncio.to_thread(self.aside)
        try:
            if not await asyncio.to_thread(self._copies.lend, key, link):
                await self._fetching.of(key, lambda: self._fetch(name, shelf))
                if not await asyncio.to_thread(self._copies.lend, key, link):
                    raise StoreAway("The local copy was cleared at once; XINGLIN_S3_CACHE_BYTES is too small.")
            yield link
        finally:
            await asyncio.to_thread(link.unlink, missing_ok=True)

    async def _fetch(self, name: str, shelf: str) -> None:
        key, digest = _key(name, shelf), hashlib.sha256()
        aside = await asyncio.to_thread(self.aside)
        try:
            with _named(), aside.open("wb", buffering=0) as file:
                found = await obstore.get_async(self._store, key)
                async for piece in found.stream(min_chunk_size=PIECE):
                    await asyncio.to_thread(append, file.fileno(), bytes(piece), digest)
            if shelf == ORIGINALS and digest.hexdigest() != name[:64]:
                log.error("file_altered", name=name)
                raise StoreAway("The service gave other bytes than it was given.")
            await asyncio.to_thread(self._copies.add, aside, key, await asyncio.to_thread(self.aside))
        finally:
            aside.unlink(missing_ok=True)

    async def is_kept(self, name: str, *, shelf: str = ORIGINALS) -> bool:
        try:
            with _named():
                await obstore.head_async(self._store, _key(name, shelf))
        except FileNotFoundError:
            return False
        return True

    async def remove(self, name: str, *, shelf: str = ORIGINALS, before: datetime | None = None) -> None:
        key = _key(name, shelf)
        try:
            with _named():
                if before is not None and (await obstore.head_async(self._store, key))["last_modified"] >= before:
                    return
                await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            pass
        await asyncio.to_thread(self._copies.drop, key)

    async def names(self, *, before: datetime) -> AsyncIterator[tuple[str, str]]:
        with _named():
            async for found in obstore.list(self._store, chunk_size=500):
                for each in found:
                    shelf, _, name = each["path"].partition("/")
                    name = name.rsplit("/", 1)[-1]
                    if each["last_modified"] < before and NAME.match(name) and each["path"] == _key(name, shelf):
                        yield shelf, name

    async def check(self) -> None:
        """Ask the service for a list.

        :raises StoreAway: if it does not give one.
        """
        with _named():
            await obstore.list(self._store, chunk_size=1).collect_async()


class Copies:
    """Copies of objects on this machine: at most so many bytes of them, those used last."""

    def __init__(self, root: Path, *, at_most: int) -> None:
        self._root = root
        self._at_most = at_most
        # Nobody knows yet what lies there.
        self._added = at_most

    def add(self, path: Path, key: str, aside: Path) -> None:
        """Keep a copy of a file; ``aside`` is a name on the same disk that may be used."""
        os.utime(path)
        link_over(path, self._root / key, aside=aside)
        # What others have added is counted when the folder is looked through.
        self._added += path.stat().st_size
        if self._added > self._at_most // 10:
            self._clear(besides=self._root / key)
            self._added = 0

    def lend(self, key: str, link: Path) -> bool:
        """Put a link to a copy in the place of a file aside; tell whether there was one."""
        try:
            link.unlink(missing_ok=True)
            os.link(self._root / key, link)
            os.utime(self._root / key)
        except FileNotFoundError:
            return link.exists()
        return True

    def drop(self, key: str) -> None:
        (self._root / key).unlink(missing_ok=True)

    def _clear(self, *, besides: Path) -> None:
        found = []
        for path in self._root.glob("*/??/??/*"):
            try:
                facts = path.stat()
            except FileNotFoundError:
                continue
            found.append((facts.st_mtime, facts.st_size, path))
        held = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if held <= self._at_most:
                return
            if path != besides:
                path.unlink(missing_ok=True)
                held -= size


def _key(name: str, shelf: str) -> str:
    check_name(name, shelf)
    return f"{shelf}/{name[:2]}/{name[2:4]}/{name}"


@contextmanager
def _named() -> Iterator[None]:
    """Tell what the service does wrong apart from what is missing there."""
    try:
        yield
    except BaseError as fault:
        log.warning("store_away", fault=type(fault).__name__, said=str(fault)[:300])
        raise StoreAway("The store of the files is away for now.") from None
