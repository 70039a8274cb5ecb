"""Said, perhaps not yet heard: every message goes through here, once per unique key."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, tuple_, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from bot.clock import Clock
from bot.rules import delivery
from bot.rules.messages import (
    Message,
    OutboxId,
    OutboxRow,
    OutboxStatus,
    Priority,
    Recipient,
    RecipientKind,
    SendKind,
)
from bot.rules.study import Language
from storage.codec import decode, encode
from storage.columns import UtcDateTime
from storage.identities import Identities, SecondRoads
from storage.keyring import Keyring
from storage.sealing import Erased, Seals, subject_of
from storage.tables import OutboxAttemptRow, OutboxMessageRow
from storage.writing import insert_if_new

_OPEN = (OutboxStatus.WAITING, OutboxStatus.CLAIMED)


class Outbox:
    def __init__(
        self,
        session: AsyncSession,
        seals: Seals,
        identities: Identities,
        second_roads: SecondRoads,
        keyring: Keyring,
        clock: Clock,
    ) -> None:
        self._session = session
        self._clock = clock
        self._seals = seals
        self._identities = identities
        self._second_roads = second_roads
        self._keyring = keyring
        self.spoke = False

    async def put(self, message: Message, created_at: datetime, *, chat_id: int | None = None) -> bool:
        """Puts a message in; False if one with its unique key is there already.

        `chat_id` is for strangers only: sealed, and forgotten once the row has ended. The words are sealed
        under the key of the subject they are about, or of the participant they are for.
        """
        about = message.about or subject_of(message.to)
        seal = await self._seals.of(about)
        values = {
            "unique_key": message.unique_key,
            "lane": _lane(message.to, message.kind),
            "to_kind": message.to.kind,
            "to_code": message.to.code,
            "priority": int(message.priority),
            "kind": message.kind,
            "status": OutboxStatus.WAITING,
            "about": about,
            "case_id": message.case_id,
            "routine": message.routine,
            "cancel_tag": message.cancel_tag,
            "waits_for": message.waits_for,
            "edits": message.edits,
            "send_after": message.send_after,
            "expires_at": message.expires_at,
            "created_at": created_at,
            "message_sealed": seal.seal(encode(message), f"message:{message.unique_key}"),
            "chat_sealed": self._sealed_chat(message.unique_key, chat_id),
            "attempts": 0,
            "last_uncertain": False,
        }
        new = await insert_if_new(self._session, OutboxMessageRow, values, "unique_key")
        self.spoke = self.spoke or new
        return new

    async def claim(
        self,
        limit: int,
        now: datetime,
        real_now: datetime,
        lease_until: datetime,
        *,
        safety_only: bool = False,
    ) -> tuple[OutboxRow, ...]:
        """Rows to deliver now, by priority, then age; in order within a chat.

        `now` is the study's time (send after, expiry), `real_now` the machine's (leases, retries). Rows that
        have expired end here. A row taken over from a lost holder may have been sent: `last_uncertain`.
        A row whose recipient has no chat is ended as unreachable and returned all the same.
        """
        await self._expire(now)
        await self._make_ready(now, real_now)
        query = _claimable().limit(limit).with_for_update(skip_locked=True)
        if safety_only:
            query = query.where(col(OutboxMessageRow.priority) == int(Priority.SAFETY))
        fresh = query.execution_options(populate_existing=True)
        rows = (await self._session.exec(fresh, params={"real_now": real_now})).all()
        chats = await self._chats_of(rows)
        roads = await self._roads_of(rows)
        for row in rows:
            row.last_uncertain = row.last_uncertain or row.status is OutboxStatus.CLAIMED
            row.status, row.lease_until = OutboxStatus.CLAIMED, lease_until
            row.attempts += 1
            if row.kind is SendKind.SECOND_ROAD and row.unique_key not in roads:
                _end(row, OutboxStatus.UNREACHABLE, "no second road", now)
            elif row.kind is not SendKind.SECOND_ROAD and row.unique_key not in chats:
                _end(row, OutboxStatus.UNREACHABLE, "no chat", now)
        await self._session.flush()
        return await self._opened(rows, chats, roads)

    async def still_wanted(self, row_id: OutboxId) -> bool:
        """The last look before sending: nobody cancelled it since it was claimed."""
        query = select(OutboxMessageRow.status).where(col(OutboxMessageRow.id) == row_id)
        return (await self._session.exec(query)).one() is OutboxStatus.CLAIMED

    async def note(
        self, row_id: OutboxId, outcome: delivery.Outcome, words: str, at: datetime, real_now: datetime
    ) -> None:
        """Writes down what came of an attempt, with the exact words.

        A row that was cancelled while it was on its way and arrived all the same counts as delivered: that is
        what happened. Any other outcome leaves an ended row as it ended.
        """
        row = await self._row(row_id)
        match outcome:
            case delivery.Delivered(message_id):
                row.telegram_message_id = message_id
                _end(row, OutboxStatus.DELIVERED, None, at)
            case delivery.TryAgain(after, _, uncertain) if row.status in _OPEN:
                row.status, row.retry_at, row.lease_until = OutboxStatus.WAITING, real_now + after, None
                row.last_uncertain = row.last_uncertain or uncertain
            case delivery.Moved() if row.status in _OPEN:
                row.status, row.lease_until = OutboxStatus.WAITING, None
            case delivery.Unreachable(reason) if row.status in _OPEN:
                _end(row, OutboxStatus.UNREACHABLE, reason, at)
            case delivery.Refused(reason) if row.status in _OPEN:
                _end(row, OutboxStatus.REFUSED, reason, at)
            case delivery.Stale(reason) if row.status in _OPEN:
                _end(row, OutboxStatus.DELIVERED, reason, at)
        await self._add_attempt(row, outcome, words, at)

    async def end(
        self, row_id: OutboxId, status: OutboxStatus, reason: str, at: datetime | None = None
    ) -> None:
        """Ends a row without a further attempt: cancelled, expired, or uncertain and not to be repeated.

        `at` is the study's time, now unless given.
        """
        _end(await self._row(row_id), status, reason, at or self._clock.now())
        await self._session.flush()

    async def cancel(self, tag: str, reason: str, at: datetime, *, waiting_only: bool = False) -> int:
        """Cancels the open rows of a tag that is no longer true, also those claimed but not yet sent.

        `waiting_only`: one that is on its way goes on, so that the next of its chat comes after it.
        """
        of_tag = col(OutboxMessageRow.cancel_tag) == tag
        if waiting_only:
            of_tag = and_(of_tag, col(OutboxMessageRow.status) == OutboxStatus.WAITING)
        return await self._cancel(of_tag, reason, at)

    async def cancel_routine(self, to: Recipient, reason: str, at: datetime) -> int:
        """Cancels every open routine row of a recipient: stopped, withdrew, died."""
        hers = and_(col(OutboxMessageRow.lane) == _lane(to), col(OutboxMessageRow.routine).is_(True))
        return await self._cancel(hers, reason, at)

    async def cancel_all(self, to: Recipient, reason: str, at: datetime, *, but_safety: bool = False) -> int:
        """Cancels every open row of a recipient: she died, or left the study (then not a safety text)."""
        hers = col(OutboxMessageRow.lane) == _lane(to)
        if but_safety:
            hers = and_(hers, col(OutboxMessageRow.priority) != int(Priority.SAFETY))
        return await self._cancel(hers, reason, at)

    async def waiting_for(self, to: Recipient, key_prefix: str) -> tuple[OutboxRow, ...]:
        """The open rows to somebody whose unique key begins so, ready or to be tried again; oldest first."""
        row = OutboxMessageRow
        query = select(row).where(
            col(row.lane) == _lane(to),
            col(row.ended_at).is_(None),
            col(row.send_after).is_(None),
            col(row.unique_key).startswith(key_prefix, autoescape=True),
        )
        return await self._opened((await self._session.exec(query.order_by(col(row.id)))).all())

    async def gather(self, row_id: OutboxId, into: str, at: datetime) -> None:
        """Ends a row that is told together with others, in the message `into`."""
        _end(await self._row(row_id), OutboxStatus.GATHERED, into, at)
        await self._session.flush()

    async def forget_numbers(self, to: Recipient) -> None:
        """The chat is another one: Telegram's numbers of what was said in the old one mean nothing there.

        In the new chat the same number may be another message, which an edit would overwrite.
        """
        sent = and_(
            col(OutboxMessageRow.lane) == _lane(to), col(OutboxMessageRow.telegram_message_id).is_not(None)
        )
        await self._change(sent, telegram_message_id=None)

    async def get_by_key(self, unique_key: str) -> OutboxRow | None:
        row = await self._by_key(unique_key)
        return None if row is None else (await self._opened([row]))[0]

    async def of_case(self, case_id: str) -> tuple[OutboxRow, ...]:
        """Everything said about a case, oldest first."""
        query = select(OutboxMessageRow).where(col(OutboxMessageRow.case_id) == case_id)
        rows = await self._session.exec(query.order_by(col(OutboxMessageRow.id)))
        return await self._opened(rows.all())

    async def of_tag(self, tag: str) -> tuple[OutboxRow, ...]:
        """Everything said under this tag, oldest first."""
        query = select(OutboxMessageRow).where(col(OutboxMessageRow.cancel_tag) == tag)
        rows = await self._session.exec(query.order_by(col(OutboxMessageRow.id)))
        return await self._opened(rows.all())

    async def first_delivered(self, case_id: str) -> datetime | None:
        """When a person of the staff was first delivered something about this case; None: nobody yet."""
        row = OutboxMessageRow
        query = select(row.ended_at).where(
            col(row.case_id) == case_id,
            col(row.to_kind) == RecipientKind.STAFF,
            col(row.status) == OutboxStatus.DELIVERED,
        )
        return (await self._session.exec(query.order_by(col(row.ended_at)).limit(1))).first()

    async def to(self, recipient: Recipient, limit: int) -> tuple[OutboxRow, ...]:
        """The latest messages to somebody, newest first."""
        query = select(OutboxMessageRow).where(col(OutboxMessageRow.lane) == _lane(recipient))
        rows = await self._session.exec(query.order_by(col(OutboxMessageRow.id).desc()).limit(limit))
        return await self._opened(rows.all())

    async def next_due(self) -> datetime | None:
        """The next study moment at which a waiting row may go; None when none waits for a time."""
        query = select(OutboxMessageRow.send_after).where(
            col(OutboxMessageRow.ended_at).is_(None), col(OutboxMessageRow.send_after).is_not(None)
        )
        return (await self._session.exec(query.order_by(col(OutboxMessageRow.send_after)).limit(1))).first()

    async def waiting(self) -> int:
        """How many rows are open."""
        query = select(func.count()).where(col(OutboxMessageRow.ended_at).is_(None))
        return (await self._session.exec(query)).one()

    async def late(self, since: datetime) -> int:
        """How many alerts and safety texts have been open and due from before `since`."""
        query = select(func.count()).where(
            col(OutboxMessageRow.ended_at).is_(None),
            col(OutboxMessageRow.send_after).is_(None),
            col(OutboxMessageRow.priority) <= int(Priority.ALERT),
            col(OutboxMessageRow.created_at) < since,
        )
        return (await self._session.exec(query)).one()

    async def count_by_status(self, key_prefix: str) -> dict[OutboxStatus, int]:
        """How many rows whose unique key begins so stand where."""
        row = OutboxMessageRow
        query = (
            select(row.status, func.count())
            .where(col(row.unique_key).startswith(key_prefix, autoescape=True))
            .group_by(col(row.status))
        )
        return {OutboxStatus(status): count for status, count in await self._session.exec(query)}

    async def words_of(self, row_id: OutboxId) -> str:
        """The exact words of the last attempt; empty when there was none, or they were erased."""
        query = select(OutboxAttemptRow).where(col(OutboxAttemptRow.outbox_id) == row_id)
        attempt = (await self._session.exec(query.order_by(col(OutboxAttemptRow.id).desc()).limit(1))).first()
        if attempt is None:
            return ""
        row = await self._session.get_one(OutboxMessageRow, row_id)
        return await self._seals.text(row.about, attempt.words_sealed, f"attempt:{row_id}")

    async def _expire(self, now: datetime) -> None:
        """Ends what is too old to be said. What is being sent at this moment ends by what comes of it."""
        row = OutboxMessageRow
        await self._change(
            and_(
                col(row.ended_at).is_(None),
                col(row.expires_at).is_not(None),
                col(row.expires_at) <= now,
                col(row.status) == OutboxStatus.WAITING,
            ),
            status=OutboxStatus.EXPIRED,
            ended_at=now,
            ended_because="expired",
            chat_sealed=None,
        )

    async def _make_ready(self, now: datetime, real_now: datetime) -> None:
        """Rows whose moment has come stop waiting for it, so that a claim need not read those that wait."""
        row = OutboxMessageRow
        still_open = col(row.ended_at).is_(None)
        later = and_(still_open, col(row.send_after).is_not(None), col(row.send_after) <= now)
        again = and_(still_open, col(row.retry_at).is_not(None), col(row.retry_at) <= real_now)
        await self._change(later, send_after=None)
        await self._change(again, retry_at=None)

    async def _cancel(self, which: ColumnElement[bool], reason: str, at: datetime) -> int:
        return await self._change(
            and_(col(OutboxMessageRow.ended_at).is_(None), which),
            status=OutboxStatus.CANCELLED,
            ended_at=at,
            ended_because=reason,
            chat_sealed=None,
            lease_until=None,
        )

    async def _change(self, which: ColumnElement[bool], **values: Any) -> int:
        statement = update(OutboxMessageRow).where(which).values(**values)
        done = await self._session.exec(statement.execution_options(synchronize_session="fetch"))
        return int(done.rowcount)

    async def _add_attempt(
        self, row: OutboxMessageRow, outcome: delivery.Outcome, words: str, at: datetime
    ) -> None:
        try:
            sealed = (await self._seals.of(row.about)).seal(words, f"attempt:{row.id}")
        except Erased:
            sealed = b""
        self._session.add(
            OutboxAttemptRow(
                outbox_id=row.id or 0,
                at=at,
                outcome=type(outcome).__name__,
                reason=getattr(outcome, "reason", ""),
                words_sealed=sealed,
            )
        )
        await self._session.flush()

    async def _row(self, row_id: OutboxId) -> OutboxMessageRow:
        return await self._session.get_one(
            OutboxMessageRow, row_id, with_for_update=True, populate_existing=True
        )

    async def _by_key(self, unique_key: str) -> OutboxMessageRow | None:
        query = select(OutboxMessageRow).where(col(OutboxMessageRow.unique_key) == unique_key)
        return (await self._session.exec(query)).first()

    def _sealed_chat(self, unique_key: str, chat_id: int | None) -> bytes | None:
        return None if chat_id is None else self._keyring.machine.seal(str(chat_id), f"chat:{unique_key}")

    async def _chats_of(self, rows: Sequence[OutboxMessageRow]) -> dict[str, int]:
        """The chat of each row that can be delivered, by its unique key."""
        linked = {row.unique_key: Recipient(row.to_kind, row.to_code) for row in rows}
        found = await self._identities.chats_of(set(linked.values()))
        chats = {key: found[owner] for key, owner in linked.items() if owner in found}
        for row in rows:
            if row.chat_sealed is not None:
                chat = self._keyring.machine.open(row.chat_sealed, f"chat:{row.unique_key}")
                chats[row.unique_key] = int(chat)
        return chats

    async def _roads_of(self, rows: Sequence[OutboxMessageRow]) -> dict[str, tuple[str, ...]]:
        """The addresses of each row that goes by the second road."""
        owners = {
            row.unique_key: Recipient(row.to_kind, row.to_code)
            for row in rows
            if row.kind is SendKind.SECOND_ROAD
        }
        if not owners:
            return {}
        found = await self._second_roads.of_all(set(owners.values()))
        return {key: found[owner] for key, owner in owners.items() if owner in found}

    async def _opened(
        self,
        rows: Sequence[OutboxMessageRow],
        chats: Mapping[str, int] | None = None,
        roads: Mapping[str, tuple[str, ...]] | None = None,
    ) -> tuple[OutboxRow, ...]:
        numbers = await self._telegram_numbers({row.edits for row in rows if row.edits})
        return tuple(
            [
                OutboxRow(
                    id=OutboxId(row.id or 0),
                    message=await self._message(row),
                    status=row.status,
                    created_at=row.created_at,
                    attempts=row.attempts,
                    chat_id=(chats or {}).get(row.unique_key),
                    addresses=(roads or {}).get(row.unique_key, ()),
                    edits_message_id=numbers.get(row.edits or ""),
                    telegram_message_id=row.telegram_message_id,
                    last_uncertain=row.last_uncertain,
                    gathered_into=row.ended_because if row.status is OutboxStatus.GATHERED else None,
                )
                for row in rows
            ]
        )

    async def _telegram_numbers(self, unique_keys: Collection[str]) -> dict[str, int | None]:
        """Telegram's numbers of the messages that are to be edited."""
        if not unique_keys:
            return {}
        query = select(OutboxMessageRow.unique_key, OutboxMessageRow.telegram_message_id)
        found = await self._session.exec(query.where(col(OutboxMessageRow.unique_key).in_(unique_keys)))
        return dict(found.all())

    async def _message(self, row: OutboxMessageRow) -> Message:
        try:
            seal = await self._seals.of(row.about)
        except Erased:
            return _erased(row)
        message: Message = decode(seal.open(row.message_sealed, f"message:{row.unique_key}"))
        return message


