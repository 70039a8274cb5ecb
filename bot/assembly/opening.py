"""The desk of a command or a service: study, archive, calendars, understanding, each built once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from bot.actions.desk import Desk
from bot.actions.publish_study import learn_versions
from bot.calendars import SiteCalendars
from bot.clock import Clock, SystemClock, new_secret
from bot.rules.errors import Refusal
from bot.settings import Mode, Settings, secret_key
from bot.study_file import load_files, load_study
from bot.understanding.understander import ReadsWhenAsked, Understander
from storage.archive import Archive
from storage.keyring import Keyring

_REHEARSED: Final = "rehearsal"


@asynccontextmanager
async def opened_desk(
    settings: Settings, *, clock: Clock | None = None, for_command: bool = False
) -> AsyncIterator[Desk]:
    """A desk on the archive of these settings, brought up to date, closed at the end.

    For a command the lexicons are loaded only when it reads words; for a service they are checked first.

    Raises:
        SettingsFaulty, StudyFileFaulty, LexiconFault: nothing is opened; every mistake is named.
        Refusal: a rehearsal's database outside the rehearsal, or another's within it.
        StorageUnavailable: the database cannot be reached or written.
    """
    study = load_study(settings.study)
    understander = ReadsWhenAsked() if for_command else Understander.load()
    used = clock or SystemClock()
    archive = await Archive.open(
        settings.database_url.get_secret_value(),
        Keyring(secret_key(settings, new_secret)),
        clock=used,
        study_version=study.version,
    )
    try:
        await archive.upgrade()
        await _keep_apart(archive, settings.mode)
        desk = Desk(
            archive=archive,
            study=study,
            clock=used,
            calendars=SiteCalendars(study.working_hours),
            understander=understander,
            marks_demo=settings.mode is not Mode.LIVE,
        )
        await learn_versions(desk, load_files)
        yield desk
    finally:
        await archive.close()


async def _keep_apart(archive: Archive, mode: Mode) -> None:
    """A rehearsal marks its database while it is empty and opens no other; nothing else opens it."""
    async with archive.read() as uow:
        marked = await uow.marks.get(_REHEARSED) is not None
        in_use = bool(await uow.sites.all() or await uow.staff.all())
    if mode is not Mode.REHEARSAL:
        if marked:
            raise Refusal("refusal.only_a_rehearsal")
        return
    if marked:
        return
    if in_use:
        raise Refusal("refusal.not_a_rehearsal")
    async with archive.begin() as uow:
        await uow.marks.set(_REHEARSED, {})


def anchors_of(settings: Settings) -> Path | None:
    """The file of signed anchor lines: beside the SQLite database, else none."""
    url = settings.database_url.get_secret_value()
    if not url.startswith("sqlite"):
        return None
    database = url.partition(":///")[2]
    return Path(f"{database}.anchors") if database else None
