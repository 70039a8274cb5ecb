"""What the page shows, as plain values for its templates; nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from bot.rehearsal.cast import Character
from bot.rehearsal.chats import Shown
from bot.rehearsal.journal import BY_BOT, Line, Sort
from bot.rehearsal.stage import Stage
from bot.rules.messages import Phrase
from bot.rules.study import Language
from bot.texts import Texts, day_in_words

ZONE: Final = "Asia/Shanghai"
_MOST_LINES: Final = 300
# A later answer is no answer to what a person did.
_LONGEST_ANSWER_S: Final = 30.0
_LONGEST_DETAIL: Final = {Language.EN: 80, Language.ZH: 48}
_MARK: Final = "rehearsal.mark"
_BETWEEN_LANGUAGES: Final = "— — —"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubble:
    """One message on a telephone. `parts` are its paragraphs, without the mark that every message bears."""

    number: int
    mine: bool
    parts: tuple[str, ...]
    content: str
    time: str
    edited: bool
    received: bool
    marked: bool
    buttons: tuple[tuple[tuple[str, str, str], ...], ...]


@dataclass(frozen=True, slots=True)
class Day:
    """The messages of one day, with the day in words."""

    key: str
    words: str
    bubbles: tuple[Bubble, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of the log. `kind` is its class on the page, `subject` where its record is found."""

    number: int
    time: str
    kind: str
    words: str
    detail: str
    delay: str
    level: str
    subject: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """What this visitor looks at: one patient, one person of staff, in one language."""

    language: Language
    patient: Character
    staff: Character


def choose(stage: Stage, *, language: str, patient: str, staff: str, accepted: str = "") -> Chosen:
    """The choice asked for; what was not said follows the language, what does not exist is passed over."""
    speaks = spoken(language, accepted)
    known_patient, known_staff = stage.cast.get(patient), stage.cast.get(staff)
    shown_patient, shown_staff = (stage.cast.characters[code] for code in stage.focus(speaks))
    if known_patient is None or not known_patient.is_patient:
        known_patient = shown_patient
    offered = stage.cast.staff_of(known_patient.site)
    if known_staff not in offered or known_staff is None:
        known_staff = shown_staff if shown_staff in offered else offered[0]
    return Chosen(speaks, known_patient, known_staff)


def spoken(asked: str, accepted: str) -> Language:
    """As asked, else as the browser prefers; Chinese is the language of the sites."""
    known = {"zh": Language.ZH, "en": Language.EN}
    if asked in known:
        return known[asked]
    first = accepted.strip().lower()[:2]
    return known.get(first, Language.EN if first else Language.ZH)


def chat(stage: Stage, who: Character) -> tuple[Day, ...]:
    """The telephone of this person, day by day."""
    marks = {stage.texts.say(_MARK, language) for language in Language}
    days: list[tuple[date, list[Bubble]]] = []
    for shown in stage.telegram.screen(who.person):
        local = shown.at.astimezone(ZoneInfo(ZONE))
        if not days or days[-1][0] != local.date():
            days.append((local.date(), []))
        days[-1][1].append(_bubble(shown, local, marks))
    return tuple(
        Day(day.isoformat(), day_in_words(day, who.language), tuple(bubbles)) for day, bubbles in days
    )


def is_typing(stage: Stage, who: Character) -> bool:
    """The dots: the bot shows them, or has not yet taken up what she wrote."""
    screen = stage.telegram.screen(who.person)
    waits = bool(screen) and not screen[-1].from_bot and not screen[-1].received
    return stage.telegram.is_typing(who.person) or waits


def _bubble(shown: Shown, local: datetime, marks: set[str]) -> Bubble:
    paragraphs = [part for part in shown.text.split("\n\n") if part]
    kept = tuple(part for part in paragraphs if part not in marks)
    return Bubble(
        number=shown.message_id,
        mine=not shown.from_bot,
        parts=tuple("" if part == _BETWEEN_LANGUAGES else part for part in kept),
        content=shown.content,
        time=f"{local:%H:%M}",
        edited=shown.edited,
        received=shown.received,
        marked=len(kept) < len(paragraphs),
        buttons=tuple(
            tuple((button.label, button.data, button.url) for button in row) for row in shown.buttons
        ),
    )


