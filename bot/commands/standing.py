"""`suifang participant hold`, `release`, `profile`, `transfer`, `end`, …: where a participant stands."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.actions.correct_consent import ConsentCorrection, correct_consent, preview_consent_correction
from bot.actions.end_participation import (
    EndEntry,
    ReinstateEntry,
    StopTreatmentEntry,
    end_participation,
    preview_end,
    preview_reinstate,
    preview_stop,
    reinstate,
    stop_treatment,
)
from bot.actions.keep_profile import ProfileEntry, keep_profile, preview_profile
from bot.actions.place_hold import (
    HoldEntry,
    ReleaseEntry,
    place_hold,
    preview_hold,
    preview_release,
    release_hold,
)
from bot.actions.publish_study import VersionMove, move_to_version, preview_version_move
from bot.actions.transfer_participant import TransferEntry, preview_transfer, transfer_participant
from bot.commands.showing import Confirm, Preview, Reason, carried_out
from bot.commands.speaking import AsJson, By, day_typed, tell
from bot.rules.access import AuthMethod
from bot.rules.participant import HoldReason, ParticipantState, TreatmentStop
from bot.rules.study import Sex, SiteCode, SubjectCode

_CLI = AuthMethod.COMMAND_LINE


def hold_command(
    code: str,
    by: By,
    reason: Annotated[HoldReason, typer.Option(case_sensitive=False)] = HoldReason.INVESTIGATOR,
    note: Annotated[str, typer.Option(help="In words.")] = "",
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Doses wait until a person releases them; draws and check-ins go on."""
    entry = HoldEntry(subject=SubjectCode(code), reason=reason, note=note)
    hold = carried_out(entry, by, weigh=preview_hold, save=place_hold, preview=preview, as_json=as_json)
    tell(as_json, {"hold": hold.id, "reason": hold.reason.value}, [f"{code}: doses are on hold."])


def release_command(
    code: str, reason: Reason, by: By, preview: Preview = False, as_json: AsJson = False
) -> None:
    """Doses go on."""
    entry = ReleaseEntry(subject=SubjectCode(code), note=reason)
    released = carried_out(
        entry, by, weigh=preview_release, save=release_hold, preview=preview, as_json=as_json
    )
    tell(as_json, {"released": [one.id for one in released]}, [f"{code}: doses go on."])


def profile_command(
    code: str,
    by: By,
    reason: Annotated[str, typer.Option()] = "",
    sex: Annotated[Sex | None, typer.Option()] = None,
    time_zone: Annotated[str | None, typer.Option(help="Where she is, such as Europe/Berlin.")] = None,
    blood_thinner: Annotated[bool | None, typer.Option("--blood-thinner/--no-blood-thinner")] = None,
    liver_disease: Annotated[bool | None, typer.Option("--liver-disease/--no-liver-disease")] = None,
    last_chemotherapy: Annotated[str | None, typer.Option(help="Date.")] = None,
    usual_stools: Annotated[int | None, typer.Option(help="A day.", min=0, max=30)] = None,
    usual_headaches: Annotated[bool | None, typer.Option("--usual-headaches/--no-usual-headaches")] = None,
    lymphoedema: Annotated[bool | None, typer.Option("--lymphoedema/--no-lymphoedema")] = None,
    emergency_contact: Annotated[
        bool | None, typer.Option("--emergency-contact/--no-emergency-contact")
    ] = None,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """What the rules need to know of her; what is not named stays as it is."""
    entry = ProfileEntry(
        subject=SubjectCode(code),
        reason=reason,
        sex=sex,
        time_zone=time_zone,
        blood_thinner=blood_thinner,
        liver_disease=liver_disease,
        last_chemotherapy_on=None if last_chemotherapy is None else day_typed(last_chemotherapy),
        usual_stools=usual_stools,
        usual_headaches=usual_headaches,
        lymphoedema=lymphoedema,
        emergency_contact=emergency_contact,
    )
    carried_out(entry, by, weigh=preview_profile, save=keep_profile, preview=preview, as_json=as_json)
    tell(as_json, {"participant": code}, [f"{code}: profile kept."])


def consent_command(
    code: str,
    signed: Annotated[str, typer.Option(help="The day on the form, such as 2026-03-01.")],
    reason: Reason,
    by: By,
    confirm: Confirm = False,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Corrects the day on which she signed the study consent; both stay on record."""
    entry = ConsentCorrection(
        subject=SubjectCode(code), signed_on=day_typed(signed), reason=reason, confirmed=confirm
    )
    her = carried_out(
        entry, by, weigh=preview_consent_correction, save=correct_consent, preview=preview, as_json=as_json
    )
    told = {"participant": code, "consent_signed_on": her.consent_signed_on}
    tell(as_json, told, [f"{code}: consent signed on {her.consent_signed_on}."])


def transfer_command(
    code: str,
    site: Annotated[str, typer.Option("--to", help="Code of the new site.")],
    reason: Reason,
    by: By,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """She goes on at another site; open cases go along."""
    entry = TransferEntry(subject=SubjectCode(code), to_site=SiteCode(site), reason=reason)
    moved = carried_out(
        entry, by, weigh=preview_transfer, save=transfer_participant, preview=preview, as_json=as_json
    )
    tell(as_json, {"participant": code, "site": moved.site_code}, [f"{code} is at {moved.site_code} now."])


def end_command(
    code: str,
    ended_as: Annotated[ParticipantState, typer.Option("--as", case_sensitive=False)],
    reason: Reason,
    by: By,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Completed, screen failed, withdrawn, lost to follow-up or died; all routine messages stop at once."""
    entry = EndEntry(subject=SubjectCode(code), ended_as=ended_as, reason=reason)
    ended = carried_out(
        entry, by, weigh=preview_end, save=end_participation, preview=preview, as_json=as_json
    )
    tell(as_json, {"participant": code, "state": ended.state.value}, [f"{code}: {ended.state.value}."])


def reinstate_command(
    code: str, reason: Reason, by: By, preview: Preview = False, as_json: AsJson = False
) -> None:
    """Takes an end back that was recorded by mistake."""
    entry = ReinstateEntry(subject=SubjectCode(code), reason=reason)
    back = carried_out(entry, by, weigh=preview_reinstate, save=reinstate, preview=preview, as_json=as_json)
    tell(as_json, {"participant": code, "state": back.state.value}, [f"{code}: {back.state.value} again."])


def version_command(
    code: str,
    version: Annotated[str, typer.Option("--to", help="A published version.")],
    reason: Reason,
    by: By,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Binds her to another version of the study and plans her anew (principal investigator)."""
    entry = VersionMove(subject=SubjectCode(code), version=version, reason=reason)
    moved = carried_out(
        entry, by, weigh=preview_version_move, save=move_to_version, preview=preview, as_json=as_json
    )
    told = {"participant": code, "study_version": moved.study_version}
    tell(as_json, told, [f"{code} is bound to version {moved.study_version}."])


def stop_command(
    code: str,
    because: Annotated[TreatmentStop, typer.Option(case_sensitive=False)],
    reason: Reason,
    by: By,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """No further dose; draws and follow-up go on. Also confirms a response that needs a person."""
    entry = StopTreatmentEntry(subject=SubjectCode(code), because=because, reason=reason)
    stopped = carried_out(
        entry, by, weigh=preview_stop, save=stop_treatment, preview=preview, as_json=as_json
    )
    tell(as_json, {"participant": code, "state": stopped.state.value}, [f"{code}: {stopped.state.value}."])
