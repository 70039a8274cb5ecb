"""`suifang visit` and `suifang therapy`: when things take place, by the operator on a person's behalf."""

from __future__ import annotations

from typing import Annotated

import typer

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
from bot.commands.showing import Confirm, Preview, Reason, carried_out
from bot.commands.speaking import AsJson, By, moment_typed, number_typed, tell
from bot.rules.access import AuthMethod
from bot.rules.study import SubjectCode

visit_app = typer.Typer(help="When visits take place.", no_args_is_help=True)
therapy_app = typer.Typer(help="Anti-tumour therapy and the dose before it.", no_args_is_help=True)

_CLI = AuthMethod.COMMAND_LINE
Activity = Annotated[str, typer.Argument(help="Such as injection-2, draw-L4; see participant show.")]


@visit_app.command("move")
def visit_move(
    code: str,
    activity: Activity,
    to: Annotated[str, typer.Option(help="The new date and time.")],
    reason: Reason,
    by: By,
    override: Annotated[
        bool, typer.Option("--override", help="A dose after the last day (principal investigator).")
    ] = False,
    confirm: Confirm = False,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Moves a visit; a missed dose that is given late is one of these."""
    entry = MoveEntry(
        subject=SubjectCode(code),
        activity_key=activity,
        to_at=moment_typed(to),
        reason=reason,
        override=override,
        confirmed=confirm,
    )
    decision = carried_out(entry, by, weigh=preview_move, save=move_visit, preview=preview, as_json=as_json)
    tell(as_json, {"decision": decision.id, "to": decision.to_at}, [f"{code}: {activity} moved to {to}."])


@visit_app.command("skip")
def visit_skip(
    code: str,
    activity: Activity,
    reason: Reason,
    by: By,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Decides that a missed dose or draw is never done; later ones keep their dates."""
    entry = SkipEntry(subject=SubjectCode(code), activity_key=activity, reason=reason)
    decision = carried_out(
        entry, by, weigh=preview_skip, save=skip_activity, preview=preview, as_json=as_json
    )
    tell(as_json, {"decision": decision.id}, [f"{code}: {activity} is skipped."])


@therapy_app.command("add")
def therapy_add(
    code: str,
    start: Annotated[str, typer.Option(help="When the infusion is planned to start.")],
    by: By,
    what: Annotated[str, typer.Option(help="Which therapy.")] = "",
    not_cytotoxic: Annotated[bool, typer.Option("--not-cytotoxic")] = False,
    count_before: Annotated[str | None, typer.Option(help="Count before this cycle, in 10^9/L.")] = None,
    ordered: Annotated[
        bool, typer.Option("--ordered", help="Give the dose although the last count is high (investigator).")
    ] = False,
    confirm: Confirm = False,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Enters a therapy; who was low at baseline gets a dose before it."""
    entry = TherapyEntry(
        subject=SubjectCode(code),
        starts_at=moment_typed(start),
        what=what,
        cytotoxic=not not_cytotoxic,
        count_before=None if count_before is None else number_typed(count_before),
        ordered=ordered,
        confirmed=confirm,
    )
    _plan(code, entry, by, preview=preview, as_json=as_json)


@therapy_app.command("move")
def therapy_move(
    code: str,
    number: int,
    start: Annotated[str, typer.Option(help="When it starts now.")],
    reason: Reason,
    by: By,
    ordered: Annotated[bool, typer.Option("--ordered")] = False,
    confirm: Confirm = False,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Moves a therapy; its dose and draw go along."""
    entry = TherapyEntry(
        subject=SubjectCode(code),
        number=number,
        starts_at=moment_typed(start),
        reason=reason,
        ordered=ordered,
        confirmed=confirm,
    )
    _plan(code, entry, by, preview=preview, as_json=as_json)


@therapy_app.command("cancel")
def therapy_cancel(
    code: str, number: int, reason: Reason, by: By, preview: Preview = False, as_json: AsJson = False
) -> None:
    """It does not take place; its dose and draw are no longer asked for."""
    entry = TherapyEnd(subject=SubjectCode(code), number=number, reason=reason)
    carried_out(entry, by, weigh=preview_therapy_end, save=cancel_therapy, preview=preview, as_json=as_json)
    tell(as_json, {"therapy": number, "cancelled": True}, [f"{code}: therapy {number} is cancelled."])


@therapy_app.command("began")
def therapy_began(
    code: str,
    number: int,
    at: Annotated[str, typer.Option(help="When the infusion began.")],
    by: By,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """When the infusion began in truth."""
    entry = InfusionStart(subject=SubjectCode(code), number=number, started_at=moment_typed(at))
    carried_out(entry, by, weigh=preview_infusion, save=note_infusion, preview=preview, as_json=as_json)
    tell(as_json, {"therapy": number, "began": entry.started_at}, [f"{code}: therapy {number} began {at}."])


def _plan(code: str, entry: TherapyEntry, by: str, *, preview: bool, as_json: bool) -> None:
    therapy = carried_out(
        entry, by, weigh=preview_therapy, save=plan_therapy, preview=preview, as_json=as_json
    )
    document = {"therapy": therapy.number, "starts_at": therapy.starts_at}
    tell(as_json, document, [f"{code}: therapy {therapy.number} is planned."])