def log(stage: Stage, language: Language) -> tuple[LogLine, ...]:
    """What happened, the newest last; the oldest of a long day are left out."""
    lines = stage.journal.lines
    first = max(0, len(lines) - _MOST_LINES)
    return tuple(_log_line(stage, number, lines[number], language) for number in range(first, len(lines)))


def _log_line(stage: Stage, number: int, line: Line, language: Language) -> LogLine:
    local = line.at.astimezone(ZoneInfo(ZONE))
    return LogLine(
        number=number,
        time=f"{local:%H:%M}",
        kind=_kind(line),
        words=_words(stage.texts, line, language),
        detail=_first_words(stage, line, language) if line.sort is not Sort.RECORD else "",
        delay=_delay(line),
        level=line.level,
        subject=line.subject or (line.who if _is_patient(stage, line.who) else ""),
    )


def _kind(line: Line) -> str:
    if line.sort in BY_BOT:
        return f"bot {line.sort.value.lower()}"
    return line.sort.value.lower() if line.sort in (Sort.RECORD, Sort.CLOCK) else "person"


_LOG_WORDS: Final = {
    Sort.WROTE: "rehearsal.log.wrote",
    Sort.EDITED: "rehearsal.log.edited",
    Sort.TAPPED: "rehearsal.log.tapped",
    Sort.BLOCKED: "rehearsal.log.blocked",
    Sort.UNBLOCKED: "rehearsal.log.unblocked",
    Sort.CLOCK: "rehearsal.log.clock",
    Sort.ADVICE: "rehearsal.log.advice",
    Sort.ALERT: "rehearsal.log.alert",
    Sort.REPLY: "rehearsal.log.reply",
    Sort.REMINDER: "rehearsal.log.reminder",
    Sort.DIGEST: "rehearsal.log.digest",
}


def _words(texts: Texts, line: Line, language: Language) -> str:
    if line.said is not None:
        return texts.words(line.said, language, ZONE)
    who = (", " if language is Language.EN else "、").join((line.who, *line.also))
    said = Phrase(key=_LOG_WORDS[line.sort], values={"who": who, "at": line.at})
    return texts.words(said, language, ZONE)


def _first_words(stage: Stage, line: Line, language: Language) -> str:
    """How it begins, without mark; where it was said in both languages, in the visitor's."""
    if line.content:
        return stage.texts.words(Phrase(key=f"rehearsal.content.{line.content}"), language, ZONE)
    said = {line.who: line.words, **line.also}
    languages = {code: one.language for code in said if (one := stage.cast.get(code)) is not None}
    words = next((said[code] for code in said if languages.get(code) is language), line.words)
    marks = {stage.texts.say(_MARK, one) for one in Language}
    begins = " ".join(part for part in words.splitlines() if part.strip() and part not in marks)
    longest = _LONGEST_DETAIL[language]
    return begins if len(begins) <= longest else f"{begins[:longest].rstrip()} …"


def _delay(line: Line) -> str:
    told = line.sort in (Sort.ADVICE, Sort.ALERT) and line.delay_s is not None
    if not told or line.delay_s is None or line.delay_s > _LONGEST_ANSWER_S:
        return ""
    return f"{line.delay_s:.1f} s" if line.delay_s >= 0.1 else f"{line.delay_s:.2f} s"


def _is_patient(stage: Stage, code: str) -> bool:
    character = stage.cast.get(code)
    return character is not None and character.is_patient


def day_and_time(moment: datetime, language: Language) -> tuple[str, str]:
    """The day in words and the clock time, for the head of the page."""
    local = moment.astimezone(ZoneInfo(ZONE))
    return day_in_words(local.date(), language), f"{local:%H:%M}"


def said_by_bot(stage: Stage) -> dict[str, int]:
    """How many messages of the bot stand on each telephone: what a badge counts."""
    return {
        one.code: sum(shown.from_bot for shown in stage.telegram.screen(one.person)) for one in stage.cast
    }


def by_site(stage: Stage, people: Sequence[Character]) -> Iterator[tuple[str, str, list[Character]]]:
    """People grouped by site, English and Chinese name first, in the order of the sites."""
    for site in stage.cast.sites:
        here = [one for one in people if one.site == site.code]
        if here:
            yield site.name.en, site.name.zh, here