@cache
def _claimable() -> SelectOfScalar[OutboxMessageRow]:
    """Ready rows that nobody holds, that wait for no other row, and whose turn in their chat has come.

    Built once: this is asked every second and after every message. The parameter is `real_now`.

    Safety texts and answers to taps do not wait for their turn. A row that waits for another holds nobody up;
    one that is to be tried again does, or the next would overtake it.
    """
    row, other = OutboxMessageRow, aliased(OutboxMessageRow)
    real_now: Any = bindparam("real_now", type_=UtcDateTime())
    free = or_(col(row.status) == OutboxStatus.WAITING, col(row.lease_until) <= real_now)
    on_its_way = and_(col(other.status) == OutboxStatus.CLAIMED, col(other.lease_until) > real_now)
    before = and_(
        col(other.send_after).is_(None),
        tuple_(col(other.priority), col(other.id)) < tuple_(col(row.priority), col(row.id)),
        ~_waits(other),
    )
    has_somebody_before = (
        select(other.id)
        .where(
            col(other.lane) == col(row.lane),
            col(other.ended_at).is_(None),
            col(other.id) != col(row.id),
            or_(on_its_way, before),
        )
        .exists()
    )
    needs_no_turn = or_(
        col(row.kind) == SendKind.ANSWER_TAP, col(row.priority) == int(Priority.SAFETY), ~has_somebody_before
    )
    return (
        select(row)
        .where(
            col(row.ended_at).is_(None),
            col(row.send_after).is_(None),
            col(row.retry_at).is_(None),
            free,
            ~_waits(row),
            needs_no_turn,
        )
        .order_by(col(row.priority), col(row.id))
    )


