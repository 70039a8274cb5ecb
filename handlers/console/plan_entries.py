"""When things take place: another date for a visit, never, and a therapy planned, moved, cancelled, begun."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from bot.actions.move_visit import (
    MoveEntry,
    SkipEntry,
    move_visit,
    preview_move,
    preview_skip,
    skip_activity,
)
from bot.actions.plan_therapy import (
    InfusionStart,
    TherapyEnd,
    TherapyEntry,
    cancel_therapy,
    note_infusion,
    plan_therapy,
    preview_infusion,
    preview_therapy,
    preview_therapy_end,
)
from bot.rules import prophylaxis
from bot.rules.access import Act
from bot.rules.activities import ActivityKind, PlannedActivity
from bot.rules.errors import NotEntitled
from bot.rules.messages import Phrase
from bot.rules.participant import Therapy
from handlers.console.entries import named_therapy
from handlers.console.forms import Entry, Field, FieldKind, Form, Values, decimal, moment
from handlers.console.sheets import REASON, Sheet, optional, served, sheet_of

_TO = Field(name="to", label="console.entry.to", kind=FieldKind.MOMENT, hint="console.entry.local")
_STARTS = Field(
    name="starts", label="console.entry.starts", kind=FieldKind.MOMENT, hint="console.entry.local"
)
_BEGAN = Field(name="began", label="console.entry.began", kind=FieldKind.MOMENT, hint="console.entry.local")
_SEEN = Field(name="seen", label="", kind=FieldKind.HIDDEN, required=False)
_COUNT_BEFORE = Field(
    name="count", label="console.entry.count_before", hint="console.entry.count_before_hint", required=False
)
_ORDERED = Field(name="ordered", label="console.entry.ordered", kind=FieldKind.TICK, required=False)
_OVERRIDE = Field(name="override", label="console.entry.override", kind=FieldKind.TICK, required=False)


async def visit(request: Request) -> Response:
    """Another date for an activity; a missed dose that is given late is one of these."""
    sheet = await sheet_of(request, Act.MOVE_VISIT)
    return await served(request, _move_form(sheet, _named_activity(sheet, request)))


async def skip(request: Request) -> Response:
    """An activity that is never done."""
    sheet = await sheet_of(request, Act.MOVE_VISIT)
    return await served(request, _skip_form(sheet, _named_activity(sheet, request)))


async def therapy(request: Request) -> Response:
    """A new therapy."""
    return await served(request, _therapy_form(await sheet_of(request, Act.PLAN_THERAPY), None))


async def therapy_move(request: Request) -> Response:
    """Another start for a therapy."""
    sheet = await sheet_of(request, Act.PLAN_THERAPY)
    return await served(request, _therapy_form(sheet, named_therapy(sheet, request)))


async def therapy_end(request: Request) -> Response:
    """A therapy that does not take place."""
    sheet = await sheet_of(request, Act.PLAN_THERAPY)
    return await served(request, _therapy_end_form(sheet, named_therapy(sheet, request)))


async def infusion(request: Request) -> Response:
    """When an infusion began in truth."""
    sheet = await sheet_of(request, Act.PLAN_THERAPY)
    return await served(request, _infusion_form(sheet, named_therapy(sheet, request)))


# ---------------------------------------------------------------- visits


def _move_form(sheet: Sheet, activity: PlannedActivity) -> Form:
    def read(values: Values) -> Entry:
        def made(confirmed: bool) -> MoveEntry:
            return MoveEntry(
                subject=sheet.subject,
                activity_key=activity.key,
                to_at=moment(values, "to", sheet.zone),
                reason=values["reason"],
                seen_at=moment(values, "seen", sheet.zone) if values["seen"] else None,
                override=values.get("override") == "yes",
                confirmed=confirmed,
            )

        return sheet.entry(made, preview=preview_move, action=move_visit)

    late = activity.has_closed(sheet.opened.course.day_of(sheet.desk.now()))
    is_dose = activity.kind is ActivityKind.INJECTION
    overriding = (_OVERRIDE,) if is_dose and sheet.opened.may(Act.ALLOW_LATE_DOSE) else ()
    window = Phrase(
        key="console.worklist.window",
        values={"first": activity.window.first, "last": activity.window.last},
    )
    return sheet.form(
        sheet.titled(
            "give_late" if late and is_dose else "move",
            activity=sheet.speech.activity(activity),
            at=activity.target_at,
        ),
        _TO,
        REASON,
        *overriding,
        _SEEN,
        read=read,
        initial={"seen": activity.target_at.isoformat()},
        told=(window,),
    )


def _skip_form(sheet: Sheet, activity: PlannedActivity) -> Form:
    def read(values: Values) -> Entry:
        entry = SkipEntry(subject=sheet.subject, activity_key=activity.key, reason=values["reason"])
        return sheet.entry(lambda _: entry, preview=preview_skip, action=skip_activity)

    title = sheet.titled("skip", activity=sheet.speech.activity(activity))
    return sheet.form(title, REASON, read=read)


def _named_activity(sheet: Sheet, request: Request) -> PlannedActivity:
    wanted = request.path_params["key"]
    found = next((one for one in sheet.opened.planned if one.key == wanted), None)
    if found is None:
        raise NotEntitled(subject=sheet.subject)
    return found


# ---------------------------------------------------------------- therapies


def _therapy_form(sheet: Sheet, known: Therapy | None) -> Form:
    """A new therapy, or another start for the one that is known; a reason is needed for a change."""

    def read(values: Values) -> Entry:
        def made(confirmed: bool) -> TherapyEntry:
            return TherapyEntry(
                subject=sheet.subject,
                number=known.number if known else None,
                starts_at=moment(values, "starts", sheet.zone),
                what=values.get("what", ""),
                cytotoxic=values.get("cytotoxic", "yes") == "yes",
                count_before=decimal(values, "count"),
                ordered=values.get("ordered") == "yes",
                reason=values["reason"],
                seen_at=moment(values, "seen", sheet.zone) if values["seen"] else None,
                confirmed=confirmed,
            )

        return sheet.entry(
            made,
            preview=preview_therapy,
            action=plan_therapy,
            back_to=lambda stored: f"#therapy-{stored.id}",
        )

    ordering = (_ORDERED,) if sheet.opened.may(Act.ORDER_PROPHYLAXIS) else ()
    if known is None:
        return sheet.form(
            sheet.titled("therapy"),
            _STARTS,
            Field(name="what", label="console.entry.therapy_what", required=False),
            _cytotoxic(sheet),
            _COUNT_BEFORE,
            *ordering,
            optional(REASON),
            _SEEN,
            read=read,
        )
    return sheet.form(
        sheet.titled("therapy_move", number=known.number, at=known.starts_at),
        _STARTS,
        _COUNT_BEFORE,
        *ordering,
        REASON,
        _SEEN,
        read=read,
        initial={"seen": known.starts_at.isoformat()},
        told=(prophylaxis.candidates_told(sheet.opened.study, sheet.opened.course, known),),
    )


def _cytotoxic(sheet: Sheet) -> Field:
    say = sheet.speech.say
    return Field(
        name="cytotoxic",
        label="console.entry.cytotoxic",
        kind=FieldKind.CHOICE,
        choices=[("", ""), ("yes", say("operator.profile.yes")), ("no", say("operator.profile.no"))],
    )


def _therapy_end_form(sheet: Sheet, known: Therapy) -> Form:
    def read(values: Values) -> Entry:
        entry = TherapyEnd(subject=sheet.subject, number=known.number, reason=values["reason"])
        return sheet.entry(lambda _: entry, preview=preview_therapy_end, action=cancel_therapy)

    title = sheet.titled("therapy_end", number=known.number, at=known.starts_at)
    return sheet.form(title, REASON, read=read)


def _infusion_form(sheet: Sheet, known: Therapy) -> Form:
    def read(values: Values) -> Entry:
        entry = InfusionStart(
            subject=sheet.subject, number=known.number, started_at=moment(values, "began", sheet.zone)
        )
        return sheet.entry(
            lambda _: entry,
            preview=preview_infusion,
            action=note_infusion,
            back_to=lambda stored: f"#therapy-{stored.id}",
        )

    title = sheet.titled("infusion", number=known.number, at=known.starts_at)
    return sheet.form(title, _BEGAN, read=read)
