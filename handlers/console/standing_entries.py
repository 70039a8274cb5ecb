"""Where a participant stands: on hold or not, her profile, ends of treatment or participation, her site."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

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
from bot.actions.publish_study import (
    VersionMove,
    approvals,
    move_to_version,
    other_versions,
    preview_version_move,
)
from bot.actions.transfer_participant import TransferEntry, preview_transfer, transfer_participant
from bot.rules.access import Act
from bot.rules.errors import NotEntitled
from bot.rules.messages import Phrase
from bot.rules.participant import Hold, HoldReason, Participant, ParticipantState, TreatmentStop
from bot.rules.states import ends_of
from bot.rules.study import Approval, Sex, SiteCode
from handlers.console.forms import Entry, Field, FieldKind, Form, Values, choice, day, whole_number
from handlers.console.sheets import REASON, TOP, Sheet, optional, served, sheet_of

_YES_NO = (
    "blood_thinner",
    "liver_disease",
    "usual_headaches",
    "lymphoedema",
    "emergency_contact",
)


async def hold(request: Request) -> Response:
    """Doses wait."""
    return await served(request, _hold_form(await sheet_of(request, Act.HOLD_DOSES)))


async def release(request: Request) -> Response:
    """Doses go on."""
    sheet = await sheet_of(request, Act.HOLD_DOSES)
    return await served(request, _release_form(sheet, _named_hold(sheet, request)))


async def profile(request: Request) -> Response:
    """What the rules need to know of her."""
    return await served(request, _profile_form(await sheet_of(request, Act.KEEP_PROFILE)))


async def consent(request: Request) -> Response:
    """The day on which she signed the study consent, corrected."""
    return await served(request, _consent_form(await sheet_of(request, Act.CORRECT_FACT)))


async def stop(request: Request) -> Response:
    """No further dose."""
    return await served(request, _stop_form(await sheet_of(request, Act.STOP_TREATMENT)))


async def end(request: Request) -> Response:
    """She leaves the study."""
    return await served(request, _end_form(await sheet_of(request, Act.END_PARTICIPATION)))


async def back(request: Request) -> Response:
    """An end that was recorded by mistake."""
    return await served(request, _reinstate_form(await sheet_of(request, Act.STOP_TREATMENT)))


async def transfer(request: Request) -> Response:
    """She goes on at another site."""
    return await served(request, _transfer_form(await sheet_of(request, Act.TRANSFER)))


async def version(request: Request) -> Response:
    """She goes on under another version of the study."""
    sheet = await sheet_of(request, Act.CHANGE_VERSION)
    return await served(request, _version_form(sheet, await approvals(sheet.desk)))


# ---------------------------------------------------------------- holds


def _hold_form(sheet: Sheet) -> Form:
    def read(values: Values) -> Entry:
        why = choice(values, "because", HoldReason)
        entry = HoldEntry(subject=sheet.subject, reason=why, note=values["reason"])
        return sheet.entry(
            lambda _: entry, preview=preview_hold, action=place_hold, back_to=lambda held: f"#hold-{held.id}"
        )

    words = [(one.name, sheet.speech.word(one)) for one in HoldReason]
    return sheet.form(
        sheet.titled("hold"),
        Field(
            name="because",
            label="console.entry.hold_reason",
            kind=FieldKind.CHOICE,
            choices=[("", ""), *words],
        ),
        optional(REASON),
        read=read,
    )


def _release_form(sheet: Sheet, held: Hold) -> Form:
    def read(values: Values) -> Entry:
        entry = ReleaseEntry(subject=sheet.subject, note=values["reason"], hold_id=held.id)
        return sheet.entry(
            lambda _: entry, preview=preview_release, action=release_hold, back_to=f"#hold-{held.id}"
        )

    return sheet.form(sheet.titled("release", reason=held.reason, at=held.placed_at), REASON, read=read)


def _named_hold(sheet: Sheet, request: Request) -> Hold:
    wanted = request.path_params["hold_id"]
    found = next((one for one in sheet.opened.course.holds if one.id == wanted), None)
    if found is None:
        raise NotEntitled(subject=sheet.subject)
    return found


# ---------------------------------------------------------------- profile


def _profile_form(sheet: Sheet) -> Form:
    """Every field with what is known; what is left as it is does not change, and unknown stays unknown."""
    her = sheet.opened.participant

    def read(values: Values) -> Entry:
        said = {name: values[name] == "yes" if values[name] else None for name in _YES_NO}
        entry = ProfileEntry(
            subject=sheet.subject,
            reason=values["reason"],
            sex=choice(values, "sex", Sex),
            time_zone=values["time_zone"] or None,
            last_chemotherapy_on=day(values, "last_chemotherapy_on"),
            usual_stools=whole_number(values, "usual_stools") if values["usual_stools"] else None,
            **said,
        )
        return sheet.entry(lambda _: entry, preview=preview_profile, action=keep_profile, back_to=TOP)

    return sheet.form(
        sheet.titled("profile"),
        Field(
            name="sex",
            label="operator.profile.sex",
            kind=FieldKind.CHOICE,
            choices=[(one.name, sheet.speech.word(one)) for one in Sex],
        ),
        Field(name="time_zone", label="operator.profile.time_zone", hint="console.entry.time_zone_hint"),
        *(_yes_no(sheet, name) for name in _YES_NO),
        Field(
            name="last_chemotherapy_on",
            label="operator.profile.last_chemotherapy_on",
            kind=FieldKind.DAY,
            required=False,
        ),
        Field(
            name="usual_stools",
            label="operator.profile.usual_stools",
            kind=FieldKind.NUMBER,
            required=False,
        ),
        optional(REASON),
        read=read,
        initial=_known(her),
    )


def _yes_no(sheet: Sheet, name: str) -> Field:
    """Once known it is never made unknown again."""
    say = sheet.speech.say
    known = [("yes", say("operator.profile.yes")), ("no", say("operator.profile.no"))]
    unknown = getattr(sheet.opened.participant, name) is None
    return Field(
        name=name,
        label=f"operator.profile.{name}",
        kind=FieldKind.CHOICE,
        choices=[("", say("operator.profile.unknown")), *known] if unknown else known,
        required=False,
    )


def _known(her: Participant) -> Mapping[str, str]:
    said = {name: {True: "yes", False: "no", None: ""}[getattr(her, name)] for name in _YES_NO}
    return {
        "sex": her.sex.name,
        "time_zone": her.time_zone,
        "last_chemotherapy_on": her.last_chemotherapy_on.isoformat() if her.last_chemotherapy_on else "",
        "usual_stools": "" if her.usual_stools is None else str(her.usual_stools),
        **said,
    }


# ---------------------------------------------------------------- consent


def _consent_form(sheet: Sheet) -> Form:
    known = sheet.opened.participant.consent_signed_on

    def read(values: Values) -> Entry:
        signed_on = day(values, "signed") or known

        def made(confirmed: bool) -> ConsentCorrection:
            return ConsentCorrection(
                subject=sheet.subject, signed_on=signed_on, reason=values["reason"], confirmed=confirmed
            )

        return sheet.entry(made, preview=preview_consent_correction, action=correct_consent, back_to=TOP)

    return sheet.form(
        sheet.titled("consent"),
        Field(name="signed", label="operator.profile.consent_signed_on", kind=FieldKind.DAY),
        REASON,
        read=read,
        initial={"signed": known.isoformat()},
    )


# ---------------------------------------------------------------- ends


def _stop_form(sheet: Sheet) -> Form:
    def read(values: Values) -> Entry:
        why = choice(values, "because", TreatmentStop)
        entry = StopTreatmentEntry(subject=sheet.subject, because=why, reason=values["reason"])
        return sheet.entry(lambda _: entry, preview=preview_stop, action=stop_treatment)

    words = [(one.name, sheet.speech.word(one)) for one in TreatmentStop]
    return sheet.form(
        sheet.titled("stop"),
        Field(
            name="because",
            label="console.entry.stop_reason",
            kind=FieldKind.CHOICE,
            choices=[("", ""), *words],
        ),
        REASON,
        read=read,
        told=(Phrase(key="operator.effect.follow_up_goes_on"),),
    )


def _end_form(sheet: Sheet) -> Form:
    def read(values: Values) -> Entry:
        how = choice(values, "how", ParticipantState)
        entry = EndEntry(subject=sheet.subject, ended_as=how, reason=values["reason"])
        return sheet.entry(lambda _: entry, preview=preview_end, action=end_participation, back_to=TOP)

    ways = [(one.name, sheet.speech.word(one)) for one in ends_of(sheet.opened.participant.state)]
    return sheet.form(
        sheet.titled("end"),
        Field(name="how", label="console.entry.ended_as", kind=FieldKind.CHOICE, choices=[("", ""), *ways]),
        REASON,
        read=read,
    )


def _reinstate_form(sheet: Sheet) -> Form:
    def read(values: Values) -> Entry:
        entry = ReinstateEntry(subject=sheet.subject, reason=values["reason"])
        return sheet.entry(lambda _: entry, preview=preview_reinstate, action=reinstate, back_to=TOP)

    return sheet.form(sheet.titled("reinstate"), REASON, read=read)


def _transfer_form(sheet: Sheet) -> Form:
    def read(values: Values) -> Entry:
        entry = TransferEntry(
            subject=sheet.subject, to_site=SiteCode(values["site"]), reason=values["reason"]
        )
        return sheet.entry(
            lambda _: entry, preview=preview_transfer, action=transfer_participant, back_to=TOP
        )

    others = [
        (str(one.code), f"{one.code} {sheet.speech.said(one.name)}") for one in sheet.opened.other_sites
    ]
    return sheet.form(
        sheet.titled("transfer"),
        Field(name="site", label="console.entry.to_site", kind=FieldKind.CHOICE, choices=[("", ""), *others]),
        REASON,
        read=read,
    )


# ---------------------------------------------------------------- version


def _version_form(sheet: Sheet, approved: Mapping[str, Approval]) -> Form:
    def read(values: Values) -> Entry:
        entry = VersionMove(subject=sheet.subject, version=values["version"], reason=values["reason"])
        return sheet.entry(
            lambda _: entry, preview=preview_version_move, action=move_to_version, back_to="#version-title"
        )

    her = sheet.opened.participant
    others = [(name, _version_told(sheet, name, approved)) for name in other_versions(sheet.desk, her)]
    bound = Phrase(key="console.version.bound", values={"version": her.study_version})
    return sheet.form(
        sheet.titled("version"),
        Field(
            name="version",
            label="console.entry.to_version",
            kind=FieldKind.CHOICE,
            choices=[("", ""), *others],
        ),
        REASON,
        read=read,
        told=(bound,),
    )


def _version_told(sheet: Sheet, name: str, approved: Mapping[str, Approval]) -> str:
    if name not in approved:
        return f"{name} · {sheet.speech.say('console.version.unpublished')}"
    by, on = approved[name].approved_by, approved[name].approved_on
    return f"{name} · {sheet.speech.say('console.version.approved', by=by, on=on)}"
