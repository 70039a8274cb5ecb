"""Which way a message goes: Telegram, or the second road."""

from __future__ import annotations

from datetime import timedelta

from bot.actions.deliver_messages import Attachment, MessageSender
from bot.delivery.second_road import SecondRoad
from bot.rules.delivery import Delivered, Outcome, TryAgain
from bot.rules.messages import OutboxRow, SendKind
from bot.texts import Rendered


class WaysOut:
    """The `MessageSender` of the delivery loop: one row, one way."""

    def __init__(self, telegram: MessageSender, second_road: SecondRoad) -> None:
        self._telegram = telegram
        self._second_road = second_road

    async def send(self, row: OutboxRow, said: Rendered, attachment: Attachment | None = None) -> Outcome:
        """One attempt. Of the second road the first paragraph is the title."""
        if row.message.kind is not SendKind.SECOND_ROAD:
            return await self._telegram.send(row, said, attachment)
        title, _, body = said.text.partition("\n\n")
        outcome = await self._second_road.ring(row.addresses, title=title, body=body or title)
        if outcome.arrived:
            return Delivered(None)
        return TryAgain(after=timedelta(0), reason=f"second road: {outcome.reason}")
