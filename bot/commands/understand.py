"""`suifang understand`: what free text is taken to mean, and how well a labelled file is understood.

Needs no database, no token and no network, but for `--recorded`, which reads what is kept. Codes and fields
are those of the data card of the corpus.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from bot.actions.reread_words import reread_words
from bot.commands.speaking import AsJson, at_desk, refuse, tell
from bot.rules.study import SubjectCode
from bot.understanding.findings import Count, Understanding
from bot.understanding.scoring import as_document, judge, report, unusable_label
from bot.understanding.understander import Understander

# A message may begin with a dash: what is no option of ours is text.
TEXT_MAY_BEGIN_WITH_A_DASH = {"ignore_unknown_options": True}


def understand_command(
    text: Annotated[str | None, typer.Argument(help="One message, as a patient writes it.")] = None,
    file: Annotated[
        str | None,
        typer.Option("--file", help="One JSON object with `text` (and `lang`) a line; `-`: standard input."),
    ] = None,
    scored: Annotated[bool, typer.Option("--report", help="Score the labels of the file.")] = False,
    totals: Annotated[
        bool, typer.Option("--totals", help="With --report: totals only, no sentence.")
    ] = False,
    recorded: Annotated[
        bool,
        typer.Option("--recorded", help="Read everything kept again; shows what is read otherwise now."),
    ] = False,
    subject: Annotated[
        str | None, typer.Option("--subject", help="With --recorded: of this participant only.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Shows symptoms, level, numbers and intent of a message, each with its reasons."""
    if recorded:
        if text is not None or file is not None:
            raise typer.BadParameter("--recorded takes no text and no file")
        _reread(subject, as_json)
        return
    if (text is None) == (file is None):
        raise typer.BadParameter("give either a text or --file")
    if file is None:
        if scored:
            raise typer.BadParameter("--report scores a --file with labels")
        _show(Understander.load().understand(text or ""), {}, as_json)
        return
    understander = Understander.load()
    with _opened(file) as lines:
        if scored:
            _score(_labelled(lines), understander, totals=totals, as_json=as_json)
            return
        for line in _objects(lines):
            _show(understander.understand(str(line["text"])), line, as_json)


def _reread(subject: str | None, as_json: bool) -> None:
    """Codes and levels only: what a patient wrote is never printed here."""
    code = SubjectCode(subject) if subject is not None else None
    found = at_desk(lambda desk: reread_words(desk, subject=code))
    shown = [
        {
            "subject": one.subject,
            "said": one.said_id,
            "at": one.at,
            "rules": one.read_by.rules,
            "lexicon": one.read_by.lexicon,
            "changed": {name: list(_without_quotes(name, values)) for name, values in one.changed.items()},
        }
        for one in found.changed
    ]
    told = {
        "rules": found.versions.rules,
        "lexicon": found.versions.lexicon,
        "read": found.count,
        "erased": found.erased,
        "differing": shown,
    }
    lines = [
        f"{found.count} read again by rules {found.versions.rules}, lexicon {found.versions.lexicon}; "
        f"{len(shown)} read otherwise; {found.erased} erased",
        *(line for one in shown for line in _lines_of(one)),
    ]
    tell(as_json, told, lines)


def _lines_of(one: dict[str, Any]) -> list[str]:
    head = f"{one['subject']}  {one['at']:%Y-%m-%d %H:%M}Z  message {one['said']}"
    return [head, *(f"    {name}: {then} -> {now}" for name, (then, now) in one["changed"].items())]


def _without_quotes(name: str, values: tuple[Any, Any]) -> tuple[Any, Any]:
    """A finding without the words it rests on."""
    if name != "findings":
        return values
    then, now = ([[*one[:2], *one[3:]] for one in side or []] for side in values)
    return then, now


def document(meant: Understanding, line: dict[str, Any] | None = None) -> dict[str, Any]:
    """The fields of the data card, what they rest on, and the `id` of the line if it has one."""
    given = line or {}
    known: dict[str, Any] = {key: given[key] for key in ("id", "lang") if key in given}
    return known | {
        "text": meant.text,
        "symptoms": list(meant.symptoms),
        "level": meant.level.name.lower(),
        "platelets": _number(meant.platelets),
        "temperature_c": _number(meant.temperature_c),
        "intent": meant.intent.value,
        "reporter": meant.reporter.value,
        "findings": [
            {
                "symptom": finding.symptom,
                "polarity": finding.polarity.value,
                "quote": finding.quote,
                "circumstances": list(finding.modifiers),
                "level": finding.level.name.lower(),
                "rule": finding.rule,
            }
            for finding in meant.findings
        ],
        "counts": [_count(count) for count in meant.counts],
        "red_flags": [
            {"rule": flag.rule, "text": flag.text_id, "quote": flag.quote} for flag in meant.red_flags
        ],
        "confirm": [{"rule": flag.rule, "text": flag.text_id, "quote": flag.quote} for flag in meant.confirm],
        "reasons": list(meant.reasons),
    }


def _count(count: Count) -> dict[str, Any]:
    return {
        "analyte": count.analyte.value,
        "value": _number(count.value),
        "quote": count.quote,
        "current": count.current,
        "unit_doubtful": count.unit_doubtful,
        "or_else": _number(count.or_else),
    }


def _say(words: str) -> None:
    """Half a surrogate pair, which no terminal can show, becomes its escape."""
    typer.echo(words.encode("utf-8", errors="backslashreplace").decode("utf-8"))


def _number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _show(meant: Understanding, line: dict[str, Any], as_json: bool) -> None:
    if as_json:
        _say(json.dumps(document(meant, line), ensure_ascii=False))
        return
    numbers = (
        *([f"platelets {meant.platelets}"] if meant.platelets is not None else []),
        *([f"{meant.temperature_c} °C"] if meant.temperature_c is not None else []),
    )
    _say(meant.text)
    typer.echo(f"  level     {meant.level.name.lower()}")
    typer.echo(f"  symptoms  {', '.join(meant.symptoms) or '-'}")
    typer.echo(f"  numbers   {', '.join(numbers) or '-'}")
    typer.echo(f"  intent    {meant.intent.value}")
    for reason in meant.reasons:
        _say(f"    {reason}")


@contextmanager
def _opened(file: str) -> Iterator[TextIO]:
    if file == "-":
        typed = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", errors="replace")
        try:
            yield typed
        finally:
            typed.detach()
        return
    try:
        with Path(file).open(encoding="utf-8-sig", errors="replace") as lines:
            yield lines
    except OSError as error:
        refuse(f"{file} cannot be read: {error.strerror}")


def _objects(lines: TextIO) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict) or not isinstance(found.get("text"), str):
            refuse(f"line {number} is no JSON object with a `text`")
        yield found


def _labelled(lines: TextIO) -> list[dict[str, Any]]:
    found = list(_objects(lines))
    for number, line in enumerate(found, start=1):
        problem = unusable_label(line)
        if problem:
            refuse(f"message {number} cannot be scored: {problem}")
    return found


def _score(lines: list[dict[str, Any]], understander: Understander, *, totals: bool, as_json: bool) -> None:
    judged = judge(lines, understander.understand)
    if as_json:
        typer.echo(json.dumps(as_document(judged, with_misses=not totals), ensure_ascii=False))
    else:
        typer.echo(report(judged, with_misses=not totals))
