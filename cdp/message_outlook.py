"""What becomes of an account's messages, as SQL for lists of another room that show it beside their own rows.

The rule: it says the same as `cdp.messages.outlook`; there the line for the credits is a loop, here a window.
"""


def states(*, account: str, at: str, since: str) -> str:
    """Write a query of the messages of an account that wait, or were due since a time: ``subject`` and ``state``.

    A message that waits is ``planned`` if it has a credit, and ``no_credit`` if it has none so far. The values stand at
    these places of the statement (``$1``).
    """
    return f"""
        SELECT m.subject, CASE WHEN m.state <> 'planned' THEN m.state WHEN m.not_after > {at}::timestamptz AND
            row_number() OVER (PARTITION BY m.template_id, m.state = 'planned' AND m.not_after > {at}::timestamptz
                ORDER BY m.urgency DESC, m.due_at, m.id) <= coalesce(c.remaining, 0)
            THEN 'planned' ELSE 'no_credit' END AS state
        FROM message m LEFT JOIN message_credit c ON c.account_id = m.account_id AND c.template_id = m.template_id
        WHERE m.account_id = {account} AND (m.state = 'planned' OR m.due_at >= {since}::timestamptz)
    """  # noqa: S608  the parts are places of values
