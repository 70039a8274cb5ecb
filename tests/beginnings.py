"""Beginnings that many tests share: played once by the real actions, then given to each test as a copy.

Sites, staff with their phones, a patient who has joined: played anew they took most of a test's time.
A copy is given only where nothing else has happened to the archive before; anywhere else it is played.

    @beginning
    async def staffed(phones: Phones) -> None: ...
"""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any, Final, TypeVar, cast

from tests.databases import DatabaseCopy, courses, database_copied, database_put_back
from tests.phones import Phones

_Played = TypeVar("_Played", bound=Callable[..., Awaitable[None]])

# What people have on their telephones, and what the test has seen of it.
_ON_THE_PHONES: Final = ("chats", "notices", "beside", "menus", "told", "next_update", "next_message")


@dataclass(frozen=True)
class _Ended:
    """How a beginning ended; the study is held so that no other one takes its identity."""

    database: DatabaseCopy
    on_the_phones: dict[str, Any] = field(repr=False)
    now: datetime
    study: object


_ended: dict[tuple[Hashable, ...], _Ended] = {}


def beginning(play: _Played) -> _Played:
    """Plays it the first time; every later time archive, phones and clock are a copy of how it ended.

    The first argument is the phones, or has `phones`; the others are part of what is played.
    """

    @wraps(play)
    async def begin(on: Any, *args: Hashable, **kwargs: Hashable) -> None:
        phones: Phones = getattr(on, "phones", on)
        course = courses.get(phones.desk.archive)
        if course is None or not course.is_known:
            await play(on, *args, **kwargs)
            return
        wanted = (play.__module__, play.__qualname__, args, tuple(sorted(kwargs.items())))
        key = (*course.begun, wanted, _rests_on(phones))
        if key in _ended:
            await _put_back(phones, _ended[key])
        else:
            await play(on, *args, **kwargs)
            _ended[key] = await _kept(phones)
        course.begun, course.commits_then = key, course.commits

    return cast(_Played, begin)


def _rests_on(phones: Phones) -> Hashable:
    """What the end of a beginning depends on besides the archive."""
    desk = phones.desk
    return desk.archive.is_sqlite, id(desk.study), phones.clock.now(), phones.next_update


async def _kept(phones: Phones) -> _Ended:
    return _Ended(
        database=await database_copied(phones.desk.archive),
        on_the_phones={name: copy.deepcopy(getattr(phones, name)) for name in _ON_THE_PHONES},
        now=phones.clock.now(),
        study=phones.desk.study,
    )


async def _put_back(phones: Phones, ended: _Ended) -> None:
    await database_put_back(phones.desk.archive, ended.database)
    for name in _ON_THE_PHONES:
        setattr(phones, name, copy.deepcopy(ended.on_the_phones[name]))
    phones.clock.move_to(ended.now)