def _waits(row: Any) -> ColumnElement[bool]:
    """Whether the row that this one waits for, or edits, is still open."""
    awaited = aliased(OutboxMessageRow)
    return and_(
        or_(col(row.waits_for).is_not(None), col(row.edits).is_not(None)),
        select(awaited.id)
        .where(
            col(awaited.unique_key).in_([col(row.waits_for), col(row.edits)]),
            col(awaited.ended_at).is_(None),
        )
        .exists(),
    )


def _end(row: OutboxMessageRow, status: OutboxStatus, reason: str | None, at: datetime) -> None:
    row.status, row.ended_at, row.ended_because = status, at, reason
    row.lease_until, row.retry_at, row.chat_sealed = None, None, None


def _lane(to: Recipient, kind: SendKind = SendKind.SEND) -> str:
    """One after the other in a chat; the second road waits for no chat, and no message for a knock."""
    road = {SendKind.SECOND_ROAD: "ROAD:", SendKind.KNOCK: "KNOCK:"}.get(kind, "")
    return f"{road}{to.kind.value}:{to.code}"


def _erased(row: OutboxMessageRow) -> Message:
    """What is left of a message whose words were erased."""
    return Message(
        unique_key=row.unique_key,
        to=Recipient(row.to_kind, row.to_code),
        language=Language.EN,
        priority=Priority(row.priority),
        phrases=(),
    )
