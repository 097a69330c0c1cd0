"""Bodies: from Markdown with placed blocks to safe parts, in one place and on the server alone.

The rule: raw HTML is text, pictures come only by blocks, links lead to https or within the house, and what comes out of
the renderer is cleaned once more against a list of what may be there. Emphasis closes beside Chinese signs, where
CommonMark's own rule (section 6.2) waits for a space that Chinese does not write.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token
from msgspec import Struct

PLACE: Final = re.compile(r"^\[\[([a-z0-9][a-z0-9-]{0,38})\]\][ \t]*$")
TAGS: Final = {
    "p", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "ul", "ol", "li", "blockquote", "hr", "br", "a", "code",
    "pre", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES: Final = {"a": {"href", "title"}, "ol": {"start"}, "th": {"data-align"}, "td": {"data-align"}}
# Chinese is read silently at about this many characters a minute.
CHARACTERS_A_MINUTE: Final = 400
_LINK: Final = re.compile(r"^(?:https://[^\s]+|/(?!/)[^\s]*)$", re.IGNORECASE)
_HAN: Final = re.compile(r"[\u2e80-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef“”‘’…—·]")


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a body: text as HTML, or a block as JSON."""

    html: str = ""
    block: dict[str, Any] | None = None


class _Inline(StateInline):
    """Inline text in which a Chinese sign beside emphasis counts as a space would."""

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:  # noqa: N802, N803  markdown-it's names
        found = super().scanDelims(start, canSplitWord)
        end = start + found.length
        before = self.src[start - 1] if start else " "
        after = self.src[end] if end < len(self.src) else " "
        opens = found.can_open or (bool(_HAN.match(before)) and not after.isspace())
        closes = found.can_close or (bool(_HAN.match(after)) and not before.isspace())
        return Scanned(opens, closes, found.length)


def _placed(state: StateBlock, line: int, last: int, silent: bool) -> bool:
    """Read a line that places a block; only at the top level, so not within lists, quotes or code."""
    if state.level or state.is_code_block(line):
        return False
    text = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
    match = PLACE.match(text)
    if match is None:
        return False
    if not silent:
        token = state.push("placed", "", 0)
        token.meta = {"key": match[1]}
        token.map = [line, line + 1]
        state.line = line + 1
    return True


def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable(["image"])
    reader.block.ruler.before("paragraph", "placed", _placed, {"alt": ["paragraph"]})

    def parse(src: str, md: MarkdownIt, env: Any, tokens: list[Token]) -> list[Token]:
        state = _Inline(src, md, env, tokens)
        reader.inline.tokenize(state)
        for rule in reader.inline.ruler2.getRules(""):
            rule(state)
        return state.tokens

    reader.inline.parse = parse  # type: ignore[method-assign]
    reader.validateLink = lambda url: bool(_LINK.match(url))  # type: ignore[method-assign]
    return reader


_READER: Final = _reader()


def parts(body: str, blocks: Sequence[Mapping[str, Any]]) -> list[Part]:
    """Render a body: text as safe HTML, with each block where the text places it.

    A place without a block is left out, and so is a block without a place; the publish checks name both.
    """
    by_key = {str(block.get("key")): dict(block) for block in blocks}
    found: list[Part] = []
    text: list[Token] = []

    def close() -> None:
        if text:
            found.append(Part(html=_html(text)))
            text.clear()

    for token in _READER.parse(body):
        if token.type != "placed":
            text.append(token)
            continue
        close()
        block = by_key.get(token.meta["key"])
        if block is not None:
            found.append(Part(block=block))
    close()
    return [part for part in found if part.html or part.block is not None]


def places(body: str) -> list[str]:
    """List the keys of the blocks that a body places, in its order."""
    return [token.meta["key"] for token in _READER.parse(body) if token.type == "placed"]


def plain(body: str) -> str:
    """Give the words of a body without its marks, a line a paragraph; for search, reading aloud and counting."""
    return "\n".join(line for line in _lines(_READER.parse(body)) if line)


def reading_s(body: str) -> int:
    """Say in how many seconds a body is read, at least one."""
    return max(1, round(len(re.sub(r"\s", "", plain(body))) * 60 / CHARACTERS_A_MINUTE))


def _lines(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield "".join(
                " " if child.type in {"softbreak", "hardbreak"} else child.content for child in token.children or []
            ).strip()
        elif token.type in {"code_block", "fence"}:
            yield token.content.strip()


def _html(tokens: list[Token]) -> str:
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            # The page has its own heading of the first order.
            token.tag = f"h{min(6, int(token.tag[1]) + 1)}"
        style = token.attrs.pop("style", None) if token.attrs else None
        if isinstance(style, str) and style.startswith("text-align:"):
            # The policy of the pages knows no inline style.
            token.attrs["data-align"] = style.removeprefix("text-align:")
    drawn = _READER.renderer.render(tokens, _READER.options, {})
    return nh3.clean(
        drawn,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"https"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    ).strip()
