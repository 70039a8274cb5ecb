"""What every form of one participant begins with, and how a filled-in one is weighed and saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from bot.actions.chart import Verb
from bot.actions.desk import Desk
from bot.actions.open_entry import Opened, open_entry
from bot.rules.access import Act, AuthMethod
from bot.rules.changes import Effects
from bot.rules.messages import Phrase
from bot.rules.study import StaffCode, SubjectCode
from handlers.console.forms import Entry, Field, FieldKind, Form, Values, begin, go_on
from handlers.console.pages import Speech, console_of, speech_of, visitor_in

CONSOLE = AuthMethod.CONSOLE
REASON = Field(
    name="reason", label="console.entry.reason", kind=FieldKind.WORDS, hint="console.entry.reason_hint"
)
PLAN, TOP = "#plan-title", ""

_Typed = TypeVar("_Typed")
_Stored = TypeVar("_Stored")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One participant's record as it stood when this request read it, before a person who may change it.

    `desk` refuses to save once her record has changed since.
    """

    desk: Desk
    opened: Opened
    by: StaffCode
    speech: Speech

    @property
    def subject(self) -> SubjectCode:
        return self.opened.participant.subject_code

    @property
    def zone(self) -> str:
        """Staff type moments on the clock of the site, wherever the participant is."""
        return self.opened.site.time_zone

    def titled(self, what: str, /, **values: object) -> Phrase:
        """The heading of a form: `console.entry.<what>`."""
        return Phrase(key=f"console.entry.{what}", values={"subject": self.subject, **values})

    def form(
        self,
        title: Phrase,
        *fields: Field,
        read: Callable[[Values], Entry],
        initial: Values | None = None,
        told: tuple[Phrase, ...] = (),
    ) -> Form:
        return Form(
            title=title,
            subject=self.subject,
            site=f"{self.opened.site.code} {self.speech.said(self.opened.site.name)}",
            time_zone=self.zone,
            fields=fields,
            read=read,
            initial=initial or {},
            told=told,
        )

    def entry(
        self,
        made: Callable[[bool], _Typed],
        *,
        preview: Verb[_Typed, Effects],
        action: Verb[_Typed, _Stored],
        back_to: Callable[[_Stored], str] | str = PLAN,
    ) -> Entry:
        """A filled-in form. `made` gives what was typed, confirmed or not; refuses what is no answer.

        `back_to`: where on her page one comes out after saving.
        """
        typed = made(False)

        async def save(confirmed: bool) -> str:
            stored = await action(self.desk, entry=made(confirmed), by=self.by, auth=CONSOLE)
            return back_to if isinstance(back_to, str) else back_to(stored)

        return Entry(
            preview=lambda: preview(self.desk, entry=typed, by=self.by, auth=CONSOLE),
            save=save,
        )


async def sheet_of(request: Request, act: Act) -> Sheet:
    """The record of the participant named by the address.

    Raises:
        NotEntitled: foreign, unknown, or a right that is not held.
    """
    desk, by = console_of(request).desk, visitor_in(request).staff.code
    opened = await open_entry(desk, subject=SubjectCode(request.path_params["subject"]), by=by, act=act)
    return Sheet(desk=desk.having_seen(opened.participant), opened=opened, by=by, speech=speech_of(request))


async def served(request: Request, form: Form) -> Response:
    """The form to be filled in, or what became of a filled-in one."""
    return await (begin if request.method == "GET" else go_on)(request, form)


def optional(field: Field) -> Field:
    """The same field, which may be left empty."""
    return replace(field, required=False)
