"""From the outbox to a telephone and back into the record: real HTTP, real databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.actions.deliver_messages import LEASE, Attachment, DeliverMessages
from bot.actions.waiting import Patience
from bot.clock import MovableClock, SystemClock
from bot.delivery.aiohttp_request import telegram_connection
from bot.delivery.pacing import Pacing
from bot.delivery.telegram_sender import TelegramSender
from bot.rehearsal import faults
from bot.rehearsal.chats import Person
from bot.rehearsal.stand_in import StandIn
from bot.rules.messages import (
    Button,
    Message,
    OutboxRow,
    OutboxStatus,
    Phrase,
    Priority,
    Recipient,
    RecipientKind,
    SendKind,
)
from bot.rules.participant import ParticipantState
from bot.rules.study import Bilingual, Language, SubjectCode
from bot.texts import Texts
from storage.archive import Archive
from storage.unit_of_work import UnitOfWork
from tests import cast

HER = Recipient(RecipientKind.PARTICIPANT, "TJ-001")
COORDINATOR = Recipient(RecipientKind.STAFF, "CA1")
TEXTS = Texts.load()
SAME_CASE_AGAIN = TEXTS.say("staff.same_case_again", Language.ZH)
SAME_MESSAGE_AGAIN = TEXTS.say("patient.same_message_again", Language.ZH)


class Machine(MovableClock):
    """The study's time stands still; the machine's own can be moved on, for leases and retries."""

    def __init__(self) -> None:
        super().__init__(cast.MORNING, frozen=True)
        self.ahead = timedelta()

    def real_now(self) -> datetime:
        return super().real_now() + self.ahead

    def wait(self, by: timedelta) -> None:
        """Both clocks go on."""
        self.ahead += by
        self.move(by)


@dataclass
class Chain:
    """Hears what could not be delivered, as the escalation does."""

    heard: list[tuple[str, str, bool]] = field(default_factory=list)
    faulty: bool = False

    async def __call__(self, uow: UnitOfWork, row: OutboxRow, reason: str, *, for_good: bool) -> None:
        self.heard.append((row.message.unique_key, reason, for_good))
        if self.faulty:
            raise RuntimeError("the chain is broken")


@dataclass
class House:
    """Everything a delivery needs, and two people with telephones."""

    archive: Archive
    telegram: StandIn
    delivery: DeliverMessages
    machine: Machine
    chain: Chain
    li: Person
    ca1: Person

    async def put(self, *messages: Message) -> None:
        async with self.archive.begin() as uow:
            for message in messages:
                await uow.outbox.put(message, self.machine.now())

    async def status(self, key: str) -> OutboxStatus:
        async with self.archive.read() as uow:
            row = await uow.outbox.get_by_key(key)
        assert row is not None
        return row.status

    async def words(self, key: str) -> str:
        async with self.archive.read() as uow:
            row = await uow.outbox.get_by_key(key)
            assert row is not None
            return await uow.outbox.words_of(row.id)

    def shown(self, person: Person) -> list[str]:
        return [shown.text for shown in self.telegram.screen(person) if shown.from_bot]


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
async def house(archive: Archive, machine: Machine) -> AsyncIterator[House]:
    async with StandIn(clock=machine) as telegram:
        li, ca1 = await telegram.create_user("Li"), await telegram.create_user("Chen")
        await telegram.type(li, "/start")
        await telegram.type(ca1, "/start")
        async with archive.begin() as uow:
            await uow.sites.add(cast.TIANJIN)
            await uow.staff.add(cast.COORDINATOR)
            await uow.participants.add(cast.participant())
            await uow.identities.link(li.id, HER, machine.now())
            await uow.identities.link(ca1.id, COORDINATOR, machine.now())
        async with telegram_connection(telegram.token, api_url=telegram.url) as connected:
            chain = Chain()
            delivery = DeliverMessages(
                archive=archive,
                clock=machine,
                wording=TEXTS,
                sender=TelegramSender(connected.bot, Pacing(SystemClock())),
                undelivered=chain,
            )
            yield House(archive, telegram, delivery, machine, chain, li, ca1)


def message(key: str, *, to: Recipient = HER, priority: Priority = Priority.REPLY, **more: Any) -> Message:
    more.setdefault("phrases", (Phrase(words=Bilingual(en=key, zh=key)),))
    return Message(
        unique_key=key,
        to=to,
        language=Language.ZH,
        priority=priority,
        about=SubjectCode("TJ-001") if to is HER else None,
        **more,
    )


def alert(key: str, **more: Any) -> Message:
    return message(key, to=COORDINATOR, priority=Priority.ALERT, **more)


async def test_what_was_put_is_said_in_order_and_the_exact_words_are_kept(house: House) -> None:
    yes = Button(Phrase(words=Bilingual(en="Yes", zh="是")), "v:1")
    await house.put(message("one"), message("two", buttons=((yes, yes),)), message("three"))
    assert await house.delivery.deliver_due() == 3
    assert house.shown(house.li) == ["one", "two", "three"]
    assert await house.words("two") == "two\n[是 | 是]"
    assert await house.status("three") is OutboxStatus.DELIVERED


async def test_safety_goes_before_all_that_was_written_earlier(house: House) -> None:
    await house.put(message("reply"), message("digest", priority=Priority.DIGEST))
    await house.put(message("advice", priority=Priority.SAFETY))
    await house.delivery.deliver_due()
    sent = [call.text("text") for call in house.telegram.calls]
    assert sent.index("advice") == 0 or sent.index("advice") < sent.index("digest")


async def test_an_edit_changes_the_message_that_the_named_row_sent(house: House) -> None:
    await house.put(message("question"))
    await house.delivery.deliver_due()
    await house.put(message("answer", kind=SendKind.EDIT, edits="question"))
    await house.put(message("later", kind=SendKind.EDIT, edits="answer"))
    await house.delivery.deliver_due()
    assert house.shown(house.li) == ["later"]


async def test_what_expired_is_not_said(house: House) -> None:
    await house.put(message("reminder", expires_at=house.machine.now() + timedelta(hours=1)))
    house.machine.move(timedelta(hours=2))
    assert await house.delivery.deliver_due() == 0
    assert await house.status("reminder") is OutboxStatus.EXPIRED


async def test_what_is_due_later_waits_for_its_moment(house: House) -> None:
    await house.put(message("reminder", send_after=house.machine.now() + timedelta(hours=1)))
    assert await house.delivery.deliver_due() == 0
    house.machine.move(timedelta(hours=1))
    assert await house.delivery.deliver_due() == 1
    assert house.shown(house.li) == ["reminder"]


@pytest.mark.parametrize(
    "change",
    [
        {"messages_stopped_at": cast.MORNING},
        {"state": ParticipantState.WITHDRAWN},
        {"state": ParticipantState.DIED},
    ],
    ids=["stopped", "withdrew", "died"],
)
async def test_nothing_routine_is_said_to_her_any_more_but_safety_is(
    house: House, change: dict[str, Any]
) -> None:
    await house.put(message("reminder", priority=Priority.REMINDER, routine=True))
    await house.put(message("advice", priority=Priority.SAFETY))
    async with house.archive.begin() as uow:
        participant = await uow.participants.lock(SubjectCode("TJ-001"))
        assert participant is not None
        await uow.participants.save(replace(participant, **change))
    await house.delivery.deliver_due()
    assert house.shown(house.li) == ["advice"]
    assert await house.status("reminder") is OutboxStatus.CANCELLED


async def test_an_uncertain_alert_is_repeated_once_and_says_that_it_is_the_same(
    house: House,
) -> None:
    house.telegram.inject(faults.AnswerLost(), times=2)
    await house.put(alert("alert:1"))
    await house.delivery.deliver_due()
    assert house.chain.heard == []
    house.machine.wait(timedelta(seconds=5))
    await house.delivery.deliver_due()
    house.machine.wait(timedelta(minutes=5))
    assert await house.delivery.deliver_due() == 0
    assert house.shown(house.ca1) == ["alert:1", f"{SAME_CASE_AGAIN}\n\nalert:1"]
    assert await house.status("alert:1") is OutboxStatus.UNCERTAIN
    assert [(key, for_good) for key, _, for_good in house.chain.heard] == [("alert:1", False)]


async def test_an_uncertain_safety_text_is_repeated_in_her_words(house: House) -> None:
    house.telegram.inject(faults.AnswerLost())
    await house.put(message("advice", priority=Priority.SAFETY))
    await house.delivery.deliver_due()
    house.machine.wait(timedelta(seconds=5))
    await house.delivery.deliver_due()
    assert house.shown(house.li) == ["advice", f"{SAME_MESSAGE_AGAIN}\n\nadvice"]
    assert await house.status("advice") is OutboxStatus.DELIVERED
    assert house.chain.heard == []


async def test_an_uncertain_reminder_is_left_alone(house: House) -> None:
    house.telegram.inject(faults.AnswerLost())
    await house.put(message("reminder", priority=Priority.REMINDER))
    await house.delivery.deliver_due()
    house.machine.wait(timedelta(minutes=5))
    assert await house.delivery.deliver_due() == 0
    assert await house.status("reminder") is OutboxStatus.UNCERTAIN
    assert house.shown(house.li) == ["reminder"]


async def test_a_certain_failure_is_repeated_without_a_word_about_it(house: House) -> None:
    house.telegram.inject(faults.ServerError(500), times=3)
    await house.put(alert("alert:1"))
    for _ in range(6):
        await house.delivery.deliver_due()
        house.machine.wait(timedelta(seconds=4))
    assert house.shown(house.ca1) == ["alert:1"]
    assert house.chain.heard == []


async def test_telegrams_own_pause_is_kept_to_the_second_while_other_chats_go_on(house: House) -> None:
    house.telegram.inject(faults.TooManyRequests(3), chat=house.li)
    await house.put(message("one"), message("two"), alert("alert:1"))
    await house.delivery.deliver_due()
    assert (house.shown(house.li), house.shown(house.ca1)) == ([], ["alert:1"])
    house.machine.wait(timedelta(seconds=2.5))
    await house.delivery.deliver_due()
    assert house.shown(house.li) == []
    async with house.archive.read() as uow:
        row = await uow.outbox.get_by_key("one")
    assert row is not None
    assert row.attempts == 1


async def test_an_alert_that_stays_away_for_a_minute_is_told_once(house: House) -> None:
    house.telegram.inject(faults.ServerError(500), method="sendMessage", times=None)
    await house.put(alert("alert:1"), message("reply"))
    for second in range(0, 90, 5):
        await house.delivery.deliver_due()
        told = [key for key, _, _ in house.chain.heard]
        assert told == ([] if second < 60 else ["alert:1"]), second
        house.machine.wait(timedelta(seconds=5))
    house.telegram.clear_faults()
    house.machine.wait(timedelta(minutes=2))
    await house.delivery.deliver_due()
    assert house.shown(house.ca1) == ["alert:1"]


async def test_who_blocked_us_is_unreachable_at_once(house: House) -> None:
    await house.telegram.block(house.ca1)
    await house.put(alert("alert:1"))
    await house.delivery.deliver_due()
    assert house.chain.heard == [("alert:1", "Forbidden: bot was blocked by the user", True)]
    assert await house.status("alert:1") is OutboxStatus.UNREACHABLE


async def test_who_never_linked_a_chat_is_unreachable_at_once(house: House) -> None:
    async with house.archive.begin() as uow:
        await uow.identities.end(COORDINATOR, house.machine.now(), "unlinked")
    await house.put(alert("alert:1"))
    await house.delivery.deliver_due()
    assert house.chain.heard == [("alert:1", "no chat", True)]
    assert await house.status("alert:1") is OutboxStatus.UNREACHABLE


async def test_a_fault_in_what_follows_stops_no_message(house: House) -> None:
    house.chain.faulty = True
    async with house.archive.begin() as uow:
        await uow.identities.end(COORDINATOR, house.machine.now(), "unlinked")
    await house.put(alert("alert:1"), message("reply"))
    await house.delivery.deliver_due()
    assert house.shown(house.li) == ["reply"]


async def test_a_fault_after_a_refusal_still_lets_the_row_end(house: House) -> None:
    house.chain.faulty = True
    await house.telegram.block(house.ca1)
    await house.put(alert("alert:1"))
    await house.delivery.deliver_due()
    assert await house.status("alert:1") is OutboxStatus.UNREACHABLE


async def test_what_cannot_be_worded_is_refused_and_an_alert_of_it_is_told(house: House) -> None:
    await house.put(alert("alert:1", phrases=(Phrase(key="staff.no_such_key"),)), message("reply"))
    await house.delivery.deliver_due()
    assert await house.status("alert:1") is OutboxStatus.REFUSED
    assert house.chain.heard == [("alert:1", "could not be worded: Unsayable", False)]
    assert house.shown(house.li) == ["reply"]


async def test_a_tap_too_old_to_answer_is_no_failure(house: House) -> None:
    await house.put(message("tap", kind=SendKind.ANSWER_TAP, tap_id="77", phrases=()))
    await house.delivery.deliver_due()
    assert await house.status("tap") is OutboxStatus.DELIVERED
    assert house.chain.heard == []


async def test_a_picture_is_made_when_it_is_sent(house: House) -> None:
    class Charts:
        async def of(self, message: Message) -> Attachment:
            return Attachment("plt.png", b"\x89PNG")

    house.delivery._attachments = Charts()
    await house.put(message("chart", kind=SendKind.PICTURE))
    await house.delivery.deliver_due()
    shown = house.telegram.last_message(house.li)
    assert shown is not None
    assert house.telegram.file(shown, house.li) == b"\x89PNG"


async def test_chats_go_side_by_side_and_each_in_order(house: House) -> None:
    """Her first message hangs; the coordinator's all pass; then hers follow in order."""
    held = faults.Held()
    house.telegram.inject(held, chat=house.li)
    await house.put(*[message(f"m{n}") for n in range(3)], *[alert(f"alert:{n}") for n in range(3)])
    working = asyncio.create_task(house.delivery.deliver_due())
    await house.telegram.wait_for_message(house.ca1, containing="alert:2")
    assert house.shown(house.li) == []
    held.until.set()
    await working
    assert house.shown(house.li) == ["m0", "m1", "m2"]


