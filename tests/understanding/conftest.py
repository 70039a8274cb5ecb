"""One loaded lexicon for all tests of this floor."""

from __future__ import annotations

import pytest

from bot.understanding.understander import Understander


@pytest.fixture(scope="session")
def understander() -> Understander:
    return Understander.load()


@pytest.fixture(scope="session")
def lists() -> Understander:
    """The word lists alone, without the second reader."""
    return Understander.load(second_reader=False)
