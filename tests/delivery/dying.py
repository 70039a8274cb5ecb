"""A small Suifang that can be killed at a named moment: intake, lanes, delivery, on one archive."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import datetime, timedelta

from bot.actions.checkpoint import Checkpoint, Moment
from bot.actions.deliver_messages import DeliverMessages
from bot.actions.keep_updates import KeepUpdates
from bot.clock import MovableClock, SystemClock
from bot.delivery.aiohttp_request import telegram_connection
from bot.delivery.pacing import Pacing
from bot.delivery.telegram_sender import TelegramSender
from bot.rules.inbound import InboxRow
from bot.rules.messages import Message, OutboxRow, Phrase, Priority, Recipient, RecipientKind
from bot.rules.study import Bilingual, Language
from bot.texts import Texts
from handlers.telegram.intake import Intake
from handlers.telegram.lanes import Lanes
from handlers.telegram.translate import to_inbound
from storage.archive import Archive
from storage.keyring import Keyring
from storage.unit_of_work import UnitOfWork
from tests import cast

SECRET = "a key for tests only, of more than thirty-two characters"
AFTER_THE_LEASES = timedelta(minutes=5)


class Machine(MovableClock):
    """The study stands still; the machine's own clock is ahead by so much."""

    def __init__(self, ahead: timedelta = timedelta()) -> None:
        super().__init__(cast.MORNING, frozen=True)
        self._ahead = ahead

    def real_now(self) -> datetime:
        return super().real_now() + self._ahead


async def nobody(uow: UnitOfWork, row: OutboxRow, reason: str, *, for_good: bool) -> None:
    """Nobody is told in this house."""


async def serve(
    database_url: str,
    api_url: str,
    token: str,
    *,
    stop: asyncio.Event,
    checkpoint: Checkpoint,
    ahead: timedelta = timedelta(),
) -> None:
    """Repeats to everybody what they say, until `stop`."""
    machine = Machine(ahead)
    archive = await Archive.open(database_url, Keyring(SECRET))
    bot_id = int(token.split(":")[0])

    async def repeat(row: InboxRow) -> None:
        inbound = to_inbound(row.bot_id, row.raw, row.lane)
        async with archive.begin() as uow:
            await uow.inbox.begin(row.key)
            reply = Message(
                unique_key=f"reply:{row.update_id}",
                to=Recipient(RecipientKind.STRANGER, row.lane),
                language=Language.ZH,
                priority=Priority.REPLY,
                phrases=(Phrase(words=Bilingual(en=inbound.text, zh=inbound.text)),),
            )
            await uow.outbox.put(reply, machine.now(), chat_id=inbound.chat_id)
            await uow.inbox.done(row.key, machine.now())

    async with telegram_connection(token, api_url=api_url) as connected:
        keeper = KeepUpdates(archive=archive, clock=machine, bot_id=bot_id, checkpoint=checkpoint)
        lanes = Lanes(inbox=keeper, handle=repeat, checkpoint=checkpoint)
        intake = Intake(bot=connected.bot, polling=connected.polling, keeper=keeper, wake=lanes.wake)
        delivery = DeliverMessages(
            archive=archive,
            clock=machine,
            wording=Texts.load(),
            sender=TelegramSender(connected.bot, Pacing(SystemClock())),
            undelivered=nobody,
            checkpoint=checkpoint,
        )
        archive.after_commit(delivery.nudge)
        await asyncio.gather(intake.run(stop), lanes.run(stop), delivery.run(stop))
    await archive.close()


def serve_until_killed(database_url: str, api_url: str, token: str, moment: str) -> None:
    """The process that dies: `kill -9` by its own hand, the first time the moment has come."""
    handled = False

    def die(reached: Moment) -> None:
        nonlocal handled
        handled = handled or reached == "handled"
        # The delivery claims from the first second on; only a claim that can hold the reply counts.
        if reached == moment and (reached != "claimed" or handled):
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(serve(database_url, api_url, token, stop=asyncio.Event(), checkpoint=die))
