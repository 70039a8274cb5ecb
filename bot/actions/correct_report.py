"""What staff hear when she changes what she said: the alarm stands, and a linked update says what is new.

An answer lowered after it alarmed recalls nothing. Source: specification 2.2 ("Corrections"); issue
"rehearse a trial" (linked update).
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.actions.alert_staff import answer_words, show_progress, tell_rung
from bot.actions.desk import Desk
from bot.actions.keep_report import Replaced
from bot.actions.speak import phrase, words
from bot.actions.standing_question import conversation_of
from bot.clock import new_id
from bot.rules.case import Case
from bot.rules.messages import Phrase
from bot.rules.participant import Participant
from bot.rules.step import Finished
from storage.unit_of_work import UnitOfWork


async def case_of_report(uow: UnitOfWork, participant: Participant, report_id: str) -> Case | None:
    """The open case that this report has raised."""
    cases = await uow.cases.open_of(participant.subject_code)
    return next((case for case in cases if case.report_id == report_id), None)


async def note_answers_changed(uow: UnitOfWork, desk: Desk, case: Case, changed: Sequence[Replaced]) -> None:
    """She went back and answered otherwise after the alarm."""
    lines = tuple(_change(desk, one) for one in changed if one.now.symptom in _symptoms(desk))
    if not lines:
        return
    await uow.cases.add_event(case.id, "ANSWER_CHANGED", desk.now(), case.subject_code, "")
    said = phrase("staff.alert.answer_changed", subject=case.subject_code, lines=lines, level=case.level)
    await tell_rung(uow, desk, case, said, f"changed:{case.id}:{new_id()}")
    await show_progress(uow, desk, case, said_by=new_id())


async def note_corrected(
    uow: UnitOfWork, desk: Desk, participant: Participant, finished: Finished, report_id: str
) -> None:
    """A finished report was corrected by a new one: linked to the case of the one before, which stands."""
    corrects = (await conversation_of(uow, participant)).get("corrects")
    if not isinstance(corrects, str):
        return
    case = await case_of_report(uow, participant, corrects)
    if case is None:
        return
    await uow.cases.add_event(case.id, "CORRECTED", desk.now(), case.subject_code, report_id)
    said = phrase(
        "staff.alert.corrected",
        subject=case.subject_code,
        at=desk.now(),
        level=finished.level,
        stands=case.level,
    )
    await tell_rung(uow, desk, case, said, f"corrected:{case.id}:{report_id}")
    await show_progress(uow, desk, case, said_by=report_id)


def _symptoms(desk: Desk) -> frozenset[str]:
    return frozenset(symptom.code for symptom in desk.study.symptoms)


def _change(desk: Desk, changed: Replaced) -> Phrase:
    symptom = desk.study.symptom(changed.now.symptom)
    before = answer_words(
        desk, changed.before.symptom, changed.before.question, changed.before.codes, changed.before.typed
    )
    now = answer_words(desk, changed.now.symptom, changed.now.question, changed.now.codes, changed.now.typed)
    return phrase("staff.alert.change", symptom=words(symptom.label), before=tuple(before), now=tuple(now))
