"""Export: one consistent cut of the record, with dictionary and checksums, under subject codes only.

Everything is read in one transaction, so a file never knows what another does not. Who exported what is in
the audit trail before the files are handed out.
Source: specification 5.7; decisions "Roles and rights".
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from bot.actions import dataset_tables
from bot.actions.asked_of import asked_of
from bot.actions.console_account import as_visitor
from bot.actions.dataset_tables import Facts
from bot.actions.desk import Desk
from bot.actions.list_participants import readable_sites, reader
from bot.actions.plan_visits import course_of
from bot.actions.publish_study import bindings_of
from bot.actions.write_workbook import as_workbook
from bot.rules import dataset
from bot.rules.access import Act, Actor, Site, may
from bot.rules.dataset import Dataset
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.participant import Participant
from bot.rules.study import SiteCode, StaffCode
from storage.unit_of_work import UnitOfWork

MANIFEST = "manifest.json"
CHECKSUMS = "SHA256SUMS"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    name: str
    content: bytes


async def cut_for_staff(desk: Desk, *, by: StaffCode, site: SiteCode | None) -> Dataset:
    """What this person may take along, of one site or of all theirs; noted in the audit trail.

    Free text is left out for whoever works without identities.

    Raises:
        NotEntitled: alike for a foreign site, one that does not exist, and a person who may export nothing.
    """
    async with desk.archive.read() as uow:
        staff = await reader(uow, by)
        sites = await readable_sites(uow, staff, Act.EXPORT)
        chosen = tuple(one for one in sites if site in (None, one.code))
        if not chosen:
            raise NotEntitled()
        wordy = frozenset(one.code for one in chosen if may(staff, Act.READ_WORDS, one.code))
        made = await _cut(uow, desk, chosen, wordy)
    await _note(desk, as_visitor(staff), made)
    return made


async def sites_to_export(desk: Desk, *, by: StaffCode) -> tuple[Site, ...]:
    """The sites this person may export, by code; empty when none."""
    async with desk.archive.read() as uow:
        return await readable_sites(uow, await reader(uow, by), Act.EXPORT)


async def cut_for_operator(desk: Desk, *, by: Actor, site: SiteCode | None) -> Dataset:
    """Everything, or one site, for the operator at the command line; noted in the audit trail.

    Raises:
        Refusal: no such site.
    """
    async with desk.archive.read() as uow:
        sites = tuple(one for one in await uow.sites.all() if site in (None, one.code))
        if site is not None and not sites:
            raise Refusal("refusal.no_such_site", site=site)
        made = await _cut(uow, desk, sites, frozenset(one.code for one in sites))
    await _note(desk, by, made)
    return made


def as_csv_files(made: Dataset) -> tuple[ExportedFile, ...]:
    """One CSV file a table, the dictionary, a manifest and the checksums."""
    tables = (*made.tables, dataset.dictionary(made))
    return _with_manifest(
        made, [ExportedFile(name=f"{one.name}.csv", content=dataset.as_csv(one)) for one in tables]
    )


def as_xlsx_file(made: Dataset) -> tuple[ExportedFile, ...]:
    """One workbook with every table and the dictionary, a manifest and the checksums."""
    return _with_manifest(made, [ExportedFile(name=f"{file_stem(made)}.xlsx", content=as_workbook(made))])


def as_zip(files: Iterable[ExportedFile], made_at: datetime) -> bytes:
    """The files in one archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(
                zipfile.ZipInfo(file.name, made_at.timetuple()[:6]), file.content, zipfile.ZIP_DEFLATED
            )
    return packed.getvalue()


def file_stem(made: Dataset) -> str:
    """`suifang-TJ-20260310T003000Z`: what an export is called."""
    return f"suifang-{made.about['sites'].replace(' ', '+') or 'none'}-{made.cut_at:%Y%m%dT%H%M%SZ}"


def _with_manifest(made: Dataset, files: Sequence[ExportedFile]) -> tuple[ExportedFile, ...]:
    counts = {table.name: len(table.rows) for table in made.tables}
    manifest = {
        **made.about,
        "created_utc": dataset.as_moment(made.cut_at),
        "record_count": made.record_count,
        "records": counts,
        "sha256": {file.name: hashlib.sha256(file.content).hexdigest() for file in files},
    }
    content = (json.dumps(manifest, ensure_ascii=False, indent=2) + "\n").encode()
    everything = (*files, ExportedFile(name=MANIFEST, content=content))
    sums = "".join(f"{hashlib.sha256(file.content).hexdigest()}  {file.name}\n" for file in everything)
    return (*everything, ExportedFile(name=CHECKSUMS, content=sums.encode()))


async def _cut(uow: UnitOfWork, desk: Desk, sites: Sequence[Site], wordy: frozenset[SiteCode]) -> Dataset:
    people = await uow.participants.of_sites([site.code for site in sites])
    facts = [await _facts(uow, desk, one, reads_words=one.site_code in wordy) for one in people]
    about = {
        "study": desk.study.id,
        "study_version": desk.in_force.version,
        "study_versions_bound_to": " ".join(sorted({one.study_version for one in people})),
        "catalogue_version": desk.in_force.catalogue_version,
        "ctcae_version": desk.in_force.ctcae_version,
        "software_version": version("suifang"),
        "sites": " ".join(site.code for site in sites),
        "free_text": "included" if set(wordy) >= {site.code for site in sites} else "left out",
    }
    return Dataset(cut_at=desk.now(), about=about, tables=dataset_tables.tables(facts))


async def _facts(uow: UnitOfWork, desk: Desk, participant: Participant, *, reads_words: bool) -> Facts:
    log = await uow.overviews.log(participant.subject_code)
    return Facts(
        participant=participant,
        study=desk.bound_to(participant).study,
        bindings=await bindings_of(uow, participant),
        consents=await uow.consents.of(participant.subject_code),
        log=log,
        course=await course_of(uow, participant),
        cut_at=desk.now(),
        reads_words=reads_words,
        check_ins=await asked_of(uow, participant.subject_code),
        understood=await uow.understood.of(participant.subject_code),
        serious=tuple(
            [
                (task, await uow.sae_tasks.answer_of(task.id))
                for task in await uow.sae_tasks.of(participant.subject_code)
            ]
        ),
    )


async def _note(desk: Desk, by: Actor, made: Dataset) -> None:
    async with desk.archive.begin() as uow:
        await uow.audit.record(
            kind="staff:dataset:exported",
            actor=by,
            at=desk.now(),
            subject=None,
            entity="dataset",
            entity_id=dataset.as_moment(made.cut_at),
            field="sites",
            new=made.about["sites"],
            reason=f"{made.record_count} records, free text {made.about['free_text']}",
        )
