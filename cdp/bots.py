"""Bots: what a request says of itself that makes it unlikely that a person sent it.

The rule: bots are flagged and never dropped; figures leave them out. A reason is a word that stays.
"""

import re
from typing import Final

# Search engines and their like, link previews, libraries, and browsers without a screen, as they name themselves.
_NAMES: Final = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|scrap|monitor|uptime|curl/|wget/|python|java/|okhttp|go-http|node-fetch|axios"
    r"|libwww|httpclient|headless|phantom|selenium|puppeteer|playwright",
    re.IGNORECASE,
)


def bot_reasons(user_agent: str) -> tuple[str, ...]:
    """Name the reasons to take a request for a machine's, by its User-Agent."""
    if not user_agent.strip():
        return ("no_user_agent",)
    if _NAMES.search(user_agent):
        return ("user_agent",)
    return ()
