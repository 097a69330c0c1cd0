"""The search at 1,000, 10,000 and 100,000 generated items: how long a page takes, its counts and marks included.

The floor is the bound itself: thirty milliseconds at the ninety-fifth of a hundred searches.
"""

import asyncio
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from bench.harness import Figures, Row
from bench.intake import stores
from content import dictionary, lexicon, search
from content.indexing import FORM, lexemes, text_of
from content.starter import GROUPS, WORDS
from server import wiring
from server.core import db
from server.core.roles import GUEST
from server.migrate import migrate

NAME: Final = "xinglin_bench_search"
SIZES: Final = (1_000, 10_000, 100_000)
BOUND_MS: Final = 30.0
BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
TERMS: Final = [*WORDS, *(word for group in GROUPS for word in group)]
SAID: Final = (
    "患者在接受{}之前应当完成{}。",
    "关于{}的{}仍有争议。",
    "{}以后注意{}。",
    "团队讨论了{}与{}。",
    "随访中观察{}和{}。",
)


def _term(chance: random.Random) -> str:
    return TERMS[int(len(TERMS) * chance.random() ** 2)]


def _sentences(chance: random.Random, count: int) -> str:
    return "".join(chance.choice(SAID).format(_term(chance), _term(chance)) for _ in range(count))


async def _fill(first: int, last: int) -> None:
    current = await lexicon.current()
    rows, words = [], []
    for number in range(first, last + 1):
        chance = random.Random(number)
        title, body = f"{_term(chance)}：{_term(chance)}要点", _sentences(chance, chance.randint(10, 40))
        text = text_of(title, {"summary": _sentences(chance, 2), "parts": [{"html": body}]})
        at = BEGAN + timedelta(minutes=number)
        rows.append((number, f"item-{number}", title, at, f'{{"title": "{title}", "summary": "{text.leading[0]}"}}'))
        words.append(
            (number, current.edition, FORM, title, text.body, lexemes(text, kind="article", tags=[], lexicon=current))
        )
    async with db.connection().held() as held:
        # The items themselves are not needed for a search, so nothing asks for them here.
        await held.execute("SET session_replication_role = replica")
        await held.executemany(
            "INSERT INTO live (item_id, kind, slug, root_id, position, version_id, publication_id, audience, tags, "
            "title, valid_from, published_at, changed_at, card, prepared) VALUES ($1, 'article', $2, $1, 0, $1, $1, "
            "'everyone', '{}', $3, $4, $4, $4, $5, '{}')",
            rows,
        )
        await held.executemany(
            "INSERT INTO live_words SELECT item_id, kind, audience, valid_from, valid_until, published_at, "
            "product_class, entitlement, section_ids, tags, $4, $2, $3, $5, $6::text::tsvector FROM live "
            "WHERE item_id = $1",
            words,
        )


async def _measure(url: str) -> list[Row]:
    server, _, _ = url.rpartition("/")
    admin = await asyncpg.connect(f"{server}/postgres")
    await admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
    await admin.execute(f"CREATE DATABASE {NAME}")
    await admin.close()
    await db.open_database(f"{server}/{NAME}", wiring.MODELS)
    await migrate(f"{server}/{NAME}", wiring.MODELS)
    await dictionary.plant(staff_id=1, at=BEGAN)
    found: list[Row] = []
    there = 0
    for size in SIZES:
        # An index that is made at once takes a minute where one that grows takes many.
        await db.connection().execute("DROP INDEX IF EXISTS live_words_found")
        for first in range(there + 1, size + 1, 1000):
            await _fill(first, min(first + 999, size))
        async with db.connection().held() as held:
            await held.execute(
                "CREATE INDEX live_words_found ON live_words USING gin (found) WITH (fastupdate = off)", timeout=900
            )
            await held.execute("VACUUM ANALYZE live_words", timeout=900)
        there = size
        chance = random.Random(7)
        texts = [" ".join(_term(chance) for _ in range(chance.choice((1, 1, 2, 3)))) for _ in range(100)]
        took = []
        for text in texts * 2:
            began = time.perf_counter()
            await search.search(text=text, reader=GUEST, at=BEGAN + timedelta(days=400))
            took.append((time.perf_counter() - began) * 1000)
        took = sorted(took[100:])
        figures = Figures(rate=1000 / took[94], p50=took[49], p99=took[98])
        notes = f"p95 {took[94]:.1f} ms"
        found.append(
            Row(f"search among {size:,} items", figures, Figures(1000 / BOUND_MS, 0, 0), 1.0, "searches/s", notes)
        )
    await db.close_database()
    return found


def main() -> list[Row]:
    """Measure the three sizes in turn, in one table that grows."""
    with stores() as addresses:
        return asyncio.run(_measure(addresses[0]))
