"""Potential serious adverse events with their clocks; what the investigator wrote is sealed."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, replace
from datetime import date, datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.rules.sae import Causality, SaeAnswer, SaeCause, SaeCriterion, SaeTask, SaeTaskId
from bot.rules.study import SubjectCode
from storage.errors import StaleVersion
from storage.mapping import to_row, to_value, update_row
from storage.sealing import Seals
from storage.tables import SaeTaskRow


class SaeTasks:
    def __init__(self, session: AsyncSession, seals: Seals) -> None:
        self._session = session
        self._seals = seals

    async def add(self, task: SaeTask) -> None:
        self._session.add(to_row(SaeTaskRow, task, causes=_joined(task)))
        await self._session.flush()

    async def get(self, task_id: SaeTaskId) -> SaeTask | None:
        row = await self._session.get(SaeTaskRow, task_id, populate_existing=True)
        return None if row is None else _task(row)

    async def save(self, task: SaeTask, answer: SaeAnswer | None = None) -> SaeTask:
        """Stores a changed task; gives it with the next version.

        Raises:
            StaleVersion: somebody changed it meanwhile.
        """
        row = await self._session.get_one(SaeTaskRow, task.id, with_for_update=True, populate_existing=True)
        if row.version != task.version:
            raise StaleVersion(task.id)
        saved = replace(task, version=task.version + 1)
        update_row(row, saved, causes=_joined(saved))
        if answer is not None:
            seal = await self._seals.of(task.subject_code)
            row.answer_sealed = seal.seal(json.dumps(asdict(answer), default=str), f"sae:{task.id}")
        await self._session.flush()
        return saved

    async def answer_of(self, task_id: SaeTaskId) -> SaeAnswer | None:
        """What the investigator decided; None before, and once her texts were erased."""
        row = await self._session.get_one(SaeTaskRow, task_id)
        if row.answer_sealed is None:
            return None
        text = await self._seals.text(row.subject_code, row.answer_sealed, f"sae:{task_id}")
        return _answer(json.loads(text)) if text else None

    async def of(self, subject: SubjectCode) -> tuple[SaeTask, ...]:
        """All of them, oldest first."""
        query = select(SaeTaskRow).where(col(SaeTaskRow.subject_code) == subject)
        rows = await self._session.exec(query.order_by(col(SaeTaskRow.raised_at), col(SaeTaskRow.id)))
        return tuple(_task(row) for row in rows)

    async def of_case(self, case_id: str) -> tuple[SaeTask, ...]:
        """Those of a case, oldest first: a second one where something new came after the answer."""
        query = select(SaeTaskRow).where(col(SaeTaskRow.case_id) == case_id)
        rows = await self._session.exec(query.order_by(col(SaeTaskRow.raised_at), col(SaeTaskRow.id)))
        return tuple(_task(row) for row in rows)

    async def due(
        self, now: datetime, limit: int, *, but: Collection[SaeTaskId] = ()
    ) -> tuple[SaeTaskId, ...]:
        """Tasks whose next moment has come, the longest waiting first; without those of `but`."""
        query = (
            select(SaeTaskRow.id)
            .where(col(SaeTaskRow.next_step_at) <= now, col(SaeTaskRow.id).not_in(but))
            .order_by(col(SaeTaskRow.next_step_at))
            .limit(limit)
        )
        return tuple(SaeTaskId(task_id) for task_id in await self._session.exec(query))

    async def next_step(self) -> datetime | None:
        """The next moment at which any task must be looked at."""
        query = select(SaeTaskRow.next_step_at).where(col(SaeTaskRow.next_step_at).is_not(None))
        return (await self._session.exec(query.order_by(col(SaeTaskRow.next_step_at)).limit(1))).first()


def _joined(task: SaeTask) -> str:
    return ",".join(task.causes)


def _task(row: SaeTaskRow) -> SaeTask:
    causes = tuple(SaeCause(word) for word in row.causes.split(",") if word)
    return to_value(SaeTask, row, causes=causes)


def _answer(kept: dict[str, object]) -> SaeAnswer:
    def causality(name: str) -> Causality | None:
        word = kept[name]
        return Causality(str(word)) if word else None

    started, grade, criteria = kept["started_on"], kept["grade"], kept["criteria"]
    return SaeAnswer(
        serious=bool(kept["serious"]),
        narrative=str(kept["narrative"]),
        criteria=tuple(SaeCriterion(word) for word in (criteria if isinstance(criteria, list) else [])),
        started_on=date.fromisoformat(str(started)) if started else None,
        to_study_drug=causality("to_study_drug"),
        to_other_therapy=causality("to_other_therapy"),
        action_with_drug=str(kept["action_with_drug"]),
        outcome=str(kept["outcome"]),
        grade=grade if isinstance(grade, int) else None,
    )
