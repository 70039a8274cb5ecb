"""The buttons of a report as tokens: `q:<report id>:<screen number>:<option code>`, at most 64 bytes.

A token names the screen it was drawn on, so that an old button cannot answer a new question. On screens where
several may be chosen a token says what shall be (`+BLD_NOSE`, `-BLD_NOSE`), not "the other": a doubled tap
changes nothing. `!BLEED` is a red flag of the gate and counts on whatever screen it was tapped; `*skip` and
the like are ours.

>>> parse(token("A1B2C3D4E5F6G7H8", 7, "ONGOING"))
Token(report_id='A1B2C3D4E5F6G7H8', screen_no=7, code='ONGOING')
"""

from __future__ import annotations

from typing import NamedTuple

VERB = "q"
MAX_BYTES = 64

SKIP = "*skip"
BACK = "*back"
DONE = "*done"
FINISH = "*finish"
DETAILS = "*details"
CHANGE = "*change"
CONFIRM = "*right"
CORRECT = "*wrong"
STOPPED = "*stopped"
NOT_STOPPED = "*flowing"

RED_FLAG = "!"
CHOOSE = "+"
LEAVE_OUT = "-"
SIGNS = (RED_FLAG, CHOOSE, LEAVE_OUT)

# Option codes that are ours, on screens that belong to no symptom.
YES = "YES"
NO = "NO"
# In a question where several may be chosen, this option of the catalogue excludes all others.
NONE = "NONE"


class Token(NamedTuple):
    """What a tapped button says."""

    report_id: str
    screen_no: int
    code: str


def token(report_id: str, screen_no: int, code: str) -> str:
    """The data of a button.

    Raises:
        ValueError: longer than a button can carry, or a part that could not be read back.
    """
    data = f"{VERB}:{report_id}:{screen_no}:{code}"
    if parse(data) != (report_id, screen_no, code):
        raise ValueError(f"not a button token: {data!r}")
    return data


def parse(data: str) -> Token | None:
    """What the button says, or None for anything else, whatever the bytes."""
    if not data.isascii() or len(data) > MAX_BYTES:
        return None
    parts = data.split(":")
    if len(parts) != 4 or parts[0] != VERB:
        return None
    _, report_id, number, code = parts
    if not (report_id and code and number.isdigit() and str(int(number)) == number):
        return None
    return Token(report_id, int(number), code)


def red_flag_in(data: str) -> str | None:
    """The gate item of a tapped red flag, even of a report long closed; None for every other button."""
    found = parse(data)
    if found is None or not found.code.startswith(RED_FLAG):
        return None
    return found.code.removeprefix(RED_FLAG)
