"""The watchman: looks at the escalation itself every minute and tells the operator by the second road.

It works while Telegram is away and while the archive is: what was told is kept in the archive, and in memory
as long as that cannot be written. A round carries codes and numbers only, never an identity.
Source: lessons 3; architecture, "How an escalation travels"; issue of the escalation, "The watchman".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from bot.actions.audit_escalation import audit_escalation
from bot.actions.desk import Desk
from bot.rules import watch
from bot.rules.messages import Phrase
from bot.rules.study import Language
from bot.rules.watch import Found, Matter, Round, Trouble

_log = structlog.get_logger(__name__)

MARK: Final = "watchman"
_ZONE: Final = "UTC"
# Telegram may be away for a moment without anybody's doing.
_TELEGRAM_MAY_BE_AWAY: Final = timedelta(minutes=5)


class Told(Protocol):
    """What came of a ring: whether any address of the operator took it."""

    @property
    def arrived(self) -> bool: ...


class OperatorRoad(Protocol):
    """A way out that is not Telegram. Never raises for what an address does."""

    async def ring(self, addresses: Sequence[str], *, title: str, body: str) -> Told: ...


class SignOfLife(Protocol):
    """Something outside that rings when it hears nothing."""

    async def beat(self) -> bool: ...


class Words(Protocol):
    """Makes words of a phrase."""

    def words(self, said: Phrase, language: Language, zone: str) -> str: ...


class Watchman:
    """One per process that serves; `look` is called every minute."""

    def __init__(
        self,
        desk: Desk,
        *,
        road: OperatorRoad,
        addresses: Sequence[str],
        heartbeat: SignOfLife,
        words: Words,
        ticks_missed: Callable[[], Sequence[str]],
        troubles: Callable[[], Mapping[str, str]],
    ) -> None:
        self._desk = desk
        self._road = road
        self._addresses = tuple(addresses)
        self._heartbeat = heartbeat
        self._words = words
        self._ticks_missed = ticks_missed
        self._troubles = troubles
        self._told_at: Mapping[Matter, datetime] | None = None
        self._last: tuple[datetime, float] | None = None
        self._away_since: datetime | None = None

    async def look(self) -> tuple[Found, ...]:
        """One round: find, tell, give the sign of life, write down. Gives what was found."""
        real_now = self._desk.clock.real_now()
        found = [*await self._in_the_archive(real_now), *self._in_the_process(real_now)]
        found.sort(key=lambda one: list(Trouble).index(one.trouble))
        decided = watch.decide(tuple(found), self._told_at or {}, real_now)
        reached = await self._tell(decided)
        if reached:
            self._told_at = decided.told_at
        if watch.is_well(tuple(found)) and reached:
            await self._heartbeat.beat()
        await self._write_down(found, real_now)
        return tuple(found)

    async def _in_the_archive(self, real_now: datetime) -> list[Found]:
        try:
            before = await self._remembered()
            found = list(await audit_escalation(self._desk))
        except Exception as error:  # whatever it is, the watchman goes on and tells it
            _log.error("the archive could not be audited", error=type(error).__name__)
            self._told_at = self._told_at or {}
            return [Found(Trouble.DATABASE, type(error).__name__)]
        if before is not None and real_now - before >= watch.DOWN_TOLD_FROM:
            minutes = round((real_now - before).total_seconds() / 60)
            since = before.isoformat(timespec="minutes")
            found.append(Found(Trouble.WAS_DOWN, f"{minutes} min, {since}"))
        return found

    async def _remembered(self) -> datetime | None:
        """At the first look: when the last one before the start was; what was told is known again."""
        if self._told_at is not None:
            return None
        async with self._desk.archive.read() as uow:
            mark = await uow.marks.get(MARK)
        told = {} if mark is None else mark["told_at"]
        self._told_at = {_matter(one): datetime.fromisoformat(at) for one, at in told.items()}
        return None if mark is None else datetime.fromisoformat(mark["real_at"])

    def _in_the_process(self, real_now: datetime) -> list[Found]:
        found = [Found(Trouble.TICK_MISSED, name) for name in self._ticks_missed()]
        monotonic = self._desk.clock.monotonic()
        if self._last is not None:
            passed = timedelta(seconds=monotonic - self._last[1])
            jump = watch.clock_jump(real_now - self._last[0], passed)
            if jump is not None:
                found.append(Found(Trouble.CLOCK_JUMPED, f"{jump.total_seconds():+.0f} s"))
        self._last = (real_now, monotonic)
        troubles = self._troubles()
        self._away_since = (self._away_since or real_now) if troubles else None
        if self._away_since is not None and real_now - self._away_since >= _TELEGRAM_MAY_BE_AWAY:
            found.append(Found(Trouble.TELEGRAM, ", ".join(sorted(troubles))))
        return found

    async def _tell(self, decided: Round) -> bool:
        """Whether the operator has been told, or there was nothing to tell, or nobody to tell it to."""
        found, over = _by_trouble(decided)
        lines = [
            Phrase(f"operator.watch.{trouble.value.lower()}", {"what": "; ".join(what)})
            for trouble, what in found.items()
        ]
        lines += [_over(trouble, whose) for trouble, whose in over.items()]
        for trouble in found:
            _log.error("the watchman found trouble", action=trouble.value)
        if not lines or not self._addresses:
            return True
        title = Phrase("operator.watch.title", {"count": len(found)})
        body = "\n\n".join(
            "\n".join(self._words.words(line, language, _ZONE) for line in lines) for language in Language
        )
        heading = self._words.words(title, Language.EN, _ZONE)
        return (await self._road.ring(self._addresses, title=heading, body=body)).arrived

    async def _write_down(self, found: list[Found], real_now: datetime) -> None:
        told = {
            f"{matter.trouble.value} {matter.of}".rstrip(): at.isoformat()
            for matter, at in (self._told_at or {}).items()
        }
        try:
            async with self._desk.archive.begin() as uow:
                await uow.marks.set(
                    MARK,
                    {
                        "real_at": real_now.isoformat(),
                        "told_at": told,
                        "found": [f"{one.trouble.value} {one.what}" for one in found],
                        "addresses": len(self._addresses),
                    },
                )
        except Exception as error:  # told again after a restart, at the worst
            _log.error("the round could not be written down", error=type(error).__name__)


def _matter(written: str) -> Matter:
    trouble, _, of = written.partition(" ")
    return Matter(Trouble(trouble), of)


def _by_trouble(decided: Round) -> tuple[dict[Trouble, list[str]], dict[Trouble, list[str]]]:
    """One line a trouble, however many things have it: what to tell of each, and whose is over."""
    found: dict[Trouble, list[str]] = {}
    for one in decided.tell:
        found.setdefault(one.trouble, []).append(one.what)
    over: dict[Trouble, list[str]] = {}
    for matter in decided.ended:
        over.setdefault(matter.trouble, []).append(matter.of)
    return found, over


def _over(trouble: Trouble, whose: Sequence[str]) -> Phrase:
    part = Phrase(f"operator.watch.name.{trouble.value.lower()}")
    of = ", ".join(filter(None, whose))
    if not of:
        return Phrase("operator.watch.over", {"part": part})
    return Phrase("operator.watch.over_of", {"part": part, "of": of})
