"""A sentence sent in pieces: which messages are read together, and how the whole is read.

Worked case, messages joined within 30 s: `鼻子` at 10:00:00, `流血了` at 10:00:08, `止不住` at 10:00:15 are
one burst, read as `鼻子流血了止不住` and as `鼻子，流血了，止不住`; the worse reading counts. A message at
10:01:00 stands alone. What arrives out of order is put in the order in which it was sent.

Each piece is read by itself first, at once: joining may only add. Source: specification 6.5 (13).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

MOST: Final = 12
"""Pieces read together; more than that is a conversation."""
LONGEST: Final = 4096
"""Characters read together: the length of one message; the newest count."""
_SPANS = 4
"""A burst ends after so many times the joining time, however fast she writes on."""


class Fragment(NamedTuple):
    """`said_at` is the sender's time, aware; `number` orders what was sent within one second."""

    said_at: datetime
    number: int
    said_id: str


def burst_of(known: Sequence[Fragment], new: Fragment, within: timedelta) -> tuple[Fragment, ...]:
    """The pieces that belong to the new one, in the order in which they were sent; the new one among them."""
    ordered = sorted({*known, new})
    at = ordered.index(new)
    first = last = at
    while first > 0 and ordered[first].said_at - ordered[first - 1].said_at <= within:
        first -= 1
    while last + 1 < len(ordered) and ordered[last + 1].said_at - ordered[last].said_at <= within:
        last += 1
    run = [one for one in ordered[first : last + 1] if abs(one.said_at - new.said_at) <= _SPANS * within]
    return tuple(run[-MOST:]) if new in run[-MOST:] else tuple(run[:MOST])


def readings(texts: Sequence[str]) -> tuple[str, ...]:
    """The ways to read the pieces as one: run together (`拉肚子` + `带血`), and as parts of a sentence."""
    told = [text.strip() for text in texts if text.strip()]
    if len(told) < 2:
        return ()
    run_together = told[0]
    for text in told[1:]:
        run_together += ("" if _needs_no_space(run_together[-1], text[0]) else " ") + text
    return tuple(dict.fromkeys(text[-LONGEST:] for text in (run_together, "，".join(told))))


def _needs_no_space(before: str, after: str) -> bool:
    """Chinese is written without spaces."""
    return all(unicodedata.east_asian_width(sign) in "WF" for sign in (before, after))
