"""The scenes of the rehearsal: what is played before a visitor steps in, and whose telephones are shown then.

Each begins on the Tuesday morning of the cast. Everything is done by the real ways, at its time, so the log
tells how it came to this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from bot.actions.record_dose import DoseEntry, record_dose
from bot.actions.record_lab import UNIT, LabEntry, record_lab
from bot.assembly.casting import local
from bot.assembly.rehearsing import Rehearsal
from bot.rehearsal.cast import Cast
from bot.rehearsal.stage import Scene
from bot.rules.access import AuthMethod
from bot.rules.study import Language, StaffCode, SubjectCode

# Who is shown, by the language of the visitor: a patient and a colleague.
FOCUS: Final[Mapping[Scene, Mapping[Language, tuple[str, str]]]] = {
    Scene.START: {Language.ZH: ("TJ-001", "CA1"), Language.EN: ("TJ-002", "CA2")},
    Scene.FIRST_DAY: {Language.ZH: ("TJ-003", "CA1"), Language.EN: ("TJ-003", "CA2")},
    Scene.GOOD_EVENING: {Language.ZH: ("TJ-001", "CA1"), Language.EN: ("TJ-002", "CA2")},
    Scene.NIGHT_ALARM: {Language.ZH: ("TJ-001", "SI1"), Language.EN: ("TJ-002", "SI2")},
    Scene.PLATELETS_100: {Language.ZH: ("TJ-001", "CA1"), Language.EN: ("TJ-002", "CA2")},
}
_ALARM: Final = {
    Language.ZH: "流鼻血40分钟止不住，要晕倒",
    Language.EN: "nosebleed 40 min wont stop feel faint",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Playing:
    """What a scene is played with: `to` lets time pass, through every due moment in order."""

    rehearsal: Rehearsal
    cast: Cast
    to: Callable[[datetime], Awaitable[None]]

    async def writes(self, code: str, text: str) -> None:
        await self.rehearsal.telegram.type(self.cast.characters[code].person, text)
        await self.to(self.rehearsal.clock.now())

    async def count(self, code: str, value: str, sampled_at: datetime, by: str) -> None:
        """The coordinator enters a platelet count, in 10⁹/L."""
        entry = LabEntry(
            subject=SubjectCode(code),
            value=Decimal(value),
            as_entered=f"{value} {UNIT}",
            sampled_at=sampled_at,
        )
        await record_lab(self.rehearsal.service.desk, entry=entry, by=StaffCode(by), auth=AuthMethod.CONSOLE)
        await self.to(self.rehearsal.clock.now())

    async def dose(self, code: str, number: int, given_at: datetime, by: str) -> None:
        entry = DoseEntry(subject=SubjectCode(code), number=number, given_at=given_at)
        await record_dose(self.rehearsal.service.desk, entry=entry, by=StaffCode(by), auth=AuthMethod.CONSOLE)
        await self.to(self.rehearsal.clock.now())


async def play(scene: Scene, playing: Playing, language: Language) -> None:
    """Plays from Tuesday morning to where the scene begins, with people of this language."""
    match scene:
        case Scene.START | Scene.FIRST_DAY:
            return
        case Scene.GOOD_EVENING:
            await _morning_visits(playing)
            await playing.to(local(10, 19))
        case Scene.NIGHT_ALARM:
            await _morning_visits(playing)
            await playing.to(local(10, 23, 40))
            await playing.writes(FOCUS[scene][language][0], _ALARM[language])
        case Scene.PLATELETS_100:
            await playing.to(local(10, 9, 50))
            await playing.count("TJ-001", "104", local(10, 9, 10), "CA1")
            await playing.count("TJ-002", "108", local(10, 9, 20), "CA2")


async def _morning_visits(playing: Playing) -> None:
    """Both had their blood drawn and their second injection."""
    await playing.to(local(10, 10, 45))
    await playing.count("TJ-001", "68", local(10, 9, 5), "CA1")
    await playing.dose("TJ-001", 2, local(10, 9, 30), "CA1")
    await playing.count("TJ-002", "72", local(10, 10, 5), "CA2")
    await playing.dose("TJ-002", 2, local(10, 10, 30), "CA2")
