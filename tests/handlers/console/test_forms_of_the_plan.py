"""Every change of a plan by its form: who may, what is shown before saving, refusals, and two at once."""

from __future__ import annotations

from datetime import date, timedelta

from bot.actions.place_hold import HoldEntry, place_hold
from bot.actions.plan_therapy import TherapyEntry, plan_therapy
from bot.actions.publish_study import VersionMove, move_to_version, publish_study
from bot.rules.access import Act, AuthMethod, Staff, may
from bot.rules.participant import Hold, HoldReason, ParticipantState
from bot.rules.study import Language, SiteCode, StaffCode
from tests.actions.test_publish_study import changed, publication
from tests.handlers.console.conftest import (
    OPERATOR,
    PEOPLE,
    SUBJECT,
    Browser,
    CommandLine,
    SignIn,
    World,
)
from tests.handlers.console.test_entries import checked, on_day_7, state

HOME = "/participants/TJ-001"
CA1 = StaffCode("CA1")


async def saved(browser: Browser, address: str, **fields: str) -> str:
    """Filled in, looked at, confirmed and saved."""
    await checked(browser, address, **fields)
    assert browser.status == 200, browser.text
    return await browser.send(address, step="save", confirmed="yes", **fields)


async def a_hold(world: World, reason: HoldReason) -> Hold:
    entry = HoldEntry(subject=SUBJECT, reason=reason)
    return await place_hold(world.desk, entry=entry, by=CA1, auth=AuthMethod.CONSOLE)


async def person(world: World, code: str) -> Staff:
    async with world.desk.archive.read() as uow:
        staff = await uow.staff.get(StaffCode(code))
    assert staff is not None
    return staff


async def test_each_form_opens_for_those_who_may_and_for_nobody_else(world: World, signed_in: SignIn) -> None:
    await world.staff("CA1")
    await on_day_7(world)
    starts = world.clock.now() + timedelta(days=30)
    await plan_therapy(
        world.desk, entry=TherapyEntry(subject=SUBJECT, starts_at=starts), by=CA1, auth=AuthMethod.CONSOLE
    )
    hold = await a_hold(world, HoldReason.HOSPITAL)
    await publish_study(world.desk, publication=publication(changed()), by=OPERATOR)
    forms = {
        "therapy": Act.PLAN_THERAPY,
        "therapies/1": Act.PLAN_THERAPY,
        "therapies/1/cancel": Act.PLAN_THERAPY,
        "therapies/1/began": Act.PLAN_THERAPY,
        "therapies/1/dose": Act.RECORD_DOSE,
        "transfusion": Act.RECORD_LAB,
        "hold": Act.HOLD_DOSES,
        f"holds/{hold.id}": Act.HOLD_DOSES,
        "profile": Act.KEEP_PROFILE,
        "consent": Act.CORRECT_FACT,
        "stop": Act.STOP_TREATMENT,
        "end": Act.END_PARTICIPATION,
        "reinstate": Act.STOP_TREATMENT,
        "transfer": Act.TRANSFER,
        "version": Act.CHANGE_VERSION,
        "visits/injection-2": Act.MOVE_VISIT,
        "visits/injection-2/skip": Act.MOVE_VISIT,
    }
    for code in set(PEOPLE) - {"CA1", "SI1"}:
        browser = await signed_in(world, code)
        staff = await person(world, code)
        await browser.open(HOME)
        page = browser.html
        for where, act in forms.items():
            entitled = may(staff, act, SiteCode("TJ"))
            await browser.open(f"{HOME}/{where}")
            assert browser.status == (200 if entitled else 404), (code, where)
            if where != "reinstate":
                assert (f'"{HOME}/{where}"' in page) == entitled, (code, where)
    browser = await signed_in(world, "SI1")
    for where in ("therapies/2", "therapies/x/dose", "holds/nobody"):
        await browser.open(f"{HOME}/{where}")
        assert browser.status == 404


