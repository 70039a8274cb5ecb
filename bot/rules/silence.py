"""Nobody hears from her: one matter for staff until somebody has spoken with her or she answers by herself.

After that the count begins anew: what she had left unanswered before is dealt with.

Worked case, asked on 6, 10 and 13 March at 19:00 and never answered: on the 11th at 19:00 two in a row are
unanswered, ROUTINE. The 13th adds nothing. A coordinator reaches her on the 14th and it is over. Silent again
on the 17th and the 20th: the next one, on the 21st. With a last count of 12 the first check-in unanswered for
six hours is "phone her", SAME_DAY; a ROUTINE case about silence that waits is raised by it, never doubled.

Source: specification 1.8 (non-response); issue "The protocol to the letter", item 9 ("silence leads to a
person phoning, recorded as such").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.rules.activities import Course
from bot.rules.asked_check_ins import AskedCheckIn
from bot.rules.check_ins import CheckIn
from bot.rules.staff_notices import NoticeKind, StaffNotice
from bot.rules.study import Level, Study, SubjectCode

_ONE_DAY = timedelta(days=1)
# What a case about silence is about, as its events say it.
ABOUT_SILENCE = frozenset({"staff.notice.check_ins_unanswered", "staff.notice.phone_her"})
_KINDS = frozenset({NoticeKind.CHECK_INS_UNANSWERED, NoticeKind.PHONE_HER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What is on record of being asked and being heard.

    `asked`: the check-ins that were asked, oldest first. `heard_at`: whenever she began a report, somebody
    spoke with her, or a person ended a case about silence. `waits_at`: the level of the case about silence in
    which nobody has spoken with her yet; None where there is none.
    """

    asked: tuple[AskedCheckIn, ...] = ()
    heard_at: tuple[datetime, ...] = ()
    waits_at: Level | None = None

    def with_asked(self, check_ins: Iterable[CheckIn], now: datetime) -> Silence:
        """As it stands once these, first calls or nudges, have been sent at `now`."""
        known = {one.key for one in self.asked if one.sent}
        keys = [one.nudge_of or one.key for one in check_ins]
        fresh = [
            AskedCheckIn(key=key, asked_at=now, sent=True, nudged_at=None, answer=None)
            for key in keys
            if key not in known
        ]
        return replace(self, asked=(*self.asked, *fresh))

    def unanswered(self) -> tuple[AskedCheckIn, ...]:
        """Asked since she was last heard of, oldest first."""
        last = max(self.heard_at, default=None)
        asked = [one for one in self.asked if one.sent and (last is None or one.asked_at > last)]
        return tuple(sorted(asked, key=lambda one: one.asked_at))


def is_about_silence(notice: StaffNotice) -> bool:
    """Whether it belongs to the one case there is about her silence."""
    return notice.kind in _KINDS


def notices_of_silence(
    study: Study,
    subject: SubjectCode,
    course: Course,
    coming: Sequence[CheckIn],
    silence: Silence,
) -> tuple[StaffNotice, ...]:
    """What being silent calls for, at most one of each kind; none below the level that already waits.

    A check-in counts as unanswered a day after it was asked, or when the next one is due (`coming`).
    """
    unanswered = silence.unanswered()
    found = (
        *_phone_call(study, subject, course, unanswered),
        *_two_in_a_row(subject, unanswered, coming),
    )
    waits = silence.waits_at
    return tuple(one for one in found if waits is None or one.level > waits)


def _phone_call(
    study: Study, subject: SubjectCode, course: Course, unanswered: Sequence[AskedCheckIn]
) -> Iterator[StaffNotice]:
    """The last count is very low and one check-in has no answer. An old count counts on: 1.8, "unknown"."""
    counts = course.acted_on(study.labs.lead)
    if unanswered and counts and counts[-1].value < study.check_ins.phone_below:
        first = unanswered[0]
        at = first.asked_at + timedelta(hours=study.check_ins.phone_after_hours)
        yield _notice(subject, NoticeKind.PHONE_HER, Level.SAME_DAY, first, at)


def _two_in_a_row(
    subject: SubjectCode, unanswered: Sequence[AskedCheckIn], coming: Sequence[CheckIn]
) -> Iterator[StaffNotice]:
    if len(unanswered) > 1:
        second = unanswered[1]
        later = [one.asked_at for one in unanswered[2:]] + [one.send_after for one in coming]
        following = min((at for at in later if at > second.asked_at), default=None)
        given_up = second.asked_at + _ONE_DAY
        at = given_up if following is None else min(following, given_up)
        yield _notice(subject, NoticeKind.CHECK_INS_UNANSWERED, Level.ROUTINE, second, at)


def _notice(
    subject: SubjectCode, kind: NoticeKind, level: Level, about: AskedCheckIn, at: datetime
) -> StaffNotice:
    which = about.key.removeprefix(f"check-in:{subject}:")
    return StaffNotice(key=f"notice:{subject}:{kind}:{which}", kind=kind, level=level, at=at)
