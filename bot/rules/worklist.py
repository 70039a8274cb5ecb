"""What a site has to do now: one list, most urgent first, the same for the console and the chat's `/today`.

Nothing here is stored. Items follow from open cases, the plan, the reports and the roads to the patient; each
is there for exactly as long as it is true. A case that the timer raised about a visit stands with that visit
and not a second time by itself.

Worked case, Tuesday 10 March, 08:30: an EMERGENCY of TJ-001 that nobody has; PLT 18 of TJ-007 (URGENT) taken
by CA1; dose 2 of TJ-003 due at 09:30, stated done; dose 3 of TJ-005 whose blood was drawn and whose result is
not there; TJ-009 who left two check-ins unanswered. NOW: TJ-001, TJ-007. TODAY: TJ-003. WAITING: TJ-005.
QUIET: TJ-009.

Source: specification 1.5, 1.10, 3.3 (what staff are told of), 3.6 (potential serious events); screens.md
"Worklist"; chat.md "Morning".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import IntEnum, StrEnum

from bot.rules.activities import ActivityKind, ActivityStatus, PlannedActivity
from bot.rules.calendar import local_day
from bot.rules.case import Case, CaseId, CaseKind
from bot.rules.participant import TERMINAL_STATES, LabResult, Participant, ParticipantState
from bot.rules.report import Report, ReportStatus
from bot.rules.sae import SaeTask, is_overdue
from bot.rules.silence import ABOUT_SILENCE
from bot.rules.study import Level, SiteCode, SubjectCode

# What the timer raised about a visit; it stands with the visit. The word after `staff.notice.`.
_ABOUT_DOSES = frozenset({"dose_unconfirmed", "window_closing", "window_closed"})
_ABOUT_DRAWS = frozenset({"endpoint_draw_unconfirmed"})
_NOTICE = "staff.notice."


class Section(IntEnum):
    """Where an item stands. NOW: minutes count. TODAY: before the day ends. WAITING: a person waits for it.

    QUIET: nobody hears from the patient.
    """

    NOW = 0
    TODAY = 1
    WAITING = 2
    QUIET = 3


class WorkKind(StrEnum):
    """What is to be done; in the order in which they stand within a section, at the same level."""

    ALARM = "ALARM"
    SERIOUS = "SERIOUS"
    FINDING = "FINDING"
    WINDOW_CLOSED = "WINDOW_CLOSED"
    WINDOW_CLOSES = "WINDOW_CLOSES"
    INJECTION = "INJECTION"
    DRAW = "DRAW"
    UNCONFIRMED = "UNCONFIRMED"
    RESULT = "RESULT"
    WISH = "WISH"
    UNFINISHED = "UNFINISHED"
    RECORD = "RECORD"
    SILENT = "SILENT"
    UNREACHABLE = "UNREACHABLE"


# A visit's blood test and injection stand together, by the time of the visit, blood first.
_RANKS = {kind: rank for rank, kind in enumerate(WorkKind)}
_RANKS[WorkKind.DRAW] = _RANKS[WorkKind.INJECTION]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """One thing to do for one participant.

    `at`: since when, or for when. `level` is that of its cases (NONE: no case). `activity`: the visit it is
    about. `cases`: what must be closed with it, the highest level first. `report`: the unfinished one.
    `serious`: the question whether an event was serious, with its clock. `untimed`: the count without its
    time.
    """

    kind: WorkKind
    section: Section
    subject: SubjectCode
    site: SiteCode
    at: datetime
    level: Level = Level.NONE
    activity: PlannedActivity | None = None
    cases: tuple[Case, ...] = ()
    report: Report | None = None
    serious: SaeTask | None = None
    untimed: LabResult | None = None

    @property
    def key(self) -> str:
        """The same for as long as it is the same thing."""
        what = self.cases[0].id if self.cases else self.activity.key if self.activity else self.kind.value
        return f"{self.subject}:{self.kind.value}:{self.serious.id if self.serious else what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the list of one participant follows from.

    `abouts` gives for each open case what the timer or the patient raised it for: a key `staff.notice.…` or
    `staff.story.…`, or the id of her words. `reports` are her newest ones. `untimed`: the baseline
    count whose sample time is not recorded. `time_zone`: the site's, by which visits go. `serious`: the
    questions of serious events that nobody has answered.
    """

    participant: Participant
    planned: tuple[PlannedActivity, ...] = ()
    open_cases: tuple[Case, ...] = ()
    abouts: Mapping[CaseId, tuple[str, ...]] = field(default_factory=dict)
    reports: tuple[Report, ...] = ()
    untimed: LabResult | None = None
    time_zone: str | None = None
    serious: tuple[SaeTask, ...] = ()


