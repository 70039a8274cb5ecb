"""Reads everything again that was ever understood, and says what is read otherwise now; changes nothing.

What was acted on then stays as it was: a lexicon that was mended shows here what it would have made of the
words. Source: issue "Understanding what people really write", item 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.actions.desk import Desk
from bot.actions.hear_fragments import meaning_of
from bot.rules.study import SubjectCode
from bot.understanding.derived import Versions, derived, differences, versions


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAgain:
    """One message: what differs by field (then, now), and what it was read by then."""

    subject: SubjectCode
    said_id: str
    at: datetime
    read_by: Versions
    changed: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rereading:
    """`count` messages were read again, `erased` could not be; `changed` oldest first, may be empty."""

    versions: Versions
    count: int
    erased: int
    changed: tuple[ReadAgain, ...]


async def reread_words(desk: Desk, *, subject: SubjectCode | None = None) -> Rereading:
    """Of one participant, or of everybody for None."""
    changed: list[ReadAgain] = []
    count = erased = 0
    async with desk.archive.read() as uow:
        for one in await uow.understood.of(subject):
            meant = await meaning_of(uow, desk, one.read_with)
            if meant is None or not one.meant:
                erased += 1
                continue
            count += 1
            differing = differences(one.meant, derived(meant))
            if differing:
                changed.append(
                    ReadAgain(
                        subject=one.subject_code,
                        said_id=one.said_id,
                        at=one.at,
                        read_by=Versions(one.rules_version, one.lexicon_version),
                        changed=differing,
                    )
                )
    return Rereading(versions=versions(), count=count, erased=erased, changed=tuple(changed))
