"""One list of what to do: most urgent first, each thing once, there for as long as it is true."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.activities import Course
from bot.rules.case import Case, CaseId, CaseKind
from bot.rules.participant import ParticipantState, StatedWhat
from bot.rules.report import OpenedBy, Report, ReportId, ReportStatus
from bot.rules.sae import SaeCause, SaeTask, SaeTaskId, aware
from bot.rules.schedule import plan
from bot.rules.study import Language, Level
from bot.rules.worklist import Facts, Section, WorkKind, counts, in_order, items_of, worklist
from tests.rules.scenes import TJ_001, a_case, at, count, course, dose, participant, says, study

NOW = at("2026-03-10 08:30")


def facts(of: Course | None = None, **more: object) -> Facts:
    planned = plan(study(), of) if of else ()
    return replace(Facts(participant=participant(), planned=planned), **more)  # type: ignore[arg-type]


def case(level: Level, **more: object) -> Case:
    return replace(a_case(level, at("2026-03-10 08:00")), **more)  # type: ignore[arg-type]


def report(status: ReportStatus) -> Report:
    return Report(
        id=ReportId("R1"),
        subject_code=TJ_001,
        opened_at=at("2026-03-10 08:00"),
        status=status,
        opened_by=OpenedBy.TAP,
        reporter=None,
        language=Language.ZH,
        catalogue_version="1",
        level=Level.NONE,
    )


def shown(of: Facts, now: str = "2026-03-10 08:30") -> list[tuple[str, str]]:
    return [
        (item.kind.value, item.activity.key if item.activity else item.cases[0].id if item.cases else "")
        for item in items_of(of, at(now))
    ]


class TestVisits:
    """Day 1 on Tuesday 3 March; dose 2 and draw L2 on the 10th, 9th to 12th."""

    given_one = course(doses=(dose(1, at("2026-03-03 09:30")),))

    @pytest.mark.parametrize(
        ("now", "kind"),
        [
            ("2026-03-09 23:59", None),
            ("2026-03-10 00:00", WorkKind.INJECTION),
            ("2026-03-11 08:30", WorkKind.INJECTION),
            ("2026-03-12 08:30", WorkKind.WINDOW_CLOSES),
            ("2026-03-13 00:00", WorkKind.WINDOW_CLOSED),
        ],
    )
    def test_a_dose_is_there_from_its_day_until_it_is_recorded(self, now: str, kind: WorkKind | None) -> None:
        found = {what: found_kind for found_kind, what in shown(facts(self.given_one), now)}
        assert found.get("injection-2") == (kind.value if kind else None)

    def test_visits_go_by_the_clock_of_the_site_wherever_she_is(self) -> None:
        away = replace(facts(self.given_one).participant, time_zone="America/Los_Angeles")
        of = replace(facts(self.given_one), participant=away, time_zone="Asia/Shanghai")
        assert ("INJECTION", "injection-2") in shown(of, "2026-03-10 08:30")

    def test_a_recorded_dose_is_gone(self) -> None:
        done = course(doses=(dose(1, at("2026-03-03 09:30")), dose(2, at("2026-03-10 08:00"))))
        assert not [what for _, what in shown(facts(done)) if what.startswith("injection")]

    def test_what_she_says_is_done_waits_for_the_record(self) -> None:
        said = replace(self.given_one, stated=(says(StatedWhat.DONE, "injection-2", at("2026-03-10 08:00")),))
        item = next(one for one in items_of(facts(said), NOW) if one.kind is WorkKind.UNCONFIRMED)
        assert item.section is Section.WAITING

    def test_a_dose_given_on_the_day_of_its_draw_leaves_the_result_awaited(self) -> None:
        done = course(doses=(dose(1, at("2026-03-03 09:30")), dose(2, at("2026-03-10 08:00"))))
        assert (WorkKind.RESULT.value, "draw-L2") in shown(facts(done))

    def test_doses_that_the_stop_rule_ended_are_not_asked_for(self) -> None:
        over = replace(self.given_one, labs=(count("100", at("2026-03-09 09:00")),))
        assert not [what for _, what in shown(facts(over)) if what.startswith("injection")]

    def test_a_case_of_the_timer_stands_with_its_visit_and_not_twice(self) -> None:
        closing = case(Level.SAME_DAY, kind=CaseKind.REQUEST)
        of = facts(
            self.given_one, open_cases=(closing,), abouts={closing.id: ("staff.notice.window_closing",)}
        )
        items = [item for item in items_of(of, at("2026-03-12 08:30")) if closing in item.cases]
        assert [(item.kind, item.level) for item in items] == [(WorkKind.WINDOW_CLOSES, Level.SAME_DAY)]

    def test_once_the_dose_is_recorded_its_case_stands_alone_until_a_person_closes_it(self) -> None:
        done = course(doses=(dose(1, at("2026-03-03 09:30")), dose(2, at("2026-03-10 08:00"))))
        late = case(Level.ROUTINE, kind=CaseKind.REQUEST)
        of = facts(done, open_cases=(late,), abouts={late.id: ("staff.notice.dose_unconfirmed",)})
        assert (WorkKind.WISH.value, late.id) in shown(of)


class TestCases:
    @pytest.mark.parametrize(
        ("level", "kind", "about", "expected"),
        [
            (Level.EMERGENCY, CaseKind.REPORT, "", (WorkKind.ALARM, Section.NOW)),
            (Level.URGENT, CaseKind.LAB, "staff.story.result", (WorkKind.ALARM, Section.NOW)),
            (Level.SAME_DAY, CaseKind.REPORT, "", (WorkKind.FINDING, Section.TODAY)),
            (Level.SAME_DAY, CaseKind.REQUEST, "staff.story.cannot_come", (WorkKind.WISH, Section.TODAY)),
            (Level.ROUTINE, CaseKind.WORDS, "A1B2", (WorkKind.WISH, Section.WAITING)),
            (
                Level.ROUTINE,
                CaseKind.REQUEST,
                "staff.notice.check_ins_unanswered",
                (WorkKind.SILENT, Section.QUIET),
            ),
            (Level.SAME_DAY, CaseKind.REQUEST, "staff.notice.phone_her", (WorkKind.SILENT, Section.QUIET)),
        ],
    )
    def test_a_case_stands_where_it_is_looked_for(
        self, level: Level, kind: CaseKind, about: str, expected: tuple[WorkKind, Section]
    ) -> None:
        one = case(level, kind=kind)
        (item,) = items_of(facts(open_cases=(one,), abouts={one.id: (about,)}), NOW)
        assert (item.kind, item.section) == expected

    def test_an_urgent_case_never_hides_behind_a_visit(self) -> None:
        worse = case(Level.URGENT, kind=CaseKind.REQUEST)
        of = facts(
            TestVisits.given_one, open_cases=(worse,), abouts={worse.id: ("staff.notice.dose_unconfirmed",)}
        )
        assert items_of(of, NOW)[0].kind is WorkKind.ALARM

    def test_an_unfinished_report_stands_as_one_whether_or_not_it_raised_a_case(self) -> None:
        raised = case(Level.SAME_DAY, report_id="R1")
        under_way = facts(reports=(report(ReportStatus.OPEN),))
        closed = facts(reports=(report(ReportStatus.INCOMPLETE),), open_cases=(raised,))
        for of in (under_way, closed):
            (item,) = items_of(of, NOW)
            assert (item.kind, item.report) == (WorkKind.UNFINISHED, of.reports[0])


class TestTheRest:
    @pytest.mark.parametrize("field", ["unreachable_since", "messages_stopped_at"])
    def test_whoever_cannot_be_reached_is_there_until_she_leaves_the_study(self, field: str) -> None:
        her = participant(**{field: NOW - timedelta(days=2)})
        (item,) = items_of(facts(participant=her), NOW)
        assert (item.kind, item.section) == (WorkKind.UNREACHABLE, Section.QUIET)
        assert items_of(facts(participant=replace(her, state=ParticipantState.WITHDRAWN)), NOW) == ()

    def test_a_baseline_without_its_time_is_asked_for(self) -> None:
        (item,) = items_of(facts(untimed=count("38", None)), NOW)
        assert (item.kind, item.section) == (WorkKind.RECORD, Section.WAITING)
        assert item.untimed is not None


class TestOrder:
    def test_minutes_before_hours_before_days_and_the_counts_of_each(self) -> None:
        alarm, wish = case(Level.EMERGENCY), case(Level.ROUTINE, id=CaseId("C2"), kind=CaseKind.WORDS)
        of = facts(TestVisits.given_one, open_cases=(wish, alarm))
        items = worklist([of], NOW)
        assert [item.section for item in items] == sorted(item.section for item in items)
        assert items[0].kind is WorkKind.ALARM
        assert counts(items)[WorkKind.WISH] == 1
        assert sum(counts(items).values()) == len(items)

    def test_blood_is_listed_before_the_injection_of_the_same_visit_and_visits_by_their_time(self) -> None:
        later = replace(
            TestVisits.given_one, day1_at=at("2026-03-03 10:30"), doses=(dose(1, at("2026-03-03 10:30")),)
        )
        second = facts(later, participant=participant(subject_code="TJ-000"))
        visits = {WorkKind.DRAW, WorkKind.INJECTION}
        items = [one for one in worklist([second, facts(TestVisits.given_one)], NOW) if one.kind in visits]
        assert [(item.subject, item.kind) for item in items] == [
            ("TJ-001", WorkKind.DRAW),
            ("TJ-001", WorkKind.INJECTION),
            ("TJ-000", WorkKind.DRAW),
            ("TJ-000", WorkKind.INJECTION),
        ]

    @given(st.permutations(list(Level)[1:]))
    def test_the_order_does_not_depend_on_the_order_of_the_facts(self, levels: list[Level]) -> None:
        cases = tuple(case(level, id=CaseId(level.name)) for level in levels)
        items = items_of(facts(open_cases=cases), NOW)
        assert items == in_order(reversed(items))
        assert [item.level for item in items if item.section is Section.NOW] == [
            Level.EMERGENCY,
            Level.URGENT,
        ]


class TestSeriousEvents:
    """Known to the site on Monday 9 March at 18:00, so due on Tuesday at 18:00 (specification 3.6)."""

    asked = SaeTask(
        id=SaeTaskId("S1"),
        subject_code=TJ_001,
        causes=(SaeCause.ADMITTED,),
        raised_at=at("2026-03-09 17:00"),
        aware_at=None,
        due_at=None,
        next_step_at=None,
    )
    known = aware(study().sae, asked, at("2026-03-09 18:00"))

    def test_it_is_there_from_when_it_is_asked_until_it_is_answered(self) -> None:
        (item,) = items_of(facts(serious=(self.asked,)), NOW)
        assert (item.kind, item.section, item.at) == (
            WorkKind.SERIOUS,
            Section.TODAY,
            at("2026-03-09 17:00"),
        )
        answered = replace(self.known, answered_at=at("2026-03-10 08:00"))
        assert items_of(facts(serious=(answered,)), NOW) == ()

    @pytest.mark.parametrize(
        ("now", "section"),
        [("2026-03-10 17:59", Section.TODAY), ("2026-03-10 18:00", Section.NOW)],
    )
    def test_overdue_it_is_a_matter_of_now(self, now: str, section: Section) -> None:
        (item,) = items_of(facts(serious=(self.known,)), at(now))
        assert (item.section, item.at) == (section, at("2026-03-10 18:00"))

    def test_it_stands_before_the_cases_of_its_day_and_outlives_the_participation(self) -> None:
        died = participant(state=ParticipantState.DIED)
        of = facts(participant=died, serious=(self.known,), open_cases=(case(Level.SAME_DAY),))
        assert [item.kind for item in items_of(of, NOW)] == [WorkKind.SERIOUS, WorkKind.FINDING]

    def test_two_questions_are_two_things_to_do(self) -> None:
        other = replace(self.known, id=SaeTaskId("S2"))
        items = items_of(facts(serious=(self.known, other)), NOW)
        assert len({item.key for item in items}) == 2
