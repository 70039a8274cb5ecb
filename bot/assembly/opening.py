"""The desk of a command or a service: study, archive, calendars, understanding, each built once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.actions.desk import Desk
from bot.calendars import SiteCalendars
from bot.clock import Clock, SystemClock, new_secret
from bot.settings import Mode, Settings, secret_key
from bot.study_file import load_study
from bot.understanding.understander import Understander
from storage.archive import Archive
from storage.keyring import Keyring


@asynccontextmanager
async def opened_desk(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Desk]:
    """A desk on the archive of these settings, brought up to date, closed at the end.

    Raises:
        SettingsFaulty, StudyFileFaulty, LexiconFault: nothing is opened; every mistake is named.
        StorageUnavailable: the database cannot be reached or written.
    """
    study = load_study(settings.study)
    understander = Understander.load()
    used = clock or SystemClock()
    archive = await Archive.open(
        settings.database_url.get_secret_value(),
        Keyring(secret_key(settings, new_secret)),
        clock=used,
        study_version=study.version,
    )
    try:
        await archive.upgrade()
        yield Desk(
            archive=archive,
            study=study,
            clock=used,
            calendars=SiteCalendars(study.working_hours),
            understander=understander,
            marks_demo=settings.mode is Mode.DEMO,
        )
    finally:
        await archive.close()
