"""What may be kept of a reader: nothing before they have agreed, and nothing once they are erased.

The rule: whatever a reader does that leaves a row asks here first, inside its transaction. Taking back what was kept
needs no consent.
"""

from typing import Final

from cdp import accounts, consent
from cdp.accounts import AccountGone
from cdp.consent import ConsentNeeded
from server.core.roles import Reader

# What a door that keeps something may answer instead.
REFUSALS: Final = (ConsentNeeded, AccountGone)


async def check(reader: Reader) -> None:
    """Let something be kept of a reader; their account stays as it is until the transaction ends.

    :raises ConsentNeeded: if the reader has not agreed to it.
    :raises AccountGone: if their account is gone.
    """
    await accounts.hold(reader.account_id)
    await consent.require(account_id=reader.account_id)
