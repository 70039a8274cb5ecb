"""What a case or a message carries comes back from the archive as it went in."""

from __future__ import annotations

import pytest

from bot.rules.study import Level
from bot.study_file import load_study
from storage.codec import decode, encode

STUDY = load_study("ql-ctit-ruls-1002")


@pytest.mark.parametrize("level", list(STUDY.chains))
def test_every_chain_of_the_study_can_be_kept_with_a_case(level: Level) -> None:
    assert decode(encode(STUDY.chains[level])) == STUDY.chains[level]
