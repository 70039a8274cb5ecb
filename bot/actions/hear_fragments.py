"""Pieces of a sentence that come within seconds: each is heard at once, and all are read together as well.

The pieces, the case they belong to and what was answered already are kept with her conversation; the words
themselves are not. Source: specification 6.5 (13); issue "Understanding what people really write", item 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from bot.actions.desk import Desk
from bot.actions.standing_question import conversation_of, keep_in_conversation
from bot.rules.case import Case, CaseId
from bot.rules.fragments import Fragment, burst_of
from bot.rules.inbound import Inbound
from bot.rules.participant import Participant
from bot.rules.study import Level
from bot.understanding.findings import Understanding
from bot.understanding.red_flags import FLAGS
from bot.understanding.together import understand_together
from storage.unit_of_work import UnitOfWork

_KEPT = "burst"
_PIECES = "TOGETHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """`pieces` in the order sent; `case_id` is what they opened; `alarmed` are the red flags answered.

    `shown`: the symptoms that were shown back to her.
    """

    pieces: tuple[Fragment, ...] = ()
    case_id: str | None = None
    alarmed: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(one.said_id for one in self.pieces)

    @property
    def alarm(self) -> Level:
        """How bad it was when she was last told what to do."""
        return max((FLAGS[rule].level for rule in self.alarmed), default=Level.NONE)

    def to_json(self) -> dict[str, Any]:
        return {
            "pieces": [[one.said_at.isoformat(), one.number, one.said_id] for one in self.pieces],
            "case_id": self.case_id,
            "alarmed": list(self.alarmed),
            "shown": list(self.shown),
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        return cls(
            pieces=tuple(
                Fragment(datetime.fromisoformat(at), number, said_id)
                for at, number, said_id in kept["pieces"]
            ),
            case_id=kept["case_id"],
            alarmed=tuple(kept["alarmed"]),
            shown=tuple(kept["shown"]),
        )


async def take_up(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, said_id: str
) -> Burst:
    """The burst this message belongs to, itself among the pieces; a new one where none is near enough."""
    new = Fragment(inbound.said_at, inbound.key.update_id, said_id)
    kept = (await conversation_of(uow, participant)).get(_KEPT)
    before = Burst.from_json(kept) if isinstance(kept, dict) else Burst()
    pieces = burst_of(before.pieces, new, desk.study.triage.words.joins_within)
    if not set(pieces) & set(before.pieces):
        return Burst(pieces=(new,))
    return replace(before, pieces=pieces)


async def keep_burst(uow: UnitOfWork, participant: Participant, burst: Burst) -> None:
    """What the next piece will be read with."""
    await keep_in_conversation(uow, participant, {_KEPT: burst.to_json()})


async def drop_piece(uow: UnitOfWork, participant: Participant, said_id: str) -> None:
    """This piece was the answer to a question: it belongs to nothing else."""
    kept = (await conversation_of(uow, participant)).get(_KEPT)
    if isinstance(kept, dict):
        burst = Burst.from_json(kept)
        left = tuple(one for one in burst.pieces if one.said_id != said_id)
        await keep_burst(uow, participant, replace(burst, pieces=left))


async def case_in_hand(uow: UnitOfWork, burst: Burst) -> Case | None:
    """The open case of the pieces before this one."""
    case = await uow.cases.get(CaseId(burst.case_id)) if burst.case_id is not None else None
    return case if case is not None and case.closed_at is None else None


async def note_together(uow: UnitOfWork, desk: Desk, case: Case, burst: Burst) -> None:
    """The case tells the pieces as one."""
    if len(burst.pieces) > 1:
        await uow.cases.add_event(case.id, _PIECES, desk.now(), case.subject_code, ",".join(burst.ids))


async def pieces_with(uow: UnitOfWork, participant: Participant, said_id: str) -> tuple[str, ...]:
    """The ids of the pieces that were read together with this one, itself among them."""
    found: tuple[str, ...] = (said_id,)
    for case in await uow.cases.all_of(participant.subject_code):
        for event in await uow.cases.events(case.id):
            if event.kind == _PIECES and said_id in event.note.split(","):
                found = tuple(event.note.split(","))
    return found


async def meaning_of(uow: UnitOfWork, desk: Desk, ids: Sequence[str]) -> Understanding | None:
    """What these pieces mean, each alone and all together; the worst of it. None where there are none."""
    texts = {one.id: one.text for one in await uow.said.these(ids)}
    told = [texts[one] for one in ids if texts.get(one)]
    if not told:
        return None
    return understand_together(desk.understander, told)
