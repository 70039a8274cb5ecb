"""From the files of a study folder to their shapes, with every mistake of syntax and shape on the way.

A mistake that can be read past (an unknown key, words missing in one language) does not keep the rest of the
file from being checked in the same run.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from bot.study_file import shape
from bot.study_file.problems import Problem

FILES: Mapping[str, type[BaseModel]] = {
    "study.toml": shape.StudyShape,
    "schedule.toml": shape.ScheduleShape,
    "labs.toml": shape.LabsShape,
    "gate.toml": shape.GateShape,
    "closing.toml": shape.ClosingsShape,
    "texts.toml": shape.TextsShape,
    "ctcae.toml": shape.TermsShape,
    "triage.toml": shape.TriageShape,
    "chains.toml": shape.ChainsShape,
    "consent.toml": shape.ConsentShape,
    "sae.toml": shape.SaeShape,
}
SYMPTOMS = "symptoms"

_Shape = TypeVar("_Shape", bound=BaseModel)
_Loc = tuple[str | int, ...]
# What whoever wrote the file should do about it.
_REMEDIES = {
    "missing": "Add the key.",
    "extra_forbidden": "Remove the key, or correct its spelling.",
    "string_too_short": "Write the words; empty ones are refused.",
    "too_short": "Add at least one entry.",
    "enum": "Use one of the words listed.",
    "literal_error": "Use one of the words listed.",
    "int_type": "Write a whole number without quotes.",
    "bool_type": "Write true or false without quotes.",
    "value_error": "Write it as described.",
}
_LANGUAGES: Mapping[str, str] = {"en": "zh", "zh": "en"}


@dataclass(slots=True)
class Read:
    """What could be read. A file that could not is None, and what others say of it is not judged.

    `symptoms`: place → file, in catalogue order; `faulty` are the names of files with problems.
    """

    study: shape.StudyShape | None = None
    schedule: shape.ScheduleShape | None = None
    labs: shape.LabsShape | None = None
    gate: shape.GateShape | None = None
    closing: shape.ClosingsShape | None = None
    texts: shape.TextsShape | None = None
    ctcae: shape.TermsShape | None = None
    triage: shape.TriageShape | None = None
    chains: shape.ChainsShape | None = None
    consent: shape.ConsentShape | None = None
    sae: shape.SaeShape | None = None
    symptoms: dict[str, shape.SymptomShape] = field(default_factory=dict)
    unread_symptoms: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read(folder: Path) -> Read:
    """Every file of the folder; `problems` in the order of the files."""
    found = Read()
    if not folder.is_dir():
        found.problems.append(
            Problem(
                str(folder), "no such folder", "a study folder", "Name a built-in id or an existing folder."
            )
        )
        return found
    for name, model in FILES.items():
        setattr(found, name.removesuffix(".toml"), _file(folder, name, model, found.problems))
    for name in sorted(f"{SYMPTOMS}/{path.name}" for path in (folder / SYMPTOMS).glob("*.toml")):
        symptom = _file(folder, name, shape.SymptomShape, found.problems)
        if symptom is None:
            found.unread_symptoms.append(name)
        else:
            found.symptoms[name] = symptom
    found.problems += _folder_problems(folder, found)
    return found


def _folder_problems(folder: Path, found: Read) -> Iterator[Problem]:
    if not found.symptoms and not found.unread_symptoms:
        yield Problem(f"{SYMPTOMS}/", "no file", "one file for each symptom", "Add the symptom files.")
    for path in sorted(folder.glob("*.toml")):
        if path.name not in FILES:
            yield Problem(
                path.name, "a file nobody reads", f"one of {', '.join(FILES)}", "Rename or remove the file."
            )


def _file(folder: Path, name: str, model: type[_Shape], problems: list[Problem]) -> _Shape | None:
    content = _content(folder / name, name, problems)
    if content is None:
        return None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems += [_problem(name, complaint) for complaint in error.errors()]
        return _read_past(content, model, error)


def _read_past(content: dict[str, Any], model: type[_Shape], error: ValidationError) -> _Shape | None:
    try:
        return model.model_validate(_without_mistakes(content, error.errors()))
    except ValidationError:
        return None


def _content(path: Path, name: str, problems: list[Problem]) -> dict[str, Any] | None:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except FileNotFoundError:
        problems.append(
            Problem(name, "no such file", "a TOML file", "Add it; copy it from a built-in study.")
        )
    except UnicodeDecodeError:
        problems.append(Problem(name, "bytes that are not UTF-8", "UTF-8 text", "Save the file as UTF-8."))
    except tomllib.TOMLDecodeError as error:
        problems.append(Problem(name, str(error), "valid TOML", "Mend the syntax at the line named."))
    return None


def _problem(name: str, complaint: Mapping[str, Any]) -> Problem:
    kind, loc = str(complaint["type"]), complaint["loc"]
    found = "nothing" if kind == "missing" else _shortened(complaint["input"])
    remedy = _REMEDIES.get(kind, "Correct the value.")
    if kind == "missing" and loc[-1] in _LANGUAGES:
        remedy = "Write the words in this language too."
    expected = {"missing": "a value", "extra_forbidden": "no such key"}.get(kind)
    said = str(complaint["msg"]).removeprefix("Value error, ")
    return Problem(
        f"{name}: {place_of(loc)}".removesuffix(": "), found, expected or _uncapitalised(said), remedy
    )


def place_of(loc: Sequence[str | int]) -> str:
    """A key path as it is written in the file.

    >>> place_of(("questions", 2, "options", 0, "zh"))
    'questions[2].options[0].zh'
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


def _shortened(value: object) -> str:
    said = repr(value)
    return said if len(said) <= 60 else f"{said[:57]}…"


def _uncapitalised(said: str) -> str:
    return said[:1].lower() + said[1:]


def _without_mistakes(content: dict[str, Any], complaints: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A copy without unknown keys, and with the words of the other language where one is missing."""
    mended = copy.deepcopy(content)
    for complaint in complaints:
        *way, last = complaint["loc"]
        holder = _at(mended, tuple(way))
        if not isinstance(holder, dict):
            continue
        if complaint["type"] == "extra_forbidden":
            holder.pop(last, None)
        elif last in _LANGUAGES and isinstance(holder.get(_LANGUAGES[last]), str):
            holder[last] = holder[_LANGUAGES[last]]
    return mended


def _at(content: Any, way: _Loc) -> Any:
    for part in way:
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            return None
    return content
