"""The sending budget of one bot: how long a message must wait so that Telegram does not refuse it.

Telegram allows about 30 messages a second over all, one a second in a chat (short bursts pass) and 20 a
minute in a group; then it answers 429 with the seconds to wait. Source:
core.telegram.org/bots/faq#broadcasting-to-users.

Worked case: 40 reminders and an emergency text at the same moment. 24 reminders go at once, the emergency
text too (six slots are kept free for it), the other 16 reminders a second later.

A group takes ten messages at once and then one in six seconds, which is never more than 20 in any minute and
never a minute's silence: what waits for its turn meanwhile is gathered into one (`bot/actions/tell_group`).

All of it runs on the machine's monotonic time, never on the study's clock.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from bot.rules.messages import Priority

PER_SECOND: Final = 30
KEPT_FREE_FOR_SAFETY: Final = 6
CHAT_BURST: Final = 5
CHAT_REFILL_PER_S: Final = 1.0
GROUP_PER_MINUTE: Final = 20
GROUP_BURST: Final = GROUP_PER_MINUTE // 2
GROUP_REFILL_PER_S: Final = (GROUP_PER_MINUTE - GROUP_BURST) / 60.0

# Chats nobody wrote to for so long are forgotten; by then every burst is refilled.
_FORGET_AFTER_S: Final = 120.0
_MOST_CHATS: Final = 5_000
# What is left of a whole slot by counting in fractions of seconds.
_ROUNDING: Final = 1e-6

Sleep = Callable[[float], Awaitable[None]]


class MonotonicClock(Protocol):
    """The part of the clock that pacing needs."""

    def monotonic(self) -> float: ...


@dataclass(slots=True)
class _ChatPace:
    """What one chat may still take: `tokens` as of `seen_at`, and no word before `halted_until`."""

    tokens: float
    seen_at: float
    halted_until: float = 0.0


class Pacing:
    """Says when the next message may go; every message asks `turn` first."""

    def __init__(self, clock: MonotonicClock, *, sleep: Sleep = asyncio.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._last_second: deque[float] = deque()
        self._chats: dict[int, _ChatPace] = {}

    async def turn(self, chat_id: int | None, priority: Priority, *, longest_wait_s: float) -> float:
        """Waits until this message may go and takes its slot: 0.0.

        A wait longer than `longest_wait_s` is not begun: its seconds are returned and no slot is taken.
        `chat_id` None (the answer to a tap) counts against the whole only; a negative one is a group, whose
        members are no patients: nothing overtakes its pace.
        """
        while (wait_s := self.wait_s(chat_id, priority)) > 0.0:
            if wait_s > longest_wait_s:
                return wait_s
            await self._sleep(wait_s)
        self._take(chat_id)
        return 0.0

    def halt(self, chat_id: int, for_s: float) -> None:
        """Telegram asked for silence in this chat: kept to the second, for every priority."""
        chat = self._chat(chat_id)
        chat.halted_until = max(chat.halted_until, self._clock.monotonic() + for_s)

    def wait_s(self, chat_id: int | None, priority: Priority) -> float:
        """Seconds until a message of this priority may go to this chat; 0.0 means now."""
        waits = [self._whole_wait_s(priority)]
        if chat_id is not None:
            chat = self._chat(chat_id)
            waits.append(chat.halted_until - self._clock.monotonic())
            # Her emergency text does not wait for the chatter before it: a 429 would be the lesser evil.
            if priority is not Priority.SAFETY or chat_id < 0:
                waits.append((1.0 - chat.tokens) / _refill_per_s(chat_id))
        return max(0.0, *waits)

    def room(self, chat_id: int) -> int:
        """How many messages this chat may take at this moment, one after the other without a wait."""
        chat = self._chat(chat_id)
        return 0 if chat.halted_until > self._clock.monotonic() else int(chat.tokens + _ROUNDING)

    def _whole_wait_s(self, priority: Priority) -> float:
        now = self._clock.monotonic()
        while self._last_second and self._last_second[0] <= now - 1.0:
            self._last_second.popleft()
        slots = PER_SECOND if priority <= Priority.ALERT else PER_SECOND - KEPT_FREE_FOR_SAFETY
        if len(self._last_second) < slots:
            return 0.0
        return self._last_second[-slots] + 1.0 - now

    def _take(self, chat_id: int | None) -> None:
        now = self._clock.monotonic()
        self._last_second.append(now)
        if chat_id is None:
            return
        self._chat(chat_id).tokens -= 1.0

    def _chat(self, chat_id: int) -> _ChatPace:
        """The chat's pace as of now; a new one may burst at once."""
        now = self._clock.monotonic()
        chat = self._chats.get(chat_id)
        if chat is None:
            self._forget_the_quiet(now)
            chat = self._chats[chat_id] = _ChatPace(tokens=_burst(chat_id), seen_at=now)
        grown = chat.tokens + (now - chat.seen_at) * _refill_per_s(chat_id)
        chat.tokens = min(_burst(chat_id), grown)
        chat.seen_at = now
        return chat

    def _forget_the_quiet(self, now: float) -> None:
        if len(self._chats) < _MOST_CHATS:
            return
        self._chats = {
            chat_id: chat
            for chat_id, chat in self._chats.items()
            if chat.seen_at > now - _FORGET_AFTER_S or chat.halted_until > now
        }


def _burst(chat_id: int) -> float:
    """A group's number is negative."""
    return float(CHAT_BURST if chat_id >= 0 else GROUP_BURST)


def _refill_per_s(chat_id: int) -> float:
    return CHAT_REFILL_PER_S if chat_id >= 0 else GROUP_REFILL_PER_S
