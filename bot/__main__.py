"""The operator's commands. Exit 0: done; 1: refused, with the reason on standard error; 2: wrong usage.

With `--json` one JSON document on standard output. The commands call the same actions as chat and console.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import typer

from bot.actions.desk import Desk
from bot.actions.manage_participants import Enrolment, add_participant, invite_participant
from bot.actions.manage_sites import add_site, list_sites
from bot.actions.manage_staff import add_staff, invite_staff, list_staff, revoke_staff
from bot.actions.record_dose import DoseEntry, record_dose
from bot.actions.record_lab import UNIT, LabEntry, record_lab
from bot.assembly import opened_desk
from bot.calendar_file import calendar_file
from bot.clock import SystemClock
from bot.rules import schedule
from bot.rules.access import Actor, AuthMethod, Site
from bot.rules.errors import Refusal, StudyFileFaulty
from bot.rules.messages import Phrase
from bot.rules.schedule import PreviewRow
from bot.rules.study import Bilingual, Language, Role, Sex, SiteCode, StaffCode, SubjectCode
from bot.settings import SettingsFaulty, load_settings
from bot.study_file import check, load_study, unapproved_safety_keys
from bot.texts import Texts, moment_in_words
from storage.errors import StorageUnavailable

T = TypeVar("T")
OPERATOR = Actor(code="operator", role="operator", auth=AuthMethod.COMMAND_LINE)
BUILT_IN_STUDY = "ql-ctit-ruls-1002"
# All five organisations of the first study (specification 1.2).
SITE_ZONE = "Asia/Shanghai"

app = typer.Typer(help="Suifang: the follow-up companion of a clinical trial.", no_args_is_help=True)
study_app = typer.Typer(help="The study file.", no_args_is_help=True)
site_app = typer.Typer(help="Sites.", no_args_is_help=True)
staff_app = typer.Typer(help="Staff of the sites.", no_args_is_help=True)
participant_app = typer.Typer(help="Participants, by subject code.", no_args_is_help=True)
lab_app = typer.Typer(help="Laboratory results.", no_args_is_help=True)
dose_app = typer.Typer(help="Doses given.", no_args_is_help=True)
audit_app = typer.Typer(help="The audit trail.", no_args_is_help=True)
db_app = typer.Typer(help="The database.", no_args_is_help=True)
for name, sub_app in (
    ("study", study_app),
    ("site", site_app),
    ("staff", staff_app),
    ("participant", participant_app),
    ("lab", lab_app),
    ("dose", dose_app),
    ("audit", audit_app),
    ("db", db_app),
):
    app.add_typer(sub_app, name=name)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
By = Annotated[str, typer.Option("--by", help="Code of the person on whose behalf this is entered.")]


def main() -> None:
    """Runs a command and turns every expected refusal into one clear sentence."""
    try:
        app()
    except Refusal as refusal:
        _refuse(
            Texts.load().words(Phrase(key=refusal.key, values=refusal.values), Language.EN, "Asia/Shanghai")
        )
    except StudyFileFaulty as faulty:
        _refuse("\n".join(str(problem) for problem in faulty.problems))
    except SettingsFaulty as faulty:
        _refuse("\n".join(faulty.complaints))
    except StorageUnavailable as error:
        _refuse(f"The database cannot be used now: {error}")


def _refuse(reason: str) -> None:
    typer.echo(reason, err=True)
    raise SystemExit(1)


def _at_desk(work: Callable[[Desk], Awaitable[T]]) -> T:
    async def run() -> T:
        async with opened_desk(load_settings()) as desk:
            return await work(desk)

    return asyncio.run(run())


def _tell(as_json: bool, document: Any, lines: list[str]) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, default=str) if as_json else "\n".join(lines))


def _moment(text: str, zone: str = "Asia/Shanghai") -> datetime:
    """A moment as typed, `2026-03-03 09:30`, in the local time of the site unless it names a zone."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date and time; write it like 2026-03-03 09:30") from error
    if len(text.strip()) <= len("2026-03-03"):
        raise typer.BadParameter(f"{text!r} has no time; write it like 2026-03-03 09:30")
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date; write it like 2026-03-01") from error


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise typer.BadParameter(f"{text!r} is no number; write it like 38 or 38.5") from error
    if not number.is_finite():
        raise typer.BadParameter(f"{text!r} is no number; write it like 38 or 38.5")
    return number


def _language(text: str) -> Language:
    known = {"zh": Language.ZH, "zh-Hans": Language.ZH, "en": Language.EN}
    if text not in known:
        raise typer.BadParameter(f"{text!r} is no language; zh or en")
    return known[text]


# ---------------------------------------------------------------- study


