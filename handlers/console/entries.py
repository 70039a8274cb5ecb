"""Entering what the site knows: results, doses, their corrections, another date for a visit."""

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
from bot.actions.desk import Desk
from bot.actions.move_visit import (
    MoveEntry,
    SkipEntry,
    move_visit,
    preview_move,
    preview_skip,
    skip_activity,
)
from bot.actions.open_entry import Opened, open_entry
from bot.actions.record_dose import DoseEntry, preview_dose, record_dose
from bot.actions.record_lab import LabEntry, preview_lab, record_lab
from bot.rules.access import Act, AuthMethod
from bot.rules.activities import PlannedActivity
from bot.rules.errors import NotEntitled
from bot.rules.messages import Phrase
from bot.rules.participant import Dose, LabResult
from bot.rules.study import StaffCode, SubjectCode
from handlers.console.forms import (
    Entry,
    Field,
    FieldKind,
    Form,
    Values,
    as_typed,
    begin,
    go_on,
    moment,
    whole_number,
)
from handlers.console.pages import console_of, speech_of, visitor_in

_CONSOLE = AuthMethod.CONSOLE
# As they stand on slips; what else is typed beside the number is understood too.
_UNITS = ("10^9/L", "/µL", "K/µL", "万", "10^12/L", "g/L", "g/dL")
_REASON = Field(
    name="reason", label="console.entry.reason", kind=FieldKind.WORDS, hint="console.entry.reason_hint"
)


def _unit_field(request: Request) -> Field:
    """The unit chosen beside the value; left empty where it was typed with it."""
    with_value = speech_of(request).say("console.entry.unit_with_value")
    return Field(
        name="unit",
        label="console.entry.unit",
        kind=FieldKind.CHOICE,
        choices=[("", with_value), *((unit, unit) for unit in _UNITS)],
        required=False,
    )


async def lab(request: Request) -> Response:
    """A new result."""
    return await _served(request, await _lab_form(request))


async def dose(request: Request) -> Response:
    """A dose that was given."""
    return await _served(request, await _dose_form(request))


async def lab_correction(request: Request) -> Response:
    """A result that was entered wrongly."""
    return await _served(request, await _lab_correction_form(request))


async def dose_correction(request: Request) -> Response:
    """A dose that was entered wrongly."""
    return await _served(request, await _dose_correction_form(request))


async def visit(request: Request) -> Response:
    """Another date for an activity."""
    return await _served(request, await _move_form(request))


async def skip(request: Request) -> Response:
    """An activity that is never done."""
    return await _served(request, await _skip_form(request))


async def _served(request: Request, form: Form) -> Response:
    return await (begin if request.method == "GET" else go_on)(request, form)


def _who(request: Request) -> tuple[Desk, SubjectCode, StaffCode]:
    desk, by = console_of(request).desk, visitor_in(request).staff.code
    return desk, SubjectCode(request.path_params["subject"]), by


# ---------------------------------------------------------------- results


async def _lab_form(request: Request) -> Form:
    desk, subject, by = _who(request)
    opened = await open_entry(desk, subject=subject, by=by, act=Act.RECORD_LAB)
    zone, study = opened.participant.time_zone, desk.bound_to(opened.participant).study
    say = speech_of(request).said

    def read(values: Values) -> Entry:
        def made(confirmed: bool) -> LabEntry:
            return LabEntry(
                subject=subject,
                typed=values["value"],
                unit=values["unit"] or None,
                analyte=values["analyte"],
                sampled_at=moment(values, "sampled", zone),
                laboratory=values["laboratory"] or None,
                clumped=values["clumped"] == "yes",
                confirmed=confirmed,
            )

        async def save(confirmed: bool) -> str:
            result = await record_lab(desk, entry=made(confirmed), by=by, auth=_CONSOLE)
            return f"#lab-{result.id}"

        entry = made(False)
        return Entry(preview=lambda: preview_lab(desk, entry=entry, by=by, auth=_CONSOLE), save=save)

    analytes = [(one.code, f"{one.code} · {say(one.name)}") for one in study.labs.analytes]
    return Form(
        title=Phrase(key="console.entry.lab", values={"subject": subject}),
        subject=subject,
        time_zone=zone,
        fields=(
            Field(name="analyte", label="console.entry.analyte", kind=FieldKind.CHOICE, choices=analytes),
            Field(name="value", label="console.entry.value", hint="console.entry.value_hint"),
            _unit_field(request),
            Field(
                name="sampled",
                label="console.entry.sampled",
                kind=FieldKind.MOMENT,
                hint="console.entry.local",
            ),
            Field(name="laboratory", label="console.entry.laboratory", required=False),
            Field(name="clumped", label="console.entry.clumped", kind=FieldKind.TICK, required=False),
        ),
        read=read,
        initial={"analyte": study.labs.lead},
    )


