"""Every key used in code has words, every word is used, every placeholder is given its value.

A key counts as used where it stands in quotes in `bot/`, in `handlers/` or in a study file; one that is made
in code, such as `f"patient.answer.{option}"`, stands for every key of that shape, and its family is checked
member by member below.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from bot.rules.activities import ActivityStatus, CancelReason, ChangeReason
from bot.rules.calendar import ByWhenKind
from bot.rules.case import Outcome
from bot.rules.messages import Phrase
from bot.rules.participant import DoseKind, HoldReason, ParticipantState, StatedWhat, TreatmentStop
from bot.rules.plan_strip import StripMark
from bot.rules.reminders import Content
from bot.rules.report import OpenedBy, Reporter, ReportStatus
from bot.rules.sae import Causality, SaeCause
from bot.rules.staff_notices import NoticeKind
from bot.rules.study import Language, Level, Role, Sex, Study
from bot.rules.watch import Trouble
from bot.rules.worklist import WorkKind
from bot.study_file import load_study
from bot.texts import Texts, enum_key, read_catalogues, told_on_lock_screen
from bot.texts.catalogues import placeholders
from bot.understanding.red_flags import FLAGS
from handlers.telegram.translate import CONTENT_KINDS
from storage.codec import decode, encode

HOUSE = Path(__file__).parent.parent.parent
STUDIES = sorted((HOUSE / "bot" / "studies").glob("*/"))
_FIRST = r"(?:patient|staff|console|operator|rehearsal|refusal)"
_KEY = re.compile(rf"{_FIRST}(?:\.[a-z0-9_]+)+")
_IN_A_STUDY = re.compile(rf'"({_FIRST}\.[a-z0-9_.]+)"')
_IN_A_TEMPLATE = re.compile(rf"[\"']({_FIRST}\.[a-z0-9_.]+)[\"']")
# Calls that take a key and the values of its words. With each: arguments that are no value of the words.
_SPEAKS: dict[str, set[str]] = {
    "phrase": set(),
    "button": {"data"},
    "Refusal": set(),
    "say": {"zone"},
    "Phrase": set(),
}
# Enums whose members are said in words; `bot/texts` makes their keys.
SAID_ENUMS: tuple[type[Enum], ...] = (
    ActivityStatus,
    CancelReason,
    DoseKind,
    HoldReason,
    Level,
    OpenedBy,
    Outcome,
    ParticipantState,
    Reporter,
    ReportStatus,
    Role,
    SaeCause,
    Sex,
    StatedWhat,
    WorkKind,
)
# Shown on pages only, so no message that waits holds one.
PAGE_ENUMS: tuple[type[Enum], ...] = (Causality, ChangeReason, StripMark, TreatmentStop)
# Said to nobody: they calm, or promise what only a person can know (promise 6, specification 2.9).
NEVER_SAID = re.compile(
    r"don.t worry|no need to worry|nothing serious|not serious|harmless|they know"
    r"|已经知道|别担心|不用担心|不严重|没事|放心",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Use:
    """A key, or the pattern of one, at a place in the code; `values` where they can be read off."""

    key: str
    place: str
    pattern: bool = False
    values: frozenset[str] | None = None


@cache
def known() -> frozenset[str]:
    return Texts.load().keys()


@cache
def uses() -> tuple[Use, ...]:
    return (*_in_code(), *_in_studies(), *_in_templates())


@cache
def study() -> Study:
    return load_study("ql-ctit-ruls-1002")


def test_no_key_is_used_without_words() -> None:
    unknown = [f"{use.place}: {use.key}" for use in uses() if not use.pattern and use.key not in known()]
    assert not unknown, "\n".join(unknown)


def test_every_key_made_in_code_has_at_least_one_member() -> None:
    empty = [
        f"{use.place}: {use.key}"
        for use in uses()
        if use.pattern and not any(re.fullmatch(use.key, key) for key in known())
    ]
    assert not empty, "\n".join(empty)


def test_no_words_lie_unused() -> None:
    plain = {use.key for use in uses() if not use.pattern}
    plain |= {enum_key(member) for enum in (*SAID_ENUMS, *PAGE_ENUMS) for member in enum}
    patterns = [use.key for use in uses() if use.pattern]
    unused = [
        key for key in sorted(known() - plain) if not any(re.fullmatch(pattern, key) for pattern in patterns)
    ]
    assert not unused, "\n".join(unused)


def test_every_placeholder_is_given_its_value_where_the_key_is_said() -> None:
    words = read_catalogues()[Language.EN].words
    lacking = [
        f"{use.place}: {use.key} lacks {', '.join(sorted(missing))}"
        for use in uses()
        if use.values is not None
        and use.key in words
        and (missing := placeholders("".join(words[use.key])) - use.values)
    ]
    assert not lacking, "\n".join(lacking)


def test_every_member_of_an_enum_that_is_said_has_words() -> None:
    missing = {enum_key(member) for enum in (*SAID_ENUMS, *PAGE_ENUMS) for member in enum} - known()
    assert not missing


def test_every_enum_that_is_said_can_wait_in_the_outbox() -> None:
    for enum in SAID_ENUMS:
        for member in enum:
            assert decode(encode(Phrase("staff.stale", {"value": member}))).values["value"] is member


def families() -> Iterator[tuple[str, set[str]]]:
    """Keys made in code, with the members they are made for."""
    answers = {
        option for chain in study().chains.values() for step in chain.patient_steps for option in step.options
    }
    at_night = {"canwait", "cannotwait"}
    yield "patient.answer.{}", answers | at_night
    yield "staff.answer.{}", answers | at_night
    # An answer that leads to the emergency text has no words of its own.
    yield "patient.case.{}", answers - {"notyet", "worse"}
    yield "staff.content.{}", set(CONTENT_KINDS)
    yield "staff.notice.{}", {kind.value.replace("-", "_") for kind in NoticeKind}
    yield "patient.by_when.{}", {kind.value for kind in ByWhenKind}
    yield "patient.stated.{}", {what.value.lower() for what in StatedWhat}
    answers = {what.value.lower() for what in StatedWhat if what is not StatedWhat.DONE}
    yield "patient.stated.button.{}", answers | {f"done_{content.value}" for content in Content}
    yield "staff.red_flag.{}", {rule.lower().replace("-", "_") for rule in FLAGS}
    yield "operator.watch.{}", {trouble.value.lower() for trouble in Trouble}
    lasting = set(Trouble) - {Trouble.CLOCK_JUMPED, Trouble.WAS_DOWN}
    yield "operator.watch.name.{}", {trouble.value.lower() for trouble in lasting}
    yield "staff.outcome.{}", {outcome.value for outcome in Outcome}
    yield "patient.next_visit.{}", {str(content) for content in Content} - {"prophylaxis"}
    yield (
        "patient.reminder.{}",
        {f"{content}_{when}" for content, when in product(Content, ("tomorrow", "today", "done"))},
    )


@pytest.mark.parametrize("family", [name for name, _ in families()])
def test_a_family_of_keys_has_words_for_every_member(family: str) -> None:
    wanted = {family.format(member) for name, members in families() if name == family for member in members}
    assert not wanted - known()


@pytest.mark.parametrize("language", list(Language))
def test_a_locked_phone_tells_no_disease_no_drug_no_result(language: Language) -> None:
    words = read_catalogues()[language].words
    told = {
        key: found
        for key, forms in words.items()
        if key.startswith("patient.")
        for form in forms
        if (found := told_on_lock_screen(form))
    }
    texts = {text.id: text.text.said_in(language) for text in study().texts.values()}
    phone = "022-5550-0101"
    safety = {
        text_id: told_on_lock_screen(words.replace("{site_phone}", phone)) for text_id, words in texts.items()
    }
    assert not told
    assert not {text_id: found for text_id, found in safety.items() if found}


@pytest.mark.parametrize("language", list(Language))
def test_no_patient_is_reassured(language: Language) -> None:
    words = read_catalogues()[language].words
    said = [
        key for key, forms in words.items() if key.startswith("patient.") and NEVER_SAID.search(str(forms))
    ]
    assert not said


def test_chinese_speaks_politely_and_without_half_width_marks() -> None:
    words = read_catalogues()[Language.ZH].words
    impolite = [key for key, forms in words.items() if key.startswith("patient.") and "你" in str(forms)]
    half_width = [
        key for key, forms in words.items() if re.search(r"[一-鿿][,;?!]|[,;?!][一-鿿]", str(forms))
    ]
    assert not impolite
    assert not half_width


def test_english_is_never_chinese() -> None:
    words = read_catalogues()[Language.EN].words
    mixed = {key for key, forms in words.items() if re.search(r"[一-鿿]", str(forms))}
    assert mixed == {"patient.join.chinese"}  # the button that offers it


def test_what_sends_a_patient_elsewhere_gives_the_phone() -> None:
    """A text that names the site's phone has it as a value, never written out."""
    for language in Language:
        for key, forms in read_catalogues()[language].words.items():
            assert not re.search(r"\d{3,4}-\d{4}", str(forms)), key


