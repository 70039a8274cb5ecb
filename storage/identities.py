"""Who is behind a chat: the only shelf that handles identifiers; and the one-time codes that link."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from bot.rules.messages import Recipient
from storage.keyring import Keyring
from storage.sealing import Seals, subject_of
from storage.tables import IdentityRow, InvitationRow, SecondRoadRow, WrongTryRow

# Why a chat no longer holds, where it is still the same one under another number.
MOVED: Final = "the group moved"

# Held until the transaction ends; the pair of numbers keeps these locks apart from those of one number.
_LOCK_LANE: Final = text("SELECT pg_advisory_xact_lock(:lanes, hashtext(:lane))")
_LANES: Final = 7_162_520


class Identities:
    """A participant's chat is sealed under her own key, so that erasing the key erases it too."""

    def __init__(self, session: AsyncSession, seals: Seals, keyring: Keyring) -> None:
        self._session = session
        self._seals = seals
        self._keyring = keyring

    async def link(
        self, chat_id: int, owner: Recipient, at: datetime, *, because: str = "linked to another chat"
    ) -> None:
        """Binds a chat to a person; the earlier chat of that person is unbound, with its history kept.

        Ask `owner_of` first: a chat that is bound to somebody else is refused by the database. `because` is
        why the earlier chat no longer holds.
        """
        await self.end(owner, at, because)
        lane = self._keyring.lane(chat_id)
        seal = await self._seals.of_owner(owner)
        self._session.add(
            IdentityRow(
                lane=lane,
                chat_sealed=seal.seal(str(chat_id), f"identity:{lane}"),
                owner_kind=owner.kind,
                owner_code=owner.code,
                linked_at=at,
            )
        )
        await self._session.flush()

    async def owner_of(self, chat_id: int) -> Recipient | None:
        row = (
            await self._session.exec(_active().where(col(IdentityRow.lane) == self._keyring.lane(chat_id)))
        ).first()
        return None if row is None else Recipient(row.owner_kind, row.owner_code)

    async def moved_from(self, chat_id: int) -> Recipient | None:
        """Whose group this was before it moved: its old messages still show there, with their buttons."""
        query = (
            select(IdentityRow)
            .where(
                col(IdentityRow.lane) == self._keyring.lane(chat_id),
                col(IdentityRow.ended_because) == MOVED,
            )
            .order_by(col(IdentityRow.id).desc())
        )
        row = (await self._session.exec(query)).first()
        return None if row is None else Recipient(row.owner_kind, row.owner_code)

    async def chat_of(self, owner: Recipient) -> int | None:
        return (await self.chats_of([owner])).get(owner)

    async def chats_of(self, owners: Collection[Recipient]) -> dict[Recipient, int]:
        """The chats of those who have one, in one query."""
        query = _active().where(col(IdentityRow.owner_code).in_({owner.code for owner in owners}))
        chats: dict[Recipient, int] = {}
        for row in (await self._session.exec(query)).all():
            owner = Recipient(row.owner_kind, row.owner_code)
            chat = await self._seals.text(subject_of(owner), row.chat_sealed, f"identity:{row.lane}")
            if chat and owner in owners:
                chats[owner] = int(chat)
        return chats

    async def end(self, owner: Recipient, at: datetime, reason: str) -> None:
        row = await self._of(owner)
        if row is not None:
            row.ended_at, row.ended_because = at, reason
            await self._session.flush()

    async def _of(self, owner: Recipient) -> IdentityRow | None:
        query = _active().where(
            col(IdentityRow.owner_kind) == owner.kind, col(IdentityRow.owner_code) == owner.code
        )
        return (await self._session.exec(query)).first()