async def test_a_therapy_with_its_dose_from_the_first_date_to_the_true_start(
    world: World, signed_in: SignIn
) -> None:
    browser = await signed_in(world, "CA1")
    await on_day_7(world)
    new = {"starts": "2026-03-12T12:00", "what": "AC-T", "cytotoxic": "yes", "count": "61", "seen": ""}
    await checked(browser, f"{HOME}/therapy", **new, reason="")
    assert (
        "Study baseline 38, before this cycle 61; the study baseline counts: a dose before it is planned"
        in browser.text
    )
    assert "dose before therapy 1" in browser.text
    await browser.send(f"{HOME}/therapy", step="save", **new, reason="")
    assert "Therapy 1, planned for Thu 12 March, 12:00" in browser.text

    await browser.open(f"{HOME}/therapies/1")
    moved = {"starts": "2026-03-13T12:00", "count": "", "reason": "no bed"}
    await browser.send(f"{HOME}/therapies/1", step="check", seen="2026-03-12T04:00:00+00:00", **moved)
    assert "Thu 12 March, 10:00 → Fri 13 March, 10:00" in browser.text
    await browser.send(f"{HOME}/therapies/1", step="save", seen="2026-03-12T04:00:00+00:00", **moved)
    assert browser.at == HOME
    await browser.send(f"{HOME}/therapies/1", step="check", seen="2026-03-12T04:00:00+00:00", **moved)
    assert browser.status == 409
    assert "Somebody moved it meanwhile" in browser.text

    await world.phones.pass_time(timedelta(days=4, hours=3))
    dose = f"{HOME}/therapies/1/dose"
    await browser.open(dose)
    assert "Study baseline 38, before this cycle 61" in browser.text
    await checked(browser, dose, given="2026-03-13T11:00", partial="")
    assert "60 minutes from injection to infusion" in browser.text
    await browser.send(dose, step="save", given="2026-03-13T11:00", partial="")
    assert browser.status == 409
    assert "Please look at what is shown below" in browser.text
    await browser.send(dose, step="save", confirmed="yes", given="2026-03-13T11:00", partial="")
    assert browser.at == HOME
    await checked(browser, f"{HOME}/therapies/1/began", began="2026-03-13T12:45")
    assert "105 minutes from injection to infusion (expected 90 to 180)" in browser.text
    await browser.send(f"{HOME}/therapies/1/began", step="save", began="2026-03-13T12:45")
    assert "began Fri 13 March, 12:45" in browser.text
    assert "Thu 12 March" in browser.text, "the first date is crossed out, not gone"


async def test_a_therapy_is_cancelled_with_a_reason(world: World, signed_in: SignIn) -> None:
    browser = await signed_in(world, "CA1", Language.ZH)
    await on_day_7(world)
    new = {"starts": "2026-04-20T10:00", "what": "", "cytotoxic": "no", "count": "", "seen": ""}
    await saved(browser, f"{HOME}/therapy", **new, reason="")
    address = f"{HOME}/therapies/1/cancel"
    await checked(browser, address, reason="")
    assert browser.status == 409
    assert "没有更改任何内容" in browser.text
    await saved(browser, address, reason="病情进展")
    assert "治疗取消" in browser.text
    assert "病情进展" in browser.text
    await browser.send(address, step="check", reason="再取消一次")
    assert browser.status == 409


async def test_doses_wait_and_go_on_and_a_medical_hold_is_the_investigators(
    world: World, signed_in: SignIn
) -> None:
    coordinator = await signed_in(world, "CA1")
    investigator = await signed_in(world, "SI1")
    await on_day_7(world)
    held = {"because": "SAFETY", "reason": "rash on both arms"}
    await checked(coordinator, f"{HOME}/hold", **held)
    assert "Doses wait until a person releases them" in coordinator.text
    assert "treatment → on hold" in coordinator.text
    await coordinator.send(f"{HOME}/hold", step="save", **held)
    assert "Doses are on hold:" in coordinator.text
    async with world.desk.archive.read() as uow:
        (hold,) = await uow.holds.of(SUBJECT)
    release = f"{HOME}/holds/{hold.id}"
    assert release not in coordinator.html
    await checked(coordinator, release, reason="looks better")
    assert coordinator.status == 404
    await investigator.open(HOME)
    assert release in investigator.html
    await saved(investigator, release, reason="rash gone")
    assert "Doses are on hold:" not in investigator.text
    assert await state(world) is ParticipantState.TREATMENT
    await investigator.send(release, step="check", reason="again")
    assert investigator.status == 409


