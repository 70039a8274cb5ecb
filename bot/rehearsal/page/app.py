"""The web application of the rehearsal: what can be looked at, and what a visitor can do on the telephones.

Every form works without script: it answers with the page again. The script sends the same forms and shows the
same pieces of the page.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.rehearsal.cast import Character
from bot.rehearsal.page import view
from bot.rehearsal.page.guarding import OnlyThisMachine
from bot.rehearsal.stage import Jump, Scene, Stage
from bot.rehearsal.stand_in import NotOnScreen
from bot.rules.errors import Refusal
from bot.rules.messages import Phrase
from bot.rules.study import Language, Role, StaffCode

PATH: Final = "/rehearsal"
_HERE: Final = Path(__file__).parent
_LOOK_EVERY_S: Final = 1.0
_SIGN_OF_LIFE_EVERY: Final = 15
_ANSWER_S: Final = 8.0
_LONGEST_TEXT: Final = 4096

Handler = Callable[[Request], Awaitable[Response]]


class Page:
    """The pages and forms over one stage; `stop` ends the streams."""

    def __init__(self, stage: Stage, stop: asyncio.Event) -> None:
        self._stage = stage
        self._stop = stop
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def app(self) -> Starlette:
        """Everything below `PATH`, and the page itself at the root."""
        forms: dict[str, Handler] = {
            "say": self.say,
            "send": self.send,
            "edit": self.edit,
            "tap": self.tap,
            "card": self.card,
            "block": self.block,
            "time": self.time,
            "stop": self.stop_here,
            "scene": self.scene,
            "console": self.console,
        }
        return Starlette(
            routes=[
                Route("/", self.page),
                Route(PATH, self.page),
                Route(f"{PATH}/chat/{{code}}", self.chat),
                Route(f"{PATH}/log", self.log),
                Route(f"{PATH}/file/{{code}}/{{number:int}}", self.file),
                Route(f"{PATH}/events", self.events),
                *(Route(f"{PATH}/{name}", form, methods=["POST"]) for name, form in forms.items()),
                Mount(f"{PATH}/static", StaticFiles(directory=_HERE / "static"), name="static"),
            ],
            middleware=[Middleware(OnlyThisMachine)],
            exception_handlers={NotOnScreen: self._gone, Refusal: self._refused},
        )

    # ── looking ──────────────────────────────────────────────────────────────

    async def page(self, request: Request) -> Response:
        asked = request.query_params
        chosen = view.choose(
            self._stage,
            language=asked.get("lang", ""),
            patient=asked.get("patient", ""),
            staff=asked.get("staff", ""),
            accepted=request.headers.get("accept-language", ""),
        )
        stage = self._stage
        return self._html(
            "page.html",
            chosen.language,
            chosen=chosen,
            stage=stage,
            state=self._state(chosen.language),
            days={one.code: view.chat(stage, one) for one in (chosen.patient, chosen.staff)},
            lines=view.log(stage, chosen.language),
            patients=list(view.by_site(stage, stage.cast.patients())),
            colleagues=stage.cast.staff_of(chosen.patient.site),
            everybody=list(stage.cast),
            Jump=Jump,
            Scene=Scene,
            Role=Role,
        )

    async def chat(self, request: Request) -> Response:
        who = self._character(request.path_params["code"])
        language = self._language(request)
        return self._html("chat.html", language, who=who, days=view.chat(self._stage, who), stage=self._stage)

    async def log(self, request: Request) -> Response:
        language = self._language(request)
        return self._html("log.html", language, lines=view.log(self._stage, language))

    async def file(self, request: Request) -> Response:
        """A picture or document on a telephone."""
        who = self._character(request.path_params["code"])
        number = request.path_params["number"]
        shown = next(
            (one for one in self._stage.telegram.screen(who.person) if one.message_id == number), None
        )
        if shown is None or shown.content not in ("photo", "document"):
            raise NotOnScreen(f"no file {number}")
        content = self._stage.telegram.file(shown, who.person)
        if shown.content == "photo":
            kind = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
            return Response(content, media_type=kind)
        return Response(
            content,
            media_type="application/octet-stream",
            headers={"Content-Disposition": f"attachment; filename=suifang-{number}"},
        )

    async def events(self, request: Request) -> Response:
        """Tells the page whenever something changed, until it is closed."""
        return StreamingResponse(
            self._told(self._language(request)),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    async def _told(self, language: Language) -> AsyncIterator[str]:
        told, quiet = "", 0
        while not self._stop.is_set():
            state = json.dumps(self._state(language), ensure_ascii=False)
            if state != told:
                told, quiet = state, 0
                yield f"data: {state}\n\n"
            elif quiet >= _SIGN_OF_LIFE_EVERY:
                quiet = 0
                yield ": still here\n\n"
            quiet += 1
            await self._stage.changes.wait(_LOOK_EVERY_S)

    def _state(self, language: Language) -> dict[str, object]:
        """All that a page needs to know whether it still shows what is so."""
        stage = self._stage
        day, clock = view.day_and_time(stage.now(), language)
        return {
            "raised": stage.raised,
            "busy": stage.busy,
            "day": day,
            "time": clock,
            "next": self._next_words(language),
            "changes": {one.code: stage.changes.of_chat.get(one.person.id, 0) for one in stage.cast},
            "said": view.said_by_bot(stage),
            "typing": [one.code for one in stage.cast if view.is_typing(stage, one)],
            "lines": len(stage.journal.lines),
        }

    def _next_words(self, language: Language) -> str:
        ahead = self._stage.next_event
        if ahead is None:
            return self._stage.texts.say("rehearsal.next.nothing", language)
        here, there = (view.day_and_time(one, language)[0] for one in (self._stage.now(), ahead.at))
        at = view.day_and_time(ahead.at, language)[1]
        if here == there:
            return self._stage.texts.say("rehearsal.next.today", language, at=at)
        return self._stage.texts.say("rehearsal.next.later", language, day=there, at=at)

    # ── doing ────────────────────────────────────────────────────────────────

    async def say(self, request: Request) -> Response:
        """Types a text."""
        form = await request.form()
        text = _text(form, "text").strip()[:_LONGEST_TEXT]
        if text:
            await self._stage.telegram.type(self._who(form).person, text)
        return await self._done(request, form)

    async def send(self, request: Request) -> Response:
        """Sends something that has no words."""
        form = await request.form()
        who, telegram = self._who(form).person, self._stage.telegram
        match _text(form, "what"):
            case "voice":
                await telegram.send_voice(who, seconds=7)
            case "photo":
                await telegram.send_photo(who)
            case "document":
                await telegram.send_document(who, "report.pdf")
            case "location":
                await telegram.send_location(who)
            case _:
                await telegram.send_sticker(who)
        return await self._done(request, form)

    async def edit(self, request: Request) -> Response:
        """Changes what was typed earlier."""
        form = await request.form()
        text = _text(form, "text").strip()[:_LONGEST_TEXT]
        if text:
            await self._stage.telegram.edit(self._who(form).person, _number(form), text)
        return await self._done(request, form)

    async def tap(self, request: Request) -> Response:
        """Taps a button; the words Telegram would show for a moment come back."""
        form = await request.form()
        telegram = self._stage.telegram
        tap_id = await telegram.tap(
            self._who(form).person, _number(form), _text(form, "button"), even_if_gone=True
        )
        await self._stage.heard()
        return await self._done(request, form, notice=telegram.tap_answer(tap_id) or "")

    async def card(self, request: Request) -> Response:
        """Scans the card with the one-time code."""
        form = await request.form()
        await self._stage.open_card(self._who(form).code)
        return await self._done(request, form)

    async def block(self, request: Request) -> Response:
        """Blocks the bot, or lets it write again."""
        form = await request.form()
        who, telegram = self._who(form).person, self._stage.telegram
        await (telegram.unblock(who) if _text(form, "again") else telegram.block(who))
        return await self._done(request, form)

    async def time(self, request: Request) -> Response:
        """Moves the clock."""
        form = await request.form()
        jump = _text(form, "to")
        if jump in {one.value for one in Jump}:
            await self._stage.jump(Jump(jump))
        return await self._done(request, form)

    async def stop_here(self, request: Request) -> Response:
        """Stops the clock where it is."""
        self._stage.stop_here()
        return await self._done(request, await request.form())

    async def scene(self, request: Request) -> Response:
        """Undoes everything, and plays up to a scene."""
        form = await request.form()
        name = _text(form, "name")
        if name in {one.value for one in Scene}:
            await self._stage.play(Scene(name), view.spoken(_text(form, "lang"), ""))
        return await self._done(request, form, elsewhere=True)

    async def console(self, request: Request) -> Response:
        """Signs the visitor in to the console: as this person, or as one who may read this record."""
        form = await request.form()
        who = self._reader(form)
        given = await self._stage.console_pass(StaffCode(who.code))
        response = RedirectResponse(_in_console(_text(form, "record")), status_code=303)
        response.set_cookie(given.cookie, given.token, httponly=True, samesite="lax")
        return response

    async def _done(
        self, request: Request, form: FormData, *, notice: str = "", elsewhere: bool = False
    ) -> Response:
        """For the script a short answer; for a page without script the page again, when it is answered."""
        if request.headers.get("x-suifang") == "script":
            return JSONResponse({"notice": notice})
        await self._stage.heard()
        kept = ("lang",) if elsewhere else ("lang", "patient", "staff")
        chosen = {name: _text(form, name) for name in kept}
        return RedirectResponse(f"{PATH}?{urlencode(chosen)}", status_code=303)

    # ── refusing ─────────────────────────────────────────────────────────────

    async def _gone(self, request: Request, _error: Exception) -> Response:
        return self._refusal(request, Phrase(key="rehearsal.gone"))

    async def _refused(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, Refusal):
            raise error
        return self._refusal(request, Phrase(key=error.key, values=error.values))

    def _refusal(self, request: Request, said: Phrase) -> Response:
        words = self._stage.texts.words(said, self._language(request), view.ZONE)
        return JSONResponse({"notice": words}, status_code=409)

    # ── what was asked for ───────────────────────────────────────────────────

    def _character(self, code: str) -> Character:
        who = self._stage.cast.get(code)
        if who is None:
            raise NotOnScreen(f"nobody is called {code!r}")
        return who

    def _reader(self, form: FormData) -> Character:
        if not _text(form, "record"):
            who = self._who(form)
            if who.is_patient:
                raise NotOnScreen("a patient has no console")
            return who
        subject = self._character(_text(form, "record"))
        language = view.spoken(_text(form, "lang"), "")
        readers = self._stage.cast.staff_of(subject.site)
        return next((one for one in readers if one.language is language), readers[0])

    def _who(self, form: FormData) -> Character:
        return self._character(_text(form, "who"))

    def _language(self, request: Request) -> Language:
        return view.spoken(request.query_params.get("lang", ""), request.headers.get("accept-language", ""))

    def _html(self, name: str, language: Language, **values: object) -> Response:
        def t(key: str, /, **filled: object) -> str:
            return self._stage.texts.words(Phrase(key=key, values=filled), language, view.ZONE)

        words = self._templates.get_template(name).render(
            t=t, language=language, lang="zh" if language is Language.ZH else "en", path=PATH, **values
        )
        return HTMLResponse(words)


def _in_console(record: str) -> str:
    """The page of a participant, or where the console begins."""
    return f"/participants/{quote(record)}" if record else "/"


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _number(form: FormData) -> int:
    value = _text(form, "message")
    if not value.isdecimal():
        raise NotOnScreen("no message is named")
    return int(value)
