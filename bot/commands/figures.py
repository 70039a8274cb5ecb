"""`suifang figures`: how alerting goes, by site, month and level."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.actions.review_figures import as_csv, as_documents, figures_for_operator
from bot.commands.speaking import AsJson, at_desk, refuse, tell
from bot.rules.study import SiteCode


def figures_command(
    site: Annotated[str | None, typer.Option(help="Of this site only.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for two CSV tables.")] = None,
    as_json: AsJson = False,
) -> None:
    """How alerting goes: how many, how fast, to what end, and which rules give false alarms."""
    wanted = None if site is None else SiteCode(site)
    found = at_desk(lambda desk: figures_for_operator(desk, site=wanted))
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
            (out / "alerts_by_level.csv").write_text(as_csv(found.levels), encoding="utf-8")
            (out / "alerts_by_rule.csv").write_text(as_csv(found.rules), encoding="utf-8")
        except OSError as error:
            refuse(f"{out} cannot be written: {error.strerror}")
    document = {"by_level": as_documents(found.levels), "by_rule": as_documents(found.rules)}
    lines = [
        f"{one.site} {one.month} {one.level.name}: {one.alerts} alerts"
        f" ({_number(one.per_patient_week)} a patient-week), {one.in_time} taken in time"
        f" ({_percent(one.in_time_share)}), median {_number(one.median_minutes_to_acknowledge)} min to take,"
        f" {_number(one.median_minutes_to_contact)} min to contact,"
        f" {one.led_to_action} of {one.closed} led to action"
        for one in found.levels
    ]
    lines += [
        f"{one.site} {one.month} {one.rule}: {one.false_alarms} of {one.closed} false alarms"
        for one in found.rules
        if one.false_alarms
    ]
    tell(as_json, document, lines or ["No case has been opened yet."])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
