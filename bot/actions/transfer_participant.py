"""A participant goes on at another site: her code stays, who sees her and who is called changes at once.

Open cases go along: the chain of each begins again at the new site, one person there is named to take it, and
nobody has it until somebody does; its old screens lose their buttons. Quiet time and reminders go on; the
site's phone in every later message is the new one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.actions.alert_staff import show_progress
from bot.actions.chart import Chart, opened, reasoned
from bot.actions.desk import Desk, site_of
from bot.actions.hold_over_night import cannot_wait
from bot.actions.plan_visits import course_of, later
from bot.actions.raise_case import raise_case
from bot.actions.speak import phrase, to_participant
from bot.actions.who_is_called import who_is_called
from bot.clock import new_id
from bot.rules import escalation, schedule
from bot.rules.access import RIGHTS, Act, AuthMethod, Site, Staff
from bot.rules.case import Case, CaseKind
from bot.rules.changes import Effects, out_of_quiet
from bot.rules.errors import Refusal
from bot.rules.messages import Phrase, Priority
from bot.rules.participant import Participant
from bot.rules.study import Level, Role, SiteCode, StaffCode, SubjectCode


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferEntry:
    subject: SubjectCode
    to_site: SiteCode
    reason: str


async def preview_transfer(desk: Desk, *, entry: TransferEntry, by: StaffCode, auth: AuthMethod) -> Effects:
    """What the transfer would change; writes nothing."""
    async with opened(desk, entry.subject, by=by, act=Act.TRANSFER, auth=auth, writing=False) as chart:
        return (await weigh_transfer(chart, entry))[2]


async def transfer_participant(
    desk: Desk, *, entry: TransferEntry, by: StaffCode, auth: AuthMethod
) -> Participant:
    """Moves her to another site in one commit; the new site gets a case so that a person knows.

    Raises:
        NotEntitled: a foreign or unknown subject, or a role that may not.
        Refusal: no reason, no such site, or she is there already.
    """
    reason = reasoned(entry.reason)
    async with opened(desk, entry.subject, by=by, act=Act.TRANSFER, auth=auth) as chart:
        before = chart.participant
        site, after, _ = await weigh_transfer(chart, entry)
        await chart.write(
            "staff:participant:transferred",
            "participant",
            chart.subject,
            field="site_code",
            old=before.site_code,
            new=site.code,
            reason=reason,
        )
        open_cases = await chart.uow.cases.open_of(chart.subject)
        moved = await chart.settle(after)
        for case in open_cases:
            await _take_along(chart, case, site, await _next_owner(chart, site))
        await raise_case(
            chart.uow,
            chart.desk,
            moved,
            kind=CaseKind.REQUEST,
            level=Level.SAME_DAY,
            about="staff.story.transferred",
        )
        await _tell_her(chart, moved, site)
        return moved


async def weigh_transfer(chart: Chart, entry: TransferEntry) -> tuple[Site, Participant, Effects]:
    """The new site, she as she would be there, and what changes: site, phone, cases, and the clock of visits.

    Raises:
        Refusal: no such site, or she is there already.
    """
    site = await site_of(chart.uow, entry.to_site)
    before = chart.participant
    if before.site_code == site.code:
        raise Refusal("refusal.at_site_already", subject=chart.subject, site=site.code)
    old = await site_of(chart.uow, before.site_code)
    after = replace(before, site_code=site.code)
    cases = await chart.uow.cases.open_of(chart.subject)
    notes = [phrase("operator.effect.site", before=old.name, after=site.name)]
    if cases:
        notes.append(phrase("operator.effect.cases_go_along", count=len(cases)))
        owner = await _next_owner(chart, site)
        if owner is not None:
            notes.append(phrase("operator.effect.handed_to", staff=owner.code))
    if _hears(after):
        notes.append(phrase("operator.effect.patient", words=(_told(site),)))
    course = replace(chart.course, time_zone=site.time_zone)
    found = chart.weigh(course, level=Level.SAME_DAY, notes=tuple(notes), participant=after)
    return site, after, found


async def _next_owner(chart: Chart, site: Site) -> Staff | None:
    """Who of the new site is named to take the open cases: the first on duty whom a chat reaches."""
    roles = tuple(sorted(RIGHTS[Act.ACKNOWLEDGE_CASE], key=list(Role).index))
    on_duty = await who_is_called(chart.uow, site.code, roles, chart.now)
    return next(iter(on_duty.reachable), None)


async def _take_along(chart: Chart, case: Case, site: Site, owner: Staff | None) -> None:
    """The case at its level, from the start of its chain, at the new site.

    It is handed to `owner` by name and rings for everybody of the chain until a person there has taken it: a
    case that nobody has confirmed is nobody's.
    """
    calendar = chart.desk.calendar_of(site)
    at_once = await cannot_wait(chart.uow, chart.desk, chart.participant, case.level)
    there = replace(case, site_code=site.code)
    moved = escalation.begin_again(there, chart.now, calendar, cannot_wait=at_once)
    saved = await chart.uow.cases.save(moved)
    await chart.uow.cases.add_event(case.id, "TRANSFERRED", chart.now, chart.staff.code, site.code)
    if owner is not None:
        note = f"{case.site_code} {owner.code}"
        await chart.uow.cases.add_event(case.id, "HANDED_TO", chart.now, chart.staff.code, note)
    await show_progress(chart.uow, chart.desk, saved)


async def _tell_her(chart: Chart, participant: Participant, site: Site) -> None:
    if not _hears(participant):
        return
    said = [_told(site)]
    key = f"transfer:{participant.subject_code}:{new_id()}"
    message = to_participant(participant, key, said, priority=Priority.REMINDER, routine=True)
    course, now = await course_of(chart.uow, participant), chart.now
    coming = [one.target_at for one in schedule.plan(chart.desk.study, course) if one.is_open]
    await chart.uow.outbox.put(later(message, out_of_quiet(chart.desk.study, course, coming, now), now), now)


def _told(site: Site) -> Phrase:
    return phrase("patient.transferred", site=site.name, site_phone=site.phone)


def _hears(participant: Participant) -> bool:
    return participant.joined_at is not None and participant.messages_stopped_at is None