@study_app.command("check")
def study_check(folder: str, as_json: AsJson = False) -> None:
    """Lists every mistake of a study folder at once."""
    problems = check(folder)
    document = [
        {"place": one.place, "found": one.found, "expected": one.expected, "remedy": one.remedy}
        for one in problems
    ]
    _tell(as_json, document, [str(one) for one in problems] or ["No problem found."])
    if problems:
        raise SystemExit(1)


@study_app.command("show")
def study_show(study: str = BUILT_IN_STUDY, as_json: AsJson = False) -> None:
    """What is in force, and which safety keys are still an unapproved default."""
    loaded = load_study(study)
    document = {
        "id": loaded.id,
        "version": loaded.version,
        "catalogue_version": loaded.catalogue_version,
        "title": {"en": loaded.title.en, "zh": loaded.title.zh},
        "sources": {key: source.kind.value for key, source in loaded.provenance.items()},
        "unapproved": unapproved_safety_keys(loaded),
    }
    lines = [
        f"{loaded.id} {loaded.version}: {loaded.title.en}",
        *(f"  {key}: {source.kind.value} ({source.document})" for key, source in loaded.provenance.items()),
        f"{len(unapproved_safety_keys(loaded))} safety keys are unapproved defaults: live would refuse.",
    ]
    _tell(as_json, document, lines)


