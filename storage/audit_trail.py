"""Who did what, when, old and new, why: append-only, hash-chained per subject and for the system.

Source: specification 5.2; decisions "Storage". Update and delete are refused by triggers on both databases.

Worked case: the third entry of TJ-001 holds the hash of the second; its own hash is taken over all its
columns. Altering the second breaks its hash, removing it breaks the numbering, writing it anew breaks the
third. Cutting off the end breaks the head of the chain and, where that is cut too, the anchor outside.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum, IntEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, inspect
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.clock import Clock
from bot.rules.access import Actor
from bot.rules.study import SubjectCode
from storage.anchors import ANCHOR, Anchors, anchor_line
from storage.keyring import Keyring
from storage.mapping import to_value
from storage.tables import AuditHeadRow, AuditRow, ParticipantRow
from storage.writing import insert_if_new

SYSTEM_CHAIN = "system"
_BEGINNING = "0" * 64
_SYSTEM_ZONE = "UTC"
_AT_A_TIME = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One entry as a person reads it: `at` in study time, `at_local` the same on the wall of the site."""

    seq: int
    at: datetime
    at_local: str
    time_zone: str
    recorded_at: datetime
    kind: str
    actor_code: str
    actor_role: str
    auth: str
    on_behalf_of: str | None
    entity: str
    entity_id: str
    field: str | None
    old: str | None
    new: str | None
    reason: str | None
    reason_code: str | None
    channel: str | None
    request_id: str | None
    software_version: str
    study_version: str


@dataclass(frozen=True, slots=True)
class NumberedEntry:
    """An entry with its number among all and its chain: a subject code, or `system`."""

    number: int
    chain: str
    entry: AuditEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRow:
    """The first place where a chain does not hold. `chain` is a subject code, `system` or `anchor`."""

    chain: str
    seq: int
    why: str


