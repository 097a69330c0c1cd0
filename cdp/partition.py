"""Who is one person: a partition of accounts, told by what they have shown and by what stewards have said.

The rule: the partition is a function of the facts alone, so that the order in which they came cannot matter. Two
accounts are one person's if a chain of shared unionids and of stewards' links leads from one to the other. A shared
phone number joins nobody: numbers are handed on to other people, and erasing a person erases all their accounts.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable


def partition(
    accounts: Iterable[int], *, keys: Iterable[tuple[int, Hashable]], links: Iterable[tuple[int, int]]
) -> frozenset[frozenset[int]]:
    """Divide accounts into people.

    :param keys: pairs of an account and a key that joins all who have it.
    :param links: pairs of accounts that are one person's by a steward's word.
    """
    parents = {account: account for account in accounts}

    def root(account: int) -> int:
        while parents[account] != account:
            parents[account] = parents[parents[account]]
            account = parents[account]
        return account

    first: dict[Hashable, int] = {}
    for account, key in keys:
        parents[root(account)] = root(first.setdefault(key, account))
    for one, other in links:
        parents[root(one)] = root(other)
    people: defaultdict[int, set[int]] = defaultdict(set)
    for account in parents:
        people[root(account)].add(account)
    return frozenset(frozenset(person) for person in people.values())
