"""How a command shows what a change would do, before it is saved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from bot.actions.desk import Desk
from bot.commands.speaking import SITE_ZONE, at_desk, tell
from bot.rules.changes import Effects
from bot.rules.study import Language
from bot.texts import Texts

Preview = Annotated[bool, typer.Option("--preview", help="Shows what it would change and saves nothing.")]
Confirm = Annotated[bool, typer.Option("--confirm", help="Confirms what was held, having looked at it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; stands in the audit trail.")]


def show_effects(as_json: bool, work: Callable[[Desk], Awaitable[Effects]]) -> None:
    """What would change, a line each; what must be confirmed comes first."""
    found = at_desk(work)
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
