"""The dictionary of hospitals in its table: taking lists in, changing entries, and how soon that is seen."""

import asyncio
from typing import Any

import msgspec
import pytest

from cdp import hospital_lists, hospitals
from cdp.hospital_matching import Entry
from cdp.hospitals import HospitalInvalid, HospitalMissing, HospitalTaken, HospitalUsed, Lookup
from server.core import clock
from server.core.db import connection

WEST = Entry("west-china", "四川大学华西医院", "四川省", "成都市", "三级甲等", ("华西医院", "华西"))
UNION = Entry("pumch", "北京协和医院", "北京市", "北京市", "三级甲等", ("协和",))


async def take_in(*entries: Entry, dry_run: bool = False) -> hospital_lists.TakenIn:
    rows = list(enumerate(entries, 2))
    return await hospital_lists.take_in(rows=rows, dry_run=dry_run, actor="staff:1", at=clock.now())


async def stored() -> dict[str, Entry]:
    return {entry.key: entry for entry in (await hospitals.listing(size=1000)).rows}


async def test_a_list_is_taken_in_once_however_often_it_comes(database: None) -> None:
    rows = hospital_lists.standard()
    tried = await hospital_lists.take_in(rows=rows, dry_run=True, actor="command", at=clock.now())
    assert (tried.added, tried.changed, tried.faults, tried.done) == (len(rows), 0, [], False)
    assert await stored() == {}
    done = await hospital_lists.take_in(rows=rows, dry_run=False, actor="command", at=clock.now())
    assert (done.added, done.same, done.done) == (len(rows), 0, True)
    again = await hospital_lists.take_in(rows=rows, dry_run=False, actor="command", at=clock.now())
    assert (again.added, again.changed, again.same) == (0, 0, len(rows))
    assert await connection().value("SELECT count(*) FROM audit_entry WHERE deed = 'hospital.take_in'") == 1
    assert "协和医院" in done.shared


async def test_two_who_take_the_same_list_in_at_once_make_it_once(database: None) -> None:
    outcomes = await asyncio.gather(*(take_in(WEST, UNION) for _ in range(4)))
    assert sorted(one.added for one in outcomes) == [0, 0, 0, 2]


async def test_aliases_of_staff_outlive_the_next_list(database: None) -> None:
    await take_in(WEST)
    await hospitals.add_alias(key="west-china", alias=" 川大华西 ", actor="staff:1", at=clock.now())
    outcome = await take_in(msgspec.structs.replace(WEST, level="三级", aliases=("华西", "成都华西医院")))
    assert (outcome.added, outcome.changed) == (0, 1)
    assert (await stored())["west-china"].aliases == ("华西医院", "华西", "川大华西", "成都华西医院")


async def test_two_who_add_aliases_at_once_both_succeed(database: None) -> None:
    await take_in(WEST)
    names = [f"华西分院{sign}" for sign in "甲乙丙丁戊"]
    await asyncio.gather(
        *(hospitals.add_alias(key="west-china", alias=name, actor="staff:1", at=clock.now()) for name in names)
    )
    assert set(names) < set((await stored())["west-china"].aliases)


async def test_a_list_with_one_fault_is_not_taken_in_at_all(database: None) -> None:
    await take_in(UNION)
    outcome = await take_in(
        WEST,
        msgspec.structs.replace(WEST, name="另一家医院"),
        Entry("Bad Key", "某医院", "", "成都市", "三" * 13, ("人民医院", "x")),
        Entry("copy", "北京协和医院", "北京市", "北京市"),
    )
    assert [(fault.row, fault.field, fault.code) for fault in outcome.faults] == [
        (4, "key", "key_bad"),
        (4, "province", "missing"),
        (4, "level", "too_long"),
        (4, "aliases", "alias_generic"),
        (4, "aliases", "alias_short"),
        (3, "key", "key_twice"),
        (5, "name", "name_taken"),
    ]
    assert not outcome.done
    assert await stored() == {"pumch": UNION}


async def test_names_may_be_exchanged_within_a_list(database: None) -> None:
    await take_in(WEST, UNION)
    outcome = await take_in(
        msgspec.structs.replace(WEST, name=UNION.name), msgspec.structs.replace(UNION, name=WEST.name)
    )
    assert (outcome.changed, outcome.faults) == (2, [])


async def test_a_change_is_seen_at_the_next_use(database: None) -> None:
    lookup, other = Lookup(), Lookup()
    assert (await lookup.dictionary()).match("华西医院").kind == "none"
    await take_in(WEST)
    for one in (lookup, other):
        assert (await one.dictionary()).match("华西医院").kind == "alias"
    assert await lookup.dictionary() is await lookup.dictionary()
    await hospitals.remove(key="west-china", actor="staff:1", at=clock.now())
    assert (await lookup.dictionary()).match("华西医院").kind == "none"
    await take_in(WEST)
    assert (await lookup.dictionary()).match("华西医院").kind == "alias"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"key": "华西"}, "key"),
        ({"city": "城" * 21}, "city"),
        ({"aliases": ("第一医院",)}, "aliases"),
        ({"aliases": tuple(f"华西{number}" for number in range(31))}, "aliases"),
    ],
)
async def test_an_entry_that_is_none_is_refused(database: None, changed: dict[str, Any], field: str) -> None:
    with pytest.raises(HospitalInvalid) as refused:
        await hospitals.save(entry=msgspec.structs.replace(WEST, **changed), new=True, actor="staff:1", at=clock.now())
    assert refused.value.field == field


async def test_keys_and_names_are_one_hospitals(database: None) -> None:
    await take_in(WEST, UNION)
    for entry, new, kind in (
        (WEST, True, HospitalTaken),
        (msgspec.structs.replace(WEST, name=UNION.name), False, HospitalTaken),
        (msgspec.structs.replace(WEST, key="nowhere"), False, HospitalMissing),
    ):
        with pytest.raises(kind):
            await hospitals.save(entry=entry, new=new, actor="staff:1", at=clock.now())


async def test_a_hospital_that_an_application_names_stays(practice: Any) -> None:
    await take_in(WEST)
    await practice.submit(await practice.doctor(), hospital_key="west-china")
    with pytest.raises(HospitalUsed):
        await hospitals.remove(key="west-china", actor="staff:1", at=clock.now())


async def test_what_a_doctor_picked_goes_before_what_they_typed(database: None) -> None:
    await take_in(WEST, UNION)
    dictionary = await Lookup().dictionary()
    assert hospitals.placed(dictionary, typed="华西医院", picked="") == ("west-china", "alias")
    assert hospitals.placed(dictionary, typed="四川大学华西医院", picked="west-china") == ("west-china", "exact")
    assert hospitals.placed(dictionary, typed="我们医院", picked="pumch") == ("pumch", "alias")
    assert hospitals.placed(dictionary, typed="四川大学华西医院", picked="no-such") == ("west-china", "exact")
    assert hospitals.placed(dictionary, typed="北京协合医院", picked="") == ("", "fuzzy")
    assert hospitals.placed(dictionary, typed="第一医院", picked="") == ("", "ambiguous")
