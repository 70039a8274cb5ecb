"""One loaded lexicon for all tests of this floor."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, TypeVar

import pytest

from bot.understanding.understander import Understander

T = TypeVar("T")
_SHARES: Final = 1 if os.environ.get("EVERY_MESSAGE") else 3


def a_share(of: Sequence[T], number: int) -> Sequence[T]:
    """Every third message, another third for the next number; all of them with `EVERY_MESSAGE=1`."""
    return of[number % _SHARES :: _SHARES]


@pytest.fixture(scope="session")
def understander() -> Understander:
    return Understander.load()


@pytest.fixture(scope="session")
def lists() -> Understander:
    """The word lists alone, without the second reader."""
    return Understander.load(second_reader=False)
