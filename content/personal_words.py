"""What a reader's own words must not hold: numbers by which somebody can be reached or named, and addresses.

The rule: such a text is refused with a hint and not kept; nothing is cut out of it, for what is left might say
something else. Names cannot be told from other words, so the hint names them too.
"""

import re
import unicodedata
from typing import Final

from server.core.errors import Invalid

_SPOKEN: Final = str.maketrans("〇零一幺二两三四五六七八九", "0011223456789")
_BETWEEN: Final = r"[ \-.·_]?"
_PATTERNS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        # A mobile number, however it is grouped.
        rf"(?<!\d)(?:\+?86{_BETWEEN})?1[3-9](?:{_BETWEEN}\d){{9}}(?!\d)",
        # A landline with its area, and the numbers of hotlines.
        rf"(?<!\d)0[1-9]\d{{1,2}}{_BETWEEN}[2-9]\d{{6,7}}(?!\d)",
        rf"(?<!\d)[48]00{_BETWEEN}\d{{3}}{_BETWEEN}\d{{4}}(?!\d)",
        # An identity card, and any other long number: of a record, a bed with a date, an account.
        r"(?<!\d)\d{17}[\dXx](?!\d)",
        r"\d{9,}",
        r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
    )
)


class ContactGiven(Invalid):
    """The text holds a number or an address by which somebody can be reached or named."""

    code = "contact_given"
    title = "请不要填写电话、证件号、邮箱或患者姓名"


def tidy(text: str) -> str:
    """Give a text without control characters, spaces around it or more than one empty line in a row."""
    kept = "".join(sign for sign in text.replace("\r\n", "\n") if sign == "\n" or unicodedata.category(sign) != "Cc")
    lines = [line.rstrip() for line in kept.strip().split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def refuse_contacts(text: str, *, field: str = "text") -> None:
    """Refuse a text that holds a number or an address by which somebody can be reached or named.

    :raises ContactGiven: if it does.
    """
    # Signs that nobody sees would part a number that everybody sees.
    seen = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    folded = unicodedata.normalize("NFKC", seen)
    spoken = re.sub(r"[〇零一幺二两三四五六七八九]{7,}", lambda run: run[0].translate(_SPOKEN), folded)
    if any(pattern.search(spoken) for pattern in _PATTERNS):
        raise ContactGiven("Leave out numbers and addresses of people.", field=field)
