"""Entering facts: the effect is shown before anything is stored, and what was typed is never lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.actions.export_dataset import cut_for_staff
from bot.actions.keep_profile import TransfusionEntry, record_transfusion
from bot.actions.plan_therapy import TherapyEntry, plan_therapy
from bot.actions.record_dose import DoseEntry, record_dose
from bot.rules.access import AuthMethod
from bot.rules.participant import ParticipantState
from bot.rules.study import Language, StaffCode, SubjectCode
from tests.handlers.console.conftest import PEOPLE, SUBJECT, Browser, CommandLine, SignIn, World

RECORDS = {"CA1", "SI1", "PI1"}
RIGHT = SubjectCode("TJ-002")
LAB = "/participants/TJ-001/lab"
DOSE = "/participants/TJ-001/dose"
SLIP = {"analyte": "PLT", "value": "102", "unit": "10^9/L", "sampled": "2026-03-09T08:10"}


async def on_day_7(world: World) -> None:
    """Dose 1 was given on 3 March; it is Monday 9 March, 10:00."""
    await world.enrol()
    await world.phones.pass_time(timedelta(days=1))
    await world.dose()
    await world.phones.pass_time(timedelta(days=6))


async def counts(world: World) -> list[str]:
    async with world.desk.archive.read() as uow:
        return [f"{lab.value}" for lab in await uow.labs.of(SUBJECT)]


async def state(world: World, subject: SubjectCode = SUBJECT) -> ParticipantState:
    async with world.desk.archive.read() as uow:
        participant = await uow.participants.get(subject)
    assert participant is not None
    return participant.state


async def checked(browser: Browser, address: str, **fields: str) -> str:
    await browser.open(address)
    return await browser.send(address, step="check", **fields)


@pytest.mark.parametrize("code", sorted(PEOPLE))
async def test_only_those_of_the_site_who_may_record_see_the_forms(
    world: World, signed_in: SignIn, code: str
) -> None:
    browser = await signed_in(world, code)
    await world.enrol(joins=False)
    for address in (LAB, DOSE, "/participants/TJ-001/visits/injection-2"):
        await browser.open(address)
        assert browser.status == (200 if code in RECORDS else 404)
        await browser.open("/")
        await browser.send(address, step="save", **SLIP)
        assert browser.status == (
            409 if code in RECORDS and address != LAB else 404 if code not in RECORDS else 409
        )
    assert await counts(world) == ["38"]


class TestAResult:
    async def test_its_effect_is_shown_before_it_is_stored_and_100_ends_dosing(
        self, both_worlds: World, signed_in: SignIn
    ) -> None:
        world = both_worlds
        browser = await signed_in(world, "CA1")
        await on_day_7(world)
        await checked(browser, LAB, **SLIP)
        assert browser.status == 200
        assert "responded" in browser.text
        assert "no longer asked for" in browser.text
        assert "Nothing is stored yet" in browser.text
        assert await counts(world) == ["38"]
        await browser.send(LAB, step="save", confirmed="yes", **SLIP)
        assert browser.at == "/participants/TJ-001"
        assert "PLT 102" in browser.text
        assert await state(world) is ParticipantState.RESPONDED
        entry = next(
            one for one in await world.audit(SUBJECT) if one[1] == "CA1" and "lab:recorded" in one[0]
        )
        assert entry

    async def test_what_was_typed_is_kept_when_it_is_refused_and_when_one_goes_back(
        self, world: World, signed_in: SignIn
    ) -> None:
        browser = await signed_in(world, "CA1", Language.ZH)
        await on_day_7(world)
        for wrong in (
            {"value": "一百"},
            {"sampled": "2027-01-01T08:00"},
            {"sampled": ""},
            {"sampled": "soon"},
        ):
            fields = SLIP | {"laboratory": "天津一院"} | wrong
            await checked(browser, LAB, **fields)
            assert browser.status == 409
            assert "没有更改任何内容" in browser.text
            assert 'value="天津一院"' in browser.html
            assert f'value="{fields["value"]}"' in browser.html
        await checked(browser, LAB, **SLIP)
        await browser.send(LAB, step="change", **SLIP)
        assert 'value="102"' in browser.html
        assert await counts(world) == ["38"]

    async def test_what_is_odd_is_stored_only_once_a_person_has_confirmed_it(
        self, world: World, signed_in: SignIn
    ) -> None:
        browser = await signed_in(world, "CA1")
        await on_day_7(world)
        odd = SLIP | {"value": "8.6万", "unit": ""}
        await checked(browser, LAB, **odd)
        assert "Please look again" in browser.text
        await browser.send(LAB, step="save", **odd)
        assert browser.status == 409
        assert await counts(world) == ["38"]
        await browser.send(LAB, step="save", confirmed="yes", **odd)
        assert "86" in (await counts(world))[-1]

    async def test_a_correction_needs_a_reason_and_both_stay_in_the_log(
        self, both_worlds: World, signed_in: SignIn
    ) -> None:
        world = both_worlds
        browser = await signed_in(world, "SI1")
        await signed_in(world, "CA1")
        await on_day_7(world)
        await world.lab("102")
        async with world.desk.archive.read() as uow:
            wrong = (await uow.labs.of(SUBJECT))[-1]
        address = f"/participants/TJ-001/labs/{wrong.id}"
        right = {"value": "12", "unit": "10^9/L", "sampled": "2026-03-09T10:00"}
        await checked(browser, address, reason="", **right)
        assert browser.status == 409
        await checked(browser, address, reason="read from the wrong line", **right)
        assert "asked for again" in browser.text
        await browser.send(address, step="save", confirmed="yes", reason="read from the wrong line", **right)
        assert "PLT 12" in browser.text
        assert "voided, no longer counts" in browser.text
        assert await state(world) is ParticipantState.TREATMENT

    async def test_entered_for_the_wrong_person_it_goes_to_the_right_one_and_both_are_shown_first(
        self, world: World, signed_in: SignIn, command_line: CommandLine
    ) -> None:
        browser = await signed_in(world, "SI1")
        for code in ("CA1", "CW1"):
            await world.staff(code)
        await on_day_7(world)
        for other in (RIGHT, SubjectCode("WH-001")):
            await world.enrol(other, joins=False)
        first = DoseEntry(subject=RIGHT, number=1, given_at=world.clock.now() - timedelta(days=6))
        await record_dose(world.desk, entry=first, by=StaffCode("CA1"), auth=AuthMethod.CONSOLE)
        await world.lab("102")
        async with world.desk.archive.read() as uow:
            wrong = (await uow.labs.of(SUBJECT))[-1]
        address = f"/participants/TJ-001/labs/{wrong.id}"
        moved = {"value": "", "sampled": "2026-03-09T10:00", "subject": "tj-002", "reason": "the next slip"}
        for nobody in ("WH-001", "TJ-099", "王芳"):
            await checked(browser, address, **(moved | {"subject": nobody}))
            assert browser.status == 409
            assert f"{nobody.upper()}: not found, or not yours" in browser.text
            assert "the next slip" in browser.html
        traces = [about for kind, _, about in await world.audit() if kind == "staff:access:refused"]
        assert traces == ["WH-001", "TJ-099", "something else"]
        await checked(browser, address, **moved, void="yes")
        assert browser.status == 409
        await checked(browser, address, **moved)
        there, _, here = browser.text.partition("— TJ-001 —")
        assert "in treatment → responded" in there.partition("— TJ-002 —")[2]
        assert "→ in treatment" in here
        assert "asked for again" in here
        named = ("TJ-001", "--sampled", "2026-03-09 10:00", "--subject", "TJ-002", "--reason", "slip")
        told = await command_line("lab", "correct", *named, "--by", "SI1", "--preview")
        assert told.index("— TJ-002 —") < told.index("— TJ-001 —")
        await browser.send(address, step="save", confirmed="yes", **moved)
        assert browser.at == "/participants/TJ-001"
        assert "voided, no longer counts" in browser.text
        assert await state(world) is ParticipantState.TREATMENT
        assert await state(world, RIGHT) is ParticipantState.RESPONDED
        assert [kind for kind, _, _ in await world.audit(RIGHT)].count("staff:lab:recorded") == 2


class TestADose:
    async def test_it_is_recorded_from_the_worklist(self, both_worlds: World, signed_in: SignIn) -> None:
        world = both_worlds
        browser = await signed_in(world, "CA1")
        await on_day_7(world)
        await world.phones.pass_time(timedelta(days=1))
        await browser.open("/")
        assert f"{DOSE}?number=2" in browser.html
        await browser.open(f"{DOSE}?number=2")
        given = {"number": "2", "given": "2026-03-10T09:40", "amount": ""}
        await browser.send(DOSE, step="check", **given)
        assert "dose 2: done" in browser.text.lower()
        await browser.send(DOSE, step="save", **given)
        assert browser.at == "/participants/TJ-001"
        assert "Dose 2" in browser.text
        await browser.open("/")
        assert f"{DOSE}?number=2" not in browser.html

    async def test_a_dose_in_the_future_or_of_no_number_is_refused(
        self, world: World, signed_in: SignIn
    ) -> None:
        browser = await signed_in(world, "CA1")
        await on_day_7(world)
        for given in (
            {"number": "2", "given": "2026-03-19T09:40"},
            {"number": "x", "given": "2026-03-09T09:40"},
        ):
            await checked(browser, DOSE, **given)
            assert browser.status == 409

    async def test_its_number_and_how_much_went_in_are_corrected(
        self, world: World, signed_in: SignIn
    ) -> None:
        browser = await signed_in(world, "CA1")
        await on_day_7(world)
        async with world.desk.archive.read() as uow:
            (first,) = await uow.doses.of(SUBJECT)
        address = f"/participants/TJ-001/doses/{first.id}"
        right = {"number": "", "given": "", "amount": "", "whole": "no", "reason": "half was spilled"}
        await checked(browser, address, **(right | {"number": "2"}))
        assert browser.status == 409
        await checked(browser, address, **right)
        assert "Please look again" in browser.text
        await browser.send(address, step="save", confirmed="yes", **right)
        assert browser.at == "/participants/TJ-001"
        async with world.desk.archive.read() as uow:
            (kept,) = await uow.doses.of(SUBJECT)
        assert (kept.whole, kept.number, kept.corrects) == (False, 1, first.id)


class TestAVisit:
    async def test_it_gets_another_date_with_a_reason(self, world: World, signed_in: SignIn) -> None:
        browser = await signed_in(world, "CA1")
        await on_day_7(world)
        address = "/participants/TJ-001/visits/injection-2"
        await browser.open("/participants/TJ-001")
        assert address in browser.html
        moved = {"to": "2026-03-11T09:30", "reason": "she asked for it", "seen": ""}
        await checked(browser, address, **moved)
        assert "11 March" in browser.text
        await browser.send(address, step="save", confirmed="yes", **moved)
        assert browser.at == "/participants/TJ-001"
        assert "Wed 11 March" in browser.text

    async def test_an_activity_that_is_not_hers_is_not_found(self, world: World, signed_in: SignIn) -> None:
        browser = await signed_in(world, "CA1")
        await world.enrol()
        for address in ("visits/injection-9", "visits/x/skip", "labs/NONE", "doses/NONE"):
            await browser.open(f"/participants/TJ-001/{address}")
            assert browser.status == 404


async def test_what_the_site_decided_stands_in_the_log_the_picture_and_the_export(
    both_worlds: World, signed_in: SignIn
) -> None:
    world = both_worlds
    browser = await signed_in(world, "PI1")
    await signed_in(world, "CA1")
    await on_day_7(world)
    desk, by = world.desk, StaffCode("CA1")
    now = world.clock.now()
    await record_transfusion(
        desk, entry=TransfusionEntry(subject=SUBJECT, at=now, platelets=True), by=by, auth=AuthMethod.CONSOLE
    )
    therapy = TherapyEntry(subject=SUBJECT, starts_at=now + timedelta(days=3), what="=AC-T", confirmed=True)
    await plan_therapy(desk, entry=therapy, by=by, auth=AuthMethod.CONSOLE)
    await browser.open("/participants/TJ-001?show=facts")
    for words in ("Platelets transfused", "Therapy 1, planned for", "=AC-T"):
        assert words in browser.text
    made = await cut_for_staff(desk, by=StaffCode("PI1"), site=None)
    rows = {table.name: len(table.rows) for table in made.tables}
    assert (rows["transfusions"], rows["therapies"], rows["endpoints"]) == (1, 1, 2)
    assert all(len(row) == len(table.columns) for table in made.tables for row in table.rows)
