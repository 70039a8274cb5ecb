"""How a command carries out a change, or shows what it would do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer

from bot.actions.chart import Verb
from bot.actions.desk import Desk
from bot.commands.speaking import SITE_ZONE, at_desk, tell
from bot.rules.access import AuthMethod
from bot.rules.changes import Effects
from bot.rules.study import Language, StaffCode
from bot.texts import Texts

Preview = Annotated[bool, typer.Option("--preview", help="Shows what it would change and saves nothing.")]
Confirm = Annotated[bool, typer.Option("--confirm", help="Confirms what was held, having looked at it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; stands in the audit trail.")]


_Typed = TypeVar("_Typed")
_Stored = TypeVar("_Stored")


def carried_out(
    entry: _Typed | Callable[[Desk], Awaitable[_Typed]],
    by: str,
    *,
    weigh: Verb[_Typed, Effects],
    save: Verb[_Typed, _Stored],
    preview: bool,
    as_json: bool,
) -> _Stored:
    """Saves what was entered and gives what is stored; with `preview` shows what it would change, and ends.

    `entry` may be found at the desk, where the command names a fact by its time or number.
    """

    async def done(desk: Desk) -> Effects | _Stored:
        typed = await entry(desk) if callable(entry) else entry
        who = StaffCode(by)
        if preview:
            return await weigh(desk, entry=typed, by=who, auth=AuthMethod.COMMAND_LINE)
        return await save(desk, entry=typed, by=who, auth=AuthMethod.COMMAND_LINE)

    found = at_desk(done)
    if isinstance(found, Effects):
        _show(as_json, found)
        raise typer.Exit
    return found


def _show(as_json: bool, found: Effects) -> None:
    """What would change, a line each; what must be confirmed comes first."""
    texts = Texts.load()
    lines = [texts.words(line, Language.EN, SITE_ZONE) for line in found.lines()]
    document: dict[str, Any] = {
        "held": [texts.words(ask, Language.EN, SITE_ZONE) for ask in found.asks],
        **_plainly(found),
        "others": [{"subject": one.subject, **_plainly(one)} for one in found.others],
        "lines": lines,
    }
    tell(as_json, document, lines)


def _plainly(found: Effects) -> dict[str, Any]:
    return {
        "state": found.state_after.value,
        "level": found.level.name,
        "changes": [
            {
                "key": change.activity.key,
                "kind": change.kind.value,
                "was": change.was_at,
                "at": change.activity.target_at,
            }
            for change in found.changes
        ],
    }
