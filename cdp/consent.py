"""Consent: versioned texts, words given and taken back, and what may be done now.

The rule: the last word of a purpose counts, and only while no later material text has replaced what was agreed to.
Without consent to `SERVICE` there is no other.
"""

from typing import Final

from server.core.db import connection

SERVICE: Final = "service"

_STANDING = """
SELECT last.purpose, last.version
FROM account
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (purpose) purpose, version, granted FROM consent
    WHERE consent.account_id = account.id ORDER BY purpose, id DESC
) AS last
WHERE account.id = $1 AND account.erased_at IS NULL AND last.granted AND NOT EXISTS (
    SELECT FROM consent_text AS text
    WHERE text.audience = account.audience AND text.purpose = last.purpose AND text.material
        AND text.version COLLATE "C" > last.version COLLATE "C"
)
"""


async def purposes_of(*, account_id: int) -> tuple[str, frozenset[str]]:
    """Give the version of the privacy text that an account has agreed to, empty for none, and the purposes granted."""
    granted = {row["purpose"]: row["version"] for row in await connection().fetch(_STANDING, account_id)}
    if SERVICE not in granted:
        return "", frozenset()
    return granted[SERVICE], frozenset(granted)