async def test_the_second_of_two_people_sees_what_the_first_one_changed(
    world: World, signed_in: SignIn
) -> None:
    first, second = await signed_in(world, "CA1"), await signed_in(world, "SI1")
    await on_day_7(world)
    address = f"{HOME}/profile"
    mine = {"sex": "FEMALE", "time_zone": "Asia/Shanghai", "usual_stools": "2", "last_chemotherapy_on": ""}
    mine |= dict.fromkeys(
        ("blood_thinner", "liver_disease", "usual_headaches", "lymphoedema", "emergency_contact"), ""
    )
    await checked(second, address, **mine, reason="told at the visit")
    assert "usual stools a day: not known → 2" in second.text
    await saved(
        first, address, **(mine | {"usual_stools": "3", "blood_thinner": "yes"}), reason="on the phone"
    )
    await second.send(address, step="save", **mine, reason="told at the visit")
    assert second.status == 409
    assert "Somebody changed her record meanwhile" in second.text
    assert "usual stools a day: 3 → 2" in second.text
    async with world.desk.archive.read() as uow:
        her = await uow.participants.get(SUBJECT)
    assert her is not None
    assert (her.usual_stools, her.blood_thinner) == (3, True)
    await second.send(address, step="save", **mine, reason="told at the visit")
    assert second.at == HOME
    async with world.desk.archive.read() as uow:
        her = await uow.participants.get(SUBJECT)
    assert her is not None
    assert (her.usual_stools, her.blood_thinner) == (2, True)


async def test_the_day_of_consent_is_corrected_by_form_and_by_command(
    world: World, signed_in: SignIn, command_line: CommandLine
) -> None:
    first, second = await signed_in(world, "CA1"), await signed_in(world, "SI1")
    await on_day_7(world)
    address = f"{HOME}/consent"
    await checked(first, address, signed="2026-03-03", reason="")
    assert first.status == 409
    await checked(first, address, signed="2026-03-04", reason="the form says so")
    assert first.status == 409
    assert "dose 1 was given on Tue 3 March, 10:00, before that day: correct the dose first" in first.text
    assert "the form says so" in first.html
    right = {"signed": "2026-03-03", "reason": "the form says so"}
    await checked(second, address, **(right | {"signed": "2026-03-02"}))
    await checked(first, address, **right)
    assert "study consent signed on: 2026-03-01 → 2026-03-03" in first.text
    assert "PLT 38 of " in first.text
    await first.send(address, step="save", **right)
    assert first.status == 409
    await first.send(address, step="save", confirmed="yes", **right)
    assert first.at == HOME
    assert "study consent signed on 2026-03-03" in first.text
    await second.send(address, step="save", confirmed="yes", **(right | {"signed": "2026-03-02"}))
    assert second.status == 409
    assert "Somebody changed her record meanwhile" in second.text
    assert "study consent signed on: 2026-03-03 → 2026-03-02" in second.text

    typed = ("TJ-001", "--signed", "2026-03-02", "--reason", "a 2, not a 3", "--by", "CA1")
    told = await command_line("participant", "correct-consent", *typed, "--preview")
    assert "study consent signed on: 2026-03-03 → 2026-03-02" in told
    told = await command_line("participant", "correct-consent", *typed, "--confirm")
    assert "TJ-001: consent signed on 2026-03-02" in told
    async with world.desk.archive.read() as uow:
        her = await uow.participants.get(SUBJECT)
        trail = [one for one in await uow.audit.of(SUBJECT) if one.kind == "staff:consent:corrected"]
    assert her is not None
    assert her.consent_signed_on == date(2026, 3, 2)
    assert [(one.old, one.new) for one in trail] == [
        ("2026-03-01", "2026-03-03"),
        ("2026-03-03", "2026-03-02"),
    ]


