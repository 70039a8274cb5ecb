"""What only an investigator judges: was it serious, and which grade was it. In console, log and export."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from bot.actions.export_dataset import cut_for_operator
from bot.rules.dataset import Cell
from bot.rules.sae import Causality, SaeCause, SaeTask
from bot.rules.study import Language
from tests.handlers.console.conftest import HER, OPERATOR, SUBJECT, CommandLine, SignIn, World
from tests.handlers.console.test_entries import checked, on_day_7
from tests.handlers.console.test_forms_of_the_plan import HOME, saved


async def a_nosebleed(world: World) -> None:
    """Reported and left half way: closed as it stood, with the grade the rules propose."""
    await world.phones.tap(HER, "I feel unwell")
    for label in ("None of these", "Yes", "Nosebleed", "Done", "None of these, it is me, finish", "Skip"):
        await world.phones.tap(HER, label)
    for _ in range(2):
        await world.phones.pass_time(timedelta(minutes=15))


async def exported(world: World, name: str) -> list[dict[str, Cell]]:
    made = await cut_for_operator(world.desk, by=OPERATOR, site=None)
    table = next(one for one in made.tables if one.name == name)
    names = [one.name for one in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


async def questions(world: World) -> tuple[SaeTask, ...]:
    async with world.desk.archive.read() as uow:
        return await uow.sae_tasks.of(SUBJECT)


class TestAGrade:
    async def test_it_is_confirmed_changed_with_a_reason_and_both_stay(
        self, both_worlds: World, signed_in: SignIn
    ) -> None:
        world = both_worlds
        coordinator = await signed_in(world, "CA1")
        investigator = await signed_in(world, "SI1")
        await on_day_7(world)
        await a_nosebleed(world)
        await investigator.open(HOME)
        (address,) = set(re.findall(rf'"({HOME}/reports/\w+/grades/\w+)"', investigator.html))
        proposed = re.search(r"G(\d) WHO (\d) proposed", investigator.text)
        assert proposed
        await coordinator.open(HOME)
        assert address not in coordinator.html
        await coordinator.open(address)
        assert coordinator.status == 404

        as_proposed = {"grade": proposed[1], "who": proposed[2]}
        await checked(investigator, address, grade="", who="", reason="")
        assert investigator.status == 409, "nothing is chosen beforehand"
        await saved(investigator, address, **as_proposed, reason="")
        assert f"G{proposed[1]} WHO {proposed[2]} confirmed SI1" in investigator.text
        await checked(investigator, address, **as_proposed, reason="")
        assert "This grade is confirmed already" in investigator.text

        higher = {"grade": "4", "who": "4"}
        await checked(investigator, address, **higher, reason="")
        assert investigator.status == 409
        await checked(investigator, address, **higher, reason="packed and transfused")
        assert "confirmed G4 WHO 4" in investigator.text
        assert "Before, SI1 confirmed" in investigator.text
        assert "A potential serious event is raised" in investigator.text
        before = len(await questions(world))
        await investigator.send(address, step="save", **higher, reason="packed and transfused")
        assert "G4 WHO 4 confirmed SI1" in investigator.text
        assert f"G4 confirmed (G{proposed[1]} proposed by the rules)" in investigator.html
        assert "packed and transfused" in investigator.text
        assert len(await questions(world)) == before + 1

        rows = await exported(world, "grades")
        assert [(row["grade"], row["counts"]) for row in rows] == [(int(proposed[1]), False), (4, True)]
        assert {row["proposed_grade"] for row in rows} == {int(proposed[1])}
        kinds = [kind for kind, actor, _ in await world.audit(SUBJECT) if actor == "SI1"]
        assert kinds.count("staff:grade:confirmed") == 2

    async def test_what_is_no_grade_of_hers_is_refused(self, world: World, signed_in: SignIn) -> None:
        browser = await signed_in(world, "PI1", Language.ZH)
        await world.staff("CA1")
        await on_day_7(world)
        await a_nosebleed(world)
        await browser.open(HOME)
        (address,) = set(re.findall(rf'"({HOME}/reports/\w+/grades/\w+)"', browser.html))
        for grade, who in (("6", "2"), ("2", "5"), ("x", "2")):
            await checked(browser, address, grade=grade, who=who, reason="试一下")
            assert browser.status == 409
            assert "试一下" in browser.html
        report = address.rpartition("/")[0]
        for wrong in (f"{report}/AE_FEVER", f"{HOME}/reports/NONE/grades/BLD_NOSE"):
            await browser.open(wrong)
            assert browser.status == 404
        assert await exported(world, "grades") == []


class TestASeriousEvent:
    async def test_noted_by_hand_its_clock_runs_from_when_the_site_knew(
        self, world: World, signed_in: SignIn
    ) -> None:
        coordinator = await signed_in(world, "CA1")
        investigator = await signed_in(world, "SI1")
        await on_day_7(world)
        note = {"cause": "ADMITTED", "aware": "2026-03-08T22:00", "narrative": "admitted after a fall"}
        address = f"{HOME}/event"
        await coordinator.open(HOME)
        assert f'"{address}"' in coordinator.html
        await checked(coordinator, address, **(note | {"aware": "2026-03-10T10:00"}))
        assert coordinator.status == 409
        await checked(coordinator, address, **note)
        assert "an investigator answers by Mon 9 March, 22:00" in coordinator.text
        await coordinator.send(address, step="save", **note)
        (task,) = await questions(world)
        assert f"event-{task.id}" in coordinator.html
        await checked(coordinator, address, **note)
        assert "the same question stands open" in coordinator.text
        await coordinator.send(address, step="save", **note)
        assert coordinator.status == 409
        assert len(await questions(world)) == 1

        answer = f"{HOME}/events/{task.id}"
        await coordinator.open("/")
        assert answer not in coordinator.html
        await coordinator.open(answer)
        assert coordinator.status == 404
        await investigator.open("/")
        assert answer in investigator.html
        assert "To be answered by an investigator by Mon 9 March, 22:00." in investigator.text
        no_box = {"serious": "yes", "narrative": "one night in hospital", "grade": "3"}
        await checked(investigator, answer, **no_box)
        assert investigator.status == 409
        assert "one night in hospital" in investigator.html
        serious = no_box | {"AESHOSP": "yes", "to_study_drug": "NOT_RELATED", "started": "2026-03-08"}
        await checked(investigator, answer, **serious)
        assert "On record as serious: hospital stay" in investigator.text
        assert "In time (due Mon 9 March, 22:00)" in investigator.text
        await investigator.send(answer, step="save", **serious)
        assert investigator.at == HOME
        assert "one night in hospital" in investigator.text
        await investigator.send(answer, step="check", **serious)
        assert investigator.status == 409
        (row,) = await exported(world, "serious_events")
        assert (row["serious"], row["criteria"], row["to_study_drug"]) == (True, "AESHOSP", "NOT_RELATED")


async def test_the_endpoint_stands_per_participant_and_per_site_in_both_readings(
    world: World, signed_in: SignIn
) -> None:
    browser = await signed_in(world, "PI1")
    await world.staff("CA1")
    await on_day_7(world)
    await world.lab("104")
    blood = {"what": "platelets", "given": "2026-03-08T10:00"}
    await saved(browser, f"{HOME}/transfusion", **blood)
    await browser.open("/figures")
    assert "TJ all counts 1 0 0 / 0 0 / 0" in browser.text, "nobody is due yet, so nobody is missing"
    await world.phones.pass_time(timedelta(days=12))
    await browser.open(HOME)
    assert "Response after two weeks (day 15)" in browser.text
    assert "all counts missing missing yes" in browser.text
    assert "without those soon after platelets were given missing missing missing" in browser.text
    await browser.open("/figures")
    assert "TJ all counts 1 1 0 / 0 1 missing 1 / 1" in browser.text
    washed = "TJ without those soon after platelets were given 1 1 0 / 0 1 missing 0 / 0 1 missing"
    assert washed in browser.text
    rows = await exported(world, "site_endpoints")
    assert [(row["site"], row["reading"], row["responded_by"], row["missing_by"]) for row in rows] == [
        ("TJ", "ALL", 1, 0),
        ("TJ", "WASHED_OUT", 0, 1),
    ]
    assert [row["responded_by"] for row in await exported(world, "endpoints")] == [True, None]


async def test_the_same_by_the_command_line_on_an_investigators_behalf(
    world: World, command_line: CommandLine
) -> None:
    for code in ("CA1", "SI1"):
        await world.staff(code)
    await on_day_7(world)
    await a_nosebleed(world)

    async def refused(*words: str) -> str:
        with pytest.raises(AssertionError) as error:
            await command_line("participant", *words)
        return str(error.value)

    nosebleed = ("grade", "TJ-001", "BLD_NOSE")
    (report,) = json.loads(await command_line("participant", "show", "TJ-001", "--json"))["reports"]
    told = re.search(r"BLD_NOSE:G(\d)/WHO(\d)", report["grades"])
    assert told
    as_proposed = (*nosebleed, told[1], "--who", told[2])
    assert "refusal.not_entitled" in await refused(*as_proposed, "--by", "CA1")
    assert (
        await command_line("participant", *as_proposed, "--by", "SI1") == f"TJ-001: BLD_NOSE is G{told[1]}.\n"
    )
    higher = (*nosebleed, "3", "--who", "3", "--by", "SI1", "--report", report["id"], "--reason", "packed")
    assert "Before, SI1 confirmed" in await command_line("participant", *higher, "--preview")
    await command_line("participant", *higher)
    assert [(row["grade"], row["who"]) for row in await exported(world, "grades")][-1] == (3, 3)

    event = ("event", "TJ-001", "--cause", "admitted", "--aware", "2026-03-08 22:00", "--reason", "a fall")
    await command_line("participant", *event, "--by", "CA1")
    open_events = {one.id for one in await questions(world) if one.answered_at is None}
    (noted,) = [one for one in await questions(world) if SaeCause.ADMITTED in one.causes]
    answer = ("event-answer", "TJ-001", "--by", "SI1", "--narrative", "one night for observation")
    assert len(open_events) > 1
    assert "no_such_event" in await refused(*answer, "--not-serious")
    named = (*answer, "--event", noted.id, "--serious")
    await command_line("participant", *named, "--criterion", "aeshosp", "--to-study-drug", "not_related")
    (row,) = [one for one in await exported(world, "serious_events") if one["task_id"] == noted.id]
    assert (row["serious"], row["criteria"], row["answered_by"]) == (True, "AESHOSP", "SI1")
    assert row["to_study_drug"] is Causality.NOT_RELATED
    audited = await world.audit(SUBJECT)
    assert ("staff:sae:answered", "operator", noted.id) in audited
