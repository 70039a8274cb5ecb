"""One-time codes: 8 characters, 72 hours, once.

Re-inviting revokes the earlier one (decisions, "Roles and rights").
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.actions.desk import Desk
from bot.clock import new_one_time_code
from bot.rules.access import Actor
from bot.rules.messages import Recipient
from bot.rules.study import SubjectCode
from storage.unit_of_work import UnitOfWork

CODE_LIFE = timedelta(hours=72)


class Purpose(StrEnum):
    CHAT = "chat"
    CONSOLE = "console"
    GROUP = "group"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """`link` opens the bot with the code; empty until the bot's user name is known, and for a group."""

    code: str
    link: str
    expires_at: datetime


def as_typed(text: str) -> str | None:
    """The one-time code in what a person typed, in its stored form, or None if it is none.

    Crockford base32: letters I and L are read as 1, O as 0; case, spaces and the dash do not matter.

    >>> as_typed(" k7m2-9qxd ")
    'K7M2-9QXD'
    """
    letters = (
        text.strip()
        .upper()
        .replace("-", "")
        .replace(" ", "")
        .replace("—", "")
        .translate(str.maketrans("ILO", "110"))
    )
    if len(letters) != 8 or not all(letter in "0123456789ABCDEFGHJKMNPQRSTVWXYZ" for letter in letters):
        return None
    return f"{letters[:4]}-{letters[4:]}"


async def invite(
    uow: UnitOfWork, desk: Desk, *, whom: Recipient, purpose: Purpose, by: Actor, subject: SubjectCode | None
) -> Invitation:
    """A fresh code for this person; the code itself is never stored, only its keyed hash."""
    now = desk.now()
    code = new_one_time_code()
    await uow.invitations.revoke(whom, purpose.value, now)
    await uow.invitations.add(desk.archive.keyring.hash_code(code), whom, purpose.value, now + CODE_LIFE)
    await uow.audit.record(
        kind=f"operator:{purpose.value}_code:issued",
        actor=by,
        at=now,
        subject=subject,
        entity="invitation",
        entity_id=whom.code,
    )
    bot = await uow.marks.get("bot") or {}
    name = bot.get("username")
    link = f"https://t.me/{name}?start={code}" if name and purpose is not Purpose.GROUP else ""
    return Invitation(code=code, link=link, expires_at=now + CODE_LIFE)