async def test_blood_changes_what_counts_and_an_end_is_taken_back(world: World, signed_in: SignIn) -> None:
    browser = await signed_in(world, "PI1")
    await world.staff("CA1")
    await on_day_7(world)
    await world.lab("120")
    assert await state(world) is ParticipantState.RESPONDED
    blood = {"what": "platelets", "given": "2026-03-08T10:00"}
    await checked(browser, f"{HOME}/transfusion", **blood)
    assert "PLT 120" in browser.text
    assert "asked for again" in browser.text
    await browser.send(f"{HOME}/transfusion", step="save", **blood)
    assert await state(world) is ParticipantState.TREATMENT
    await saved(browser, f"{HOME}/stop", because="PATIENT_CHOICE", reason="she wants no more injections")
    assert await state(world) is ParticipantState.TREATMENT_DONE
    await saved(browser, f"{HOME}/end", how="WITHDRAWN", reason="told on the phone")
    assert await state(world) is ParticipantState.WITHDRAWN
    assert f"{HOME}/reinstate" in browser.html
    assert f'"{HOME}/lab"' not in browser.html
    await saved(browser, f"{HOME}/reinstate", reason="it was another participant")
    assert await state(world) is ParticipantState.TREATMENT_DONE
    await saved(browser, f"{HOME}/transfer", site="WH", reason="moved home")
    assert browser.status == 404, "she is at the other site now"


async def test_a_closed_window_is_decided_give_late_or_never(world: World, signed_in: SignIn) -> None:
    browser = await signed_in(world, "CA1")
    await on_day_7(world)
    await world.phones.pass_time(timedelta(days=4))
    await browser.open("/")
    assert "give late" in browser.text
    assert f"{HOME}/visits/injection-2/skip" in browser.html
    address = f"{HOME}/visits/injection-2"
    await browser.open(address)
    assert "give dose 2 late" in browser.text
    late = {"to": "2026-03-16T09:30", "reason": "she was ill", "seen": ""}
    await checked(browser, address, **late)
    assert "Fri 20 March" in browser.text or "23 March" in browser.text, browser.text
    await browser.send(address, step="save", confirmed="yes", **late)
    assert "she was ill" in browser.text
    await saved(browser, f"{HOME}/visits/injection-3/skip", reason="holiday")
    assert "skipped by the site" in browser.text
    assert "holiday" in browser.text


async def test_bound_to_an_amendment_by_the_principal_investigator_with_what_was_in_force_when(
    world: World, signed_in: SignIn
) -> None:
    browser = await signed_in(world, "PI1")
    await world.staff("CA1")
    await on_day_7(world)
    await browser.open(HOME)
    assert f'"{HOME}/version"' not in browser.html, "there is no other version"
    await publish_study(world.desk, publication=publication(changed()), by=OPERATOR)
    await browser.open(HOME)
    assert "0.1.0 · since Mon 2 March, 10:00 · at enrolment by operator" in browser.text
    assert "New participants are bound to version 2." in browser.text
    address, moved = f"{HOME}/version", {"version": "2", "reason": "amendment 1"}
    await checked(browser, address, version="2", reason="")
    assert browser.status == 409
    await checked(browser, address, version="7", reason="amendment 1")
    assert browser.status == 409
    assert "amendment 1" in browser.html
    await checked(browser, address, **moved)
    assert "Version of the study: 0.1.0 → 2" in browser.text
    assert "Tue 10 March, 10:00 → Wed 11 March, 10:00" in browser.text
    assert "Ethics committee" in browser.html
    await world.lab("102")
    await browser.send(address, step="save", **moved)
    assert browser.status == 409, "her record changed since it was shown"
    await browser.send(address, step="save", **moved)
    assert browser.at == HOME
    assert "2 · since Mon 9 March, 10:00 · moved by PI1: amendment 1" in browser.text
    back = VersionMove(subject=SUBJECT, version="0.1.0", reason="too early")
    await checked(browser, address, version="0.1.0", reason="mistake")
    await move_to_version(world.desk, entry=back, by=StaffCode("PI1"), auth=AuthMethod.COMMAND_LINE)
    await browser.send(address, step="save", version="0.1.0", reason="mistake")
    assert browser.status == 409, "somebody moved her meanwhile"
