"""Builds every part once and connects them; the only module that knows all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.actions.desk import Desk
from bot.calendars import SiteCalendars
from bot.clock import SystemClock, new_secret
from bot.settings import Mode, Settings, secret_key
from bot.study_file import load_study
from bot.understanding.understander import Understander
from storage.archive import Archive
from storage.keyring import Keyring


@asynccontextmanager
async def opened_desk(settings: Settings) -> AsyncIterator[Desk]:
    """A desk on the archive of these settings, brought up to date, closed at the end."""
    study = load_study(settings.study)
    archive = await Archive.open(
        settings.database_url.get_secret_value(), Keyring(secret_key(settings, new_secret))
    )
    try:
        await archive.upgrade()
        yield Desk(
            archive=archive,
            study=study,
            clock=SystemClock(),
            calendars=SiteCalendars(study.working_hours),
            understander=Understander.load(),
            marks_demo=settings.mode is Mode.DEMO,
        )
    finally:
        await archive.close()
