"""The one road past the outbox: the archive cannot be written, and somebody may be bleeding.

Nothing can be stored, so nothing is confirmed and the same updates come back with every poll; what was
answered is remembered in memory. Only emergency advice is said, in both languages, and it promises nothing:
nobody could be alerted. When the archive is well again the update takes its ordinary way, and the actions
ask `was_given` so that the advice is not said over again.

Source: architecture ("Nothing speaks except through the outbox, with one exception"); decisions "Telegram
intake and delivery".
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import structlog
from telegram import Bot

from bot.actions.keep_updates import Arrived
from bot.rules import callback
from bot.rules.inbound import Inbound
from bot.rules.study import Language, Study
from bot.understanding.understander import ReadsWords
from handlers.telegram.translate import to_inbound

_log = structlog.get_logger(__name__)

# Far more than Telegram keeps waiting for one bot in a bad night.
_REMEMBERED: Final = 10_000


class DirectAdvice:
    """Answers red flags among updates that could not be kept, each once."""

    def __init__(self, *, bot: Bot, study: Study, understander: ReadsWords) -> None:
        self._bot = bot
        self._study = study
        self._understander = understander
        # Looked at → whether it was answered.
        self._answered: OrderedDict[int, bool] = OrderedDict()

    async def __call__(self, arrived: Sequence[Arrived]) -> None:
        """Looks through all of them; one that cannot be read or sent never stops the others."""
        for one in arrived:
            if one.update_id in self._answered:
                continue
            try:
                await self._answer(one)
            except Exception as error:  # an update of any shape may stand before the one that matters
                # Not remembered: it is tried again when it comes back.
                _log.error(
                    "emergency advice could not be sent", update=one.update_id, error=type(error).__name__
                )

    async def _answer(self, one: Arrived) -> None:
        inbound = to_inbound(0, one.raw, "-")
        if not inbound.private or not self._is_red_flag(inbound):
            self._remember(one.update_id, given=False)
            return
        await self._bot.send_message(inbound.chat_id, self._words(inbound))
        self._remember(one.update_id, given=True)

    def was_given(self, update_id: int) -> bool:
        """Whether the sender of this update has had the advice on this road."""
        return self._answered.get(update_id, False)

    def _is_red_flag(self, inbound: Inbound) -> bool:
        if callback.red_flag_in(inbound.token) is not None:
            return True
        return bool(inbound.text and self._understander.understand(inbound.text).red_flags)

    def _words(self, inbound: Inbound) -> str:
        """The text for somebody we cannot look up: no site phone, no word of alerting."""
        text = self._study.texts[self._study.triage.emergency_fallback]
        words = text.to_stranger or text.text
        first = inbound.language_hint or Language.ZH
        order = (first, *(language for language in Language if language is not first))
        return "\n\n".join(words.said_in(language) for language in order)

    def _remember(self, update_id: int, *, given: bool) -> None:
        self._answered[update_id] = given
        while len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)
