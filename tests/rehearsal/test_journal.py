"""The log reads as cause and effect."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.clock import MovableClock
from bot.rehearsal.chats import Happening, HappeningKind
from bot.rehearsal.journal import Journal, Line, Sort
from bot.rehearsal.record_lines import record_line
from bot.rules.study import Level

AT = datetime(2026, 3, 10, 0, 30, tzinfo=UTC)
CHATS = {1: "TJ-001", 2: "CA1", 3: "SI1"}


def journal() -> Journal:
    return Journal(MovableClock(AT, frozen=True), lambda chat_id: CHATS.get(chat_id or 0, ""))


def heard(one: Journal, kind: HappeningKind, chat_id: int, words: str = "") -> Line:
    one.hear(Happening(kind, AT, chat_id, 7, words))
    return one.fresh[-1]


def test_people_come_first_then_the_record_then_what_was_said() -> None:
    one = journal()
    heard(one, HappeningKind.BOT_SAID, 1, "Call 120 now").sort = Sort.ADVICE
    heard(one, HappeningKind.SAID, 1, "nosebleed")
    opened = Line(AT, Sort.RECORD, "TJ-001")
    assert one.end_step([opened])
    assert [line.sort for line in one.lines] == [Sort.WROTE, Sort.RECORD, Sort.ADVICE]


def test_an_alert_to_several_people_is_one_line_with_the_words_of_each() -> None:
    one = journal()
    for chat_id, words in ((2, "紧急"), (3, "EMERGENCY")):
        alert = heard(one, HappeningKind.BOT_SAID, chat_id, words)
        alert.sort, alert.subject = Sort.ALERT, "TJ-001"
    one.end_step([])
    (line,) = one.lines
    assert (line.who, line.words, line.also) == ("CA1", "紧急", {"SI1": "EMERGENCY"})


def test_only_an_answer_to_somebody_has_a_delay() -> None:
    one = journal()
    assert heard(one, HappeningKind.BOT_SAID, 1).delay_s is None
    heard(one, HappeningKind.TAPPED, 1)
    answer = heard(one, HappeningKind.BOT_SAID, 1)
    assert answer.delay_s is not None
    assert 0 <= answer.delay_s < 60
    one.time_jumps(AT)
    assert heard(one, HappeningKind.BOT_SAID, 1).delay_s is None


def test_a_chat_of_nobody_in_the_cast_leaves_no_line() -> None:
    one = journal()
    one.hear(Happening(HappeningKind.SAID, AT, 99, 1, "hello"))
    assert not one.end_step([])


def test_an_opened_case_stands_in_the_log_with_its_level() -> None:
    line = record_line(
        kind="system:case:opened", at=AT, actor="system", subject="TJ-001", field="level", new="URGENT"
    )
    assert line is not None
    assert line.level == Level.URGENT.name
    assert line.said is not None
    assert line.said.key == "rehearsal.record.case_opened"


def test_an_entry_that_the_telephones_show_already_is_left_out() -> None:
    assert (
        record_line(kind="system:case:rung", at=AT, actor="system", subject="TJ-001", field=None, new=None)
        is None
    )
