"""Outcomes of one attempt to deliver, as values. One bit of an error decides: permanent or not.

Source: stack.md "Telegram itself"; decisions "Telegram intake and delivery".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Delivered:
    message_id: int | None


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Temporary. `uncertain`: the message may have been delivered all the same (a time-out after sending)."""

    after: timedelta
    reason: str
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Unreachable:
    """This chat cannot be reached: blocked, deleted, never started."""

    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A group became a supergroup."""

    chat_id: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Telegram will never take this request (bad request): ours to mend."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stale:
    """The tap is too old to answer, or the message to edit is gone or unchanged: no failure."""

    reason: str


Outcome = Delivered | TryAgain | Unreachable | Moved | Refused | Stale
