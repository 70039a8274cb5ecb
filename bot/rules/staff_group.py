"""A site's staff group: a chat in which the alerts of one site are told as well as in the private chats.

A group is never a person: its silence acknowledges nothing, it covers no level, and every right is asked of
whoever taps. What more wait for it than its pace allows is gathered, the worst level first.

Worked case: 40 cases ring at 02:10 and the group may take 10 messages at this moment. They are gathered in
two messages of 20 cases, EMERGENCY on top, each case with a button of its own. The private chats got 40.

Source: specification 3.2, 3.3; lessons 22 (a group changes its id); stack.md (20 messages a minute).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.rules.study import Language, SiteCode, StaffCode

# Fits into one message of Telegram with a line and a button for each, whatever the language.
MOST_IN_ONE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffGroup:
    """The registered group of a site. `unreachable_since`: the bot was removed or silenced, or it is gone.

    Told in `language`, that of the person who registered it.
    """

    site: SiteCode
    language: Language
    registered_by: StaffCode
    registered_at: datetime
    unreachable_since: datetime | None = None


def is_gathered(waiting: int, room: int) -> bool:
    """Whether `waiting` alerts go to the group as one: more wait than it may take one by one now."""
    return waiting > max(room, 1)
