"""What people are told is true and comes at its hour: quiet time, moments on alerts, one bad row."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.actions import advance_escalations as escalations
from bot.actions.advance_escalations import advance_escalations
from bot.actions.receive_message import receive_message
from bot.actions.send_digests import send_digests
from bot.actions.transfer_participant import TransferEntry, transfer_participant
from bot.rules.access import AuthMethod
from bot.rules.case import CaseId, Outcome
from bot.rules.inbound import InboxRow
from bot.rules.study import Level, SiteCode, StaffCode
from handlers.telegram.translate import to_inbound
from tests.actions.test_one_matter_one_case import NOSE, RASH, closed, reported
from tests.household import COORDINATOR, HER, INVESTIGATOR, MONDAY, STRANGER, SUBJECT, joined, lab, staffed
from tests.phones import BOT, Phones

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
# 23:00 on the Monday in Tianjin.
LATE = MONDAY + 13 * HOUR


async def at_home(phones: Phones) -> None:
    await staffed(phones)
    await joined(phones)


async def tapped_as_telegram_sends_it(phones: Phones, token: str) -> None:
    """A tap carries the time of the message it is on, not its own."""
    raw = {
        "update_id": 9001,
        "callback_query": {
            "id": "1",
            "from": {"id": HER, "is_bot": False},
            "message": {
                "message_id": 5,
                "date": int(phones.clock.now().timestamp()) - 40 * 60,
                "chat": {"id": HER, "type": "private"},
            },
            "data": token,
        },
    }
    inbound = to_inbound(BOT, json.dumps(raw).encode(), phones.desk.archive.keyring.lane(HER))
    row = InboxRow(bot_id=BOT, update_id=9001, lane=inbound.lane, received_at=phones.clock.now(), raw=b"{}")
    async with phones.desk.archive.begin() as uow:
        await uow.inbox.store([row])
    await receive_message(phones.desk, inbound)
    await phones.settle()


async def test_an_answer_is_told_with_the_time_of_the_answer(chats: Phones) -> None:
    await at_home(chats)
    case = await reported(chats, Level.URGENT, NOSE)
    chats.clock.move(timedelta(minutes=40))
    await tapped_as_telegram_sends_it(chats, f"p:{case.id}:notreached")
    assert "10:40 患者回答" in chats.said(COORDINATOR)


@pytest.mark.parametrize("typed", ["I fainted", "cant wake"])
async def test_a_red_flag_of_eight_letters_is_no_code(chats: Phones, typed: str) -> None:
    """Letters, no U: it could be one. Said by a stranger it is answered like any red flag, however often."""
    await at_home(chats)
    for _ in range(6):
        await chats.type(STRANGER, typed)
        assert "Call 120 now" in chats.last(STRANGER)


async def test_three_taps_in_a_row_are_one_attempt_to_reach_her(chats: Phones) -> None:
    await at_home(chats)
    case = await reported(chats, Level.EMERGENCY, NOSE)
    await chats.tap(INVESTIGATOR, "我来处理")
    for _ in range(3):
        await chats.tap_token(INVESTIGATOR, f"k:miss:{case.id}")
    await chats.tap_token(INVESTIGATOR, f"k:out:{case.id}:{Outcome.UNREACHABLE}")
    async with chats.desk.archive.read() as uow:
        (still,) = await uow.cases.open_of(SUBJECT)
    assert still.id == case.id


async def test_attempts_before_a_case_was_closed_say_nothing_once_it_is_open_again(chats: Phones) -> None:
    await at_home(chats)
    case = await reported(chats, Level.EMERGENCY, NOSE)
    await chats.tap(INVESTIGATOR, "我来处理")
    for _ in range(3):
        await chats.tap_token(INVESTIGATOR, f"k:miss:{case.id}")
        await chats.pass_time(2 * MINUTE)
    await closed(chats, case)
    again = await reported(chats, Level.EMERGENCY, NOSE)
    assert again.id == case.id
    await chats.tap_token(INVESTIGATOR, f"k:out:{case.id}:{Outcome.UNREACHABLE}")
    async with chats.desk.archive.read() as uow:
        assert [one.id for one in await uow.cases.open_of(SUBJECT)] == [case.id]


async def test_an_alert_shows_the_count_that_she_told_after_the_last_one_of_the_laboratory(
    chats: Phones,
) -> None:
    await at_home(chats)
    await lab(chats, "120", MONDAY)
    chats.clock.move(HOUR)
    await chats.type(HER, "血小板15")
    chats.clock.move(HOUR)
    await reported(chats, Level.URGENT, NOSE)
    card = chats.last(COORDINATOR)
    assert "120" in card
    assert "15（" in card


async def test_a_sticker_is_a_matter_of_today_after_a_very_low_count_that_she_told(chats: Phones) -> None:
    """38 before day 1, then 15 by her own word: the later one counts, also once its case is closed."""
    await at_home(chats)
    chats.clock.move(HOUR)
    await chats.type(HER, "血小板15")
    async with chats.desk.archive.read() as uow:
        told = await uow.cases.open_of(SUBJECT)
    for case in told:
        await closed(chats, case)
    await chats.send(HER, "sticker")
    async with chats.desk.archive.read() as uow:
        (case,) = await uow.cases.open_of(SUBJECT)
    assert case.level is Level.SAME_DAY


async def test_a_chat_that_she_has_blocked_stands_in_the_trail(chats: Phones) -> None:
    await at_home(chats)
    chats.blocked.add(HER)
    await chats.move_to(MONDAY + 10 * HOUR)
    async with chats.desk.archive.read() as uow:
        trail = await uow.audit.of(SUBJECT)
    (entry,) = [one for one in trail if one.field == "unreachable_since"]
    assert entry.new is not None


class TestQuietTime:
    async def test_a_hold_by_a_result_at_night_is_told_in_the_morning(self, chats: Phones) -> None:
        await at_home(chats)
        chats.clock.move_to(LATE)
        heard = len(chats.chats[HER])
        await lab(chats, "450", LATE - HOUR)
        assert [one.text for one in chats.chats[HER][heard:]] == []
        await chats.move_to(LATE + 9 * HOUR)
        assert "下一次" in chats.said(HER) or len(chats.chats[HER]) > heard

    async def test_a_transfer_at_night_is_told_in_the_morning(self, chats: Phones) -> None:
        await at_home(chats)
        chats.clock.move_to(LATE)
        heard = len(chats.chats[HER])
        entry = TransferEntry(subject=SUBJECT, to_site=SiteCode("WH"), reason="moved")
        await transfer_participant(chats.desk, entry=entry, by=StaffCode("CA1"), auth=AuthMethod.CONSOLE)
        await chats.settle()
        assert [one.text for one in chats.chats[HER][heard:]] == []
        await chats.move_to(LATE + 9 * HOUR)
        assert "武汉" in chats.said(HER)

    async def test_the_question_of_the_next_morning_waits_for_her_own_morning(self, chats: Phones) -> None:
        """Where she is it is two hours earlier: 08:30 in Tianjin is 06:30."""
        await at_home(chats)
        async with chats.desk.archive.begin() as uow:
            her = await uow.participants.lock(SUBJECT)
            assert her is not None
            await uow.participants.save(replace(her, time_zone="Asia/Dhaka"))
        await reported(chats, Level.SAME_DAY, NOSE)
        await chats.move_to(MONDAY + 23 * HOUR)
        assert "现在怎么样" not in chats.said(HER)
        await chats.move_to(MONDAY + 24 * HOUR)
        assert "现在怎么样" in chats.said(HER)


class TestOneBadRow:
    async def test_a_case_that_cannot_be_read_keeps_no_other_waiting(
        self, chats: Phones, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await at_home(chats)
        bad = await reported(chats, Level.URGENT, NOSE)
        chats.clock.move(MINUTE)
        good = await reported(chats, Level.URGENT, RASH)
        await _spoil(chats, "UPDATE case_ SET chain = 'spoilt' WHERE id = :id", bad.id)
        monkeypatch.setattr(escalations, "AT_ONCE", 1)
        chats.clock.move(HOUR)
        assert await advance_escalations(chats.desk) == 1
        assert await advance_escalations(chats.desk) == 0
        async with chats.desk.archive.read() as uow:
            after = await uow.cases.get(good.id)
        assert after is not None
        assert after.rings > good.rings

    async def test_a_site_that_cannot_be_read_takes_no_digest_from_the_others(self, chats: Phones) -> None:
        await staffed(chats)
        await send_digests(chats.desk)
        await _spoil(chats, "UPDATE site SET time_zone = 'No/Where' WHERE code = :id", "TJ")
        chats.clock.move(24 * HOUR)
        assert await send_digests(chats.desk) == 1
        async with chats.desk.archive.read() as uow:
            assert await uow.outbox.count_by_status("digest:WH:")


async def _spoil(phones: Phones, statement: str, row_id: str | CaseId) -> None:
    async with phones.desk.archive.begin() as uow:
        await uow.session.exec(text(statement), params={"id": row_id})  # type: ignore[call-overload]
