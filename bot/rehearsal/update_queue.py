"""The updates that wait for the bot, and how they leave: by long poll or by webhook, confirmed or kept.

An update stays until the bot asks for a later one (`offset`), or until its webhook answered 2xx.
Source: core.telegram.org/bots/api#getting-updates; tdlib/telegram-bot-api `Client.cpp`, `WebhookActor.cpp`.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import aiohttp

from bot.rehearsal.wire import ApiError, Json, bad_request

# What a bot that never chose gets (Bot API, getUpdates, `allowed_updates`).
_ONLY_WHEN_ASKED: Final = frozenset({"chat_member", "message_reaction", "message_reaction_count"})

_LONGEST_POLL_S: Final = 50
_WEBHOOK_ANSWER_S: Final = 10.0
_FIRST_REPEAT_S: Final = 0.05
_LONGEST_REPEAT_S: Final = 5.0

_ANOTHER_POLL: Final = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)
_WEBHOOK_ACTIVE: Final = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)


@dataclass(frozen=True, slots=True)
class Webhook:
    url: str
    secret_token: str
    max_connections: int


@dataclass(slots=True)
class _Waiting:
    update: Json
    on_received: Callable[[], None]


class UpdateQueue:
    """Updates in order of their number.

    `changed` is called whenever something was confirmed; `now` gives Telegram's second.
    """

    def __init__(self, *, changed: Callable[[], None], now: Callable[[], int]) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._next_id = 700_000_001
        self._allowed: frozenset[str] | None = None
        self._arrived = asyncio.Event()
        self._poll_turn = 0
        self._changed = changed
        self._now = now
        self._webhook: Webhook | None = None
        self._webhook_task: asyncio.Task[None] | None = None
        self._last_webhook_error: tuple[int, str] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, kind: str, content: Json, on_received: Callable[[], None] = lambda: None) -> int | None:
        """Adds an update of this kind; None when the bot did not ask for the kind."""
        wanted = kind not in _ONLY_WHEN_ASKED if self._allowed is None else kind in self._allowed
        if not wanted:
            return None
        return self.put_raw({kind: content}, on_received)

    def put_raw(self, content: Json, on_received: Callable[[], None] = lambda: None) -> int:
        """Adds whatever it is, also what Telegram would never send; gives the update's number."""
        number = self._next_id
        self._next_id += 1
        self._waiting.append(_Waiting({"update_id": number, **content}, on_received))
        self._arrived.set()
        return number

    def allow(self, kinds: Sequence[str] | None) -> None:
        """Which kinds are kept from now on: an empty list means the usual ones, None means as before."""
        if kinds is not None:
            self._allowed = frozenset(kinds) or None

    async def poll(self, *, offset: int, limit: int, timeout_s: int) -> list[Json]:
        """The long poll: confirms what lies before `offset`, then waits for something to give.

        Raises:
            ApiError: 409 when a webhook is set, or when another poll has come in the meantime.
        """
        if self._webhook is not None:
            raise ApiError(409, _WEBHOOK_ACTIVE)
        self._poll_turn += 1
        turn = self._poll_turn
        self._arrived.set()  # wakes the earlier poll, which then finds that its turn is over
        self._confirm_before(offset)
        with suppress(TimeoutError):
            async with asyncio.timeout(min(timeout_s, _LONGEST_POLL_S)):
                while not self._waiting:
                    self._arrived.clear()
                    await self._arrived.wait()
                    if turn != self._poll_turn:
                        raise ApiError(409, _ANOTHER_POLL)
        return [waiting.update for waiting, _ in zip(self._waiting, range(limit), strict=False)]

    def _confirm_before(self, offset: int) -> None:
        """A negative offset keeps only so many of the last ones and forgets the rest."""
        keep_from = self._next_id + offset if offset < 0 else offset
        before = len(self._waiting)
        while self._waiting and self._waiting[0].update["update_id"] < keep_from:
            self._waiting.popleft().on_received()
        if len(self._waiting) != before:
            self._changed()

    def drop_all(self) -> None:
        self._waiting.clear()

    def set_webhook(self, webhook: Webhook) -> None:
        """Delivers to this address from now on.

        Raises:
            ApiError: 400 where Telegram would not take the address or the secret.
        """
        if not webhook.url.startswith(("http://", "https://")):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        self.stop_webhook()
        self._webhook = webhook
        self._last_webhook_error = None
        self._webhook_task = asyncio.create_task(self._deliver_to(webhook))

    def stop_webhook(self) -> None:
        self._webhook = None
        if self._webhook_task is not None:
            self._webhook_task.cancel()
            self._webhook_task = None

    def webhook_info(self) -> Json:
        info: Json = {
            "url": self._webhook.url if self._webhook else "",
            "has_custom_certificate": False,
            "pending_update_count": len(self._waiting),
        }
        if self._webhook:
            info["max_connections"] = self._webhook.max_connections
        if self._allowed is not None:
            info["allowed_updates"] = sorted(self._allowed)
        if self._last_webhook_error:
            info["last_error_date"], info["last_error_message"] = self._last_webhook_error
        return info

    async def _deliver_to(self, webhook: Webhook) -> None:
        """One update after the other, each repeated until it is taken."""
        repeat_s = _FIRST_REPEAT_S
        async with aiohttp.ClientSession() as session:
            while True:
                while not self._waiting:
                    self._arrived.clear()
                    await self._arrived.wait()
                first = self._waiting[0]
                trouble = await _post(session, webhook, first.update)
                if trouble is None and self._waiting and self._waiting[0] is first:
                    self._confirm_before(first.update["update_id"] + 1)
                    repeat_s = _FIRST_REPEAT_S
                elif trouble is not None:
                    self._last_webhook_error = (self._now(), trouble)
                    await asyncio.sleep(repeat_s)
                    repeat_s = min(repeat_s * 2, _LONGEST_REPEAT_S)


async def _post(session: aiohttp.ClientSession, webhook: Webhook, update: Json) -> str | None:
    """Posts one update; None when it was taken, else what went wrong in Telegram's words."""
    headers = {"Content-Type": "application/json"}
    if webhook.secret_token:
        headers["X-Telegram-Bot-Api-Secret-Token"] = webhook.secret_token
    timeout = aiohttp.ClientTimeout(total=_WEBHOOK_ANSWER_S)
    try:
        async with session.post(
            webhook.url, data=json.dumps(update), headers=headers, timeout=timeout
        ) as response:
            if 200 <= response.status < 300:
                return None
            return f"Wrong response from the webhook: {response.status} {response.reason}"
    except (aiohttp.ClientError, TimeoutError) as failure:
        return f"Connection failed: {type(failure).__name__}"
