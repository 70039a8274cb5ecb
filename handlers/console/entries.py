"""Entering what was measured and given: results, doses, blood; and correcting what was entered wrongly."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

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
from bot.rules import prophylaxis as before_therapy
from bot.rules.access import Act
from bot.rules.errors import NotEntitled
from bot.rules.messages import Phrase
from bot.rules.participant import Dose, DoseKind, LabResult, Therapy
from bot.rules.study import SubjectCode
from handlers.console.forms import Entry, Field, FieldKind, Form, Values, as_typed, moment, whole_number
from handlers.console.sheets import REASON, Sheet, served, sheet_of

# As they stand on slips; what else is typed beside the number is understood too.
_UNITS = ("10^9/L", "/µL", "K/µL", "万", "10^12/L", "g/L", "g/dL")
GIVEN = Field(name="given", label="console.entry.given", kind=FieldKind.MOMENT, hint="console.entry.local")
_SAMPLED = Field(
    name="sampled", label="console.entry.sampled", kind=FieldKind.MOMENT, hint="console.entry.local"
)
_TRULY_OF = Field(
    name="subject", label="console.entry.truly_of", hint="console.entry.truly_of_hint", required=False
)
_PARTIAL = Field(name="partial", label="console.entry.partial", kind=FieldKind.TICK, required=False)


async def lab(request: Request) -> Response:
    """A new result."""
    return await served(request, _lab_form(await sheet_of(request, Act.RECORD_LAB)))


async def dose(request: Request) -> Response:
    """A dose that was given."""
    number = request.query_params.get("number", "")
    return await served(request, _dose_form(await sheet_of(request, Act.RECORD_DOSE), number))


async def prophylaxis(request: Request) -> Response:
    """The dose before a therapy."""
    sheet = await sheet_of(request, Act.RECORD_DOSE)
    return await served(request, _prophylaxis_form(sheet, named_therapy(sheet, request)))


async def transfusion(request: Request) -> Response:
    """Blood that was given."""
    return await served(request, _transfusion_form(await sheet_of(request, Act.RECORD_LAB)))


async def lab_correction(request: Request) -> Response:
    """A result that was entered wrongly."""
    sheet = await sheet_of(request, Act.CORRECT_FACT)
    return await served(request, _lab_correction_form(sheet, _named_lab(sheet, request)))


async def dose_correction(request: Request) -> Response:
    """A dose that was entered wrongly."""
    sheet = await sheet_of(request, Act.CORRECT_FACT)
    return await served(request, _dose_correction_form(sheet, _named_dose(sheet, request)))


# ---------------------------------------------------------------- results


def _unit_field(sheet: Sheet) -> Field:
    """The unit chosen beside the value; left empty where it was typed with it."""
    return Field(
        name="unit",
        label="console.entry.unit",
        kind=FieldKind.CHOICE,
        choices=[("", sheet.speech.say("console.entry.unit_with_value")), *((unit, unit) for unit in _UNITS)],
        required=False,
    )


def _lab_form(sheet: Sheet) -> Form:
    study, say = sheet.opened.study, sheet.speech.said

    def read(values: Values) -> Entry:
        def made(confirmed: bool) -> LabEntry:
            return LabEntry(
                subject=sheet.subject,
                typed=values["value"],
                unit=values["unit"] or None,
                analyte=values["analyte"],
                sampled_at=moment(values, "sampled", sheet.zone),
                laboratory=values["laboratory"] or None,
                clumped=values["clumped"] == "yes",
                confirmed=confirmed,
            )

        return sheet.entry(
            made, preview=preview_lab, action=record_lab, back_to=lambda result: f"#lab-{result.id}"
        )

    analytes = [(one.code, f"{one.code} · {say(one.name)}") for one in study.labs.analytes]
    return sheet.form(
        sheet.titled("lab"),
        Field(name="analyte", label="console.entry.analyte", kind=FieldKind.CHOICE, choices=analytes),
        Field(name="value", label="console.entry.value", hint="console.entry.value_hint"),
        _unit_field(sheet),
        _SAMPLED,
        Field(name="laboratory", label="console.entry.laboratory", required=False),
        Field(name="clumped", label="console.entry.clumped", kind=FieldKind.TICK, required=False),
        read=read,
        initial={"analyte": study.labs.lead},
    )


def _lab_correction_form(sheet: Sheet, wrong: LabResult) -> Form:
    was = as_typed(wrong.sampled_at, sheet.zone) if wrong.sampled_at else ""

    def read(values: Values) -> Entry:
        def made(confirmed: bool) -> LabCorrection:
            return LabCorrection(
                lab_id=wrong.id,
                reason=values["reason"],
                typed=values["value"] or None,
                unit=values["unit"] or None,
                sampled_at=None if values["sampled"] in ("", was) else moment(values, "sampled", sheet.zone),
                subject=_named_subject(values),
                void=values["void"] == "yes",
                confirmed=confirmed,
            )

        return sheet.entry(
            made,
            preview=preview_lab_correction,
            action=correct_lab,
            back_to=lambda right: f"#lab-{right.id if right and _is_hers(sheet, right) else wrong.id}",
        )

    return sheet.form(
        sheet.titled("lab_correction", analyte=wrong.analyte, entered=wrong.as_entered),
        Field(name="value", label="console.entry.right_value", hint="console.entry.stays", required=False),
        _unit_field(sheet),
        Field(
            name="sampled",
            label="console.entry.sampled",
            kind=FieldKind.MOMENT,
            hint="console.entry.local",
            required=False,
        ),
        _TRULY_OF,
        Field(name="void", label="console.entry.void_lab", kind=FieldKind.TICK, required=False),
        REASON,
        read=read,
        initial={"sampled": was},
    )


def _transfusion_form(sheet: Sheet) -> Form:
    def read(values: Values) -> Entry:
        def made(confirmed: bool) -> TransfusionEntry:
            return TransfusionEntry(
                subject=sheet.subject,
                at=moment(values, "given", sheet.zone),
                platelets=values["what"] == "platelets",
                confirmed=confirmed,
            )

        return sheet.entry(
            made,
            preview=preview_transfusion,
            action=record_transfusion,
            back_to=lambda given: f"#transfusion-{given.id}",
        )

    say = sheet.speech.say
    what = [
        ("", ""),
        ("platelets", say("console.log.platelets_given")),
        ("red_cells", say("console.log.red_cells_given")),
    ]
    return sheet.form(
        sheet.titled("transfusion"),
        Field(name="what", label="console.entry.what_given", kind=FieldKind.CHOICE, choices=what),
        GIVEN,
        read=read,
    )


def _named_lab(sheet: Sheet, request: Request) -> LabResult:
    wanted = request.path_params["lab_id"]
    found = next((one for one in sheet.opened.course.labs if one.id == wanted), None)
    if found is None:
        raise NotEntitled(subject=sheet.subject)
    return found


# ---------------------------------------------------------------- doses


def _dose_form(sheet: Sheet, number: str) -> Form:
    def read(values: Values) -> Entry:
        def made(confirmed: bool) -> DoseEntry:
            return DoseEntry(
                subject=sheet.subject,
                number=whole_number(values, "number"),
                given_at=moment(values, "given", sheet.zone),
                amount_ug=whole_number(values, "amount") if values["amount"] else None,
                whole=values["partial"] != "yes",
                confirmed=confirmed,
            )

        return sheet.entry(
            made, preview=preview_dose, action=record_dose, back_to=lambda given: f"#dose-{given.id}"
        )

    return sheet.form(
        sheet.titled("dose"),
        _number_field(sheet),
        GIVEN,
        Field(
            name="amount",
            label="console.entry.amount",
            kind=FieldKind.NUMBER,
            hint="console.entry.amount_hint",
            required=False,
        ),
        _PARTIAL,
        read=read,
        initial={"number": number},
    )


def _number_field(sheet: Sheet, *, required: bool = True) -> Field:
    most = sheet.opened.study.doses.max_doses
    return Field(
        name="number",
        label="console.entry.number",
        kind=FieldKind.CHOICE,
        hint="" if required else "console.entry.stays",
        choices=[("", ""), *((str(one), str(one)) for one in range(1, most + 1))],
        required=required,
    )


def _prophylaxis_form(sheet: Sheet, therapy: Therapy) -> Form:
    def read(values: Values) -> Entry:
        def made(confirmed: bool) -> ProphylaxisEntry:
            return ProphylaxisEntry(
                subject=sheet.subject,
                therapy=therapy.number,
                given_at=moment(values, "given", sheet.zone),
                whole=values["partial"] != "yes",
                confirmed=confirmed,
            )

        return sheet.entry(
            made,
            preview=preview_prophylaxis,
            action=record_prophylaxis,
            back_to=lambda given: f"#dose-{given.id}",
        )

    return sheet.form(
        sheet.titled("prophylaxis", number=therapy.number),
        GIVEN,
        _PARTIAL,
        read=read,
        told=(
            Phrase(key="console.entry.therapy_starts", values={"at": therapy.starts_at}),
            before_therapy.candidates_told(sheet.opened.study, sheet.opened.course, therapy),
        ),
    )


def _dose_correction_form(sheet: Sheet, wrong: Dose) -> Form:
    was = as_typed(wrong.given_at, sheet.zone)

    def read(values: Values) -> Entry:
        def made(confirmed: bool) -> DoseCorrection:
            return DoseCorrection(
                dose_id=wrong.id,
                reason=values["reason"],
                given_at=None if values["given"] in ("", was) else moment(values, "given", sheet.zone),
                amount_ug=whole_number(values, "amount") if values["amount"] else None,
                number=whole_number(values, "number") if values.get("number") else None,
                whole={"yes": True, "no": False}.get(values["whole"]),
                subject=_named_subject(values),
                void=values["void"] == "yes",
                confirmed=confirmed,
            )

        return sheet.entry(
            made,
            preview=preview_dose_correction,
            action=correct_dose,
            back_to=lambda right: f"#dose-{right.id if right and _is_hers(sheet, right) else wrong.id}",
        )

    say = sheet.speech.say
    whole = [
        ("", ""),
        ("yes", say("console.entry.given_whole")),
        ("no", say("console.entry.partial")),
    ]
    return sheet.form(
        sheet.titled("dose_correction", number=wrong.number),
        *((_number_field(sheet, required=False),) if wrong.kind is DoseKind.TREATMENT else ()),
        Field(
            name="given",
            label="console.entry.given",
            kind=FieldKind.MOMENT,
            hint="console.entry.local",
            required=False,
        ),
        Field(
            name="amount",
            label="console.entry.amount",
            kind=FieldKind.NUMBER,
            hint="console.entry.stays",
            required=False,
        ),
        Field(
            name="whole",
            label="console.entry.how_much",
            kind=FieldKind.CHOICE,
            hint="console.entry.stays",
            choices=whole,
            required=False,
        ),
        _TRULY_OF,
        Field(name="void", label="console.entry.void_dose", kind=FieldKind.TICK, required=False),
        REASON,
        read=read,
        initial={"given": was},
    )


def _named_dose(sheet: Sheet, request: Request) -> Dose:
    wanted = request.path_params["dose_id"]
    found = next((one for one in sheet.opened.course.doses if one.id == wanted), None)
    if found is None:
        raise NotEntitled(subject=sheet.subject)
    return found


def _named_subject(values: Values) -> SubjectCode | None:
    """Whose it is in truth, as typed; None: hers."""
    return SubjectCode(values["subject"].upper()) if values["subject"] else None


def _is_hers(sheet: Sheet, fact: LabResult | Dose) -> bool:
    return fact.subject_code == sheet.subject


def named_therapy(sheet: Sheet, request: Request) -> Therapy:
    """The therapy that the address names.

    Raises:
        NotEntitled: she has none of that number.
    """
    wanted = request.path_params["number"]
    found = next((one for one in sheet.opened.course.therapies if str(one.number) == wanted), None)
    if found is None:
        raise NotEntitled(subject=sheet.subject)
    return found
