"""The inbox as the doors use it: keep, then confirm; work off lane by lane; set aside what fails.

The doors never open the archive themselves; both of Telegram's roads, poll and webhook, keep updates
through here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bot.actions.checkpoint import Checkpoint, pass_by
from bot.clock import Clock
from bot.rules.inbound import InboxRow, UpdateKey
from storage.archive import Archive
from storage.errors import AlreadyHandled, StorageUnavailable

# No chat: all such updates share one lane, in order.
NO_LANE = "-"

# Handling takes milliseconds. After a crash the row is free again when this has passed, on the machine's
# time.
LEASE = timedelta(seconds=15)

ATTEMPTS_BEFORE_PARKING = 3


@dataclass(frozen=True, slots=True)
class Arrived:
    """An update that has just reached us; `raw` is its JSON as received, `chat_id` None where it has none."""

    update_id: int
    chat_id: int | None
    raw: bytes


def unnumbered(raw: bytes) -> Arrived:
    """What should have been an update but has no number: kept under a negative one, made of its bytes.

    The same bytes give the same number, so a repeat is dropped like any other.
    """
    digest = hashlib.sha256(raw).digest()
    return Arrived(update_id=-1 - int.from_bytes(digest[:6], "big"), chat_id=None, raw=raw)


class AfterFailure(StrEnum):
    """What a failed update does next."""

    WAS_DONE = "WAS_DONE"
    AGAIN = "AGAIN"
    PARKED = "PARKED"
    STORAGE_IS_AWAY = "STORAGE_IS_AWAY"


class KeepUpdates:
    """Updates of one bot, from arrival to done."""

    def __init__(
        self, *, archive: Archive, clock: Clock, bot_id: int, checkpoint: Checkpoint = pass_by
    ) -> None:
        self._archive = archive
        self._clock = clock
        self._bot_id = bot_id
        self._checkpoint = checkpoint

    async def keep(self, arrived: Sequence[Arrived]) -> int:
        """Keeps them for good and gives how many were new; only then may Telegram be told.

        Raises:
            StorageUnavailable: nothing was kept, nothing may be confirmed.
        """
        if not arrived:
            return 0
        received_at = self._clock.now()
        rows = [
            InboxRow(
                bot_id=self._bot_id,
                update_id=one.update_id,
                lane=NO_LANE if one.chat_id is None else self._archive.keyring.lane(one.chat_id),
                received_at=received_at,
                raw=one.raw,
            )
            for one in arrived
        ]
        async with self._archive.begin() as uow:
            new = await uow.inbox.store(rows)
        self._checkpoint("stored")
        return new

    async def claim(self, limit: int) -> tuple[InboxRow, ...]:
        """The next row of each lane that nobody holds, at most `limit`, oldest first; held for `LEASE`."""
        real_now = self._clock.real_now()
        async with self._archive.begin() as uow:
            return await uow.inbox.claim(limit, real_now, real_now + LEASE)

    async def after_failure(self, key: UpdateKey, error: Exception) -> AfterFailure:
        """Counts a failure; the third sets the row aside for a person, so that its lane goes on.

        A row done before is no failure, and an archive that is away is not the row's fault.
        """
        if isinstance(error, AlreadyHandled):
            return AfterFailure.WAS_DONE
        if isinstance(error, StorageUnavailable):
            return AfterFailure.STORAGE_IS_AWAY
        try:
            async with self._archive.begin() as uow:
                if await uow.inbox.failed(key) < ATTEMPTS_BEFORE_PARKING:
                    return AfterFailure.AGAIN
                await uow.inbox.park(key, self._clock.now(), type(error).__name__)
        except StorageUnavailable:
            return AfterFailure.STORAGE_IS_AWAY
        return AfterFailure.PARKED