def worklist(facts: Iterable[Facts], now: datetime) -> tuple[WorkItem, ...]:
    """Everything to do for these participants, most urgent first."""
    return in_order(item for one in facts for item in items_of(one, now))


def in_order(items: Iterable[WorkItem]) -> tuple[WorkItem, ...]:
    """By section; within it the highest level, then the kind, then the oldest.

    A question of a serious event stands before every case of its day: its clock runs.
    """

    def place(item: WorkItem) -> tuple[Section, int, int, datetime, str, bool, str]:
        is_dose = item.kind is WorkKind.INJECTION
        level = Level.URGENT if item.serious is not None else item.level
        return item.section, -level, _RANKS[item.kind], item.at, item.subject, is_dose, item.key

    return tuple(sorted(items, key=place))


def counts(items: Iterable[WorkItem]) -> dict[WorkKind, int]:
    """How many of each kind, kinds with none left out, in the order of the kinds."""
    found = Counter(item.kind for item in items)
    return {kind: found[kind] for kind in WorkKind if found[kind]}


def items_of(facts: Facts, now: datetime) -> tuple[WorkItem, ...]:
    """What is to be done for one participant, in order."""
    visits = _Visits(facts, now)
    alone = [case for case in facts.open_cases if case.id not in visits.taken]
    found = [*visits.items, *(_of_case(facts, case) for case in alone)]
    found += _of_serious(facts, now)
    found += _of_report_under_way(facts, now)
    found += _of_record(facts)
    found += _of_road(facts)
    return in_order(found)


# ---------------------------------------------------------------- visits


class _Visits:
    """What the plan asks for today or still misses, each with the cases the timer raised about it."""

    def __init__(self, facts: Facts, now: datetime) -> None:
        self.items: list[WorkItem] = []
        self.taken: set[CaseId] = set()
        self._facts = facts
        if facts.participant.state is ParticipantState.DECLINED:
            return
        for activity in facts.planned:
            zone = facts.time_zone or facts.participant.time_zone
            kind = _kind_of(activity, local_day(now, zone), zone)
            if kind is not None:
                self._add(kind, activity)

    def _add(self, kind: WorkKind, activity: PlannedActivity) -> None:
        about = _ABOUT_DRAWS if activity.kind is ActivityKind.DRAW else _ABOUT_DOSES
        cases = [
            case
            for case in self._facts.open_cases
            if case.id not in self.taken and case.level < Level.URGENT and _notices(self._facts, case) & about
        ]
        self.taken |= {case.id for case in cases}
        self.items.append(
            _item(
                self._facts,
                kind,
                Section.WAITING if kind in (WorkKind.UNCONFIRMED, WorkKind.RESULT) else Section.TODAY,
                activity.target_at,
                activity=activity,
                cases=cases,
            )
        )


def _kind_of(activity: PlannedActivity, today: date, time_zone: str) -> WorkKind | None:
    """Why this activity is on the list today; None: it is not.

    A draw that may be left out is asked for on its own day only: nobody runs after it.
    """
    target = local_day(activity.target_at, time_zone)
    if not activity.is_open or target > today:
        return None
    is_draw = activity.kind is ActivityKind.DRAW
    if activity.status is ActivityStatus.AWAITED:
        return WorkKind.RESULT
    if activity.status is ActivityStatus.STATED:
        return WorkKind.RESULT if is_draw else WorkKind.UNCONFIRMED
    if is_draw and not activity.required and target < today:
        return None
    if activity.has_closed(today):
        return WorkKind.WINDOW_CLOSED
    if target < today == activity.window.last:
        return WorkKind.WINDOW_CLOSES
    return WorkKind.DRAW if is_draw else WorkKind.INJECTION


