"""Who may read what: the rule in Python and the same rule in SQL, for every reader and every item."""

from datetime import timedelta
from itertools import product

import pytest

from content import access
from content.access import Access, EntitlementNeeded, Expired, ItemMissing, ProfessionalNeeded, SignInNeeded
from content.parts import Audience
from server.core.db import connection
from server.core.roles import GUEST, Reader, Role
from tests.content.studio import NOON, published_series

HOUR = timedelta(hours=1)
PATIENT = Reader(account_id=1, roles=frozenset({Role.PATIENT}))
DOCTOR = Reader(account_id=2, roles=frozenset({Role.DOCTOR}))
MEMBER = Reader(account_id=3, roles=frozenset({Role.DOCTOR}), entitlements=frozenset({"membership"}))
PROFESSIONAL = Reader(account_id=4, roles=frozenset({Role.DOCTOR, Role.PROFESSIONAL}))
BOTH = Reader(
    account_id=5, roles=frozenset({Role.DOCTOR, Role.PROFESSIONAL}), entitlements=frozenset({"membership", "gold"})
)
READERS = {"guest": GUEST, "patient": PATIENT, "doctor": DOCTOR, "member": MEMBER, "prof": PROFESSIONAL, "both": BOTH}


@pytest.mark.usefixtures("database")
async def test_the_rule_says_the_same_in_python_and_in_sql() -> None:
    item_id = await published_series()
    times = [(-HOUR, None), (timedelta(), HOUR), (HOUR, None), (-HOUR, timedelta()), (-HOUR, HOUR)]
    rule = access.condition(row="l", audiences="$1", at="$2")
    for audience, (begins, ends), kind, right in product(
        Audience, times, ("", "otc", "prescription"), ("", "membership")
    ):
        one = Access(item_id, audience, NOON + begins, NOON + ends if ends is not None else None, kind, right)
        await connection().execute(
            "UPDATE live SET audience = $1, valid_from = $2, valid_until = $3, product_class = $4, entitlement = $5",
            one.audience,
            one.valid_from,
            one.valid_until,
            one.product_class,
            one.entitlement,
        )
        for name, reader in READERS.items():
            found = await connection().value(
                f"SELECT EXISTS (SELECT 1 FROM live l WHERE {rule})", access.audience_values(reader), NOON
            )
            assert found == access.may_read(one, reader, at=NOON), (name, one)


@pytest.mark.parametrize(
    ("reader", "item", "refusal"),
    [
        (GUEST, Access(1, Audience.DOCTOR, NOON), SignInNeeded),
        (PATIENT, Access(1, Audience.DOCTOR, NOON), ItemMissing),
        (DOCTOR, Access(1, Audience.PATIENT, NOON), ItemMissing),
        (DOCTOR, Access(1, Audience.PROFESSIONAL, NOON), ProfessionalNeeded),
        (PATIENT, Access(1, Audience.PROFESSIONAL, NOON), ItemMissing),
        (DOCTOR, Access(1, Audience.EVERYONE, NOON, product_class="prescription"), ProfessionalNeeded),
        (PATIENT, Access(1, Audience.EVERYONE, NOON, product_class="prescription"), ItemMissing),
        (GUEST, Access(1, Audience.EVERYONE, NOON, product_class="prescription"), SignInNeeded),
        (DOCTOR, Access(1, Audience.DOCTOR, NOON, entitlement="membership"), EntitlementNeeded),
        (MEMBER, Access(1, Audience.DOCTOR, NOON, entitlement="gold"), EntitlementNeeded),
        (MEMBER, Access(1, Audience.PATIENT, NOON, entitlement="gold"), ItemMissing),
        (BOTH, Access(1, Audience.PROFESSIONAL, NOON - HOUR, NOON), Expired),
        (BOTH, Access(1, Audience.PROFESSIONAL, NOON + HOUR), ItemMissing),
    ],
)
def test_who_may_not_read_is_told_what_it_takes_or_nothing(reader: Reader, item: Access, refusal: type) -> None:
    assert not access.may_read(item, reader, at=NOON)
    with pytest.raises(refusal):
        access.check(item, reader, at=NOON)


def test_readers_with_other_rights_are_of_another_circle() -> None:
    assert len({access.circle_of(reader) for reader in READERS.values()}) == len(READERS)
