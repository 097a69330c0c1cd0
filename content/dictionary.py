"""The dictionary as editors keep it: words of our own, and words that stand for one another.

The rule: a word is compared as `content.lexicon.key_of` writes it, so it is there once, however it is typed; a word
stands in one group of synonyms at most. Every edit is audited, counts a new edition and is in effect in all processes
within a second, without a restart; the rows of the index follow (`content.reindexing`).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from content import lexicon, trail
from content.lexicon import key_of
from content.starter import GROUPS, WORDS
from content.tables.search import LexiconWord, SynonymGroup
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid, Missing
from server.core.words import fold, units

MOST_WORDS: Final = 20_000
MOST_AT_ONCE: Final = 500
MOST_GROUPS: Final = 5_000
MOST_IN_GROUP: Final = 12
LONGEST: Final = 40
LONGEST_KEY: Final = 80


class WordBad(Invalid):
    """A word is empty, too long, or has something in it that parts it; ``detail`` is the word."""

    code = "word_bad"
    title = "词语有误"


class WordMissing(Missing):
    """There is no such word of our own."""

    code = "word_missing"
    title = "词典中没有这个词"


class SynonymsBad(Invalid):
    """A group of synonyms has two to twelve different words."""

    code = "synonyms_bad"
    title = "同义词组有误"


class SynonymTaken(Conflict):
    """A word stands in another group of synonyms already; ``detail`` is the word."""

    code = "synonym_taken"
    title = "词语已在另一个同义词组中"


class SynonymsMissing(Missing):
    """There is no such group of synonyms."""

    code = "synonyms_missing"
    title = "没有这个同义词组"


class DictionaryFull(Conflict):
    """The dictionary has as many entries as it may have."""

    code = "dictionary_full"
    title = "词典条目已达上限"


class Word(Struct, frozen=True):
    """A word of our own."""

    term: str
    shown: str
    created_at: datetime
    created_by: int


class Group(Struct, frozen=True):
    """Words that stand for one another."""

    id: int
    shown: list[str]
    changed_at: datetime
    changed_by: int


class Planted(Struct, frozen=True):
    """How many entries of the starter came into the dictionary."""

    words: int
    groups: int


async def words(*, text: str = "", after: str = "", limit: int = 100) -> list[Word]:
    """List words of our own in the order of their characters: those that contain a text, behind a term."""
    rows = await connection().fetch(
        "SELECT term, shown, created_at, created_by FROM lexicon_word WHERE strpos(term, $1) > 0 "
        'AND term COLLATE "C" > $2 ORDER BY term COLLATE "C" LIMIT $3',
        key_of(text),
        after,
        limit,
    )
    return [Word(*row.values()) for row in rows]


async def groups(*, text: str = "", after: int = 0, limit: int = 100) -> list[Group]:
    """List groups of synonyms, the newest first: those with a word that contains a text, behind an id."""
    rows = await connection().fetch(
        "SELECT id, shown, changed_at, changed_by FROM synonym_group g WHERE ($2 = 0 OR id < $2) AND ($1 = '' OR "
        "EXISTS (SELECT 1 FROM unnest(g.terms) term WHERE strpos(term, $1) > 0)) ORDER BY id DESC LIMIT $3",
        key_of(text),
        after,
        limit,
    )
    return [Group(*row.values()) for row in rows]


async def group_of(*, group_id: int) -> Group:
    """Give a group of synonyms.

    :raises SynonymsMissing: if there is none.
    """
    row = await SynonymGroup.get_or_none(id=group_id)
    if row is None:
        raise SynonymsMissing()
    return Group(row.id, list(row.shown), row.changed_at, row.changed_by)


async def add_words(*, shown: Sequence[str], staff_id: int, at: datetime, request_id: str = "") -> list[str]:
    """Take words into the dictionary, and give those that were not there.

    :raises WordBad: if one cannot be a word; ``detail`` names it.
    :raises DictionaryFull: if there would be more than `MOST_WORDS`.
    """
    if not 1 <= len(shown) <= MOST_AT_ONCE:
        raise WordBad(field="words")
    wanted = {_term_of(word, "words", whole=True): _tidy(word) for word in shown}
    async with transaction():
        await lexicon.alone()
        known = await connection().fetch("SELECT term FROM lexicon_word WHERE term = ANY($1::text[])", list(wanted))
        added = {term: word for term, word in wanted.items() if term not in {row["term"] for row in known}}
        if not added:
            return []
        if await LexiconWord.all().count() + len(added) > MOST_WORDS:
            raise DictionaryFull(field="words")
        await LexiconWord.bulk_create(
            [LexiconWord(term=term, shown=word, created_at=at, created_by=staff_id) for term, word in added.items()]
        )
        await lexicon.advance(added)
        await trail.note(
            "add", "lexicon", "words", staff_id=staff_id, at=at, request_id=request_id, after=list(added.values())
        )
    lexicon.forget()
    return list(added.values())


async def remove_word(*, term: str, staff_id: int, at: datetime, request_id: str = "") -> None:
    """Take a word out of the dictionary.

    :raises WordMissing: if it is not there.
    """
    async with transaction():
        await lexicon.alone()
        row = await LexiconWord.get_or_none(term=term)
        if row is None:
            raise WordMissing()
        await row.delete()
        await lexicon.advance([term])
        await trail.note(
            "remove", "lexicon", "words", staff_id=staff_id, at=at, request_id=request_id, before=[row.shown]
        )
    lexicon.forget()


async def save_group(
    *, shown: Sequence[str], staff_id: int, at: datetime, group_id: int | None = None, request_id: str = ""
) -> Group:
    """Make a group of synonyms, or change one.

    :raises SynonymsBad: if it has not two to twelve different words.
    :raises WordBad: if one cannot be a word.
    :raises SynonymTaken: if one stands in another group; ``detail`` names it.
    :raises SynonymsMissing: if the one to be changed is not there.
    :raises DictionaryFull: if there would be more than `MOST_GROUPS`.
    """
    wanted = {_term_of(word, "terms", whole=False): _tidy(word) for word in shown}
    if not 2 <= len(wanted) <= MOST_IN_GROUP:
        raise SynonymsBad(field="terms")
    async with transaction():
        await lexicon.alone()
        await _refuse_taken(wanted, group_id)
        before = await SynonymGroup.get_or_none(id=group_id) if group_id is not None else None
        if group_id is not None and before is None:
            raise SynonymsMissing()
        if before is None and await SynonymGroup.all().count() >= MOST_GROUPS:
            raise DictionaryFull(field="terms")
        was = dict(zip(before.terms, before.shown, strict=True)) if before else {}
        row = before or SynonymGroup(created_at=at)
        row.terms, row.shown, row.changed_at, row.changed_by = list(wanted), list(wanted.values()), at, staff_id
        await row.save()
        await lexicon.advance(wanted.keys() ^ was.keys())
        await trail.note(
            "save",
            "synonyms",
            row.id,
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before=list(was.values()) or None,
            after=row.shown,
        )
    lexicon.forget()
    return Group(row.id, list(row.shown), row.changed_at, row.changed_by)


async def remove_group(*, group_id: int, staff_id: int, at: datetime, request_id: str = "") -> None:
    """Take a group of synonyms out of the dictionary.

    :raises SynonymsMissing: if it is not there.
    """
    async with transaction():
        await lexicon.alone()
        row = await SynonymGroup.get_or_none(id=group_id)
        if row is None:
            raise SynonymsMissing()
        await row.delete()
        await lexicon.advance(row.terms)
        await trail.note(
            "remove", "synonyms", group_id, staff_id=staff_id, at=at, request_id=request_id, before=list(row.shown)
        )
    lexicon.forget()


async def plant(*, staff_id: int, at: datetime, request_id: str = "") -> Planted:
    """Take in of the starter what is not there yet; a group is left out if one of its words stands in another."""
    async with transaction():
        await lexicon.alone()
        known = {row["term"] for row in await connection().fetch("SELECT term FROM lexicon_word")}
        taken = {row["term"] for row in await connection().fetch("SELECT unnest(terms) AS term FROM synonym_group")}
        fresh = {term: word for word in WORDS for term in (key_of(word),) if term not in known}
        rows = [
            SynonymGroup(terms=terms, shown=list(group), created_at=at, changed_at=at, changed_by=staff_id)
            for group in GROUPS
            for terms in ([key_of(word) for word in group],)
            if not taken & set(terms)
        ]
        await LexiconWord.bulk_create(
            [LexiconWord(term=term, shown=word, created_at=at, created_by=staff_id) for term, word in fresh.items()]
        )
        await SynonymGroup.bulk_create(rows)
        planted = Planted(len(fresh), len(rows))
        if fresh or rows:
            await lexicon.advance("*")
            await trail.note(
                "plant", "lexicon", "starter", staff_id=staff_id, at=at, request_id=request_id, after=planted
            )
    lexicon.forget()
    return planted


async def _refuse_taken(terms: Iterable[str], group_id: int | None) -> None:
    rows = await connection().fetch(
        "SELECT terms, shown FROM synonym_group WHERE terms && $1::text[] AND id <> $2 ORDER BY id",
        list(terms),
        group_id or 0,
    )
    taken = [word for row in rows for term, word in zip(row["terms"], row["shown"], strict=True) if term in set(terms)]
    if taken:
        raise SynonymTaken(taken[0], field="terms")


def _tidy(word: str) -> str:
    return " ".join(word.split())


def _term_of(word: str, field: str, *, whole: bool) -> str:
    """Check a word as it was typed, and give it as it is compared.

    :param whole: whether nothing may part it.
    """
    tidy = _tidy(word)
    found = units(fold(tidy).text)
    key = "".join(unit.text for unit in found)
    if not found or len(tidy) > LONGEST or len(key) > LONGEST_KEY or "\0" in tidy:
        raise WordBad(tidy[:LONGEST], field=field)
    if whole and (len(found) < 2 or not all(unit.joined for unit in found[1:])):
        raise WordBad(tidy, field=field)
    return key
