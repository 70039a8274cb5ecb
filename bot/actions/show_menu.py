"""The command menu of one chat, in the language of its person; it goes after everything else that is said."""

from __future__ import annotations

from bot.actions.desk import Desk
from bot.actions.speak import Rows, button, participant_as_recipient, staff_as_recipient
from bot.rules import commands
from bot.rules.access import Staff
from bot.rules.messages import Message, Priority, Recipient, SendKind
from bot.rules.participant import Participant
from bot.rules.study import Language
from storage.unit_of_work import UnitOfWork


async def show_patient_menu(uow: UnitOfWork, desk: Desk, participant: Participant, key: str) -> None:
    """`key` makes this setting of the menu one of its own."""
    rows = tuple((button(f"patient.command.{name}", name),) for name in commands.PATIENT_MENU)
    to = participant_as_recipient(participant.subject_code)
    await uow.outbox.put(_menu(to, participant.language, f"menu:{to.code}:{key}", rows), desk.now())


async def show_staff_menu(uow: UnitOfWork, desk: Desk, staff: Staff, key: str) -> None:
    """The commands of this person's roles."""
    rows = tuple((button(f"staff.command.{name}", name),) for name in commands.staff_menu(staff))
    to = staff_as_recipient(staff.code)
    await uow.outbox.put(_menu(to, staff.language, f"menu:{to.code}:{key}", rows), desk.now())


def _menu(to: Recipient, language: Language, unique_key: str, rows: Rows) -> Message:
    return Message(
        unique_key=unique_key,
        to=to,
        language=language,
        priority=Priority.DIGEST,
        phrases=(),
        kind=SendKind.MENU,
        buttons=rows,
    )