# ---------------------------------------------------------------- cases, reports, the record, the road


def _of_case(facts: Facts, case: Case) -> WorkItem:
    """A case by itself: how soon a person is needed, and what for."""
    kind = _kind_of_case(facts, case)
    if case.level >= Level.URGENT:
        section = Section.NOW
    elif kind is WorkKind.SILENT:
        section = Section.QUIET
    elif case.level is Level.SAME_DAY:
        section = Section.TODAY
    else:
        section = Section.WAITING
    report = next((one for one in facts.reports if one.id == case.report_id), None)
    unfinished = report if kind is WorkKind.UNFINISHED else None
    return _item(facts, kind, section, case.opened_at, cases=[case], report=unfinished)


def _kind_of_case(facts: Facts, case: Case) -> WorkKind:
    if case.level >= Level.URGENT:
        return WorkKind.ALARM
    if ABOUT_SILENCE.intersection(facts.abouts.get(case.id, ())):
        return WorkKind.SILENT
    unfinished = {one.id for one in facts.reports if one.status is ReportStatus.INCOMPLETE}
    if case.report_id in unfinished:
        return WorkKind.UNFINISHED
    return WorkKind.WISH if case.kind in (CaseKind.REQUEST, CaseKind.WORDS) else WorkKind.FINDING


def _of_serious(facts: Facts, now: datetime) -> Iterator[WorkItem]:
    """An event that may be serious, until an investigator has answered: today, and now once it is overdue.

    `at` is when the answer is due, or since when it is asked while the clock has not begun. It stays after
    the case is closed and after the participation ended. Source: specification 3.6.
    """
    for task in facts.serious:
        if task.answered_at is None:
            section = Section.NOW if is_overdue(task, now) else Section.TODAY
            item = _item(facts, WorkKind.SERIOUS, section, task.due_at or task.raised_at)
            yield replace(item, serious=task)


def _of_report_under_way(facts: Facts, now: datetime) -> Iterator[WorkItem]:
    """A report she is in the middle of; one that already raised a case stands with that case."""
    raised = {case.report_id for case in facts.open_cases}
    for report in facts.reports:
        if report.status is ReportStatus.OPEN and report.id not in raised and report.opened_at <= now:
            yield _item(facts, WorkKind.UNFINISHED, Section.WAITING, report.opened_at, report=report)


def _of_record(facts: Facts) -> Iterator[WorkItem]:
    """What was left out at enrolment (decisions, "Settled on a second reading")."""
    if facts.untimed is not None and facts.participant.state not in TERMINAL_STATES:
        item = _item(facts, WorkKind.RECORD, Section.WAITING, facts.participant.enrolled_at)
        yield replace(item, untimed=facts.untimed)


def _of_road(facts: Facts) -> Iterator[WorkItem]:
    """She cannot be reached in the chat: it is blocked, or she stopped the messages while in the study."""
    her = facts.participant
    if her.state in TERMINAL_STATES or her.state is ParticipantState.DECLINED:
        return
    since = her.unreachable_since or her.messages_stopped_at
    if since is not None:
        yield _item(facts, WorkKind.UNREACHABLE, Section.QUIET, since)


def _notices(facts: Facts, case: Case) -> frozenset[str]:
    """What the timer raised this case for."""
    return frozenset(
        about.removeprefix(_NOTICE) for about in facts.abouts.get(case.id, ()) if about.startswith(_NOTICE)
    )


def _item(
    facts: Facts,
    kind: WorkKind,
    section: Section,
    at: datetime,
    *,
    activity: PlannedActivity | None = None,
    cases: Sequence[Case] = (),
    report: Report | None = None,
) -> WorkItem:
    worst_first = tuple(sorted(cases, key=lambda case: (-case.level, case.opened_at, case.id)))
    return WorkItem(
        kind=kind,
        section=section,
        subject=facts.participant.subject_code,
        site=facts.participant.site_code,
        at=at,
        level=max((case.level for case in cases), default=Level.NONE),
        activity=activity,
        cases=worst_first,
        report=report,
    )
