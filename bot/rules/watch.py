"""What the watchman tells the operator: new trouble at once, lasting trouble each hour, its end once.

The escalation is audited from outside itself, on the machine's own time, because a rehearsal moves the
study's. `decide` keeps no memory: what was told before goes in, and what is to be remembered comes out.
A gap is told for each site and level, and somebody who cannot be reached for each person: a second one is
news while the first lasts.

Worked case: at 02:10 one case has no next moment; it is told. Still so at 02:11: silence. At 03:10 it is told
again. At 03:12 it is mended: "well again" is told once.

Source: lessons 3 ("audit the escalator itself"); specification 3.3 (down for more than 15 minutes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

TOLD_AGAIN_AFTER: Final = timedelta(hours=1)
TOLD_AGAIN_EACH_DAY: Final = timedelta(days=1)
# "If down > 15 min: page SYSTEM owner". Source: specification 3.3.
DOWN_TOLD_FROM: Final = timedelta(minutes=15)
# The two clocks of a machine drift by far less between two rounds.
CLOCK_MAY_DIFFER: Final = timedelta(seconds=30)


class Trouble(StrEnum):
    """What can be wrong with the machine that must not fall silent, the worst first."""

    DATABASE = "DATABASE"
    CASE_WITHOUT_MOMENT = "CASE_WITHOUT_MOMENT"
    STEP_OVERDUE = "STEP_OVERDUE"
    SENDS_UNACCOUNTED = "SENDS_UNACCOUNTED"
    OUTBOX_LATE = "OUTBOX_LATE"
    TICK_MISSED = "TICK_MISSED"
    CLOCK_JUMPED = "CLOCK_JUMPED"
    TELEGRAM = "TELEGRAM"
    INBOX_PARKED = "INBOX_PARKED"
    WAS_DOWN = "WAS_DOWN"
    NOBODY_REACHABLE = "NOBODY_REACHABLE"
    NOBODY_SOON = "NOBODY_SOON"
    GROUP_UNREACHABLE = "GROUP_UNREACHABLE"
    STAFF_UNREACHABLE = "STAFF_UNREACHABLE"


# These need a person, but the machine goes on: the heartbeat outside goes on with it.
_MACHINE_GOES_ON: Final = frozenset(
    {
        Trouble.INBOX_PARKED,
        Trouble.WAS_DOWN,
        Trouble.NOBODY_REACHABLE,
        Trouble.NOBODY_SOON,
        Trouble.GROUP_UNREACHABLE,
        Trouble.STAFF_UNREACHABLE,
    }
)
# A gap of the days ahead, and a group that hears nothing while the private chats do, are matters for office
# hours: told once a day.
_EACH_DAY: Final = frozenset({Trouble.NOBODY_SOON, Trouble.GROUP_UNREACHABLE})
# Told once, until it is over: the chain passes over the person, and pages and lists show it all the time.
_ONCE: Final = frozenset({Trouble.STAFF_UNREACHABLE})
# These are over as soon as they are seen: nobody hears that they have ended.
_A_MOMENT: Final = frozenset({Trouble.CLOCK_JUMPED, Trouble.WAS_DOWN})


@dataclass(frozen=True, slots=True)
class Matter:
    """One trouble of one thing: `of` is a person, or a site and a level; empty where there is only one."""

    trouble: Trouble
    of: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A trouble with codes that tell more (a part, a site and a level, minutes); never words of a person.

    `of`: whose trouble it is, where each is told for itself; a second one is news beside the first.
    """

    trouble: Trouble
    what: str
    of: str = ""

    @property
    def matter(self) -> Matter:
        return Matter(self.trouble, self.of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What is to be told after a look, and what the next look must know: when each was last told."""

    tell: tuple[Found, ...]
    ended: tuple[Matter, ...]
    told_at: Mapping[Matter, datetime]


def decide(found: tuple[Found, ...], told_at: Mapping[Matter, datetime], real_now: datetime) -> Round:
    """What to tell now. `told_at`: what is known of the matters told before."""
    tell = tuple(
        one
        for one in found
        if one.matter not in told_at or real_now - told_at[one.matter] >= _again_after(one.trouble)
    )
    present = {one.matter for one in found}
    over = (one for one in told_at if one not in present and one.trouble not in _A_MOMENT)
    order = list(Trouble)
    kept = {matter: at for matter, at in told_at.items() if matter in present}
    return Round(
        tell=tell,
        ended=tuple(sorted(over, key=lambda one: (order.index(one.trouble), one.of))),
        told_at=kept | {one.matter: real_now for one in tell},
    )


def _again_after(trouble: Trouble) -> timedelta:
    if trouble in _ONCE:
        return timedelta.max
    return TOLD_AGAIN_EACH_DAY if trouble in _EACH_DAY else TOLD_AGAIN_AFTER


def is_well(found: tuple[Found, ...]) -> bool:
    """Whether the heartbeat may go out: nothing hinders the machine itself."""
    return all(one.trouble in _MACHINE_GOES_ON for one in found)


def clock_jump(real_passed: timedelta, monotonic_passed: timedelta) -> timedelta | None:
    """By how much the machine's clock was set while it ran; None when it ran on as it should."""
    jump = real_passed - monotonic_passed
    return jump if abs(jump) > CLOCK_MAY_DIFFER else None
