"""The buttons of a reminder as tokens: `v:<verb>:<activity key>`, at most 64 bytes.

>>> parse(["done", "injection-2"])
(StatedWhat.DONE, 'injection-2')
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.rules.participant import StatedWhat

_VERBS = {
    "done": StatedWhat.DONE,
    "notyet": StatedWhat.NOT_YET,
    "other": StatedWhat.ANOTHER_DAY,
    "gotit": StatedWhat.GOT_IT,
    "cannot": StatedWhat.CANNOT_COME,
}
_WORDS = {what: verb for verb, what in _VERBS.items()}


def token(what: StatedWhat, activity_key: str) -> str:
    """The data of the button by which she states this of the activity."""
    return f"v:{_WORDS[what]}:{activity_key}"


def parse(parts: Sequence[str]) -> tuple[StatedWhat, str] | None:
    """What was said of which activity; None for anything else, whatever the bytes."""
    if len(parts) != 2 or parts[0] not in _VERBS or not parts[1]:
        return None
    return _VERBS[parts[0]], parts[1]
