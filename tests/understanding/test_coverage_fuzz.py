"""A short stretch of the coverage-guided fuzzer with a fixed seed, and proof that it is guided."""

from __future__ import annotations

import pytest

from bot.understanding.findings import Understanding
from bot.understanding.understander import Understander
from tests.understanding.coverage_fuzz import Broken, Fuzzer, promises_kept, seeds


def test_inputs_led_by_coverage_break_nothing(understander: Understander) -> None:
    fuzzer = Fuzzer(understander, seed=20251125)
    fuzzer.run(seeds()[::24], 0)
    before, kept = len(fuzzer.known), len(fuzzer.kept)
    fuzzer.run((), 120)
    assert len(fuzzer.known) > before, "no change reached anything new: the guidance does not work"
    assert len(fuzzer.kept) > kept


def test_a_broken_promise_is_seen() -> None:
    with pytest.raises(Broken):
        promises_kept("a", Understanding(text="b"), 0)
    with pytest.raises(Broken):
        promises_kept("a", Understanding(text="a", plain_only=True), 0)