class AuditTrail:
    """Entries are written at the end of the transaction, chain by chain in order.

    So the head of a chain is locked for a moment only, and two transactions never wait for each other's.
    """

    def __init__(
        self,
        session: AsyncSession,
        keyring: Keyring,
        clock: Clock,
        *,
        software_version: str,
        study_version: str,
    ) -> None:
        self._session = session
        self._keyring = keyring
        self._clock = clock
        self._software_version = software_version
        self._study_version = study_version
        self._zones: dict[str, str] = {}
        self._unwritten: dict[str, list[dict[str, Any]]] = defaultdict(list)

    async def record(
        self,
        *,
        kind: str,
        actor: Actor,
        at: datetime,
        subject: SubjectCode | None,
        entity: str,
        entity_id: str,
        field: str | None = None,
        old: str | None = None,
        new: str | None = None,
        reason: str | None = None,
        reason_code: str | None = None,
        channel: str | None = None,
        request_id: str | None = None,
    ) -> None:
        """Appends an entry. `kind` reads actor:entity:action, such as `patient:activity:stated`.

        Free text of a participant never stands here: the trail is kept as long as the record, her words are
        hers to erase.

        Raises:
            ValueError: a naive moment.
        """
        if at.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        zone = await self._zone_of(subject)
        self._unwritten[subject or SYSTEM_CHAIN].append(
            {
                "at": at.astimezone(UTC),
                "at_local": at.astimezone(ZoneInfo(zone)).isoformat(),
                "time_zone": zone,
                "kind": kind,
                "actor_code": actor.code,
                "actor_role": actor.role,
                "auth": actor.auth.value,
                "on_behalf_of": actor.on_behalf_of,
                "entity": entity,
                "entity_id": entity_id,
                "field": field,
                "old": old,
                "new": new,
                "reason": reason,
                "reason_code": reason_code,
                "channel": channel,
                "request_id": request_id,
                "software_version": self._software_version,
                "study_version": self._study_version,
            }
        )

    async def record_changes(
        self,
        before: object,
        after: object,
        *,
        kind: str,
        actor: Actor,
        at: datetime,
        subject: SubjectCode | None,
        entity: str,
        entity_id: str,
        reason: str | None = None,
    ) -> int:
        """One entry per field in which two values of the same noun differ; returns how many.

        The count of versions is left out: it changes with every change.
        """
        names = [one.name for one in dataclasses.fields(after) if one.name != "version"]  # type: ignore[arg-type]
        changed = [name for name in names if getattr(before, name) != getattr(after, name)]
        for name in changed:
            await self.record(
                kind=kind,
                actor=actor,
                at=at,
                subject=subject,
                entity=entity,
                entity_id=entity_id,
                field=name,
                old=_in_words(getattr(before, name)),
                new=_in_words(getattr(after, name)),
                reason=reason,
            )
        return len(changed)

    async def was_recorded_since(
        self,
        since: datetime,
        *,
        kind: str,
        actor_code: str,
        subject: SubjectCode | None,
        entity_id: str | None = None,
    ) -> bool:
        """Whether this person did this, to this subject, at `since` or later (on the machine's clock).

        `entity_id`: to this entity, where it is given.
        """
        query = select(AuditRow.seq).where(
            col(AuditRow.chain) == (subject or SYSTEM_CHAIN),
            col(AuditRow.recorded_at) >= since,
            col(AuditRow.kind) == kind,
            col(AuditRow.actor_code) == actor_code,
        )
        if entity_id is not None:
            query = query.where(col(AuditRow.entity_id) == entity_id)
        return (await self._session.exec(query.limit(1))).first() is not None

    async def write_entries(self) -> None:
        """Writes what was recorded; the unit of work does this just before it commits."""
        for chain in sorted(self._unwritten):
            head = await self._locked_head(chain)
            rows = []
            for entry in self._unwritten[chain]:
                row = entry | {
                    "chain": chain,
                    "seq": head.seq + 1,
                    "recorded_at": self._clock.real_now(),
                    "prev_hash": head.hash,
                }
                row["hash"] = _hash(row)
                head.seq, head.hash = row["seq"], row["hash"]
                rows.append(row)
            await self._session.exec(insert(AuditRow).values(rows))
        self._unwritten.clear()
        await self._session.flush()

    async def count(self) -> int:
        """The number of the newest entry of all chains; 0 where there is none. One look at an index."""
        return (await self._session.exec(select(func.max(col(AuditRow.id))))).one() or 0

    async def of(self, subject: SubjectCode | None) -> tuple[AuditEntry, ...]:
        """A subject's chain (the system's for None), in order."""
        await self.write_entries()
        query = select(AuditRow).where(col(AuditRow.chain) == (subject or SYSTEM_CHAIN))
        rows = await self._session.exec(query.order_by(col(AuditRow.seq)))
        return tuple(to_value(AuditEntry, row) for row in rows)

    async def of_kind(self, kind: str, subject: SubjectCode) -> tuple[AuditEntry, ...]:
        """What was recorded of this kind about a subject, in order."""
        await self.write_entries()
        query = select(AuditRow).where(col(AuditRow.chain) == subject, col(AuditRow.kind) == kind)
        rows = await self._session.exec(query.order_by(col(AuditRow.seq)))
        return tuple(to_value(AuditEntry, row) for row in rows)

    async def since(self, number: int) -> tuple[NumberedEntry, ...]:
        """What was recorded after this number, of all chains, in the order it was written."""
        rows = await self._session.exec(
            select(AuditRow).where(col(AuditRow.id) > number).order_by(col(AuditRow.id))
        )
        return tuple(NumberedEntry(row.id or 0, row.chain, to_value(AuditEntry, row)) for row in rows)

    async def verify(self, anchors: Sequence[str] = ()) -> tuple[int, BrokenRow | None]:
        """How many rows were looked at, and the first broken one, chain by chain.

        A row may be altered (its hash no longer fits), missing or out of order; a chain may be shorter than
        its head, or than a signed line outside the database says. Reads row by row, whatever the length.
        """
        await self.write_entries()
        known = Anchors.read(anchors, self._keyring)
        if known.broken_line is not None:
            return 0, BrokenRow(chain=ANCHOR, seq=known.broken_line, why=known.why)
        count = 0
        ends: dict[str, tuple[int, str]] = {}
        async for row in self._rows():
            count += 1
            chain, seq = row["chain"], row["seq"]
            why = _wrong(row, *ends.get(chain, (0, _BEGINNING)))
            if why == "missing":
                return count, BrokenRow(chain=chain, seq=ends.get(chain, (0, ""))[0] + 1, why=why)
            if why or known.hashes.get((chain, seq), row["hash"]) != row["hash"]:
                return count, BrokenRow(chain=chain, seq=seq, why=why or "not the row that was anchored")
            ends[chain] = (seq, row["hash"])
        return count, _cut_off(known, ends) or await self._broken_end(ends)

    async def anchor_line(self, earlier: str = "") -> str:
        """One signed line with the head of every chain, to be kept outside the database.

        `earlier` is the line before it in the file: each line vouches for the one before.
        """
        rows = await self._session.exec(select(AuditHeadRow).order_by(col(AuditHeadRow.chain)))
        heads = {head.chain: (head.seq, head.hash) for head in rows}
        return anchor_line(heads, self._clock.real_now(), earlier, self._keyring)

    async def _locked_head(self, chain: str) -> AuditHeadRow:
        head = await self._session.get(AuditHeadRow, chain, with_for_update=True, populate_existing=True)
        if head is not None:
            return head
        beginning = {"chain": chain, "seq": 0, "hash": _BEGINNING}
        await insert_if_new(self._session, AuditHeadRow, beginning, "chain")
        return await self._session.get_one(AuditHeadRow, chain, with_for_update=True, populate_existing=True)

    async def _zone_of(self, subject: SubjectCode | None) -> str:
        if subject is None:
            return _SYSTEM_ZONE
        if subject not in self._zones:
            query = select(ParticipantRow.time_zone).where(col(ParticipantRow.subject_code) == subject)
            self._zones[subject] = (await self._session.exec(query)).first() or _SYSTEM_ZONE
        return self._zones[subject]

    async def _rows(self) -> AsyncIterator[Mapping[str, Any]]:
        table = inspect(AuditRow).local_table
        query = table.select().order_by(table.c.chain, table.c.seq)
        streamed = await self._session.stream(query.execution_options(yield_per=_AT_A_TIME))
        async for row in streamed:
            yield dict(row._mapping)

    async def _broken_end(self, ends: Mapping[str, tuple[int, str]]) -> BrokenRow | None:
        """A chain whose end is not where its head says."""
        heads = (await self._session.exec(select(AuditHeadRow).order_by(col(AuditHeadRow.chain)))).all()
        for head in heads:
            seq, end = ends.get(head.chain, (0, _BEGINNING))
            if seq < head.seq:
                return BrokenRow(chain=head.chain, seq=seq + 1, why="missing at the end")
            if (seq, end) != (head.seq, head.hash):
                return BrokenRow(chain=head.chain, seq=seq, why="the head of the chain was altered")
        headless = sorted(ends.keys() - {head.chain for head in heads})
        if headless:
            return BrokenRow(chain=headless[0], seq=0, why="the head of the chain is missing")
        return None


def _wrong(row: Mapping[str, Any], seq: int, before: str) -> str | None:
    """What is wrong with a row that should follow number `seq`, whose hash is `before`."""
    if row["seq"] > seq + 1:
        return "missing"
    if row["seq"] <= seq or row["prev_hash"] != before:
        return "out of order"
    return None if row["hash"] == _hash(row) else "altered"


def _cut_off(known: Anchors, ends: Mapping[str, tuple[int, str]]) -> BrokenRow | None:
    """A chain that is shorter than a signed line says."""
    for chain, seq in known.lengths.items():
        if ends.get(chain, (0, ""))[0] < seq:
            return BrokenRow(chain=chain, seq=ends.get(chain, (0, ""))[0] + 1, why="cut off at the end")
    return None


def _hash(row: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of the row, which holds the hash of the row before."""
    told = {name: value for name, value in row.items() if name not in ("id", "hash")}
    canonical = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_moment)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def _in_words(value: object) -> str | None:
    """A value as the trail shows it; None stays empty."""
    if value is None:
        return None
    if isinstance(value, IntEnum):
        return value.name
    if isinstance(value, Enum):
        return str(value.value)
    return value.isoformat() if isinstance(value, date) else str(value)
