"""Everything that is due, a few at a time: one that fails stops no other and waits for the next round.

What failed is left as it stands, so that the watchman finds it late; within a round nothing is tried twice,
for what fails would come first each time and keep the others waiting.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeVar

import structlog

from storage.errors import StaleVersion, StorageUnavailable

_log = structlog.get_logger()
Row = TypeVar("Row", bound=str)


async def each_due(
    find: Callable[[Collection[Row]], Awaitable[Sequence[Row]]],
    advance: Callable[[Row], Awaitable[None]],
    *,
    action: str,
) -> int:
    """Advances all that `find` gives, which is told what this round has tried; gives how many succeeded.

    Where the archive is away all of them wait.
    """
    tried: set[Row] = set()
    advanced = 0
    while due := await find(tried):
        for row in due:
            tried.add(row)
            try:
                await advance(row)
            except StorageUnavailable:
                _log.error("the archive is away and what is due waits", action=action)
                return advanced
            except StaleVersion:
                continue  # somebody changed it this moment; the next round looks at it again
            except Exception:
                _log.exception("what is due could not be advanced", action=action, row=row)
            else:
                advanced += 1
    return advanced