async def _lab_correction_form(request: Request) -> Form:
    desk, subject, by = _who(request)
    opened = await open_entry(desk, subject=subject, by=by, act=Act.CORRECT_FACT)
    zone, wrong = opened.participant.time_zone, _named_lab(opened, request.path_params["lab_id"])

    def read(values: Values) -> Entry:
        sampled = moment(values, "sampled", zone) if values["sampled"] else None
        unchanged = wrong.sampled_at is not None and values["sampled"] == as_typed(wrong.sampled_at, zone)

        def made(confirmed: bool) -> LabCorrection:
            return LabCorrection(
                lab_id=wrong.id,
                reason=values["reason"],
                typed=values["value"] or None,
                unit=values["unit"] or None,
                sampled_at=None if unchanged else sampled,
                void=values["void"] == "yes",
                confirmed=confirmed,
            )

        async def save(confirmed: bool) -> str:
            right = await correct_lab(desk, entry=made(confirmed), by=by, auth=_CONSOLE)
            return f"#lab-{right.id if right else wrong.id}"

        entry = made(False)
        return Entry(
            preview=lambda: preview_lab_correction(desk, entry=entry, by=by, auth=_CONSOLE), save=save
        )

    return Form(
        title=Phrase(
            key="console.entry.lab_correction",
            values={"subject": subject, "analyte": wrong.analyte, "entered": wrong.as_entered},
        ),
        subject=subject,
        time_zone=zone,
        fields=(
            Field(
                name="value", label="console.entry.right_value", hint="console.entry.stays", required=False
            ),
            _unit_field(request),
            Field(
                name="sampled",
                label="console.entry.sampled",
                kind=FieldKind.MOMENT,
                hint="console.entry.local",
                required=False,
            ),
            Field(name="void", label="console.entry.void_lab", kind=FieldKind.TICK, required=False),
            _REASON,
        ),
        read=read,
        initial={"sampled": as_typed(wrong.sampled_at, zone)} if wrong.sampled_at else {},
    )


def _named_lab(opened: Opened, lab_id: str) -> LabResult:
    found = next((one for one in opened.labs if one.id == lab_id), None)
    if found is None:
        raise NotEntitled(subject=opened.participant.subject_code)
    return found


# ---------------------------------------------------------------- doses


async def _dose_form(request: Request) -> Form:
    desk, subject, by = _who(request)
    opened = await open_entry(desk, subject=subject, by=by, act=Act.RECORD_DOSE)
    zone = opened.participant.time_zone

    def read(values: Values) -> Entry:
        def made(confirmed: bool) -> DoseEntry:
            return DoseEntry(
                subject=subject,
                number=whole_number(values, "number"),
                given_at=moment(values, "given", zone),
                amount_ug=whole_number(values, "amount") if values["amount"] else None,
                whole=values["partial"] != "yes",
                confirmed=confirmed,
            )

        async def save(confirmed: bool) -> str:
            given = await record_dose(desk, entry=made(confirmed), by=by, auth=_CONSOLE)
            return f"#dose-{given.id}"

        entry = made(False)
        return Entry(preview=lambda: preview_dose(desk, entry=entry, by=by, auth=_CONSOLE), save=save)

    most = desk.bound_to(opened.participant).study.doses.max_doses
    return Form(
        title=Phrase(key="console.entry.dose", values={"subject": subject}),
        subject=subject,
        time_zone=zone,
        fields=(
            Field(
                name="number",
                label="console.entry.number",
                kind=FieldKind.CHOICE,
                choices=[("", ""), *((str(number), str(number)) for number in range(1, most + 1))],
            ),
            Field(
                name="given", label="console.entry.given", kind=FieldKind.MOMENT, hint="console.entry.local"
            ),
            Field(
                name="amount",
                label="console.entry.amount",
                kind=FieldKind.NUMBER,
                hint="console.entry.amount_hint",
                required=False,
            ),
            Field(name="partial", label="console.entry.partial", kind=FieldKind.TICK, required=False),
        ),
        read=read,
        initial={"number": request.query_params.get("number", "")},
    )


