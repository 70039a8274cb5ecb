"""Forms that change the record: typed, shown with what they would change, then saved. What is typed is kept.

Every form goes three steps under one address: it is filled in; it is checked, and the effect is shown before
anything is stored; it is saved. A refusal leads back to the filled-in form, never to an empty one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum, StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.actions.note_access import note_refusal
from bot.rules.changes import Effects
from bot.rules.errors import Held, NotEntitled, Refusal
from bot.rules.messages import Phrase
from handlers.console.pages import console_of, page, visitor_in

Values = Mapping[str, str]
Member = TypeVar("Member", bound=Enum)


class FieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    MOMENT = "datetime-local"
    DAY = "date"
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
    """`title` says what is entered, of whom, for which `site`. `read` makes an entry of it, or refuses.

    `initial` is what stands there at first: never a value that a person must state. `told` stands above the
    fields: what is known already.
    """

    title: Phrase
    subject: str
    site: str
    time_zone: str
    fields: tuple[Field, ...]
    read: Callable[[Values], Entry]
    initial: Values = field(default_factory=dict)
    told: tuple[Phrase, ...] = ()


async def begin(request: Request, form: Form) -> Response:
    """The form, to be filled in."""
    return _filled_in(request, form, form.initial, None)


async def go_on(request: Request, form: Form) -> Response:
    """What was typed is checked and its effect shown; or saved; or changed once more.

    A subject who was typed and is foreign or unknown is refused with what was typed kept, and leaves a trace.
    """
    sent = await request.form()
    typed = {one.name: str(sent.get(one.name, "")).strip() for one in form.fields}
    step = str(sent.get("step", "check"))
    if step == "change":
        return _filled_in(request, form, typed, None)
    try:
        _complete(form, typed)
        entry = form.read(typed)
        if step == "save":
            confirmed, shown = sent.get("confirmed") == "yes", str(sent.get("shown", ""))
            return await _saved(request, form, typed, entry, confirmed=confirmed, shown=shown)
        return await _shown(request, form, typed, entry, None)
    except NotEntitled as refusal:
        asked_for = refusal.values.get("subject")
        if asked_for in (None, form.subject):
            raise
        await note_refusal(
            console_of(request).desk, by=visitor_in(request).staff.code, asked_for=str(asked_for)
        )
        return _filled_in(request, form, typed, Refusal("refusal.not_yours", subject=asked_for))
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


def day(values: Values, name: str) -> date | None:
    """A date as typed; None where the field is empty.

    Raises:
        Refusal: no date.
    """
    if not values[name]:
        return None
    try:
        return date.fromisoformat(values[name])
    except ValueError as error:
        raise Refusal("refusal.no_date", typed=values[name]) from error


def choice(values: Values, name: str, members: type[Member]) -> Member:
    """The chosen member of a list.

    Raises:
        Refusal: none of them.
    """
    if values[name] not in members.__members__:
        raise Refusal("refusal.field_empty")
    return members[values[name]]


def decimal(values: Values, name: str) -> Decimal | None:
    """A plain number such as 46.5; None where the field is empty.

    Raises:
        Refusal: anything else, or below zero.
    """
    if not values[name]:
        return None
    try:
        number = Decimal(values[name])
    except InvalidOperation as error:
        raise Refusal("refusal.no_number", typed=values[name]) from error
    if not number.is_finite() or number < 0:
        raise Refusal("refusal.no_number", typed=values[name])
    return number


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


async def _saved(
    request: Request, form: Form, typed: Values, entry: Entry, *, confirmed: bool, shown: str
) -> Response:
    """Stored, if it still does what was shown; else the effect as it is now is shown, and nothing is stored.

    Between the two looks nothing can slip in: the action refuses a record that changed since this request
    read it.
    """
    if (await entry.preview()).trace() != shown:
        return await _shown(request, form, typed, entry, Refusal("refusal.changed_meanwhile"))
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
        shown=found.trace(),
        refusal=refusal,
    )


def _filled_in(request: Request, form: Form, typed: Values, refusal: Refusal | None) -> Response:
    return page(
        request, "entry.html", status=409 if refusal else 200, form=form, typed=typed, refusal=refusal
    )
