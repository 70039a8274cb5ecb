"""One mistake in a study file, said so that the person who made it can mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """`place` is file and key path, such as `symptoms/02_bld_nose.toml: rules.level[2].when.DUR`.

    `remedy` is a sentence that says what to do.
    """

    place: str
    found: str
    expected: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: found {self.found}; expected {self.expected}. {self.remedy}"
