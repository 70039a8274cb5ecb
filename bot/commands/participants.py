"""`suifang participant`: enrolling, inviting, looking up, by subject code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import segno
import typer

from bot.actions.desk import Desk
from bot.actions.manage_participants import Enrolment, add_participant, invite_participant
from bot.actions.review_participant import summary_of
from bot.commands import judgements, standing
from bot.commands.speaking import (
    OPERATOR,
    AsJson,
    at_desk,
    day_typed,
    language_typed,
    local_words,
    moment_typed,
    number_typed,
    tell,
)
from bot.rules.access import Actor
from bot.rules.study import Sex, SiteCode, StaffCode, SubjectCode

participant_app = typer.Typer(help="Participants, by subject code.", no_args_is_help=True)
participant_app.command("hold")(standing.hold_command)
participant_app.command("release")(standing.release_command)
participant_app.command("profile")(standing.profile_command)
participant_app.command("correct-consent")(standing.consent_command)
participant_app.command("transfer")(standing.transfer_command)
participant_app.command("stop-treatment")(standing.stop_command)
participant_app.command("version")(standing.version_command)
participant_app.command("event")(judgements.event_command)
participant_app.command("event-answer")(judgements.event_answer_command)
participant_app.command("grade")(judgements.grade_command)
participant_app.command("end")(standing.end_command)
participant_app.command("reinstate")(standing.reinstate_command)


OnBehalf = Annotated[
    str | None, typer.Option("--by", help="The coordinator on whose behalf; else the operator alone.")
]


def _who(by: str | None) -> Actor | StaffCode:
    return OPERATOR if by is None else StaffCode(by)


@participant_app.command("add")
def participant_add(
    code: str,
    site: Annotated[str, typer.Option()],
    sex: Annotated[Sex, typer.Option()],
    consent_signed: Annotated[str, typer.Option(help="Date, such as 2026-03-01.")],
    day1: Annotated[str, typer.Option(help="Planned date and time of dose 1.")],
    language: str = "zh",
    baseline_plt: Annotated[str | None, typer.Option(help="In 10^9/L.")] = None,
    baseline_sampled: Annotated[str | None, typer.Option(help="When that sample was taken.")] = None,
    by: OnBehalf = None,
    as_json: AsJson = False,
) -> None:
    """Enrols a participant."""
    enrolment = Enrolment(
        subject_code=SubjectCode(code),
        site_code=SiteCode(site),
        language=language_typed(language),
        sex=sex,
        consent_signed_on=day_typed(consent_signed),
        day1_at=moment_typed(day1),
        baseline_platelets=None if baseline_plt is None else number_typed(baseline_plt),
        baseline_sampled_at=None if baseline_sampled is None else moment_typed(baseline_sampled),
    )
    at_desk(lambda desk: add_participant(desk, enrolment=enrolment, by=_who(by)))
    tell(as_json, {"participant": code}, [f"{code} enrolled. Next: suifang participant invite {code}"])


@participant_app.command("invite")
def participant_invite(
    code: str,
    qr: Annotated[Path | None, typer.Option(help="Writes the link as a QR code (.png or .svg).")] = None,
    by: OnBehalf = None,
    as_json: AsJson = False,
) -> None:
    """A one-time code and link for her chat; an earlier one stops working."""
    invitation = at_desk(lambda desk: invite_participant(desk, subject=SubjectCode(code), by=_who(by)))
    if qr is not None:
        segno.make(invitation.link or invitation.code, error="m").save(str(qr), scale=8)
    document = {"code": invitation.code, "link": invitation.link, "expires": invitation.expires_at}
    tell(
        as_json,
        document,
        [
            f"{invitation.code} {invitation.link}".rstrip(),
            f"Valid until {local_words(invitation.expires_at)}",
        ],
    )


@participant_app.command("show")
def participant_show(code: str, as_json: AsJson = False) -> None:
    """What is known of one participant: state, doses, results, plan, open cases."""
    document = at_desk(lambda desk: summary_of(desk, SubjectCode(code)))
    lines = [f"{key}: {value}" for key, value in document.items() if not isinstance(value, list)]
    for key, rows in document.items():
        if isinstance(rows, list):
            lines += [f"{key}:", *("  " + "  ".join(str(cell) for cell in row.values()) for row in rows)]
    tell(as_json, document, lines)


@participant_app.command("list")
def participant_list(as_json: AsJson = False) -> None:
    """All participants."""

    async def read(desk: Desk) -> list[dict[str, Any]]:
        async with desk.archive.read() as uow:
            return [
                {
                    "code": one.subject_code,
                    "site": one.site_code,
                    "state": one.state.value,
                    "joined_at": one.joined_at,
                }
                for one in await uow.participants.of_sites(None)
            ]

    people = at_desk(read)
    lines = [f"{one['code']}  {one['state']}" for one in people]
    tell(as_json, people, lines or ["Nobody enrolled yet. Next: suifang participant add CODE --site SITE …"])
