"""One transaction on the archive, with a shelf per noun. Shelves give frozen values, never rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version

from sqlmodel.ext.asyncio.session import AsyncSession

from bot.clock import Clock
from storage.audit_trail import AuditTrail
from storage.cases import Cases
from storage.console_doors import Accounts, Marks
from storage.conversations import Consents, Conversations, Said
from storage.facts import Decisions, Doses, Holds, Labs, StatedFacts, Therapies, Transfusions
from storage.groups import Groups
from storage.identities import Identities, Invitations, SecondRoads
from storage.inbox import Inbox
from storage.keyring import Keyring
from storage.outbox import Outbox
from storage.overviews import Overviews
from storage.participants import Participants
from storage.reports import Grades, Reports
from storage.rosters import Rosters
from storage.sae_tasks import SaeTasks
from storage.sealing import Seals
from storage.sites import Sites, StaffShelf
from storage.study_versions import StudyVersions
from storage.understood import Understood


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every unit of work of an archive has at hand."""

    keyring: Keyring
    clock: Clock
    study_version: str
    software_version: str = version("suifang")


class UnitOfWork:
    """What one action reads and writes; made by `Archive.begin()` and `Archive.read()`."""

    def __init__(self, session: AsyncSession, around: Surroundings, *, writing: bool) -> None:
        self.session = session
        self.keyring = around.keyring
        self._around = around
        self._writing = writing
        self._seals = Seals(session, around.keyring)

    @property
    def spoke(self) -> bool:
        """Whether something was put into the outbox."""
        return self.outbox.spoke

    async def finish(self) -> None:
        """Writes what was kept for the end of the transaction; called just before the commit."""
        await self.audit.write_entries()

    @cached_property
    def sites(self) -> Sites:
        return Sites(self.session)

    @cached_property
    def staff(self) -> StaffShelf:
        return StaffShelf(self.session)

    @cached_property
    def rosters(self) -> Rosters:
        return Rosters(self.session)

    @cached_property
    def participants(self) -> Participants:
        return Participants(self.session, self._seals, writing=self._writing)

    @cached_property
    def doses(self) -> Doses:
        return Doses(self.session)

    @cached_property
    def stated(self) -> StatedFacts:
        return StatedFacts(self.session)

    @cached_property
    def labs(self) -> Labs:
        return Labs(self.session)

    @cached_property
    def transfusions(self) -> Transfusions:
        return Transfusions(self.session)

    @cached_property
    def decisions(self) -> Decisions:
        return Decisions(self.session)

    @cached_property
    def holds(self) -> Holds:
        return Holds(self.session)

    @cached_property
    def therapies(self) -> Therapies:
        return Therapies(self.session)

    @cached_property
    def sae_tasks(self) -> SaeTasks:
        return SaeTasks(self.session, self._seals)

    @cached_property
    def study_versions(self) -> StudyVersions:
        return StudyVersions(self.session)

    @cached_property
    def identities(self) -> Identities:
        return Identities(self.session, self._seals, self.keyring)

    @cached_property
    def second_roads(self) -> SecondRoads:
        return SecondRoads(self.session, self.keyring)

    @cached_property
    def groups(self) -> Groups:
        return Groups(self.session)

    @cached_property
    def invitations(self) -> Invitations:
        return Invitations(self.session)

    @cached_property
    def consents(self) -> Consents:
        return Consents(self.session)

    @cached_property
    def conversations(self) -> Conversations:
        return Conversations(self.session, self._seals)

    @cached_property
    def said(self) -> Said:
        return Said(self.session, self._seals)

    @cached_property
    def understood(self) -> Understood:
        return Understood(self.session, self._seals)

    @cached_property
    def reports(self) -> Reports:
        return Reports(self.session, self._seals)

    @cached_property
    def grades(self) -> Grades:
        return Grades(self.session)

    @cached_property
    def cases(self) -> Cases:
        return Cases(self.session, self._seals, writing=self._writing)

    @cached_property
    def inbox(self) -> Inbox:
        return Inbox(self.session, self._seals)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(
            self.session,
            self._seals,
            self.identities,
            self.second_roads,
            self.keyring,
            self._around.clock,
        )

    @cached_property
    def audit(self) -> AuditTrail:
        return AuditTrail(
            self.session,
            self.keyring,
            self._around.clock,
            software_version=self._around.software_version,
            study_version=self._around.study_version,
        )

    @cached_property
    def seals(self) -> Seals:
        """The keys of the subjects' free text; erasing one is for good."""
        return self._seals

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self.session)

    @cached_property
    def marks(self) -> Marks:
        return Marks(self.session)

    @cached_property
    def overviews(self) -> Overviews:
        """What pages and exports show: read-only."""
        return Overviews(self.session, self._seals)
