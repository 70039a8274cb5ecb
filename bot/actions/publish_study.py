"""A new version of the study: published with who approved it and when; participants move to it by an act.

A participant stays bound to the version she was enrolled under, to its windows, limits and words, until a
principal investigator moves her. Moving plans her anew from her facts under the new version, as any other
change does: a reminder that waits and is no longer true is cancelled in the same commit, one that is true
under both goes as it was, and she hears of a changed date once. That is the one rule for reminders planned
under an old version. Source: specification 3.5 ("tuning = new config version with reason"), 1.11 (locked).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.actions.chart import opened, reasoned
from bot.actions.desk import Desk
from bot.actions.plan_visits import settle
from bot.actions.speak import phrase
from bot.rules import schedule
from bot.rules.access import Act, Actor, AuthMethod
from bot.rules.changes import Effects, effects
from bot.rules.errors import Refusal
from bot.rules.participant import Participant
from bot.rules.study import Approval, StaffCode, Study, SubjectCode
from storage.study_versions import PublishedStudy
from storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """`files` and their `digest` as `bot.study_file` gives them; `study` is what they say."""

    study: Study
    files: Mapping[str, str]
    digest: str
    approved_by: str
    approved_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionMove:
    subject: SubjectCode
    version: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A version she was bound to from `since` on, until the next one; `by` moved her, or enrolled her.

    `approval` is None for the study of the settings where it never was published.
    """

    version: str
    since: datetime
    by: str
    reason: str
    approval: Approval | None


async def publish_study(desk: Desk, *, publication: Publication, by: Actor) -> PublishedStudy:
    """Keeps the version whole; new participants are bound to it from now on.

    Raises:
        Refusal: another study than this deployment runs; a version of this name was published, with the same
            or with other contents; nobody approved it; approved in the future.
    """
    study, now = publication.study, desk.now()
    if study.id != desk.study.id:
        raise Refusal("refusal.another_study", study=study.id, here=desk.study.id)
    if not publication.approved_by.strip():
        raise Refusal("refusal.approval_needed")
    if publication.approved_on > now.date():
        raise Refusal("refusal.in_future")
    async with desk.archive.begin() as uow:
        for known in await uow.study_versions.of(study.id):
            if known.version == study.version:
                raise Refusal("refusal.version_published", version=study.version, at=known.published_at)
        published = PublishedStudy(
            study_id=study.id,
            version=study.version,
            digest=publication.digest,
            approved_by=publication.approved_by.strip(),
            approved_on=publication.approved_on,
            published_at=now,
            files=publication.files,
        )
        await uow.study_versions.add(published)
        await uow.audit.record(
            kind="operator:study:published",
            actor=by,
            at=now,
            subject=None,
            entity="study",
            entity_id=study.version,
            field="version",
            new=publication.digest,
            reason=f"approved by {published.approved_by} on {published.approved_on.isoformat()}",
        )
    desk.versions[study.version] = study
    return published


async def learn_versions(desk: Desk, load: Callable[[Mapping[str, str]], Study]) -> int:
    """Takes up what was published since, by the command line beside a running service. Returns how many."""
    async with desk.archive.read() as uow:
        names = await uow.study_versions.names(desk.study.id)
        if all(name in desk.versions for name in names):
            return 0
        published = await uow.study_versions.of(desk.study.id)
    new = [one for one in published if one.version not in desk.versions]
    for one in new:
        desk.versions[one.version] = load(one.files)
    return len(new)


async def published_versions(desk: Desk) -> tuple[PublishedStudy, ...]:
    """Every version with its approval, oldest first: what was in force when."""
    async with desk.archive.read() as uow:
        return await uow.study_versions.of(desk.study.id)


async def bindings_of(uow: UnitOfWork, participant: Participant) -> tuple[Binding, ...]:
    """The versions she was bound to, oldest first: what was in force for her, and since when."""
    known = {one.version: one for one in await uow.study_versions.approvals(participant.study_id)}
    subject = participant.subject_code
    enrolled = await uow.audit.of_kind("staff:participant:enrolled", subject)
    moves = await uow.audit.of_kind("staff:participant:version", subject)
    first = (moves[0].old if moves else None) or participant.study_version
    steps = [(first, one) for one in enrolled[:1]] + [(one.new or "", one) for one in moves]
    return tuple(
        Binding(
            version=version,
            since=entry.at,
            by=entry.on_behalf_of or entry.actor_code,
            reason=entry.reason or "",
            approval=known.get(version),
        )
        for version, entry in steps
    )


def other_versions(desk: Desk, participant: Participant) -> tuple[str, ...]:
    """The versions she could be moved to, oldest first."""
    return tuple(name for name in _at_hand(desk) if name != participant.study_version)


async def approvals(desk: Desk) -> Mapping[str, Approval]:
    """Who approved which published version."""
    async with desk.archive.read() as uow:
        return {one.version: one for one in await uow.study_versions.approvals(desk.study.id)}


async def preview_version_move(desk: Desk, *, entry: VersionMove, by: StaffCode, auth: AuthMethod) -> Effects:
    """What moving her would change; writes nothing."""
    async with opened(desk, entry.subject, by=by, act=Act.CHANGE_VERSION, auth=auth, writing=False) as chart:
        new = _version(desk, chart.participant, entry.version)
        versions = {"before": chart.participant.study_version, "after": new.version}
        return effects(
            new,
            chart.participant,
            chart.course,
            chart.course,
            chart.now,
            notes=(phrase("operator.effect.version", **versions),),
            planned_before=schedule.plan(chart.desk.study, chart.course),
        )


async def move_to_version(desk: Desk, *, entry: VersionMove, by: StaffCode, auth: AuthMethod) -> Participant:
    """Binds her to another published version and plans her anew.

    Raises:
        NotEntitled: a foreign or unknown subject, or not a principal investigator.
        Refusal: no reason, no such version, or bound to it already.
    """
    reason = reasoned(entry.reason)
    async with opened(desk, entry.subject, by=by, act=Act.CHANGE_VERSION, auth=auth) as chart:
        new = _version(desk, chart.participant, entry.version)
        before = schedule.plan(chart.desk.study, chart.course)
        await chart.write(
            "staff:participant:version",
            "participant",
            chart.subject,
            field="study_version",
            old=chart.participant.study_version,
            new=new.version,
            reason=reason,
        )
        moved = replace(chart.participant, study_version=new.version)
        return await settle(chart.uow, replace(desk, study=new), moved, chart.course, planned_before=before)


def _version(desk: Desk, participant: Participant, version: str) -> Study:
    if version == participant.study_version:
        raise Refusal("refusal.version_same", version=version)
    known = _at_hand(desk)
    if version not in known:
        raise Refusal("refusal.no_such_version", version=version, known=", ".join(known))
    return known[version]


def _at_hand(desk: Desk) -> Mapping[str, Study]:
    """Every version by name: that of the settings, and all that were published."""
    return {desk.study.version: desk.study, **desk.versions}