# ---------------------------------------------------------------- reading the code


def _in_studies() -> Iterator[Use]:
    for path in (file for folder in STUDIES for file in sorted(folder.rglob("*.toml"))):
        for key in _IN_A_STUDY.findall(path.read_text(encoding="utf-8")):
            yield Use(key, path.relative_to(HOUSE).as_posix())


def _in_templates() -> Iterator[Use]:
    """Whole keys, and the beginnings to which a template joins a word (`"rehearsal.role." ~ role`)."""
    for path in sorted([*(HOUSE / "handlers").rglob("*.html"), *(HOUSE / "bot").rglob("*.html")]):
        for key in _IN_A_TEMPLATE.findall(path.read_text(encoding="utf-8")):
            begins = key.endswith(".")
            shape = re.escape(key) + "[A-Za-z0-9_]+" if begins else key
            yield Use(shape, path.relative_to(HOUSE).as_posix(), pattern=begins)


def _in_code() -> Iterator[Use]:
    for root in ("bot", "handlers"):
        for path in sorted((HOUSE / root).rglob("*.py")):
            if "texts" not in path.parts:
                yield from _in_module(path)


def _in_module(path: Path) -> Iterator[Use]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    in_f_strings = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
    }
    for node in ast.walk(tree):
        place = f"{path.relative_to(HOUSE).as_posix()}:{getattr(node, 'lineno', 0)}"
        match node:
            case ast.Constant(value=str() as text) if _KEY.fullmatch(text) and id(node) not in in_f_strings:
                yield Use(text, place)
            case ast.JoinedStr() if (pattern := _pattern(node)) is not None:
                yield Use(pattern, place, pattern=True)
            case ast.Call() if (said := _said(node)) is not None:
                yield Use(said[0], place, values=said[1])


