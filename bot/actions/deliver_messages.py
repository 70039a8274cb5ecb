"""Says what waits in the outbox: claim, look again, word it, send it, write down what became of it.

At least once: Telegram knows no idempotency key. A doubled reminder is harmless, a lost alert is not. So
a message of which nobody can know whether it arrived is repeated once if it is an alert or a safety text,
says that it is the same, and stands as a message of its own; any other is left alone. What was claimed
when the process died is said once more in the same way, whatever it is.

Worked case: an alert at 08:30:00, the connection breaks after sending. 08:30:01 it is sent again, headed
"the same case again"; if that too is lost without an answer the row ends UNCERTAIN and the chain hears of
it.

Source: decisions, "Telegram intake and delivery", "Settled on a second reading" (60 seconds).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final, Protocol

import structlog

from bot.actions.checkpoint import Checkpoint, pass_by
from bot.actions.keep_group import follow_group
from bot.actions.waiting import Patience, rest
from bot.clock import Clock
from bot.rules.delivery import Delivered, Moved, Outcome, Refused, Stale, TryAgain, Unreachable
from bot.rules.messages import (
    Message,
    OutboxId,
    OutboxRow,
    OutboxStatus,
    Phrase,
    Priority,
    RecipientKind,
    SendKind,
)
from bot.rules.participant import ParticipantState
from bot.rules.study import SubjectCode
from bot.texts import Rendered
from storage.archive import Archive
from storage.errors import StorageUnavailable
from storage.unit_of_work import UnitOfWork

_log = structlog.get_logger(__name__)

# On the machine's time: longer than the slowest attempt (waiting its turn, connecting, a file's way out).
LEASE: Final = timedelta(seconds=60)

# An alert that could not be delivered for so long counts as not delivered.
ALERT_LATE_AFTER: Final = timedelta(seconds=60)

SIDE_BY_SIDE: Final = 48
KEPT_FREE_FOR_SAFETY: Final = 16

# Without a nudge: what the command line wrote is picked up within this time.
LOOK_AGAIN_S: Final = 1.0

_BETWEEN_TRIES: Final = Patience(first_s=1.0, longest_s=60.0)
_BETWEEN_NOTES: Final = Patience(first_s=0.1, longest_s=5.0)
_TRIES_WITH_CONSEQUENCES: Final = 3

_SAME_AGAIN: Final = {
    RecipientKind.STAFF: "staff.same_case_again",
    RecipientKind.PARTICIPANT: "patient.same_message_again",
    RecipientKind.STRANGER: "patient.same_message_again",
    RecipientKind.SITE: "staff.same_case_again",
    RecipientKind.GROUP: "staff.same_case_again",
}

# Nothing routine is said to these any more (specification 1.3).
_NO_ROUTINE: Final = frozenset(
    {
        ParticipantState.DECLINED,
        ParticipantState.SCREEN_FAILED,
        ParticipantState.WITHDRAWN,
        ParticipantState.LOST_TO_FOLLOW_UP,
        ParticipantState.DIED,
    }
)

# Doing these twice changes nothing, so they are never "the same again".
_HARMLESS_TWICE: Final = frozenset(
    {SendKind.ANSWER_TAP, SendKind.REMOVE_BUTTONS, SendKind.MENU, SendKind.KNOCK}
)

# Whoever was sent one of these has a chat that works.
_PROVES_A_CHAT: Final = frozenset({SendKind.SEND, SendKind.PICTURE, SendKind.DOCUMENT, SendKind.KNOCK})

# What a person is paged for, or told for her safety: repeated when uncertain, loud when lost.
_MUST_ARRIVE: Final = frozenset({Priority.SAFETY, Priority.ALERT})


@dataclass(frozen=True, slots=True)
class Attachment:
    """The file of a PICTURE or DOCUMENT."""

    filename: str
    content: bytes


class MessageSender(Protocol):
    """A way out. Never raises for what the channel does; an outcome is a value."""

    async def send(self, row: OutboxRow, said: Rendered, attachment: Attachment | None = None) -> Outcome: ...


class Wording(Protocol):
    """Makes words of a message, in the language of the row."""

    def render(self, message: Message) -> Rendered: ...


class Attachments(Protocol):
    """Makes the file of a PICTURE or DOCUMENT when it is sent."""

    async def of(self, message: Message) -> Attachment | None: ...


class Undelivered(Protocol):
    """What follows when a message did not reach its person, in the transaction that writes it down.

    Called for every row whose chat cannot be reached at all (`for_good`), and for alerts and safety texts
    that were refused, stayed uncertain, or are 60 seconds late (this one once per row).
    """

    async def __call__(self, uow: UnitOfWork, row: OutboxRow, reason: str, *, for_good: bool) -> None: ...


class Reached(Protocol):
    """What follows when something arrived in the chat of a member of staff, in the same transaction."""

    async def __call__(self, uow: UnitOfWork, row: OutboxRow) -> None: ...


class Gathering(Protocol):
    """Tells many alerts of a group as one where its pace lets too few through.

    Asked for each row that was claimed, in the transaction of the claim; true where the row was among those
    that are told together, and so is not sent itself.
    """

    async def __call__(self, uow: UnitOfWork, row: OutboxRow) -> bool: ...


async def nothing_follows(uow: UnitOfWork, row: OutboxRow) -> None:
    """Where nobody keeps who can be reached."""


async def nothing_gathered(uow: UnitOfWork, row: OutboxRow) -> bool:
    """Where no pace is kept every message goes by itself."""
    return False


class DeliverMessages:
    """The delivery of one process. `nudge` it after a commit that put something into the outbox."""

    def __init__(
        self,
        *,
        archive: Archive,
        clock: Clock,
        wording: Wording,
        sender: MessageSender,
        undelivered: Undelivered,
        reached: Reached = nothing_follows,
        attachments: Attachments | None = None,
        gathering: Gathering = nothing_gathered,
        checkpoint: Checkpoint = pass_by,
        between_tries: Patience = _BETWEEN_TRIES,
    ) -> None:
        self._archive = archive
        self._clock = clock
        self._wording = wording
        self._sender = sender
        self._undelivered = undelivered
        self._reached = reached
        self._attachments = attachments
        self._gathering = gathering
        self._checkpoint = checkpoint
        self._between_tries = between_tries
        self._nudged = asyncio.Event()
        self._stopping = asyncio.Event()
        self._in_hand: dict[OutboxId, asyncio.Task[None]] = {}
        self._claimed = 0

    def nudge(self) -> None:
        """Something may be due: look now."""
        self._nudged.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Delivers until `stop`, then finishes what is in hand."""
        self._stopping = stop
        failures = 0
        while not stop.is_set():
            self._nudged.clear()
            try:
                idle_s = 0.0 if await self._begin_claimed() else await self._until_next_due()
            except Exception as error:  # the archive is away; the rows wait
                failures += 1
                _log.error("the outbox cannot be read", error=type(error).__name__)
                await rest(stop, _BETWEEN_NOTES.after(failures))
                continue
            failures = 0
            if idle_s:
                await rest(stop, idle_s, woken=self._nudged)
        await asyncio.gather(*self._in_hand.values())

    async def deliver_due(self) -> int:
        """Everything that is due now, and what becomes due by it; gives how many rows were worked on."""
        before = self._claimed
        while True:
            self._nudged.clear()
            there_may_be_more = await self._begin_claimed()
            if self._in_hand:
                await asyncio.wait(self._in_hand.values(), return_when=asyncio.FIRST_COMPLETED)
            elif not there_may_be_more and not self._nudged.is_set():
                # A row that was put down during the claim nudged: the next of its chat may be free now.
                return self._claimed - before

    # ── claim and look again ─────────────────────────────────────────────────

    async def _begin_claimed(self) -> bool:
        """Claims what there is room for and begins each row; whether there may be more to claim at once.

        A claim that did not fill its room took all there was: what comes next comes with a nudge, from a
        commit or from a row that was put down and let the next of its chat through.
        """
        room = SIDE_BY_SIDE - len(self._in_hand)
        safety_only = room <= KEPT_FREE_FOR_SAFETY
        limit = room if safety_only else room - KEPT_FREE_FOR_SAFETY
        if limit <= 0:
            return False
        rows = await self._claim(limit, safety_only=safety_only)
        self._checkpoint("claimed")
        for row in rows:
            self._begin(row)
        self._claimed += len(rows)
        if any(row.status is not OutboxStatus.CLAIMED for row in rows):
            return True  # one that ended at the claim lets the next of its chat through
        return len(rows) == limit

    def _begin(self, row: OutboxRow) -> None:
        # Unreachable and cancelled rows ended at the claim. One still in hand comes again when its lease
        # ran out.
        if row.status is not OutboxStatus.CLAIMED or row.id in self._in_hand:
            return
        task = asyncio.create_task(self._deliver(row))
        self._in_hand[row.id] = task
        task.add_done_callback(partial(self._put_down, row.id))

    def _put_down(self, row_id: OutboxId, _task: asyncio.Task[None]) -> None:
        del self._in_hand[row_id]
        self._nudged.set()

    async def _claim(self, limit: int, *, safety_only: bool) -> Sequence[OutboxRow]:
        """The rows to say now; what follows from the unreachable ones is in the same commit."""
        try:
            return await self._claim_with(limit, safety_only=safety_only, consequences=True)
        except StorageUnavailable:
            raise
        except Exception as error:  # a fault in what follows must not stop every message
            _log.error("what follows an unreachable chat failed", error=type(error).__name__)
            return await self._claim_with(limit, safety_only=safety_only, consequences=False)

    async def _claim_with(self, limit: int, *, safety_only: bool, consequences: bool) -> Sequence[OutboxRow]:
        real_now = self._clock.real_now()
        async with self._archive.begin() as uow:
            claimed = await uow.outbox.claim(
                limit, self._clock.now(), real_now, real_now + LEASE, safety_only=safety_only
            )
            rows = [await self._looked_at_again(uow, row) for row in claimed]
            if consequences:
                for row in rows:
                    if row.status is OutboxStatus.UNREACHABLE:
                        await self._undelivered(uow, row, "no chat", for_good=True)
        return rows

    async def _looked_at_again(self, uow: UnitOfWork, row: OutboxRow) -> OutboxRow:
        """The row, or ended: told together with others; or she withdrew, died, said stop since."""
        to = row.message.to
        if row.status is OutboxStatus.CLAIMED and to.kind is RecipientKind.GROUP:
            gathered = await self._gathering(uow, row)
            return replace(row, status=OutboxStatus.GATHERED) if gathered else row
        if row.status is not OutboxStatus.CLAIMED or not row.message.routine:
            return row
        if to.kind is not RecipientKind.PARTICIPANT:
            return row
        participant = await uow.participants.get(SubjectCode(to.code))
        if participant is None or (
            participant.messages_stopped_at is None and participant.state not in _NO_ROUTINE
        ):
            return row
        await uow.outbox.end(row.id, OutboxStatus.CANCELLED, "no longer wanted")
        return replace(row, status=OutboxStatus.CANCELLED)

    async def _until_next_due(self) -> float:
        """Seconds to wait for a nudge: until the next moment of a row, and never long."""
        async with self._archive.read() as uow:
            next_due = await uow.outbox.next_due()
        if next_due is None:
            return LOOK_AGAIN_S
        in_s = (next_due - self._clock.now()).total_seconds()
        # A moment that is past belongs to a row that waits for something else: a retry, a row before it.
        return min(in_s, LOOK_AGAIN_S) if in_s > 0.0 else LOOK_AGAIN_S

    # ── word and send ────────────────────────────────────────────────────────

    async def _deliver(self, row: OutboxRow) -> None:
        """One row from claim to note; nothing is said that was cancelled since the claim."""
        if _may_be_cancelled(row) and not await self._still_wanted(row):
            return
        said, outcome = await self._say(row)
        self._checkpoint("sent")
        await self._note(row, said, outcome)
        self._checkpoint("noted")

    async def _still_wanted(self, row: OutboxRow) -> bool:
        try:
            async with self._archive.read() as uow:
                return await uow.outbox.still_wanted(row.id)
        except StorageUnavailable:
            return False  # it stays claimed, and is looked at anew when its lease has run out

    async def _say(self, row: OutboxRow) -> tuple[Rendered, Outcome]:
        """The words used and what became of them; a fault of ours is an outcome too."""
        said = Rendered(text="", buttons=())
        try:
            said = self._worded(row)
            attachment = await self._attachments.of(row.message) if self._attachments else None
        except Exception as error:
            _log.error("a message could not be worded", row=row.id, error=type(error).__name__)
            return said, Refused(f"could not be worded: {type(error).__name__}")
        try:
            return said, await self._sender.send(row, said, attachment)
        except Exception as error:
            _log.error("the way out failed", row=row.id, error=type(error).__name__)
            return said, TryAgain(after=timedelta(0), reason=f"the way out failed: {type(error).__name__}")

    def _worded(self, row: OutboxRow) -> Rendered:
        """The words; where an earlier copy may have arrived they begin by saying so."""
        message = row.message
        if not row.last_uncertain or message.kind in _HARMLESS_TWICE:
            return self._wording.render(message)
        again = Phrase(key=_SAME_AGAIN[message.to.kind])
        try:
            return self._wording.render(replace(message, phrases=(again, *message.phrases)))
        except ValueError:  # too long with the heading: better twice unexplained than not at all
            return self._wording.render(message)

    # ── write down ───────────────────────────────────────────────────────────

    async def _note(self, row: OutboxRow, said: Rendered, outcome: Outcome) -> None:
        """Writes the outcome down, however long the archive is away: a row not noted would be said again."""
        failures = 0
        while True:
            try:
                await self._note_once(row, said, outcome, consequences=failures < _TRIES_WITH_CONSEQUENCES)
                return
            except StorageUnavailable:
                _log.error("a delivery could not be noted", row=row.id)
            except Exception as error:
                _log.error("what follows a delivery failed", row=row.id, error=type(error).__name__)
                if failures > _TRIES_WITH_CONSEQUENCES:
                    return  # its lease runs out, and it is said once more as the same
            if self._stopping.is_set():
                return
            failures += 1
            await rest(self._stopping, _BETWEEN_NOTES.after(failures))

    async def _note_once(
        self, row: OutboxRow, said: Rendered, outcome: Outcome, *, consequences: bool
    ) -> None:
        now, real_now = self._clock.now(), self._clock.real_now()
        noted = self._with_pause(row, outcome)
        async with self._archive.begin() as uow:
            if isinstance(noted, Delivered) and await self._has_moved_since(uow, row):
                noted = Delivered(None)  # its number means another message in the new chat
            await uow.outbox.note(row.id, noted, _words(said), now, real_now)
            if isinstance(outcome, Moved):
                await self._follow(uow, row, outcome)
            if isinstance(outcome, TryAgain) and _ends_uncertain(row, outcome):
                await uow.outbox.end(row.id, OutboxStatus.UNCERTAIN, outcome.reason)
            if consequences:
                await self._what_follows(uow, row, outcome)

    def _with_pause(self, row: OutboxRow, outcome: Outcome) -> Outcome:
        """A temporary failure with the pause before the next try: Telegram's own, else ours, growing.

        An alert is tried once more at the moment it counts as late, whatever the pause.
        """
        if not isinstance(outcome, TryAgain):
            return outcome
        pause = outcome.after or timedelta(seconds=self._between_tries.after(row.attempts))
        late_in = ALERT_LATE_AFTER - self._waited(row)
        if row.message.priority in _MUST_ARRIVE and timedelta(0) < late_in < pause:
            pause = late_in
        return replace(outcome, after=pause)

    async def _what_follows(self, uow: UnitOfWork, row: OutboxRow, outcome: Outcome) -> None:
        """Tells the chain what it must know of this outcome."""
        must_arrive = row.message.priority in _MUST_ARRIVE
        match outcome:
            case Unreachable(reason):
                await self._undelivered(uow, row, reason, for_good=True)
            case Refused(reason) if must_arrive:
                await self._undelivered(uow, row, reason, for_good=False)
            case TryAgain(reason=reason) if must_arrive and _ends_uncertain(row, outcome):
                await self._undelivered(uow, row, reason, for_good=False)
            case TryAgain(reason=reason) if must_arrive and self._waited(row) >= ALERT_LATE_AFTER:
                await self._tell_late_once(uow, row, reason)
            case Delivered() if row.message.kind in _PROVES_A_CHAT and _is_of_staff(row):
                await self._reached(uow, row)
            case Delivered() | Stale() | Moved() | Refused() | TryAgain():
                return

    async def _tell_late_once(self, uow: UnitOfWork, row: OutboxRow, reason: str) -> None:
        mark = f"late:{row.id}"
        if await uow.marks.get(mark) is None:
            await uow.marks.set(mark, {"reason": reason})
            await self._undelivered(uow, row, reason, for_good=False)

    async def _follow(self, uow: UnitOfWork, row: OutboxRow, moved: Moved) -> None:
        """The group has a new number: the row is said there, unless the group cannot be followed."""
        if await self._has_moved_since(uow, row):
            return  # its own service message came first
        old = row.chat_id
        if old is None or not await follow_group(uow, self._clock.now(), old=old, new=moved.chat_id):
            await uow.outbox.end(row.id, OutboxStatus.UNREACHABLE, "the chat moved")
            await self._undelivered(uow, row, "the chat moved", for_good=True)

    async def _has_moved_since(self, uow: UnitOfWork, row: OutboxRow) -> bool:
        """Whether the group has another chat by now than the one this row was claimed for."""
        to = row.message.to
        return to.kind is RecipientKind.GROUP and await uow.identities.chat_of(to) != row.chat_id

    def _waited(self, row: OutboxRow) -> timedelta:
        """How long it has been due."""
        due_at = max(row.created_at, row.message.send_after or row.created_at)
        return self._clock.now() - due_at


def _is_of_staff(row: OutboxRow) -> bool:
    return row.message.to.kind is RecipientKind.STAFF


def _may_be_cancelled(row: OutboxRow) -> bool:
    return row.message.routine or row.message.cancel_tag is not None


def _ends_uncertain(row: OutboxRow, outcome: TryAgain) -> bool:
    """Whether nobody can know and it is not said again: not urgent, or said again already."""
    return outcome.uncertain and (row.last_uncertain or row.message.priority not in _MUST_ARRIVE)


def _words(said: Rendered) -> str:
    """The exact words for the record, with the buttons that stood under them."""
    rows = (" | ".join(button.label for button in row) for row in said.buttons)
    return "\n".join([said.text, *(f"[{row}]" for row in rows)])