@study_app.command("preview")
def study_preview(
    day1: Annotated[str, typer.Option(help="Date and time of dose 1, such as 2026-03-03 09:30.")],
    study: str = BUILT_IN_STUDY,
    language: str = "zh",
    ics: Annotated[Path | None, typer.Option(help="Writes the calendar into this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """The calendar of a participant whose dose 1 is on this day."""
    loaded, said_in, texts = load_study(study), _language(language), Texts.load()
    rows = schedule.preview(loaded, _moment(day1), SITE_ZONE)

    def title(row: PreviewRow) -> str:
        has_both = row.dose is not None and row.draws
        content = "visit" if has_both else "draw" if row.dose is None else "injection"
        return texts.say(f"operator.preview.{content}", said_in)

    if ics is not None:
        ics.write_bytes(calendar_file(rows, title=title, made_at=SystemClock().now()))
    document = [
        {
            "study_day": row.study_day,
            "at": row.at.astimezone(ZoneInfo(SITE_ZONE)),
            "dose": row.dose,
            "draws": list(row.draws),
            "window_opens": row.window.first,
            "window_closes": row.window.last,
            "endpoint": row.endpoint,
        }
        for row in rows
    ]
    lines = [
        f"D{row.study_day:<3} {moment_in_words(row.at, said_in, SITE_ZONE)}  {title(row)}"
        f"  ({', '.join(row.draws) or '-'}; {row.window.first} … {row.window.last})"
        f"{' *' if row.endpoint else ''}"
        for row in rows
    ]
    _tell(as_json, document, lines)


# ---------------------------------------------------------------- sites and staff


@site_app.command("add")
def site_add(
    code: str,
    name_zh: Annotated[str, typer.Option()],
    name_en: Annotated[str, typer.Option()],
    phone: Annotated[str, typer.Option()],
    time_zone: str = "Asia/Shanghai",
    as_json: AsJson = False,
) -> None:
    """Adds a site."""
    site = Site(code=SiteCode(code), name=Bilingual(en=name_en, zh=name_zh), phone=phone, time_zone=time_zone)
    _at_desk(lambda desk: add_site(desk, site=site, by=OPERATOR))
    _tell(as_json, {"site": code}, [f"Site {code} added."])


@site_app.command("list")
def site_list(as_json: AsJson = False) -> None:
    """All sites."""
    sites = _at_desk(list_sites)
    document = [
        {
            "code": one.code,
            "en": one.name.en,
            "zh": one.name.zh,
            "phone": one.phone,
            "time_zone": one.time_zone,
        }
        for one in sites
    ]
    _tell(as_json, document, [f"{one.code}  {one.name.en} / {one.name.zh}  {one.phone}" for one in sites])


@staff_app.command("add")
def staff_add(
    code: str,
    role: Annotated[str, typer.Option()],
    site: str | None = None,
    language: str = "zh",
    as_json: AsJson = False,
) -> None:
    """Adds a person, or a further role of a person."""
    slug = "sub_investigator" if role == "investigator" else role
    if slug not in {one.value for one in Role}:
        raise typer.BadParameter(f"{role!r} is no role; one of {', '.join(one.value for one in Role)}")
    _at_desk(
        lambda desk: add_staff(
            desk,
            code=StaffCode(code),
            role=Role(slug),
            site=None if site is None else SiteCode(site),
            language=_language(language),
            by=OPERATOR,
        )
    )
    _tell(as_json, {"staff": code, "role": slug, "site": site}, [f"{code}: {slug} at {site or 'all sites'}."])


@staff_app.command("link")
def staff_link(code: str, as_json: AsJson = False) -> None:
    """A one-time code for the chat and one for the console; earlier ones stop working."""
    chat, console = _at_desk(lambda desk: invite_staff(desk, code=StaffCode(code), by=OPERATOR))
    document = {
        "chat_code": chat.code,
        "link": chat.link,
        "console_code": console.code,
        "expires": chat.expires_at,
    }
    lines = [
        f"Chat code {chat.code} {chat.link}".rstrip(),
        f"Console code {console.code}",
        f"Valid until {chat.expires_at}",
    ]
    _tell(as_json, document, lines)


@staff_app.command("revoke")
def staff_revoke(code: str, reason: Annotated[str, typer.Option()], as_json: AsJson = False) -> None:
    """Ends every right of a person at once."""
    _at_desk(lambda desk: revoke_staff(desk, code=StaffCode(code), reason=reason, by=OPERATOR))
    _tell(as_json, {"revoked": code}, [f"{code} is revoked."])


@staff_app.command("list")
def staff_list(as_json: AsJson = False) -> None:
    """All people, with their roles."""
    people = _at_desk(list_staff)
    document = [
        {
            "code": one.code,
            "roles": [{"role": posting.role.value, "site": posting.site} for posting in one.postings],
            "linked": one.linked,
            "revoked_at": one.revoked_at,
        }
        for one in people
    ]
    lines = [
        f"{one.code}  {', '.join(f'{posting.role.value}@{posting.site}' for posting in one.postings)}"
        f"  {'revoked' if one.revoked_at else 'linked' if one.linked else 'not linked'}"
        for one in people
    ]
    _tell(as_json, document, lines)


# ---------------------------------------------------------------- participants and facts


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
    as_json: AsJson = False,
) -> None:
    """Enrols a participant."""
    enrolment = Enrolment(
        subject_code=SubjectCode(code),
        site_code=SiteCode(site),
        language=_language(language),
        sex=sex,
        consent_signed_on=_day(consent_signed),
        day1_at=_moment(day1),
        baseline_platelets=None if baseline_plt is None else _number(baseline_plt),
        baseline_sampled_at=None if baseline_sampled is None else _moment(baseline_sampled),
    )
    _at_desk(lambda desk: add_participant(desk, enrolment=enrolment, by=OPERATOR))
    _tell(as_json, {"participant": code}, [f"{code} enrolled. Next: suifang participant invite {code}"])


@participant_app.command("invite")
def participant_invite(code: str, as_json: AsJson = False) -> None:
    """A one-time code and link for her chat; an earlier one stops working."""
    invitation = _at_desk(lambda desk: invite_participant(desk, subject=SubjectCode(code), by=OPERATOR))
    document = {"code": invitation.code, "link": invitation.link, "expires": invitation.expires_at}
    _tell(
        as_json,
        document,
        [f"{invitation.code} {invitation.link}".rstrip(), f"Valid until {invitation.expires_at}"],
    )


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

    people = _at_desk(read)
    _tell(as_json, people, [f"{one['code']}  {one['state']}" for one in people])


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
        value=_number(value),
        as_entered=f"{value} {unit}",
        sampled_at=_moment(sampled),
        confirmed=confirm,
    )
    result = _at_desk(
        lambda desk: record_lab(desk, entry=entry, by=StaffCode(by), auth=AuthMethod.COMMAND_LINE)
    )
    _tell(
        as_json, {"lab": result.id, "value": result.value}, [f"{code}: PLT {result.value} {UNIT} recorded."]
    )


@dose_app.command("record")
def dose_record(
    code: str,
    number: int,
    given: Annotated[str, typer.Option(help="When it was given.")],
    by: By,
    as_json: AsJson = False,
) -> None:
    """Records a dose that was given."""
    entry = DoseEntry(subject=SubjectCode(code), number=number, given_at=_moment(given))
    dose = _at_desk(
        lambda desk: record_dose(desk, entry=entry, by=StaffCode(by), auth=AuthMethod.COMMAND_LINE)
    )
    _tell(as_json, {"dose": dose.id, "number": number}, [f"{code}: dose {number} recorded."])


# ---------------------------------------------------------------- the record


@audit_app.command("verify")
def audit_verify(as_json: AsJson = False) -> None:
    """Checks every chain of the audit trail; names the first broken row."""

    async def read(desk: Desk) -> tuple[int, Any]:
        async with desk.archive.read() as uow:
            return await uow.audit.verify()

    count, broken = _at_desk(read)
    document = {"rows": count, "broken": None if broken is None else str(broken)}
    _tell(as_json, document, [f"{count} rows verified." if broken is None else f"BROKEN: {broken}"])
    if broken is not None:
        raise SystemExit(1)


@db_app.command("upgrade")
def db_upgrade() -> None:
    """Brings the database to this version of the program."""
    _at_desk(lambda desk: desk.archive.upgrade())
    typer.echo("The database is up to date.")


if __name__ == "__main__":
    main()
