"""Calls and wishes in the console: what a coordinator did stands on her page and in the export."""

from __future__ import annotations

from datetime import timedelta

from bot.actions.mind_silence import is_about_silence
from bot.actions.move_visit import MoveEntry, move_visit
from bot.rules.access import AuthMethod
from bot.rules.case import Outcome
from bot.rules.study import StaffCode
from tests.handlers.console.conftest import HER, SUBJECT, SignIn, World
from tests.handlers.console.test_judgements import exported

HOME = f"/participants/{SUBJECT}"


async def test_phoned_in_vain_then_reached_and_what_was_learnt_is_in_log_and_export(
    world: World, signed_in: SignIn
) -> None:
    browser = await signed_in(world, "CA1")
    await world.enrol()
    await world.phones.move_to(world.clock.now() + timedelta(days=3))
    await browser.open("/")
    assert "check-ins unanswered" in browser.text
    async with world.desk.archive.read() as uow:
        (case,) = [one for one in await uow.cases.open_of(SUBJECT) if await is_about_silence(uow, one)]
    await browser.send(f"/cases/{case.id}/contact", reached="no", learnt="husband: she sleeps")
    assert "1 attempt to reach the patient failed" in browser.text
    await browser.open("/")
    assert "check-ins unanswered" in browser.text
    await browser.send(f"/cases/{case.id}/contact", reached="yes", learnt="phone was broken, no bleeding")
    assert "Reached by phone, nothing more to do" in browser.text
    await browser.open("/")
    assert "check-ins unanswered" not in browser.text

    await browser.open(HOME)
    for told in ("husband: she sleeps", "phone was broken, no bleeding"):
        assert told in browser.text
    async with world.desk.archive.read() as uow:
        closed = await uow.cases.get(case.id)
    assert closed is not None
    assert (closed.contacted_by, closed.closed_by, closed.outcome) == ("CA1", "CA1", Outcome.REACHED)
    rows = [row for row in await exported(world, "case_events") if row["case_id"] == case.id]
    calls = [(row["kind"], row["by"], row["note"]) for row in rows if "CONTACT" in str(row["kind"])]
    assert calls == [
        ("CONTACT_FAILED", "CA1", "husband: she sleeps"),
        ("CONTACTED", "CA1", "phone was broken, no bleeding"),
    ]


async def test_her_wish_for_another_day_stands_on_her_page_until_it_is_answered(
    world: World, signed_in: SignIn
) -> None:
    browser = await signed_in(world, "CA1")
    await world.enrol()
    await world.phones.type(HER, "can I come Thursday?")
    await browser.open("/")
    assert f'href="{HOME}/visits/injection-1"' in browser.html
    await browser.open(HOME)
    assert "Asks for another day: not answered yet" in browser.text
    entry = MoveEntry(
        subject=SUBJECT,
        activity_key="injection-1",
        to_at=world.clock.now() + timedelta(days=3),
        reason="she asked",
        confirmed=True,
    )
    await move_visit(world.desk, entry=entry, by=StaffCode("CA1"), auth=AuthMethod.CONSOLE)
    await browser.open(HOME)
    assert "Asks for another day" not in browser.text
