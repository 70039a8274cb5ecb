"""Moments and days as the reader's clock and calendar show them."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date

from bot.rules.study import Language
from bot.texts.catalogues import FOLDERS

_DAY_PATTERN = {Language.ZH: "M月d日（EEE）", Language.EN: "EEE d MMMM"}


def moment_in_words(moment: datetime, language: Language, zone: str, part: str | None = None) -> str:
    """A moment in local time: `3月10日（周二）09:30`, `Tue 10 March, 09:30`.

    Args:
        moment: aware.
        language: of the words.
        zone: an IANA name, such as `Asia/Shanghai`.
        part: `day` or `time` for that part alone.

    Raises:
        ValueError: a moment without a time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    local = moment.astimezone(ZoneInfo(zone))
    clock = f"{local:%H:%M}"
    if part == "time":
        return clock
    day = day_in_words(local.date(), language)
    if part == "day":
        return day
    return f"{day}{clock}" if language is Language.ZH else f"{day}, {clock}"


@lru_cache(maxsize=512)
def day_in_words(day: date, language: Language) -> str:
    """A day with its weekday: `3月10日（周二）`, `Tue 10 March`."""
    return format_date(day, _DAY_PATTERN[language], locale=FOLDERS[language])
