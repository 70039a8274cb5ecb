"""The commands of a chat: what stands in its menu, and what a typed one asks for.

A command counts only where it is the whole message or is followed by what it takes (`/lab TJ-001 86`);
`/report my nose bleeds` is read as the sentence it is. Source: issue "rehearse a trial" (command menus).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from bot.rules.access import RIGHTS, Act, Staff

PATIENT_MENU = ("unwell", "report", "visits", "phone", "language", "stop", "help")

# For a chat nobody has linked; the general menu of the bot.
STRANGER_MENU = ("start", "help")

# What a command of staff needs the right for, in the order of the menu. READ_LOG: whoever may read at all.
STAFF_MENU = {
    "today": Act.READ_LOG,
    "cases": Act.ACKNOWLEDGE_CASE,
    "patient": Act.READ_LOG,
    "lab": Act.RECORD_LAB,
    "dose": Act.RECORD_DOSE,
    "move": Act.MOVE_VISIT,
    "therapy": Act.PLAN_THERAPY,
    "hold": Act.HOLD_DOSES,
    "correct": Act.CORRECT_FACT,
}
_FOR_ALL_STAFF = ("language", "help")

_COMMAND = re.compile(r"/(?P<name>[A-Za-z0-9_]{1,32})(?:@\w+)?(?:\s+(?P<rest>.*))?", re.DOTALL)


class Command(NamedTuple):
    """`/lab TJ-001 86` is `lab` with the rest `TJ-001 86`."""

    name: str
    rest: str


def command_in(text: str) -> Command | None:
    """The command of a message, in lower case; None where there is none."""
    found = _COMMAND.fullmatch(text.strip())
    if found is None:
        return None
    return Command(found["name"].lower(), (found["rest"] or "").strip())


def staff_menu(staff: Staff) -> tuple[str, ...]:
    """The commands this person may use somewhere; nobody is shown one that would be refused everywhere."""
    allowed = [name for name, act in STAFF_MENU.items() if _may_anywhere(staff, act)]
    return (*allowed, *_FOR_ALL_STAFF)


def _may_anywhere(staff: Staff, act: Act) -> bool:
    return staff.revoked_at is None and any(posting.role in RIGHTS[act] for posting in staff.postings)
