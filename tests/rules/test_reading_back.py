"""A report read back: *no*, declined, unfinished, not answered yet and never asked are told apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.rules import agenda, callback
from bot.rules.progress import Place
from bot.rules.reading_back import ReadReport, Standing, read_back
from bot.rules.report import (
    DECLINED,
    GATE,
    Answer,
    AnswerId,
    Assessment,
    OpenedBy,
    Report,
    ReportId,
    ReportStatus,
)
from bot.rules.study import Language, Level, Sex
from tests.rules.scenes import TJ_001, study

AT = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)


def report(status: ReportStatus) -> Report:
    return Report(
        id=ReportId("R1"),
        subject_code=TJ_001,
        opened_at=AT,
        status=status,
        opened_by=OpenedBy.TAP,
        reporter=None,
        language=Language.ZH,
        catalogue_version="1",
        level=Level.NONE,
    )


def answer(number: int, place: Place, *codes: str, replaced_by: str | None = None) -> Answer:
    return Answer(
        id=AnswerId(f"A{number}"),
        report_id=ReportId("R1"),
        symptom=place.about,
        question=place.question,
        codes=codes,
        typed=None,
        language=Language.ZH,
        wording_shown="",
        catalogue_version="1",
        shown_at=AT,
        answered_at=AT + timedelta(minutes=number),
        replaced_by=AnswerId(replaced_by) if replaced_by else None,
    )


def judged(symptom: str, level: Level) -> Assessment:
    return Assessment(
        report_id=ReportId("R1"),
        symptom=symptom,
        grade=0 if level is Level.NONE else 2,
        who=None,
        base_level=level,
        level=level,
        term=None,
        rules=(),
        at=AT,
    )


def read(status: ReportStatus, *answers: Answer, assessed: tuple[Assessment, ...] = ()) -> ReadReport:
    return read_back(study(), Sex.FEMALE, report(status), answers, assessed)


def standings(of: ReadReport) -> dict[str, Standing]:
    return {f"{one.about}.{one.question_id}": one.standing for one in of.general}


def test_what_she_denied_is_a_no_and_what_was_not_reached_is_not() -> None:
    said = (answer(1, agenda.THE_GATE, callback.NONE), answer(2, agenda.ANY_BLEEDING, callback.NO))
    for status, rest in (
        (ReportStatus.OPEN, Standing.WAITING),
        (ReportStatus.INCOMPLETE, Standing.UNFINISHED),
    ):
        found = standings(read(status, *said))
        assert found["GATE.ANY"] is found["BLEEDING.ANY"] is Standing.NO
        assert found["MENU.PICKED"] is found["CLOSING.U_HOSP"] is rest


def test_no_bleeding_stands_for_every_site_and_is_no_symptom_of_the_report() -> None:
    said = (answer(1, agenda.ANY_BLEEDING, callback.NO),)
    found = read(ReportStatus.COMPLETE, *said, assessed=(judged("BLD_NOSE", Level.NONE),))
    assert found.denied == ("BLD_NOSE",)
    assert found.symptoms == ()


def test_a_skip_an_open_end_and_a_question_left_out_are_told_apart() -> None:
    nose = study().symptom("BLD_NOSE")
    first = nose.questions[0]
    found = read(
        ReportStatus.INCOMPLETE,
        answer(1, Place("BLD_NOSE", first.id), DECLINED),
        assessed=(judged("BLD_NOSE", Level.SAME_DAY),),
    )
    (symptom,) = found.symptoms
    by_id = {one.question_id: one.standing for one in symptom.answers}
    assert by_id[first.id] is Standing.DECLINED
    assert set(by_id) == {one.id for one in nose.questions}
    assert Standing.UNFINISHED in by_id.values()


def test_the_answer_that_counts_keeps_those_it_replaced() -> None:
    place = Place("BLD_NOSE", study().symptom("BLD_NOSE").questions[0].id)
    codes = [option.code for option in study().symptom("BLD_NOSE").questions[0].options]
    old, new = answer(1, place, codes[0], replaced_by="A2"), answer(2, place, codes[1])
    (symptom,) = read(ReportStatus.OPEN, old, new).symptoms
    shown = next(one for one in symptom.answers if one.question_id == place.question)
    assert shown.codes == (codes[1],)
    assert shown.earlier == (old,)


def test_an_open_report_stands_at_the_level_its_red_flag_reached() -> None:
    item = max(study().gate, key=lambda one: one.level)
    found = read(ReportStatus.OPEN, answer(1, Place(GATE, item.code), item.code))
    assert found.level is Level.EMERGENCY
    assert found.general[0].chosen == (item.label,)


def test_the_worst_symptom_stands_first_and_a_code_of_an_older_catalogue_stands_for_itself() -> None:
    place = Place("AE_FATIG", study().symptom("AE_FATIG").questions[0].id)
    found = read(
        ReportStatus.COMPLETE,
        answer(1, place, "GONE_SINCE"),
        assessed=(judged("AE_FATIG", Level.ROUTINE), judged("AE_CHEST", Level.EMERGENCY)),
    )
    assert [one.code for one in found.symptoms] == ["AE_CHEST", "AE_FATIG"]
    assert found.symptoms[1].answers[0].chosen[0].en == "GONE_SINCE"
