"""How commands take words from a person and give an answer back.

With `--json` one JSON document on standard output, for people a few lines. A refusal is one clear sentence
on standard error and exit 1; wrong usage is exit 2.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, NoReturn, TypeVar
from zoneinfo import ZoneInfo

import typer

from bot.actions.desk import Desk
from bot.assembly.opening import opened_desk
from bot.rules.access import Actor, AuthMethod
from bot.rules.study import Language
from bot.settings import load_settings

T = TypeVar("T")
OPERATOR: Final = Actor(code="operator", role="operator", auth=AuthMethod.COMMAND_LINE)
BUILT_IN_STUDY: Final = "ql-ctit-ruls-1002"
# All five organisations of the first study (specification 1.2).
SITE_ZONE: Final = "Asia/Shanghai"

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
By = Annotated[str, typer.Option("--by", help="Code of the person on whose behalf this is entered.")]


def refuse(reason: str) -> NoReturn:
    """Ends the command: not done, and why."""
    typer.echo(reason, err=True)
    raise SystemExit(1)


def at_desk(work: Callable[[Desk], Awaitable[T]]) -> T:
    """The result of `work` at a desk on the archive of the settings."""

    async def run() -> T:
        async with opened_desk(load_settings(), for_command=True) as desk:
            return await work(desk)

    return asyncio.run(run())


def tell(as_json: bool, document: Any, lines: Sequence[str]) -> None:
    """The answer: the document, or the lines."""
    typer.echo(json.dumps(document, ensure_ascii=False, default=_plain) if as_json else "\n".join(lines))


def local_words(moment: datetime, zone: str = SITE_ZONE) -> str:
    """A moment as people write it, on the clock of the sites: `2026-03-03 09:30 Asia/Shanghai`."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else str(value)


def moment_typed(text: str, zone: str = SITE_ZONE) -> datetime:
    """A moment as typed, `2026-03-03 09:30`, in the local time of the site unless it names a zone."""
    try:
        typed = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date and time; write it like 2026-03-03 09:30") from error
    if len(text.strip()) <= len("2026-03-03"):
        raise typer.BadParameter(f"{text!r} has no time; write it like 2026-03-03 09:30")
    return typed if typed.tzinfo else typed.replace(tzinfo=ZoneInfo(zone))


def day_typed(text: str) -> date:
    """A date as typed, `2026-03-01`."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date; write it like 2026-03-01") from error


def number_typed(text: str) -> Decimal:
    """A number as typed, exact."""
    try:
        typed = Decimal(text)
    except InvalidOperation as error:
        raise typer.BadParameter(f"{text!r} is no number; write it like 38 or 38.5") from error
    if not typed.is_finite():
        raise typer.BadParameter(f"{text!r} is no number; write it like 38 or 38.5")
    return typed


def language_typed(text: str) -> Language:
    """`zh`, `zh-Hans` or `en`."""
    known = {"zh": Language.ZH, "zh-Hans": Language.ZH, "en": Language.EN}
    if text not in known:
        raise typer.BadParameter(f"{text!r} is no language; zh or en")
    return known[text]
