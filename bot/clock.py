"""The only reader of time and chance.

`now()` is the study's time: the rehearsal may move it. `real_now()` and `monotonic()` are the machine's:
leases, pacing and retries run on these, never on the study clock (decisions, "Telegram intake and delivery").
"""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Clock(Protocol):
    """Reads time; every moment is aware and in UTC."""

    def now(self) -> datetime: ...

    def real_now(self) -> datetime: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """The machine's clock, for the study too."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def real_now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class MovableClock(SystemClock):
    """The study's time as an offset to the machine's, or standing still when `frozen` (tests).

    >>> clock = MovableClock(datetime(2026, 3, 10, 0, 30, tzinfo=UTC), frozen=True)
    >>> clock.move(timedelta(hours=1))
    >>> clock.now().hour
    1
    """

    def __init__(self, starts_at: datetime, *, frozen: bool = False) -> None:
        if starts_at.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        self._frozen = frozen
        self._set(starts_at)

    def now(self) -> datetime:
        if self._frozen:
            return self._starts_at
        return self._starts_at + (datetime.now(UTC) - self._set_at)

    def move(self, by: timedelta) -> None:
        self._set(self.now() + by)

    def move_to(self, moment: datetime) -> None:
        self._set(moment)

    def _set(self, moment: datetime) -> None:
        self._starts_at = moment.astimezone(UTC)
        self._set_at = datetime.now(UTC)


def new_id() -> str:
    """A new identifier: 16 random letters and digits, 80 bits, short enough for a button."""
    return "".join(secrets.choice(_CROCKFORD) for _ in range(16))


def new_one_time_code() -> str:
    """A one-time code as a person types it: 8 characters of Crockford base32, shown as `XXXX-XXXX`."""
    code = "".join(secrets.choice(_CROCKFORD) for _ in range(8))
    return f"{code[:4]}-{code[4:]}"


def new_secret() -> str:
    """A URL-safe secret of 256 bits, for sessions and sign-in links."""
    return secrets.token_urlsafe(32)