async def test_a_running_delivery_hears_a_nudge_and_finishes_what_is_in_hand(house: House) -> None:
    stop = asyncio.Event()
    house.archive.after_commit(house.delivery.nudge)
    running = asyncio.create_task(house.delivery.run(stop))
    await house.put(message("one"))
    await house.telegram.wait_for_message(house.li, containing="one")
    held = faults.Held()
    house.telegram.inject(held)
    faulted = asyncio.Event()
    house.telegram.listen(lambda happening: faulted.set() if happening.kind == "FAULT" else None)
    await house.put(message("two"))
    await faulted.wait()
    stop.set()
    held.until.set()
    await running
    assert await house.status("two") is OutboxStatus.DELIVERED


async def test_what_was_claimed_when_the_process_died_is_said_once_more_as_the_same(house: House) -> None:
    await house.put(message("question"), alert("alert:1"))
    async with house.archive.begin() as uow:
        real_now = house.machine.real_now()
        assert len(await uow.outbox.claim(10, house.machine.now(), real_now, real_now + LEASE)) == 2
    assert await house.delivery.deliver_due() == 0
    house.machine.ahead += LEASE + timedelta(seconds=1)
    await house.delivery.deliver_due()
    assert house.shown(house.li) == [f"{SAME_MESSAGE_AGAIN}\n\nquestion"]
    assert house.shown(house.ca1) == [f"{SAME_CASE_AGAIN}\n\nalert:1"]
    assert await house.delivery.deliver_due() == 0


async def test_what_was_cancelled_since_the_claim_is_not_said(house: House) -> None:
    await house.put(message("reminder", cancel_tag="reminder:injection-2"))

    async def cancel() -> None:
        async with house.archive.begin() as uow:
            await uow.outbox.cancel("reminder:injection-2", "done", house.machine.now())

    tasks: list[asyncio.Task[None]] = []

    def cancel_after_claim(moment: str) -> None:
        if moment == "claimed" and not tasks:
            tasks.append(asyncio.create_task(cancel()))

    house.delivery._checkpoint = cancel_after_claim
    original = house.delivery._still_wanted

    async def after_the_cancelling(row: OutboxRow) -> bool:
        await tasks[0]
        return await original(row)

    house.delivery._still_wanted = after_the_cancelling  # type: ignore[method-assign]
    await house.delivery.deliver_due()
    assert house.shown(house.li) == []
    assert await house.status("reminder") is OutboxStatus.CANCELLED


def test_pauses_grow_and_stay_bearable() -> None:
    assert [Patience(1.0, 60.0).after(n) for n in (1, 2, 5, 7, 99)] == [1.0, 2.0, 16.0, 60.0, 60.0]
