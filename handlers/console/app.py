"""The console as one Starlette application: which address is which page, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from bot.actions.desk import Desk
from bot.actions.note_access import note_refusal
from bot.rules.errors import NotEntitled, RecordUnavailable, Refusal
from bot.texts import Texts
from handlers.console import (
    audit,
    cases,
    entries,
    exports,
    figures,
    judgement_entries,
    live,
    participants,
    plan_entries,
    settings,
    sign_in,
    sites,
    standing_entries,
    worklist,
)
from handlers.console.guarding import CrossSite, Handler, open_read, open_write, read, write
from handlers.console.headers import StrictHeaders, dress
from handlers.console.pages import Console, console_of, page, seen_by

_log = structlog.get_logger()
STATIC = Path(__file__).parent / "static"


def console_app(
    desk: Desk,
    texts: Texts,
    *,
    secure_cookies: bool,
    extra_routes: Sequence[BaseRoute] = (),
    beat_s: float = 2.0,
) -> Starlette:
    """The console on this desk.

    Args:
        desk: what every action is given.
        texts: the words in both languages.
        secure_cookies: cookies over https only; true wherever the console is reached through https.
        extra_routes: such as the webhook; they answer for themselves, without a session.
        beat_s: how often an open page asks whether something is new, in seconds.
    """
    routes = [
        read("/", worklist.home),
        read("/cases", cases.open_cases),
        read("/cases/{case_id}", cases.one_case),
        write("/cases/{case_id}/take", cases.take),
        write("/cases/{case_id}/contact", cases.contact),
        write("/cases/{case_id}/close", cases.close),
        read("/participants", participants.everybody),
        read("/participants/{subject}", participants.one),
        *_both("/participants/{subject}/lab", entries.lab),
        *_both("/participants/{subject}/dose", entries.dose),
        *_both("/participants/{subject}/labs/{lab_id}", entries.lab_correction),
        *_both("/participants/{subject}/doses/{dose_id}", entries.dose_correction),
        *_both("/participants/{subject}/transfusion", entries.transfusion),
        *_both("/participants/{subject}/visits/{key}", plan_entries.visit),
        *_both("/participants/{subject}/visits/{key}/skip", plan_entries.skip),
        *_both("/participants/{subject}/therapy", plan_entries.therapy),
        *_both("/participants/{subject}/therapies/{number}", plan_entries.therapy_move),
        *_both("/participants/{subject}/therapies/{number}/cancel", plan_entries.therapy_end),
        *_both("/participants/{subject}/therapies/{number}/began", plan_entries.infusion),
        *_both("/participants/{subject}/therapies/{number}/dose", entries.prophylaxis),
        *_both("/participants/{subject}/event", judgement_entries.event),
        *_both("/participants/{subject}/events/{task_id}", judgement_entries.event_answer),
        *_both("/participants/{subject}/reports/{report_id}/grades/{symptom}", judgement_entries.grade),
        *_both("/participants/{subject}/hold", standing_entries.hold),
        *_both("/participants/{subject}/holds/{hold_id}", standing_entries.release),
        *_both("/participants/{subject}/profile", standing_entries.profile),
        *_both("/participants/{subject}/consent", standing_entries.consent),
        *_both("/participants/{subject}/stop", standing_entries.stop),
        *_both("/participants/{subject}/end", standing_entries.end),
        *_both("/participants/{subject}/reinstate", standing_entries.back),
        *_both("/participants/{subject}/transfer", standing_entries.transfer),
        *_both("/participants/{subject}/version", standing_entries.version),
        read("/participants/{subject}/audit", audit.of_participant),
        read("/audit", audit.of_system),
        read("/events", live.events),
        read("/sites", sites.shown),
        write("/sites/{site}/group/code", sites.group_code),
        write("/sites/{site}/group/remove", sites.group_removed),
        read("/figures", figures.shown),
        read("/figures/{which:str}.csv", figures.table),
        read("/export", exports.offer),
        write("/export", exports.download),
        write("/language", settings.language),
        write("/sign-out", sign_in.leave),
        open_read("/sign-in", sign_in.door),
        open_write("/sign-in", sign_in.enter),
        open_write("/sign-in/first", sign_in.enter_first),
        Mount("/static", StaticFiles(directory=STATIC), name="static"),
    ]
    app = Starlette(
        routes=[*extra_routes, *routes],
        middleware=[Middleware(StrictHeaders, secure=secure_cookies)],
        exception_handlers={
            NotEntitled: _not_found,
            Refusal: _refused,
            RecordUnavailable: _unavailable,
            CrossSite: _cross_site,
            HTTPException: _http_error,
            Exception: _fault,
        },
    )
    app.state.console = Console.made(desk, texts, secure_cookies=secure_cookies, beat_s=beat_s)
    return app


def _both(path: str, handler: Handler) -> tuple[BaseRoute, BaseRoute]:
    """A form and where it is sent: one address."""
    return read(path, handler), write(path, handler)


async def _not_found(request: Request, error: Exception) -> Response:
    """A foreign subject and an unknown one have one answer; who asked for what is noted."""
    visitor = seen_by(request)
    if visitor is not None:
        asked = [request.path_params.get(one) for one in ("subject", "case_id", "site")]
        named = next((str(one) for one in asked if one), "")
        await note_refusal(console_of(request).desk, by=visitor.staff.code, asked_for=named)
    return _told(request, 404, "not_found")


async def _refused(request: Request, error: Exception) -> Response:
    """A reason the person can act on, where no form stood to show it in."""
    return _told(request, 409, "refused", error if isinstance(error, Refusal) else None)


async def _unavailable(request: Request, error: Exception) -> Response:
    """The record cannot be used now: said plainly, never shown as an empty list."""
    _log.error("the record cannot be used; a page of the console said so", action="console")
    return _told(request, 503, "unavailable")


async def _cross_site(request: Request, error: Exception) -> Response:
    return _told(request, 403, "form_too_old")


async def _http_error(request: Request, error: Exception) -> Response:
    """What Starlette refuses by itself: no such address, a wrong method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _told(request, status, "not_found" if status == 404 else "refused")


async def _fault(request: Request, error: Exception) -> Response:
    """Ours: one calm sentence; the reason goes to the log. Answered outside of every middleware."""
    response = _told(request, 500, "fault")
    dress(response.headers, request.url.path, secure=console_of(request).secure_cookies)
    return response


def _told(request: Request, status: int, what: str, refusal: Refusal | None = None) -> Response:
    return page(
        request,
        "message.html",
        status=status,
        title_key=f"console.message.{what}.title",
        text_key=f"console.message.{what}.text",
        refusal=refusal,
    )
