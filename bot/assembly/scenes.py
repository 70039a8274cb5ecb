"""The scenes of the rehearsal: what is played before a visitor steps in, and whose telephones are shown then.

Each begins on the Tuesday morning of the cast. Everything is done by the real ways, at its time, so the log
tells how it came to this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.assembly.casting import enter, local, plan_chemotherapy
from bot.assembly.rehearsing import Rehearsal
from bot.rehearsal.cast import Cast
from bot.rehearsal.stage import Scene
from bot.rules.study import Language, StaffCode, SubjectCode

# Who is shown, by the language of the visitor: a patient and a colleague.
FOCUS: Final[Mapping[Scene, Mapping[Language, tuple[str, str]]]] = {
    Scene.START: {Language.ZH: ("TJ-001", "CA1"), Language.EN: ("TJ-002", "CA2")},
    Scene.FIRST_DAY: {Language.ZH: ("TJ-003", "CA1"), Language.EN: ("TJ-003", "CA2")},
    Scene.GOOD_EVENING: {Language.ZH: ("TJ-001", "CA1"), Language.EN: ("TJ-002", "CA2")},
    Scene.NIGHT_ALARM: {Language.ZH: ("TJ-001", "SI1"), Language.EN: ("TJ-002", "SI2")},
    Scene.PLATELETS_100: {Language.ZH: ("TJ-001", "CA1"), Language.EN: ("TJ-002", "CA2")},
    Scene.CHEMOTHERAPY: {Language.ZH: ("TJ-001", "SI1"), Language.EN: ("TJ-002", "SI2")},
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

    async def enters(self, by: str, code: str, what: int | str, at: datetime) -> None:
        """A coordinator enters a dose by its number, or a platelet count in 10⁹/L."""
        await enter(self.rehearsal, SubjectCode(code), what, at=at, by=StaffCode(by))
        await self.to(self.rehearsal.clock.now())

    async def resumes(self, by: str, code: str, starts_at: datetime) -> None:
        """An investigator enters when chemotherapy resumes."""
        await plan_chemotherapy(self.rehearsal, SubjectCode(code), starts_at=starts_at, by=StaffCode(by))
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
            await _count_of_100(playing)
        case Scene.CHEMOTHERAPY:
            await _count_of_100(playing)
            await playing.to(local(10, 15, 30))
            await playing.resumes("SI1", "TJ-001", local(13, 10))
            await playing.resumes("SI2", "TJ-002", local(13, 10))


async def _count_of_100(playing: Playing) -> None:
    """This morning's results of both are entered."""
    await playing.to(local(10, 9, 50))
    await playing.enters("CA1", "TJ-001", "104", local(10, 9, 10))
    await playing.enters("CA2", "TJ-002", "108", local(10, 9, 20))


async def _morning_visits(playing: Playing) -> None:
    """Both had their blood drawn and their second injection."""
    await playing.to(local(10, 10, 45))
    await playing.enters("CA1", "TJ-001", "68", local(10, 9, 5))
    await playing.enters("CA1", "TJ-001", 2, local(10, 9, 30))
    await playing.enters("CA2", "TJ-002", "72", local(10, 10, 5))
    await playing.enters("CA2", "TJ-002", 2, local(10, 10, 30))