class SecondRoads:
    """Addresses beside Telegram, of people and of sites: sealed, and opened only to ring them."""

    def __init__(self, session: AsyncSession, keyring: Keyring) -> None:
        self._session = session
        self._keyring = keyring

    async def set(self, owner: Recipient, addresses: Sequence[str], at: datetime) -> None:
        """These from now on; earlier ones have ended, none ends all."""
        for row in await self._rows([owner]):
            row.ended_at = at
        for address in addresses:
            self._session.add(
                SecondRoadRow(
                    owner_kind=owner.kind,
                    owner_code=owner.code,
                    address_sealed=self._keyring.machine.seal(address, _road_of(owner)),
                    added_at=at,
                )
            )
        await self._session.flush()

    async def of(self, owner: Recipient) -> tuple[str, ...]:
        """In the order they were given; may be empty."""
        return (await self.of_all([owner])).get(owner, ())

    async def of_all(self, owners: Collection[Recipient]) -> dict[Recipient, tuple[str, ...]]:
        """Those who have any, in one query."""
        found: dict[Recipient, tuple[str, ...]] = {}
        for row in await self._rows(owners):
            owner = Recipient(row.owner_kind, row.owner_code)
            address = self._keyring.machine.open(row.address_sealed, _road_of(owner)).decode()
            found[owner] = (*found.get(owner, ()), address)
        return found

    async def _rows(self, owners: Collection[Recipient]) -> list[SecondRoadRow]:
        query = select(SecondRoadRow).where(
            col(SecondRoadRow.owner_code).in_({owner.code for owner in owners}),
            col(SecondRoadRow.ended_at).is_(None),
        )
        rows = await self._session.exec(query.order_by(col(SecondRoadRow.id)))
        return [row for row in rows if Recipient(row.owner_kind, row.owner_code) in owners]


def _road_of(owner: Recipient) -> str:
    return f"second_road:{owner.kind.value}:{owner.code}"


def _active() -> SelectOfScalar[IdentityRow]:
    return select(IdentityRow).where(col(IdentityRow.ended_at).is_(None))


class Invitations:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, code_hash: str, owner: Recipient, purpose: str, expires_at: datetime) -> None:
        self._session.add(
            InvitationRow(
                code_hash=code_hash,
                owner_kind=owner.kind,
                owner_code=owner.code,
                purpose=purpose,
                expires_at=expires_at,
            )
        )
        await self._session.flush()

    async def is_for(self, code_hash: str, now: datetime, purpose: str) -> Recipient | None:
        """As `take`, but the code is left as it is."""
        row = await self._usable(code_hash, now, purpose)
        return None if row is None else Recipient(row.owner_kind, row.owner_code)

    async def take(self, code_hash: str, now: datetime, purpose: str) -> Recipient | None:
        """The person this code is for, once; None for a wrong, used, revoked or expired one."""
        row = await self._usable(code_hash, now, purpose)
        if row is None:
            return None
        row.used_at = now
        await self._session.flush()
        return Recipient(row.owner_kind, row.owner_code)

    async def _usable(self, code_hash: str, now: datetime, purpose: str) -> InvitationRow | None:
        row = await self._session.get(InvitationRow, code_hash, with_for_update=True)
        if row is None or row.purpose != purpose or row.used_at or row.revoked_at or row.expires_at <= now:
            return None
        return row

    async def revoke(self, owner: Recipient, purpose: str, at: datetime) -> None:
        query = select(InvitationRow).where(
            col(InvitationRow.owner_kind) == owner.kind,
            col(InvitationRow.owner_code) == owner.code,
            col(InvitationRow.purpose) == purpose,
            col(InvitationRow.used_at).is_(None),
            col(InvitationRow.revoked_at).is_(None),
        )
        for row in await self._session.exec(query):
            row.revoked_at = at
        await self._session.flush()

    async def add_wrong_try(self, lane: str, at: datetime) -> int:
        """Counts a try as wrong; gives its number, for `was_right`."""
        row = WrongTryRow(lane=lane, at=at)
        self._session.add(row)
        await self._session.flush()
        return row.id or 0

    async def was_right(self, number: int) -> None:
        """A try that was counted before it was looked at is none."""
        row = await self._session.get(WrongTryRow, number)
        if row is not None:
            await self._session.delete(row)
            await self._session.flush()

    async def wrong_tries(self, lane: str, since: datetime) -> int:
        """How many there were; until this transaction ends nobody else counts on this lane.

        So of many tries in one instant no more pass than one after another. SQLite has one writer anyway.
        """
        connection = await self._session.connection()
        if connection.dialect.name == "postgresql":
            await connection.execute(_LOCK_LANE, {"lanes": _LANES, "lane": lane})
        query = select(func.count()).where(col(WrongTryRow.lane) == lane, col(WrongTryRow.at) > since)
        return (await self._session.exec(query)).one()
