"""The picture behind a patient's card in the chat: drawn when it is sent, for the person it is sent to.

The rights are asked again at that moment. A picture that cannot be drawn is one row of the outbox that was
refused; the card went before it. Source: issue "rehearse a trial" (a failed picture holds back no answer).
"""

from __future__ import annotations

import asyncio

from bot.actions.deliver_messages import Attachment
from bot.actions.desk import Desk
from bot.actions.draw_timeline import timeline_of
from bot.actions.review_log import review_log
from bot.charts import Labels, as_png
from bot.rules.messages import Message, RecipientKind, SendKind
from bot.rules.participant import DoseKind
from bot.rules.study import StaffCode
from bot.texts import Texts, enum_key


class TimelinePictures:
    """The `Attachments` of the delivery loop."""

    def __init__(self, desk: Desk, texts: Texts) -> None:
        self._desk = desk
        self._texts = texts

    async def of(self, message: Message) -> Attachment | None:
        """The timeline of the subject a picture is about; None for every other message.

        Raises:
            NotEntitled: the person may no longer see this participant.
        """
        if message.kind is not SendKind.PICTURE or message.about is None:
            return None
        if message.to.kind is not RecipientKind.STAFF:
            return None
        log = await review_log(self._desk, subject=message.about, by=StaffCode(message.to.code))
        labels = Labels(
            language=message.language,
            platelets=self._texts.say("console.chart.platelets", message.language),
            dose=self._texts.say(enum_key(DoseKind.TREATMENT), message.language),
            therapy=self._texts.say("console.chart.therapy", message.language),
            cases=self._texts.say("console.chart.cases", message.language),
            proposed=self._texts.say("console.log.proposed", message.language),
            confirmed=self._texts.say("console.log.confirmed", message.language),
        )
        timeline = timeline_of(log, log.study, labels, self._desk.now())
        content = await asyncio.to_thread(as_png, timeline, labels)
        return Attachment(content=content, filename=f"{message.about}.png")
