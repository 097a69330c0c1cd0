"""Passwords of staff: what one must be like, and how it is kept (Argon2id).

The rule: at least `LEAST` characters of three kinds or `LONG` of any, nothing that the person is known by and nothing
that everybody tries first. Hashing takes a tenth of a second, so it runs in threads of its own, never in the loop.
"""

import asyncio
import re
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from server.core.errors import Invalid
from server.core.wire import check_text

LEAST = 10
LONG = 20
MOST = 128

_hasher = PasswordHasher()
# Two at once, each with 64 MiB: a flood of sign-ins waits in line and does not take the memory of the house.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")

_KINDS = (re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"[0-9]"), re.compile(r"[^a-zA-Z0-9]"))
_COMMON = re.compile(
    r"pass ?w[o0]rd|qwert|asdfg|zxcvb|1qaz|abc123|123abc|iloveyou|woaini|admin|letmein|welcome|xinglin|"
    r"0123|1234|2345|3456|4567|5678|6789|9876|8765|7654|6543|5432|4321|(.)\1\1\1",
    re.IGNORECASE,
)


class PasswordTooWeak(Invalid):
    """The password is easy to guess; ``detail`` says which rule it breaks."""

    code = "password_too_weak"
    title = "密码不符合要求"


def check(password: str, *, known_by: tuple[str, ...] = ()) -> None:
    """Refuse a password that is easy to guess.

    :param known_by: what people know of the person: email, name.
    :raises PasswordTooWeak: with the rule that it breaks, in Chinese.
    """
    check_text(password, "password")
    if len(password) < LEAST:
        raise PasswordTooWeak("密码至少需要 10 个字符。", field="password")
    if len(password) > MOST:
        raise PasswordTooWeak("密码最多 128 个字符。", field="password")
    if len(password) < LONG and sum(bool(kind.search(password)) for kind in _KINDS) < 3:
        raise PasswordTooWeak(
            "请至少包含大写字母、小写字母、数字、符号中的三种，或使用 20 个以上字符。", field="password"
        )
    folded = password.casefold()
    # Of an email only what stands before the @ names the person.
    words = {word.casefold() for known in known_by for word in re.split(r"[.\s_+-]+", known.partition("@")[0])}
    parts = {word for word in words if len(word) >= (4 if word.isascii() else 2)}
    if any(part in folded for part in parts):
        raise PasswordTooWeak("密码不能包含您的邮箱或姓名。", field="password")
    # What is left without the parts that everybody tries must still be a password.
    if len(_COMMON.sub("", password)) < LEAST - 4:
        raise PasswordTooWeak("密码中常见的组合过多，容易被猜到。", field="password")


def suggested() -> str:
    """Make a password to hand over, which can be read aloud: no letter that looks like another; 92 bits."""
    letters = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    while True:
        password = "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
        if all(kind.search(password) for kind in _KINDS) and not _COMMON.search(password):
            return password


async def hash_of(password: str) -> str:
    """Hash a password for keeping."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, _normal(password))


async def matches(kept: str | None, password: str) -> bool:
    """Tell whether this is the password; takes as long where there is none to compare with."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _verify, kept, _normal(password))


def needs_rehash(kept: str) -> bool:
    """Tell whether a hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(kept)


def _verify(kept: str | None, password: str) -> bool:
    if len(password) > 4 * MOST:
        kept, password = None, ""
    try:
        _hasher.verify(kept or _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")


def _normal(password: str) -> str:
    # The same characters come in other code points from other keyboards (RFC 8265, section 4.2.2).
    return unicodedata.normalize("NFC", password)
