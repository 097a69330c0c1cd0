"""Who is one person: a function of the facts, whatever their order."""

import random

from hypothesis import given
from hypothesis import strategies as st

from cdp.partition import partition

ACCOUNTS = range(1, 9)
accounts = st.sampled_from(list(ACCOUNTS))
keys = st.lists(st.tuples(accounts, st.sampled_from("uvwxyz")), max_size=10)
links = st.lists(st.tuples(accounts, accounts), max_size=8)


@given(keys=keys, links=links, seed=st.integers())
def test_the_same_bindings_in_any_order_give_the_same_people(
    keys: list[tuple[int, str]], links: list[tuple[int, int]], seed: int
) -> None:
    shuffler = random.Random(seed)
    order = [shuffler.sample(list(of), len(of)) for of in (ACCOUNTS, keys, links)]
    turned = [(other, one) if shuffler.random() < 0.5 else (one, other) for one, other in order[2]]
    assert partition(order[0], keys=order[1], links=turned) == partition(ACCOUNTS, keys=keys, links=links)


@given(keys=keys, links=links)
def test_people_divide_the_accounts_without_rest_or_overlap(
    keys: list[tuple[int, str]], links: list[tuple[int, int]]
) -> None:
    people = partition(ACCOUNTS, keys=keys, links=links)
    assert sorted(account for person in people for account in person) == list(ACCOUNTS)


@given(keys=keys, links=links)
def test_two_accounts_are_one_persons_just_when_a_chain_of_facts_joins_them(
    keys: list[tuple[int, str]], links: list[tuple[int, int]]
) -> None:
    tied = {(one, other) for one, key in keys for other, same in keys if key == same} | set(links)
    tied |= {(other, one) for one, other in tied} | {(one, one) for one in ACCOUNTS}
    for through in ACCOUNTS:  # Warshall's closure, which shares nothing with the code under test.
        tied |= {(a, b) for a in ACCOUNTS for b in ACCOUNTS if (a, through) in tied and (through, b) in tied}
    together = {(a, b) for person in partition(ACCOUNTS, keys=keys, links=links) for a in person for b in person}
    assert together == tied


def test_accounts_without_a_shared_fact_are_different_people() -> None:
    assert partition([1, 2, 3], keys=[(1, "u"), (2, "v")], links=[]) == {frozenset({1}), frozenset({2}), frozenset({3})}
