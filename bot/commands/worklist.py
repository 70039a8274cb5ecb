"""`suifang worklist`: what the sites of one person have to do now, as in the console and in the chat."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.actions.speak import phrase
from bot.actions.worklist import read_worklist
from bot.commands.speaking import AsJson, By, at_desk, tell
from bot.rules.changes import name_of
from bot.rules.study import Language, Level, SiteCode, StaffCode
from bot.rules.worklist import WorkItem
from bot.texts import Texts


def worklist_command(
    by: By,
    site: Annotated[str | None, typer.Option(help="Of this site only.")] = None,
    as_json: AsJson = False,
) -> None:
    """What there is to do, most urgent first, wherever this person may read."""
    found = at_desk(lambda desk: read_worklist(desk, by=StaffCode(by)))
    wanted = [item for item in found.items if site is None or item.site == SiteCode(site)]
    texts = Texts.load()
    zones = {one.code: one.time_zone for one in found.sites}
    lines = [_line(texts, item, zones[item.site]) for item in wanted]
    tell(as_json, [_document(item) for item in wanted], lines or ["Nothing to do."])


def _line(texts: Texts, item: WorkItem, zone: str) -> str:
    """Such as `TODAY TJ-001: injection due, dose 2, Tue 10 March, 09:30`."""
    values = {"subject": item.subject, "kind": item.kind, "at": item.at}
    if item.activity is not None:
        said = phrase("operator.worklist.visit", activity=name_of(item.activity), **values)
    else:
        said = phrase("operator.worklist.item", **values)
    level = f" {item.level.name}" if item.level > Level.NONE else ""
    return f"{item.section.name}{level} {texts.words(said, Language.EN, zone)}"


def _document(item: WorkItem) -> dict[str, object]:
    serious = item.serious
    return {
        "section": item.section.name,
        "kind": item.kind.value,
        "subject": item.subject,
        "site": item.site,
        "level": item.level.name,
        "at": item.at,
        "activity": item.activity and item.activity.key,
        "cases": [case.id for case in item.cases],
        "serious_event": serious
        and {"task": serious.id, "causes": list(serious.causes), "due_at": serious.due_at},
    }
