"""One loaded lexicon for all tests of this floor."""

from __future__ import annotations

import pytest

from bot.understanding.understander import Understander


@pytest.fixture(scope="session")
def understander() -> Understander:
    return Understander.load()
