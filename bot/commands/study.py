"""`suifang study`: what the study file says, and whether it may be used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from bot.actions.publish_study import Publication, publish_study, published_versions
from bot.calendar_file import calendar_file
from bot.clock import SystemClock
from bot.commands.holidays import warn_of_unknown_years
from bot.commands.speaking import (
    BUILT_IN_STUDY,
    OPERATOR,
    SITE_ZONE,
    AsJson,
    at_desk,
    day_typed,
    language_typed,
    moment_typed,
    tell,
)
from bot.rules import schedule
from bot.rules.schedule import PreviewRow
from bot.study_file import check, digest_of, files_of, load_study, unapproved_safety_keys
from bot.texts import Texts, moment_in_words

study_app = typer.Typer(help="The study file.", no_args_is_help=True)


@study_app.command("check")
def study_check(folder: str, as_json: AsJson = False) -> None:
    """Lists every mistake of a study folder at once."""
    problems = check(folder)
    document = [
        {"place": one.place, "found": one.found, "expected": one.expected, "remedy": one.remedy}
        for one in problems
    ]
    warn_of_unknown_years()
    tell(as_json, document, [str(one) for one in problems] or ["No problem found."])
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
    tell(as_json, document, lines)


@study_app.command("publish")
def study_publish(
    folder: Annotated[str, typer.Argument(metavar="FILE", help="The study folder.")],
    approved_by: Annotated[str, typer.Option(help="Who approved it.")],
    approved_on: Annotated[str, typer.Option(help="When, such as 2026-03-01.")],
    as_json: AsJson = False,
) -> None:
    """Publishes a new version; participants stay with theirs until they are moved."""
    publication = Publication(
        study=load_study(folder),
        files=files_of(folder),
        digest=digest_of(files_of(folder)),
        approved_by=approved_by,
        approved_on=day_typed(approved_on),
    )
    published = at_desk(lambda desk: publish_study(desk, publication=publication, by=OPERATOR))
    document = {"study": published.study_id, "version": published.version, "digest": published.digest}
    tell(as_json, document, [f"{published.study_id} {published.version} is published."])


@study_app.command("versions")
def study_versions(as_json: AsJson = False) -> None:
    """Every published version with its approval, oldest first: what was in force when."""
    found = at_desk(published_versions)
    document = [
        {
            "version": one.version,
            "published_at": one.published_at,
            "approved_by": one.approved_by,
            "approved_on": one.approved_on,
            "digest": one.digest,
        }
        for one in found
    ]
    lines = [
        f"{one.version}  since {one.published_at:%Y-%m-%d %H:%M} UTC, approved by {one.approved_by} on"
        f" {one.approved_on}, {one.digest[:12]}"
        for one in found
    ]
    tell(as_json, document, lines or ["Nothing is published: the study of the settings is in force."])


@study_app.command("preview")
def study_preview(
    day1: Annotated[str, typer.Option(help="Date of dose 1, with or without its time (09:30).")],
    study: str = BUILT_IN_STUDY,
    language: str = "zh",
    ics: Annotated[Path | None, typer.Option(help="Writes the calendar into this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """The calendar of a participant whose dose 1 is on this day."""
    loaded, said_in, texts = load_study(study), language_typed(language), Texts.load()
    dated = f"{day1.strip()} 09:30" if len(day1.strip()) <= len("2026-03-03") else day1
    rows = schedule.preview(loaded, moment_typed(dated), SITE_ZONE)

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
    tell(as_json, document, lines)
