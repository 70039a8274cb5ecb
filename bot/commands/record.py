"""`suifang audit`, `export`, `db` and `health`: the record, its storage, and whether all is well."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.actions.desk import Desk
from bot.actions.export_dataset import as_csv_files, as_xlsx_file, cut_for_operator
from bot.actions.watch_health import PartHealth, health
from bot.assembly.opening import anchors_of
from bot.commands.speaking import OPERATOR, SITE_ZONE, AsJson, at_desk, refuse, tell
from bot.rules.study import Language, SiteCode, SubjectCode
from bot.settings import load_settings
from bot.texts import Texts

audit_app = typer.Typer(help="The audit trail.", no_args_is_help=True)
db_app = typer.Typer(help="The database.", no_args_is_help=True)


@audit_app.command("verify")
def audit_verify(as_json: AsJson = False) -> None:
    """Checks every chain of the audit trail and its signed anchors; names the first broken row."""
    anchors = anchors_of(load_settings())
    known = anchors.read_text(encoding="utf-8").splitlines() if anchors and anchors.exists() else []

    async def read(desk: Desk) -> tuple[int, Any]:
        async with desk.archive.read() as uow:
            return await uow.audit.verify(known)

    count, broken = at_desk(read)
    document = {
        "rows": count,
        "anchors": len(known),
        "broken": None if broken is None else {"chain": broken.chain, "row": broken.seq, "why": broken.why},
    }
    if broken is None:
        tell(as_json, document, [f"{count} rows verified, {len(known)} anchors."])
        return
    tell(as_json, document, [])
    refuse(f"BROKEN: chain {broken.chain}, row {broken.seq}: {broken.why}")


@audit_app.command("show")
def audit_show(
    code: Annotated[str, typer.Argument(help="A subject code; left out, the chain of the system.")] = "",
    as_json: AsJson = False,
) -> None:
    """The entries of one chain, oldest first: when, who, what, old, new, why."""

    async def read(desk: Desk) -> list[dict[str, Any]]:
        async with desk.archive.read() as uow:
            return [
                {
                    "row": one.seq,
                    "at": one.at,
                    "actor": one.actor_code,
                    "role": one.actor_role,
                    "auth": one.auth,
                    "on_behalf_of": one.on_behalf_of,
                    "kind": one.kind,
                    "entity": one.entity,
                    "entity_id": one.entity_id,
                    "field": one.field,
                    "old": one.old,
                    "new": one.new,
                    "reason": one.reason,
                }
                for one in await uow.audit.of(SubjectCode(code) if code else None)
            ]

    entries = at_desk(read)
    lines = [
        f"{one['row']:>5}  {one['at'].isoformat(timespec='seconds')}  {one['actor']}"
        f"{' for ' + one['on_behalf_of'] if one['on_behalf_of'] else ''}  {one['kind']}"
        f"  {one['entity']} {one['entity_id']} {one['field'] or ''}:"
        f" {one['old'] or '-'} → {one['new'] or '-'}"
        f"{'  (' + one['reason'] + ')' if one['reason'] else ''}"
        for one in entries
    ]
    tell(as_json, entries, lines or ["No entries."])


@db_app.command("upgrade")
def db_upgrade() -> None:
    """Brings the database to this version of the program."""
    at_desk(lambda desk: desk.archive.upgrade())
    typer.echo("The database is up to date.")


@db_app.command("backup")
def db_backup(file: Path) -> None:
    """A complete copy of a SQLite database as it is now, while it is in use."""
    try:
        at_desk(lambda desk: desk.archive.backup(file))
    except FileExistsError:
        refuse(f"{file} exists already; choose another name.")
    except NotImplementedError:
        refuse("PostgreSQL is copied with its own tool: pg_dump --format=custom --file=FILE URL")
    typer.echo(f"Copied to {file}. Keep SUIFANG_SECRET_KEY apart from it: without the key it cannot be read.")


@db_app.command("check")
def db_check(as_json: AsJson = False) -> None:
    """What is wrong with the database; nothing when all is well."""
    problems = at_desk(lambda desk: desk.archive.check())
    tell(as_json, list(problems), list(problems) or ["No problem found."])
    if problems:
        raise SystemExit(1)


class ExportFormat(StrEnum):
    """How the record is written."""

    CSV = "csv"
    XLSX = "xlsx"


def export_command(
    out: Annotated[Path, typer.Option(help="Folder to write into; made if it is not there.")],
    form: Annotated[ExportFormat, typer.Option("--format", help="How it is written.")] = ExportFormat.CSV,
    site: Annotated[str | None, typer.Option(help="Of this site only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Writes one consistent cut of the record, with dictionary, manifest and checksums."""
    wanted = None if site is None else SiteCode(site)
    made = at_desk(lambda desk: cut_for_operator(desk, by=OPERATOR, site=wanted))
    files = as_csv_files(made) if form is ExportFormat.CSV else as_xlsx_file(made)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for file in files:
            (out / file.name).write_bytes(file.content)
    except OSError as error:
        refuse(f"{out} cannot be written: {error.strerror}")
    document = {
        "format": form.value,
        "folder": str(out),
        "files": [file.name for file in files],
        "record_count": made.record_count,
        "created_utc": made.cut_at,
    }
    tell(as_json, document, [f"{made.record_count} records in {len(files)} files in {out}."])


def health_command(as_json: AsJson = False) -> None:
    """One line per part; exit 1 when something needs a person."""
    parts: tuple[PartHealth, ...] = at_desk(health)
    texts = Texts.load()
    document = [{"part": one.part, "well": one.well, "said": one.said.values["said"]} for one in parts]
    tell(as_json, document, [texts.words(one.said, Language.EN, SITE_ZONE) for one in parts])
    if not all(one.well for one in parts):
        raise SystemExit(1)
