"""`suifang lab` and `suifang dose`: what a coordinator enters, by the operator on her behalf."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.actions.correct_fact import (
    DoseCorrection,
    LabCorrection,
    correct_dose,
    correct_lab,
    preview_dose_correction,
    preview_lab_correction,
)
from bot.actions.keep_profile import TransfusionEntry, preview_transfusion, record_transfusion
from bot.actions.record_dose import (
    DoseEntry,
    ProphylaxisEntry,
    preview_dose,
    preview_prophylaxis,
    record_dose,
    record_prophylaxis,
)
from bot.actions.record_lab import LabEntry, preview_lab, record_lab
from bot.actions.review_participant import dose_id_of, lab_id_of
from bot.commands.showing import Confirm, Preview, Reason, carried_out
from bot.commands.speaking import AsJson, By, at_desk, moment_typed, tell
from bot.rules.access import AuthMethod
from bot.rules.study import SubjectCode

lab_app = typer.Typer(help="Laboratory results.", no_args_is_help=True)
dose_app = typer.Typer(help="Doses given.", no_args_is_help=True)

_CLI = AuthMethod.COMMAND_LINE


@lab_app.command("add")
def lab_add(
    code: str,
    value: Annotated[str, typer.Argument(help="As it stands on the slip: 102, 8.6万, <10.")],
    sampled: Annotated[str, typer.Option(help="When the sample was taken.")],
    by: By,
    unit: Annotated[str | None, typer.Option(help="10^9/L, /µL, K/µL, 万, 10^12/L; g/L, g/dL.")] = None,
    analyte: Annotated[str | None, typer.Option(help="PLT unless named: WBC, ANC, Hb.")] = None,
    laboratory: Annotated[str | None, typer.Option(help="Which laboratory.")] = None,
    baseline: Annotated[bool, typer.Option("--baseline", help="This is the baseline count.")] = False,
    clumped: Annotated[bool, typer.Option("--clumped", help="The laboratory doubts it (clumps).")] = False,
    confirm: Confirm = False,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Enters a result; what it calls for happens in the same moment."""
    entry = LabEntry(
        subject=SubjectCode(code),
        typed=value,
        unit=unit,
        sampled_at=moment_typed(sampled),
        analyte=analyte,
        laboratory=laboratory,
        baseline=baseline,
        clumped=clumped,
        confirmed=confirm,
    )
    result = carried_out(entry, by, weigh=preview_lab, save=record_lab, preview=preview, as_json=as_json)
    document = {
        "lab": result.id,
        "analyte": result.analyte,
        "value": result.value,
        "as_entered": result.as_entered,
    }
    tell(as_json, document, [f"{code}: {result.analyte} {result.value} recorded ({result.as_entered})."])


