"""Versions of a study: published once, bound to, moved to by an act; nobody is moved silently."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from bot.actions.export_dataset import cut_for_operator
from bot.actions.publish_study import (
    Publication,
    VersionMove,
    learn_versions,
    move_to_version,
    preview_version_move,
    publish_study,
    published_versions,
)
from bot.actions.record_dose import DoseEntry, record_dose
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.study import SubjectCode
from bot.study_file import digest_of, files_of, load_files
from storage.archive import Archive
from tests.ward import CA1, CONSOLE, CRC, HER, OPERATOR, PI1, TJ_001, Ward, local, ward_of, with_dose_1

NEW = SubjectCode("TJ-002")


def changed() -> dict[str, str]:
    """A second version: the doses eight days apart, as an amendment might have it."""
    files = files_of("ql-ctit-ruls-1002")
    study = files["study.toml"].replace('\nversion = "0.1.0"', '\nversion = "2"')
    schedule = files["schedule.toml"]
    for old, new in (
        ("interval_days = { value = 7", "interval_days = { value = 8"),
        ("last_day = { value = 28", "last_day = { value = 30"),
        ("day = 8,", "day = 9,"),
        ("day = 15,", "day = 17,"),
        ("day = 22,", "day = 25,"),
        ('code = "L7", anchor = "first_dose", day = 25', 'code = "L7", anchor = "first_dose", day = 27'),
    ):
        assert old in schedule
        schedule = schedule.replace(old, new)
    assert study != files["study.toml"]
    return {**files, "study.toml": study, "schedule.toml": schedule}


def publication(files: Mapping[str, str], by: str = "Ethics committee") -> Publication:
    return Publication(
        study=load_files(files),
        files=files,
        digest=digest_of(files),
        approved_by=by,
        approved_on=date(2026, 3, 1),
    )


@pytest.fixture
async def ward(archive: Archive) -> Ward:
    return await begun(archive)


async def begun(archive: Archive) -> Ward:
    """She joined and had dose 1 on Tuesday 3 March."""
    opened = ward_of(archive)
    await with_dose_1(opened)
    return opened


async def test_she_stays_with_her_version_until_the_principal_investigator_moves_her(ward: Ward) -> None:
    await publish_study(ward.desk, publication=publication(changed()), by=OPERATOR)
    assert await ward.at("injection-2") == "2026-03-10 09:40"
    await ward.enrol(NEW, day1="2026-03-05 09:30")
    assert ((await ward.her()).study_version, (await ward.her(NEW)).study_version) == ("0.1.0", "2")
    entry = VersionMove(subject=TJ_001, version="2", reason="amendment 1")
    shown = await preview_version_move(ward.desk, entry=entry, by=PI1, auth=CONSOLE)
    assert "injection-2" in {one.activity.key for one in shown.changes}
    with pytest.raises(NotEntitled):
        await move_to_version(ward.desk, entry=entry, by=CA1, auth=CONSOLE)
    await move_to_version(ward.desk, entry=entry, by=PI1, auth=CONSOLE)
    await ward.settle()
    assert "3月11日" in ward.phones.last(HER)
    # The one rule for reminders planned under the old version: what is no longer true is not said.
    heard = len(ward.heard())
    await ward.until("2026-03-09 19:30")
    assert "明天" not in "\n".join(ward.heard(since=heard))
    await ward.until("2026-03-10 19:30")
    assert "明天" in "\n".join(ward.heard(since=heard))
    async with ward.desk.archive.read() as uow:
        (moved,) = [one for one in await uow.audit.of(TJ_001) if one.kind == "staff:participant:version"]
    assert (moved.old, moved.new, moved.reason) == ("0.1.0", "2", "amendment 1")


async def test_a_restart_finds_what_was_in_force_and_runs_it(ward: Ward) -> None:
    files = changed()
    await publish_study(ward.desk, publication=publication(files), by=OPERATOR)
    ward.desk.versions.clear()
    assert await learn_versions(ward.desk, load_files) == 1
    assert await learn_versions(ward.desk, load_files) == 0
    (kept,) = await published_versions(ward.desk)
    assert (kept.files, kept.digest, kept.approved_by) == (files, digest_of(files), "Ethics committee")
    assert ward.desk.in_force.doses.interval_days == 8


async def test_a_version_is_published_once_and_by_somebody(sqlite_archive: Archive) -> None:
    ward = ward_of(sqlite_archive)
    await publish_study(ward.desk, publication=publication(changed()), by=OPERATOR)
    with pytest.raises(Refusal, match="version_published"):
        await publish_study(ward.desk, publication=publication(changed()), by=OPERATOR)
    with pytest.raises(Refusal, match="approval_needed"):
        await publish_study(ward.desk, publication=publication(changed(), by=" "), by=OPERATOR)
    with pytest.raises(Refusal, match="another_study"):
        await publish_study(ward.desk, publication=publication(files_of("docs/example-study")), by=OPERATOR)


async def test_the_export_and_the_card_count_each_by_her_own_version(sqlite_archive: Archive) -> None:
    """The endpoint is day 15 under the first version and day 17 under the second."""
    ward = await begun(sqlite_archive)
    await publish_study(ward.desk, publication=publication(changed()), by=OPERATOR)
    await ward.enrol(NEW, day1="2026-03-03 09:30")
    dose = DoseEntry(subject=NEW, number=1, given_at=local("2026-03-03 09:30"))
    await record_dose(ward.desk, entry=dose, by=CA1, auth=CONSOLE)
    await ward.phones.type(CRC, f"/patient {NEW}")
    assert "3月11日" in ward.phones.said(CRC), "her second dose is on day 9"
    ward.phones.clock.move_to(local("2026-03-19 20:00"))
    await ward.lab("102", "2026-03-19 09:00", confirmed=True, subject=NEW)
    await ward.lab("101", "2026-03-19 08:00", confirmed=True)
    made = await cut_for_operator(ward.desk, by=OPERATOR, site=None)
    (table,) = [one for one in made.tables if one.name == "endpoints"]
    names = [one.name for one in table.columns]
    found = [dict(zip(names, row, strict=True)) for row in table.rows]
    told = {(row["subject"], row["study_day"], row["responded_at"]) for row in found}
    assert told == {(TJ_001, 15, None), (NEW, 17, True)}
    (summary,) = [one for one in made.tables if one.name == "site_endpoints"]
    assert {row[2:6] for row in summary.rows} == {(2, 1, 0, 1)}
    assert (made.about["study_version"], made.about["study_versions_bound_to"]) == ("2", "0.1.0 2")
    moved = VersionMove(subject=TJ_001, version="2", reason="amendment 1")
    await move_to_version(ward.desk, entry=moved, by=PI1, auth=CONSOLE)
    made = await cut_for_operator(ward.desk, by=OPERATOR, site=None)
    (bound,) = [one for one in made.tables if one.name == "versions"]
    assert [(row[0], row[1], row[3], row[4], row[5]) for row in bound.rows] == [
        (TJ_001, "0.1.0", "operator", None, None),
        (TJ_001, "2", "PI1", "amendment 1", "Ethics committee"),
        (NEW, "2", "operator", None, "Ethics committee"),
    ]
