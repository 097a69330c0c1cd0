"""Text in cells that programs take for formulas: made harmless when it is written, and the same again when it is read.

The rule (OWASP, CSV injection): what begins with = + - @, a tab or a line end, also in full width or after spaces, gets
an apostrophe before it in text with columns; in a workbook a cell of text is no formula, and stays as it is. One
apostrophe before such a beginning is taken away at reading. What begins with apostrophes of its own gets one more, so
that every text comes back as it was.
"""

import re
from typing import Final

_BEGINS: Final = re.compile(r"[ \u3000\u00a0]*[=+\-@\t\r\n＝＋－＠]")
_QUOTED: Final = re.compile(r"'+[ \u3000\u00a0]*[=+\-@\t\r\n＝＋－＠]")


def harmless(text: str) -> str:
    """Write a text for a cell in text with columns."""
    return f"'{text}" if _BEGINS.match(text) or _QUOTED.match(text) else text


def of_workbook(text: str) -> str:
    """Write a text for a cell of text in a workbook."""
    return f"'{text}" if _QUOTED.match(text) else text


def begins_like_a_formula(text: str) -> bool:
    """Tell whether a program may take a text for a formula."""
    return bool(_BEGINS.match(text))


def restored(text: str) -> str:
    """Read a text from a cell."""
    return text[1:] if _QUOTED.match(text) else text
