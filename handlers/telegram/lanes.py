"""Works off the inbox: one lane per chat, in order; different lanes side by side.

A lane never has more than one update in hand, and no lane may fill the places of the others: somebody who
sends five hundred messages waits for herself alone. (python-telegram-bot's processor takes a place before
it looks at the lane, so one flooding chat delays everybody.)
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, Protocol

import structlog

from bot.actions.checkpoint import Checkpoint, pass_by
from bot.actions.keep_updates import AfterFailure
from bot.actions.waiting import Patience, rest
from bot.rules.inbound import InboxRow, UpdateKey

_log = structlog.get_logger(__name__)

# SQLite takes one writer at a time anyway; on PostgreSQL this is the number of connections in use.
SIDE_BY_SIDE: Final = 16

# Without being woken: what another process kept, or what a crash left behind, is seen within this time.
LOOK_AGAIN_S: Final = 1.0

Handle = Callable[[InboxRow], Awaitable[None]]


class Inbox(Protocol):
    """Where the rows come from; rows are held on the machine's time."""

    async def claim(self, limit: int) -> tuple[InboxRow, ...]: ...

    async def after_failure(self, key: UpdateKey, error: Exception) -> AfterFailure: ...


async def nobody_is_told(row: InboxRow) -> None:
    """What happens with a parked row where nobody is named."""


class Lanes:
    """Calls `handle` for each row; `handle` itself writes "done" in the commit of what it did.

    `on_parked` is called when a row failed for the third time and was set aside. A row whose handling
    raises because it was done before is simply past.
    """

    def __init__(
        self,
        *,
        inbox: Inbox,
        handle: Handle,
        on_parked: Handle = nobody_is_told,
        side_by_side: int = SIDE_BY_SIDE,
        patience: Patience | None = None,
        checkpoint: Checkpoint = pass_by,
    ) -> None:
        self._inbox = inbox
        self._handle = handle
        self._on_parked = on_parked
        self._side_by_side = side_by_side
        self._patience = patience or Patience(first_s=0.2, longest_s=5.0)
        self._checkpoint = checkpoint
        self._wake = asyncio.Event()
        self._in_hand: dict[UpdateKey, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """There is something new in the inbox."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop`, then finishes what is in hand."""
        failures = 0
        while not stop.is_set():
            self._wake.clear()
            try:
                there_may_be_more = await self._begin_claimed()
            except Exception as error:  # the archive is away; the rows wait
                failures += 1
                _log.error("the inbox cannot be read", error=type(error).__name__)
                await rest(stop, self._patience.after(failures))
                continue
            failures = 0
            if not there_may_be_more:
                await rest(stop, LOOK_AGAIN_S, woken=self._wake)
        await asyncio.gather(*self._in_hand.values())

    async def work_off(self) -> None:
        """Everything that is in the inbox now, and what that brings, until it is empty (tests, rehearsal)."""
        while True:
            self._wake.clear()
            there_may_be_more = await self._begin_claimed()
            if self._in_hand:
                await asyncio.wait(self._in_hand.values(), return_when=asyncio.FIRST_COMPLETED)
            elif not there_may_be_more and not self._wake.is_set():
                return  # a row that was put down during the claim would have woken us

    async def _begin_claimed(self) -> bool:
        """Claims as many rows as there are places and begins each; whether there may be more at once.

        A claim that left places free took the front of every lane: what comes next comes with a wake-up.
        """
        places = self._side_by_side - len(self._in_hand)
        if places <= 0:
            return False
        # A row still in hand comes again when its hold has run out: it is not begun twice.
        rows = await self._inbox.claim(places)
        for row in rows:
            if row.key in self._in_hand:
                continue
            task = asyncio.create_task(self._work_on(row))
            self._in_hand[row.key] = task
            task.add_done_callback(partial(self._put_down, row.key))
        return len(rows) == places

    def _put_down(self, key: UpdateKey, _task: asyncio.Task[None]) -> None:
        del self._in_hand[key]
        self._wake.set()

    async def _work_on(self, row: InboxRow) -> None:
        """One row until it is done, parked, or the archive is away; its lane waits, the others do not."""
        failures = 0
        while True:
            try:
                await self._handle(row)
            except Exception as error:  # one bad update never stops the others
                failures += 1
                # The kind of error only: its words may hold what a patient wrote.
                _log.error("an update failed", update=row.update_id, error=type(error).__name__)
                if await self._is_past(row, error):
                    return
            else:
                self._checkpoint("handled")
                return
            await asyncio.sleep(self._patience.after(failures))

    async def _is_past(self, row: InboxRow, error: Exception) -> bool:
        """Whether this row needs nothing more from us now."""
        try:
            now = await self._inbox.after_failure(row.key, error)
        except Exception as trouble:  # it stays held for a while, then it is claimed anew
            _log.error("a failure could not be counted", error=type(trouble).__name__)
            return True
        match now:
            case AfterFailure.AGAIN:
                return False
            case AfterFailure.PARKED:
                await self._tell_parked(row)
                return True
            case AfterFailure.WAS_DONE | AfterFailure.STORAGE_IS_AWAY:
                return True

    async def _tell_parked(self, row: InboxRow) -> None:
        try:
            await self._on_parked(row)
        except Exception as error:  # telling must not stop the lane
            _log.error("nobody could be told of a parked update", error=type(error).__name__)
