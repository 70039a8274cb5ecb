"""The seal of each subject, and of the machine for what is about nobody."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.rules.messages import Recipient, RecipientKind
from bot.rules.study import SubjectCode
from storage.keyring import Keyring, Seal
from storage.tables import CaseRow, ReportRow, SubjectKeyRow

# What stands where a text was, once its key is gone.
ERASED_TEXT = ""


class Erased(Exception):
    """The key of this subject's free text is gone, and the text with it."""


class Seals:
    """Finds the right seal, once per unit of work."""

    def __init__(self, session: AsyncSession, keyring: Keyring) -> None:
        self._session = session
        self._keyring = keyring
        self._known: dict[str, Seal] = {}

    async def make(self, subject: SubjectCode) -> None:
        """A fresh key for a new subject."""
        wrapped = self._keyring.new_subject_key(subject)
        self._session.add(SubjectKeyRow(subject_code=subject, wrapped=wrapped))
        await self._session.flush()
        self._known[subject] = self._keyring.subject_seal(subject, wrapped)

    async def erase(self, subject: SubjectCode, at: datetime) -> None:
        """Destroys her key: everything sealed under it can never be read again. There is no way back."""
        row = await self._session.get_one(SubjectKeyRow, subject, with_for_update=True)
        row.wrapped, row.erased_at = None, at
        self._known.pop(subject, None)
        await self._session.flush()

    async def of(self, subject: str | None) -> Seal:
        """The seal of a subject, the machine's for None.

        Raises:
            Erased: the key was destroyed.
        """
        if subject is None:
            return self._keyring.machine
        if subject not in self._known:
            query = select(SubjectKeyRow.wrapped).where(col(SubjectKeyRow.subject_code) == subject)
            wrapped = (await self._session.exec(query)).one_or_none()
            if wrapped is None:
                raise Erased(subject)
            self._known[subject] = self._keyring.subject_seal(subject, wrapped)
        return self._known[subject]

    async def text(self, subject: str | None, sealed: bytes, context: str) -> str:
        """What was sealed, or `ERASED_TEXT` where the key is gone."""
        try:
            return (await self.of(subject)).open(sealed, context).decode()
        except Erased:
            return ERASED_TEXT

    async def of_owner(self, owner: Recipient) -> Seal:
        return await self.of(subject_of(owner))

    async def of_report(self, report_id: str) -> Seal:
        return await self.of(await self.subject_of_report(report_id))

    async def of_case(self, case_id: str) -> Seal:
        return await self.of(await self.subject_of_case(case_id))

    async def subject_of_report(self, report_id: str) -> str:
        found = await self._session.exec(select(ReportRow.subject_code).where(col(ReportRow.id) == report_id))
        return found.one()

    async def subject_of_case(self, case_id: str) -> str:
        found = await self._session.exec(select(CaseRow.subject_code).where(col(CaseRow.id) == case_id))
        return found.one()


def subject_of(owner: Recipient) -> str | None:
    """The subject under whose key a person's words are kept; None for staff and strangers."""
    return owner.code if owner.kind is RecipientKind.PARTICIPANT else None
