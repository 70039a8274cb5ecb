"""What a form shows before saving is what saving does: every preview against the record after it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bot.actions.correct_consent import ConsentCorrection, correct_consent, preview_consent_correction
from bot.actions.desk import Desk
from bot.actions.end_participation import (
    EndEntry,
    ReinstateEntry,
    StopTreatmentEntry,
    end_participation,
    preview_end,
    preview_reinstate,
    preview_stop,
    reinstate,
    stop_treatment,
)
from bot.actions.keep_profile import (
    ProfileEntry,
    TransfusionEntry,
    keep_profile,
    preview_profile,
    preview_transfusion,
    record_transfusion,
)
from bot.actions.move_visit import SkipEntry, preview_skip, skip_activity
from bot.actions.place_hold import (
    HoldEntry,
    ReleaseEntry,
    place_hold,
    preview_hold,
    preview_release,
    release_hold,
)
from bot.actions.plan_therapy import (
    InfusionStart,
    TherapyEnd,
    TherapyEntry,
    cancel_therapy,
    note_infusion,
    plan_therapy,
    preview_infusion,
    preview_therapy,
    preview_therapy_end,
)
from bot.actions.record_dose import ProphylaxisEntry, preview_prophylaxis, record_prophylaxis
from bot.actions.transfer_participant import TransferEntry, preview_transfer, transfer_participant
from bot.rules.changes import ChangeKind, Effects
from bot.rules.errors import Held, NotEntitled, Refusal
from bot.rules.messages import Phrase
from bot.rules.participant import HoldReason, ParticipantState, TreatmentStop
from bot.rules.study import Language, SiteCode, StaffCode
from storage.archive import Archive
from tests.ward import CA1, CONSOLE, HER, SI1, TJ_001, Ward, local, ward_of, with_dose_1

Preview = Callable[..., Awaitable[Effects]]
Action = Callable[..., Awaitable[Any]]


@pytest.fixture
async def ward(sqlite_archive: Archive) -> Ward:
    opened = ward_of(sqlite_archive)
    await with_dose_1(opened)
    return opened


async def as_shown(ward: Ward, preview: Preview, action: Action, entry: Any, by: StaffCode = CA1) -> str:
    """Saves what was previewed; the plan, the state and what she hears are those that were shown."""
    desk: Desk = ward.desk
    found = await preview(desk, entry=entry, by=by, auth=CONSOLE)
    assert await preview(desk, entry=entry, by=by, auth=CONSOLE) == found, "a preview changed something"
    before, heard = await ward.plan(), len(ward.heard())
    await action(desk, entry=entry, by=by, auth=CONSOLE)
    await ward.settle()
    after = await ward.plan()
    moved = {
        key
        for key, one in after.items()
        if key not in before or (one.status, one.target_at) != (before[key].status, before[key].target_at)
    }
    assert {one.activity.key for one in found.changes if one.activity.key in after} >= moved
    assert await ward.state() is found.state_after
    lines = [ward.phones.texts.words(line, Language.EN, "Asia/Shanghai") for line in found.lines()]
    assert lines == list(dict.fromkeys(lines)), "said twice"
    told = any(line.key == "operator.effect.patient" for line in found.lines())
    assert told == (len(ward.heard()) > heard)
    return "\n".join(lines)


async def test_a_hold_and_its_release(ward: Ward) -> None:
    hold = HoldEntry(subject=TJ_001, reason=HoldReason.SAFETY, note="rash")
    words = await as_shown(ward, preview_hold, place_hold, hold)
    assert "Doses wait until a person releases them" in words
    with pytest.raises(Refusal, match="held_already"):
        await preview_hold(ward.desk, entry=hold, by=CA1, auth=CONSOLE)
    await place_hold(
        ward.desk, entry=HoldEntry(subject=TJ_001, reason=HoldReason.HOSPITAL), by=CA1, auth=CONSOLE
    )
    await ward.settle()
    async with ward.desk.archive.read() as uow:
        (safety,) = [one for one in await uow.holds.of(TJ_001) if one.reason is HoldReason.SAFETY]
    one = ReleaseEntry(subject=TJ_001, note="rash gone", hold_id=safety.id)
    with pytest.raises(NotEntitled):
        await preview_release(ward.desk, entry=one, by=CA1, auth=CONSOLE)
    words = await as_shown(ward, preview_release, release_hold, one, SI1)
    assert "Doses still wait" in words
    assert "Doses go on" not in words
    words = await as_shown(ward, preview_release, release_hold, ReleaseEntry(subject=TJ_001, note="home"))
    assert "Doses go on as planned" in words


async def test_a_therapy_with_its_dose_from_planning_to_the_true_start(ward: Ward) -> None:
    await ward.until("2026-03-09 10:00")
    await ward.dose(2, "2026-03-09 09:30", confirmed=True)
    planned = TherapyEntry(
        subject=TJ_001, starts_at=local("2026-03-12 10:00"), reason="cycle 2", confirmed=True
    )
    words = await as_shown(ward, preview_therapy, plan_therapy, planned)
    assert "only 3 days from another dose" in words
    assert "Study baseline 38" in words
    await ward.until("2026-03-12 09:00")
    given = ProphylaxisEntry(
        subject=TJ_001, therapy=1, given_at=local("2026-03-12 08:45"), whole=False, confirmed=False
    )
    with pytest.raises(Held) as held:
        await record_prophylaxis(ward.desk, entry=given, by=CA1, auth=CONSOLE)
    asked = {getattr(one, "key", "") for one in held.value.asks}
    assert asked == {
        "operator.ask.dose_interval",
        "operator.ask.interval",
        "operator.ask.dose_amount",
    }
    soon = replace(given, given_at=local("2026-03-12 07:20"), whole=True)
    with pytest.raises(Held) as held:
        await record_prophylaxis(ward.desk, entry=soon, by=CA1, auth=CONSOLE)
    (early,) = [one for one in held.value.asks if isinstance(one, Phrase) and "off_target" in one.key]
    told = ward.phones.texts.words(early, Language.EN, "Asia/Shanghai")
    assert told == "40 minutes before its hour (Thu 12 March, 08:00, give or take 30 minutes)"
    confirmed = ProphylaxisEntry(
        subject=TJ_001, therapy=1, given_at=local("2026-03-12 08:00"), whole=False, confirmed=True
    )
    words = await as_shown(ward, preview_prophylaxis, record_prophylaxis, confirmed)
    assert "Prophylactic dose number 1; the weekly doses count apart" in words
    assert "A case is opened" in words
    assert any(case.level.name == "SAME_DAY" for case in await ward.open_cases())
    await ward.until("2026-03-12 11:30")
    start = InfusionStart(subject=TJ_001, number=1, started_at=local("2026-03-12 11:20"))
    words = await as_shown(ward, preview_infusion, note_infusion, start)
    assert "200 minutes from injection to infusion: outside the expected 90 to 180" in words


async def test_a_therapy_that_does_not_take_place(ward: Ward) -> None:
    await plan_therapy(
        ward.desk,
        entry=TherapyEntry(subject=TJ_001, starts_at=local("2026-04-20 10:00")),
        by=CA1,
        auth=CONSOLE,
    )
    await ward.settle()
    end = TherapyEnd(subject=TJ_001, number=1, reason="progression")
    words = await as_shown(ward, preview_therapy_end, cancel_therapy, end)
    assert "no longer asked for, therapy cancelled" in words
    with pytest.raises(Refusal, match="therapy_cancelled"):
        await preview_therapy_end(ward.desk, entry=end, by=CA1, auth=CONSOLE)
    begun = InfusionStart(subject=TJ_001, number=1, started_at=ward.now)
    with pytest.raises(Refusal, match="therapy_cancelled"):
        await note_infusion(ward.desk, entry=begun, by=CA1, auth=CONSOLE)


async def test_platelets_given_bring_the_doses_back_and_change_the_endpoint(ward: Ward) -> None:
    await ward.until("2026-03-09 12:00")
    await ward.lab("120", "2026-03-09 09:00")
    assert await ward.state() is ParticipantState.RESPONDED
    given = TransfusionEntry(subject=TJ_001, at=local("2026-03-06 12:00"))
    found = await preview_transfusion(ward.desk, entry=given, by=CA1, auth=CONSOLE)
    assert ChangeKind.BACK in {one.kind for one in found.changes}
    words = await as_shown(ward, preview_transfusion, record_transfusion, given)
    assert "PLT 120" in words
    assert "Response by day 15, with wash-out: yes → not known" in words
    with pytest.raises(Held):
        await record_transfusion(ward.desk, entry=given, by=CA1, auth=CONSOLE)
    red = TransfusionEntry(subject=TJ_001, at=local("2026-03-06 12:00"), platelets=False)
    assert "Red cells" in await as_shown(ward, preview_transfusion, record_transfusion, red)


async def test_a_profile_is_shown_old_and_new_and_moves_her_reminders(ward: Ward) -> None:
    entry = ProfileEntry(subject=TJ_001, time_zone="Europe/Berlin", blood_thinner=True, usual_stools=2)
    words = await as_shown(ward, preview_profile, keep_profile, entry)
    assert "time zone: Asia/Shanghai → Europe/Berlin" in words
    assert "takes a blood thinner: not known → yes" in words
    assert "Her next reminder: Thu 5 March, 19:00 → Fri 6 March, 02:00" in words
    assert "judged by this from now on" in words
    with pytest.raises(Refusal, match="nothing_changed"):
        await preview_profile(ward.desk, entry=entry, by=CA1, auth=CONSOLE)


async def test_a_wrong_day_of_consent_is_corrected_and_what_lies_before_it_is_named(ward: Ward) -> None:
    await ward.lab("61", "2026-03-02 20:00")
    right = ConsentCorrection(
        subject=TJ_001, signed_on=date(2026, 3, 3), reason="the form says so", confirmed=True
    )
    words = await as_shown(ward, preview_consent_correction, correct_consent, right)
    assert "study consent signed on: 2025-12-01 → 2026-03-03" in words
    assert "PLT 61 of Mon 2 March, 20:00 was sampled before that day" in words
    assert (await ward.her()).consent_signed_on == date(2026, 3, 3)
    async with ward.desk.archive.read() as uow:
        (kept,) = [one for one in await uow.audit.of(TJ_001) if one.kind == "staff:consent:corrected"]
    assert (kept.old, kept.new, kept.reason) == ("2025-12-01", "2026-03-03", "the form says so")
    with pytest.raises(Refusal, match="before_consent"):
        await ward.lab("60", "2026-03-02 21:00")
    # A day earlier again, and what was refused may be recorded; nothing to confirm is left.
    back = replace(right, signed_on=date(2026, 3, 1), reason="a 1, not a 3", confirmed=False)
    assert "PLT" not in await as_shown(ward, preview_consent_correction, correct_consent, back)
    await ward.lab("60", "2026-03-02 21:00", confirmed=True)
    # A slip found by the monitor after she has left is corrected too, and moves nothing.
    end = EndEntry(subject=TJ_001, ended_as=ParticipantState.WITHDRAWN, reason="told us")
    await end_participation(ward.desk, entry=end, by=CA1, auth=CONSOLE)
    late = replace(right, signed_on=date(2026, 2, 28), reason="source data check", confirmed=False)
    await as_shown(ward, preview_consent_correction, correct_consent, late)
    assert await ward.state() is ParticipantState.WITHDRAWN


async def test_a_day_of_consent_that_cannot_be_is_refused(ward: Ward) -> None:
    ward.phones.clock.move_to(local("2026-03-05 10:00"))
    for signed_on, reason, refused in (
        (date(2026, 3, 3), "the form says so", "held"),
        (date(2026, 3, 3), " ", "reason_needed"),
        (date(2025, 12, 1), "the same", "nothing_changed"),
        (date(2026, 3, 4), "after dose 1", "consent_after_dose"),
        (date(2026, 3, 6), "tomorrow", "consent_in_future"),
    ):
        entry = ConsentCorrection(subject=TJ_001, signed_on=signed_on, reason=reason)
        with pytest.raises(Refusal, match=refused):
            await correct_consent(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
    assert (await ward.her()).consent_signed_on == date(2025, 12, 1)


async def test_leaving_and_coming_back(ward: Ward) -> None:
    stop = StopTreatmentEntry(subject=TJ_001, because=TreatmentStop.INVESTIGATOR, reason="progress")
    assert "TREATMENT" not in await as_shown(ward, preview_stop, stop_treatment, stop, SI1)
    with pytest.raises(Refusal, match="treatment_not_running"):
        await preview_stop(ward.desk, entry=stop, by=SI1, auth=CONSOLE)
    end = EndEntry(subject=TJ_001, ended_as=ParticipantState.WITHDRAWN, reason="told us")
    words = await as_shown(ward, preview_end, end_participation, end)
    assert "What waits to be sent to her is cancelled" in words
    back = ReinstateEntry(subject=TJ_001, reason="another person's form")
    words = await as_shown(ward, preview_reinstate, reinstate, back, SI1)
    assert "Messages to her begin again" in words
    assert ward.heard(HER)


async def test_a_transfer_says_where_who_and_what_goes_along(ward: Ward) -> None:
    entry = TransferEntry(subject=TJ_001, to_site=SiteCode("WH"), reason="moved home")
    words = await as_shown(ward, preview_transfer, transfer_participant, entry)
    assert "Site: " in words
    assert "A case is opened" in words


async def test_the_endpoint_draw_is_left_out_only_when_its_window_is_over(ward: Ward) -> None:
    plan = await ward.plan()
    (draw,) = [one for one in plan.values() if one.endpoint]
    entry = SkipEntry(subject=TJ_001, activity_key=draw.key, reason="she was away")
    with pytest.raises(Refusal, match="endpoint_draw"):
        await preview_skip(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
    ward.phones.clock.move_to(local("2026-03-25 10:00"))
    words = await as_shown(ward, preview_skip, skip_activity, entry)
    assert "The count at the endpoint stays missing" in words
