"""Which check-ins she was asked and which have no answer: a gap is shown as a gap, never as "no symptoms".

Worked case: asked on 6 March 19:00, nudged at 21:00, asked again on the 10th at 19:00, a report on the 10th
at 19:20: the first has no answer and stands in the log as such, the second has one. One that an outage kept
from being sent is a gap too, of ours and not of hers.

Source: specification 1.8 ("Silence is never read as no symptoms", "the design must expect gaps").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest

from bot.rules.report import Report

_PREFIX, _NUDGE = "check-in:", ":nudge"
# As long as it may still be answered nothing is called a gap.
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the record of reminders: this key was `sent` then, or could not be sent in time."""

    key: str
    at: datetime
    sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedCheckIn:
    """`asked_at` is when she was first asked, or when it was found that she could not be (`sent` False).

    `answer` is the report that she began before the next check-in; None: no answer, whatever the reason.
    """

    key: str
    asked_at: datetime
    sent: bool
    nudged_at: datetime | None
    answer: Report | None

    def is_gap(self, now: datetime) -> bool:
        """Nothing was answered and nothing more will be: a day is over."""
        return self.answer is None and now - self.asked_at >= _A_DAY


def asked_check_ins(told: Iterable[Told], reports: Sequence[Report]) -> tuple[AskedCheckIn, ...]:
    """Every check-in of the record, oldest first, each with its answer or without one."""
    asked: dict[str, Told] = {}
    nudged: dict[str, datetime] = {}
    for one in sorted(told, key=lambda line: line.at):
        if not one.key.startswith(_PREFIX):
            continue
        key = one.key.removesuffix(_NUDGE)
        if one.key.endswith(_NUDGE) and one.sent:
            nudged.setdefault(key, one.at)
        before = asked.get(key)
        if before is None or (one.sent and not before.sent):
            asked[key] = one
    ordered = sorted(asked.items(), key=lambda pair: pair[1].at)
    return tuple(
        AskedCheckIn(
            key=key,
            asked_at=one.at,
            sent=one.sent,
            nudged_at=nudged.get(key) if nudged.get(key) != one.at else None,
            answer=_answer(key, one.at, following[1].at if following else None, reports),
        )
        for (key, one), following in zip_longest(ordered, ordered[1:])
    )


def _answer(key: str, asked_at: datetime, until: datetime | None, reports: Sequence[Report]) -> Report | None:
    """The report that was begun from it, or the first one from then until the next check-in."""
    own = [one for one in reports if one.check_in_key == key]
    within = [
        one for one in reports if asked_at <= one.opened_at and (until is None or one.opened_at < until)
    ]
    return min(own or within, key=lambda one: one.opened_at, default=None)