def _pattern(text: ast.JoinedStr) -> str | None:
    """The keys an f-string can make, as a pattern; None where it makes none."""
    parts = [
        re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[A-Za-z0-9_]+"
        for part in text.values
    ]
    pattern = "".join(parts)
    begins = text.values[0] if text.values else None
    is_key = isinstance(begins, ast.Constant) and re.match(rf"{_FIRST}\.", str(begins.value))
    # What follows a colon is a value beside the key (`staff.story.content:voice`).
    return pattern.partition(":")[0] if is_key else None


def _said(call: ast.Call) -> tuple[str, frozenset[str]] | None:
    """Key and names of the values of a call whose values can be read off."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in _SPEAKS:
        return None
    arguments = {keyword.arg: keyword.value for keyword in call.keywords}
    key = arguments.pop("key", call.args[0] if call.args else None)
    if not isinstance(key, ast.Constant) or not isinstance(key.value, str) or None in arguments:
        return None
    if name != "Phrase":
        return key.value, frozenset(str(one) for one in arguments) - _SPEAKS[name]
    values = arguments.get("values", call.args[1] if len(call.args) > 1 else ast.Dict([], []))
    if not isinstance(values, ast.Dict) or not all(isinstance(one, ast.Constant) for one in values.keys):
        return None
    return key.value, frozenset(str(one.value) for one in values.keys if isinstance(one, ast.Constant))