@lab_app.command("correct")
def lab_correct(
    code: str,
    sampled: Annotated[str, typer.Option(help="When the wrong result says it was sampled, or its id.")],
    reason: Reason,
    by: By,
    value: Annotated[str | None, typer.Option(help="What is right.")] = None,
    unit: Annotated[str | None, typer.Option()] = None,
    new_sampled: Annotated[str | None, typer.Option(help="When it was sampled in truth.")] = None,
    subject: Annotated[str | None, typer.Option(help="Whose result it is in truth.")] = None,
    analyte: Annotated[str | None, typer.Option(help="PLT unless named.")] = None,
    void: Annotated[bool, typer.Option("--void", help="It never was a result.")] = False,
    confirm: Confirm = False,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Corrects a result with a reason; both stay on record, everything that used it is asked again."""
    lab_id = at_desk(lambda desk: lab_id_of(desk, SubjectCode(code), sampled, analyte))
    entry = LabCorrection(
        lab_id=lab_id,
        reason=reason,
        typed=value,
        unit=unit,
        sampled_at=None if new_sampled is None else moment_typed(new_sampled),
        subject=None if subject is None else SubjectCode(subject),
        void=void,
        confirmed=confirm,
    )
    right = carried_out(
        entry, by, weigh=preview_lab_correction, save=correct_lab, preview=preview, as_json=as_json
    )
    document = {"voided": lab_id, "lab": right and right.id, "value": right and right.value}
    told = "voided" if right is None else f"corrected to {right.value} ({right.as_entered})"
    tell(as_json, document, [f"{code}: {told}."])


@lab_app.command("transfusion")
def lab_transfusion(
    code: str,
    at: Annotated[str, typer.Option(help="When it was given.")],
    by: By,
    red_cells: Annotated[bool, typer.Option("--red-cells", help="Red cells, not platelets.")] = False,
    confirm: Confirm = False,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Records a transfusion; a high count soon after platelets ends no dosing by itself."""
    entry = TransfusionEntry(
        subject=SubjectCode(code), at=moment_typed(at), platelets=not red_cells, confirmed=confirm
    )
    given = carried_out(
        entry, by, weigh=preview_transfusion, save=record_transfusion, preview=preview, as_json=as_json
    )
    tell(as_json, {"transfusion": given.id, "platelets": given.platelets}, [f"{code}: transfusion recorded."])


@dose_app.command("record")
def dose_record(
    code: str,
    number: Annotated[int, typer.Argument(help="Number of the dose, or of the therapy with --prophylaxis.")],
    given: Annotated[str, typer.Option(help="When it was given.")],
    by: By,
    amount: Annotated[int | None, typer.Option(help="In µg, if it was another amount.")] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Not all of it went in.")] = False,
    prophylaxis: Annotated[
        bool, typer.Option("--prophylaxis", help="The dose before therapy NUMBER.")
    ] = False,
    confirm: Confirm = False,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Records a dose that was given."""
    if prophylaxis:
        before = ProphylaxisEntry(
            subject=SubjectCode(code),
            therapy=number,
            given_at=moment_typed(given),
            whole=not partial,
            confirmed=confirm,
        )
        dose = carried_out(
            before, by, weigh=preview_prophylaxis, save=record_prophylaxis, preview=preview, as_json=as_json
        )
        tell(
            as_json,
            {"dose": dose.id, "therapy": number},
            [f"{code}: prophylactic dose {number} recorded."],
        )
        return
    entry = DoseEntry(
        subject=SubjectCode(code),
        number=number,
        given_at=moment_typed(given),
        amount_ug=amount,
        whole=not partial,
        confirmed=confirm,
    )
    dose = carried_out(entry, by, weigh=preview_dose, save=record_dose, preview=preview, as_json=as_json)
    tell(as_json, {"dose": dose.id, "number": number}, [f"{code}: dose {number} recorded."])


@dose_app.command("correct")
def dose_correct(
    code: str,
    number: int,
    reason: Reason,
    by: By,
    given: Annotated[str | None, typer.Option(help="When it was given in truth.")] = None,
    new_number: Annotated[int | None, typer.Option(help="Which dose it was in truth.")] = None,
    amount: Annotated[int | None, typer.Option(help="In µg.")] = None,
    partial: Annotated[bool | None, typer.Option("--partial/--whole")] = None,
    subject: Annotated[str | None, typer.Option(help="Whose dose it was in truth.")] = None,
    void: Annotated[bool, typer.Option("--void", help="It was not given.")] = False,
    confirm: Confirm = False,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Corrects a dose with a reason; both stay on record, later doses are planned anew."""
    dose_id = at_desk(lambda desk: dose_id_of(desk, SubjectCode(code), number))
    entry = DoseCorrection(
        dose_id=dose_id,
        reason=reason,
        number=new_number,
        given_at=None if given is None else moment_typed(given),
        amount_ug=amount,
        whole=None if partial is None else not partial,
        subject=None if subject is None else SubjectCode(subject),
        void=void,
        confirmed=confirm,
    )
    right = carried_out(
        entry, by, weigh=preview_dose_correction, save=correct_dose, preview=preview, as_json=as_json
    )
    document = {"voided": dose_id, "dose": right and right.id}
    tell(as_json, document, [f"{code}: dose {number} {'voided' if right is None else 'corrected'}."])