async def _dose_correction_form(request: Request) -> Form:
    desk, subject, by = _who(request)
    opened = await open_entry(desk, subject=subject, by=by, act=Act.CORRECT_FACT)
    zone, wrong = opened.participant.time_zone, _named_dose(opened, request.path_params["dose_id"])
    was = as_typed(wrong.given_at, zone)

    def read(values: Values) -> Entry:
        def made(confirmed: bool) -> DoseCorrection:
            return DoseCorrection(
                dose_id=wrong.id,
                reason=values["reason"],
                given_at=None if values["given"] in ("", was) else moment(values, "given", zone),
                amount_ug=whole_number(values, "amount") if values["amount"] else None,
                void=values["void"] == "yes",
                confirmed=confirmed,
            )

        async def save(confirmed: bool) -> str:
            right = await correct_dose(desk, entry=made(confirmed), by=by, auth=_CONSOLE)
            return f"#dose-{right.id if right else wrong.id}"

        entry = made(False)
        return Entry(
            preview=lambda: preview_dose_correction(desk, entry=entry, by=by, auth=_CONSOLE), save=save
        )

    return Form(
        title=Phrase(
            key="console.entry.dose_correction", values={"subject": subject, "number": wrong.number}
        ),
        subject=subject,
        time_zone=zone,
        fields=(
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
            Field(name="void", label="console.entry.void_dose", kind=FieldKind.TICK, required=False),
            _REASON,
        ),
        read=read,
        initial={"given": was},
    )


def _named_dose(opened: Opened, dose_id: str) -> Dose:
    found = next((one for one in opened.doses if one.id == dose_id), None)
    if found is None:
        raise NotEntitled(subject=opened.participant.subject_code)
    return found


# ---------------------------------------------------------------- visits


async def _move_form(request: Request) -> Form:
    desk, subject, by = _who(request)
    opened = await open_entry(desk, subject=subject, by=by, act=Act.MOVE_VISIT)
    zone, activity = opened.participant.time_zone, _named_activity(opened, request.path_params["key"])

    def read(values: Values) -> Entry:
        def made(confirmed: bool) -> MoveEntry:
            return MoveEntry(
                subject=subject,
                activity_key=activity.key,
                to_at=moment(values, "to", zone),
                reason=values["reason"],
                seen_at=moment(values, "seen", zone) if values["seen"] else None,
                confirmed=confirmed,
            )

        async def save(confirmed: bool) -> str:
            await move_visit(desk, entry=made(confirmed), by=by, auth=_CONSOLE)
            return "#plan-title"

        entry = made(False)
        return Entry(preview=lambda: preview_move(desk, entry=entry, by=by, auth=_CONSOLE), save=save)

    return Form(
        title=Phrase(
            key="console.entry.move",
            values={
                "subject": subject,
                "activity": speech_of(request).activity(activity),
                "at": activity.target_at,
            },
        ),
        subject=subject,
        time_zone=zone,
        fields=(
            Field(name="to", label="console.entry.to", kind=FieldKind.MOMENT, hint="console.entry.local"),
            _REASON,
            Field(name="seen", label="", kind=FieldKind.HIDDEN, required=False),
        ),
        read=read,
        initial={"seen": activity.target_at.isoformat()},
    )


async def _skip_form(request: Request) -> Form:
    desk, subject, by = _who(request)
    opened = await open_entry(desk, subject=subject, by=by, act=Act.MOVE_VISIT)
    activity = _named_activity(opened, request.path_params["key"])

    def read(values: Values) -> Entry:
        entry = SkipEntry(subject=subject, activity_key=activity.key, reason=values["reason"])

        async def save(_confirmed: bool) -> str:
            await skip_activity(desk, entry=entry, by=by, auth=_CONSOLE)
            return "#plan-title"

        return Entry(preview=lambda: preview_skip(desk, entry=entry, by=by, auth=_CONSOLE), save=save)

    return Form(
        title=Phrase(
            key="console.entry.skip",
            values={"subject": subject, "activity": speech_of(request).activity(activity)},
        ),
        subject=subject,
        time_zone=opened.participant.time_zone,
        fields=(_REASON,),
        read=read,
    )


def _named_activity(opened: Opened, key: str) -> PlannedActivity:
    found = next((one for one in opened.planned if one.key == key), None)
    if found is None:
        raise NotEntitled(subject=opened.participant.subject_code)
    return found
