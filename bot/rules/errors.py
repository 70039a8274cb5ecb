"""Refusals: expected, told to the person by message key. Faults (ours) are ordinary exceptions.

`raise Refusal("refusal.not_entitled", subject="TJ-001")` is shown in the person's language by `bot/texts.py`.
"""

from __future__ import annotations


class SuifangError(Exception):
    """Something in Suifang went wrong."""


class Refusal(SuifangError):
    """The request was understood and is refused, with a reason the person can act on."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class Held(Refusal):
    """Understood, but to be confirmed by the person before it is taken; `asks` are phrases of what is odd."""

    def __init__(self, asks: tuple[object, ...]) -> None:
        super().__init__("refusal.held", asks=asks)
        self.asks = asks


class NotEntitled(Refusal):
    """Said alike for a foreign subject and for one that does not exist."""

    def __init__(self, **values: object) -> None:
        super().__init__("refusal.not_entitled", **values)


class RecordUnavailable(SuifangError):
    """The record cannot be read or written now; nothing was changed. Never shown as "nothing there"."""


class StudyFileFaulty(SuifangError):
    """The study file has problems; every one of them is listed."""

    def __init__(self, problems: tuple[object, ...]) -> None:
        super().__init__(f"{len(problems)} problem(s) in the study file")
        self.problems = problems
