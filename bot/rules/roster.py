"""Who is on duty now: times of duty, leave, deputies.

A role at a site has a roster as soon as anybody who holds it there has a time of duty; from then on only
those on duty are rung, and somebody off duty is skipped without waiting. Without a roster everybody who holds
the role is rung. Leave takes a person out, whatever the roster says; a deputy named for it stands in, and is
not looked for further if away as well.

Worked case: SI1 is on duty on Saturday from 08:00 to 20:00 and SI2 from 20:00 to 08:00. At 02:10 on Sunday
SI2 is rung. If SI2 is on leave with SI1 as deputy, SI1 is rung though off duty.

Both edges: a time of duty counts from `starts_at` to just before `ends_at`.
Source: specification 3.2 ("on-call roster with start/end times, a deputy rule").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.rules.study import SiteCode, StaffCode


class DutyKind(StrEnum):
    """A time in which somebody is rung, or in which they are not."""

    DUTY = "DUTY"
    LEAVE = "LEAVE"


class OutOfHours(StrEnum):
    """What a site promises at night and on days off. Source: specification 3.1, 7.2 Q10."""

    COVERED = "COVERED"
    ADVICE_ONLY = "ADVICE_ONLY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """`deputy` is for leave only: who stands in."""

    id: str
    site: SiteCode
    staff: StaffCode
    kind: DutyKind
    starts_at: datetime
    ends_at: datetime
    deputy: StaffCode | None = None

    def covers(self, moment: datetime) -> bool:
        return self.starts_at <= moment < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """`people` are rung, in the order given; `skipped` are off duty or away."""

    people: tuple[StaffCode, ...]
    skipped: tuple[StaffCode, ...]


def called(holders: Sequence[StaffCode], duties: Sequence[Duty], now: datetime) -> Called:
    """Of those who hold a role at a site: who is rung now. `duties` are the site's, ended ones left out."""
    rostered = any(duty.kind is DutyKind.DUTY and duty.staff in holders for duty in duties)
    people: list[StaffCode] = []
    skipped: list[StaffCode] = []
    for code in holders:
        on_duty = not rostered or _is(DutyKind.DUTY, code, duties, now) is not None
        leave = _is(DutyKind.LEAVE, code, duties, now)
        if on_duty and leave is None:
            people.append(code)
            continue
        skipped.append(code)
        deputy = leave.deputy if on_duty and leave is not None else None
        if deputy is not None and _is(DutyKind.LEAVE, deputy, duties, now) is None:
            people.append(deputy)
    rung = tuple(dict.fromkeys(people))
    return Called(people=rung, skipped=tuple(code for code in skipped if code not in rung))


def turns(duties: Sequence[Duty], since: datetime, until: datetime) -> tuple[datetime, ...]:
    """The moments after `since` and up to `until` at which anybody comes or goes, in order."""
    edges = {edge for duty in duties for edge in (duty.starts_at, duty.ends_at)}
    return tuple(sorted(edge for edge in edges if since < edge <= until))


def _is(kind: DutyKind, staff: StaffCode, duties: Sequence[Duty], now: datetime) -> Duty | None:
    fitting = (duty for duty in duties if duty.kind is kind and duty.staff == staff and duty.covers(now))
    return next(fitting, None)
