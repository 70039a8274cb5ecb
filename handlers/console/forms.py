"""Forms that change the record: typed, shown with what they would change, then saved. What is typed is kept.

Every form goes three steps under one address: it is filled in; it is checked, and the effect is shown before
anything is stored; it is saved. A refusal leads back to the filled-in form, never to an empty one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.rules.changes import Effects
from bot.rules.errors import Held, NotEntitled, Refusal
from bot.rules.messages import Phrase
from handlers.console.pages import page

Values = Mapping[str, str]


class FieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    MOMENT = "datetime-local"
    CHOICE = "choice"
    TICK = "tick"
    WORDS = "words"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`label` and `hint` are message keys; `choices` pairs of value and shown words."""

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    hint: str = ""
    required: bool = True
    choices: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One filled-in form, ready to be weighed and saved; both may refuse."""

    preview: Callable[[], Awaitable[Effects]]
    save: Callable[[bool], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """`title` says what is entered, of whom. `read` makes an entry of what was typed, or refuses.

    `initial` is what stands there at first: never a value that a person must state.
    """

    title: Phrase
    subject: str
    time_zone: str
    fields: tuple[Field, ...]
    read: Callable[[Values], Entry]
    initial: Values = field(default_factory=dict)


async def begin(request: Request, form: Form) -> Response:
    """The form, to be filled in."""
    return _filled_in(request, form, form.initial, None)


async def go_on(request: Request, form: Form) -> Response:
    """What was typed is checked and its effect shown; or saved; or changed once more."""
    sent = await request.form()
    typed = {one.name: str(sent.get(one.name, "")).strip() for one in form.fields}
    step = str(sent.get("step", "check"))
    if step == "change":
        return _filled_in(request, form, typed, None)
    try:
        _complete(form, typed)
        entry = form.read(typed)
        if step == "save":
            return await _saved(request, form, typed, entry, confirmed=sent.get("confirmed") == "yes")
        return await _shown(request, form, typed, entry, None)
    except NotEntitled:
        raise
    except Refusal as refusal:
        return _filled_in(request, form, typed, refusal)


def moment(values: Values, name: str, time_zone: str) -> datetime:
    """A moment as typed on the clock of the site.

    Raises:
        Refusal: not a date and time.
    """
    try:
        typed = datetime.fromisoformat(values[name])
    except ValueError as error:
        raise Refusal("refusal.no_moment", typed=values[name]) from error
    if len(values[name]) <= len("2026-03-10"):
        raise Refusal("refusal.no_moment", typed=values[name])
    return typed if typed.tzinfo else typed.replace(tzinfo=ZoneInfo(time_zone))


def whole_number(values: Values, name: str) -> int:
    """A whole number as typed.

    Raises:
        Refusal: anything else.
    """
    typed = values[name]
    if not (typed.isascii() and typed.isdigit() and len(typed) < 7):
        raise Refusal("refusal.no_whole_number", typed=typed)
    return int(typed)


def as_typed(at: datetime, time_zone: str) -> str:
    """A moment as a date field holds it."""
    return f"{at.astimezone(ZoneInfo(time_zone)):%Y-%m-%dT%H:%M}"


def _complete(form: Form, typed: Values) -> None:
    if any(one.required and not typed[one.name] for one in form.fields):
        raise Refusal("refusal.field_empty")


async def _saved(request: Request, form: Form, typed: Values, entry: Entry, *, confirmed: bool) -> Response:
    try:
        anchor = await entry.save(confirmed)
    except Held:
        return await _shown(request, form, typed, entry, Refusal("refusal.confirm_first"))
    return RedirectResponse(f"/participants/{form.subject}{anchor}", status_code=303)


async def _shown(
    request: Request, form: Form, typed: Values, entry: Entry, refusal: Refusal | None
) -> Response:
    """What saving would change; nothing is stored yet."""
    found = await entry.preview()
    return page(
        request,
        "entry_check.html",
        status=409 if refusal else 200,
        form=form,
        typed=typed,
        asks=found.asks,
        lines=tuple(line for line in found.lines() if line not in found.asks),
        refusal=refusal,
    )


def _filled_in(request: Request, form: Form, typed: Values, refusal: Refusal | None) -> Response:
    return page(
        request, "entry.html", status=409 if refusal else 200, form=form, typed=typed, refusal=refusal
    )
