"""`suifang lab` and `suifang dose`: what a coordinator enters, by the operator on her behalf."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.actions.record_dose import DoseEntry, record_dose
from bot.actions.record_lab import UNIT, LabEntry, record_lab
from bot.commands.speaking import AsJson, By, at_desk, moment_typed, number_typed, tell
from bot.rules.access import AuthMethod
from bot.rules.study import StaffCode, SubjectCode

lab_app = typer.Typer(help="Laboratory results.", no_args_is_help=True)
dose_app = typer.Typer(help="Doses given.", no_args_is_help=True)


@lab_app.command("add")
def lab_add(
    code: str,
    value: str,
    sampled: Annotated[str, typer.Option(help="When the sample was taken.")],
    by: By,
    unit: Annotated[str, typer.Option(help="Only 10^9/L for now.")] = UNIT,
    confirm: Annotated[bool, typer.Option("--confirm", help="Confirms a value that was held.")] = False,
    as_json: AsJson = False,
) -> None:
    """Enters a platelet count; what it calls for happens in the same moment."""
    if unit != UNIT:
        raise typer.BadParameter(f"{unit!r} is not taken yet; convert to {UNIT}")
    entry = LabEntry(
        subject=SubjectCode(code),
        value=number_typed(value),
        as_entered=f"{value} {unit}",
        sampled_at=moment_typed(sampled),
        confirmed=confirm,
    )
    result = at_desk(
        lambda desk: record_lab(desk, entry=entry, by=StaffCode(by), auth=AuthMethod.COMMAND_LINE)
    )
    tell(as_json, {"lab": result.id, "value": result.value}, [f"{code}: PLT {result.value} {UNIT} recorded."])


@dose_app.command("record")
def dose_record(
    code: str,
    number: int,
    given: Annotated[str, typer.Option(help="When it was given.")],
    by: By,
    as_json: AsJson = False,
) -> None:
    """Records a dose that was given."""
    entry = DoseEntry(subject=SubjectCode(code), number=number, given_at=moment_typed(given))
    dose = at_desk(
        lambda desk: record_dose(desk, entry=entry, by=StaffCode(by), auth=AuthMethod.COMMAND_LINE)
    )
    tell(as_json, {"dose": dose.id, "number": number}, [f"{code}: dose {number} recorded."])
