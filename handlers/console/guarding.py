"""Who may come in: every address is declared by one of four doors, so that none can be left unguarded.

`read` and `write` need a signed-in person; `open_read` and `open_write` serve the sign-in. Whatever writes
carries a token of its form: of the session, or of a cookie where there is no session yet.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.actions.console_account import visitor_of
from handlers.console.pages import FORM_COOKIE, Console, console_of, session_cookie

Handler = Callable[[Request], Awaitable[Response]]

# Set by our own script when a page refreshes itself: it does not keep anybody signed in.
REFRESH_HEADER = "x-suifang-refresh"

# More than any form of ours has, and longer than any note; no form takes a file.
_MOST_FIELDS = 60
_LONGEST_FIELD = 64 * 1024


class CrossSite(Exception):
    """A form without its token: sent by another page, or from a session that has ended."""


def read(path: str, handler: Handler) -> Route:
    """A page of a signed-in person; others are led to the sign-in and back."""

    async def guarded(request: Request) -> Response:
        if not await _is_signed_in(request):
            return _to_sign_in(request)
        return await handler(request)

    return Route(path, guarded, methods=["GET"])


def write(path: str, handler: Handler) -> Route:
    """A form of a signed-in person, with the token of their session."""

    async def guarded(request: Request) -> Response:
        if not await _is_signed_in(request):
            return _to_sign_in(request)
        await _check_token(request, request.scope["visitor"].csrf)
        return await handler(request)

    return Route(path, guarded, methods=["POST"])


def open_read(path: str, handler: Handler) -> Route:
    """A page that needs nobody."""
    return Route(path, handler, methods=["GET"])


def open_write(path: str, handler: Handler) -> Route:
    """A form of somebody not signed in yet, with the token of the cookie it came with."""

    async def guarded(request: Request) -> Response:
        await _check_token(request, request.cookies.get(FORM_COOKIE, ""))
        return await handler(request)

    return Route(path, guarded, methods=["POST"])


async def _is_signed_in(request: Request) -> bool:
    console: Console = console_of(request)
    token = request.cookies.get(session_cookie(console.secure_cookies), "")
    by_hand = REFRESH_HEADER not in request.headers
    visitor = await visitor_of(console.desk, token=token, by_hand=by_hand) if token else None
    if visitor is not None:
        request.scope["visitor"] = visitor
        request.scope["session_token"] = token
    return visitor is not None


async def _check_token(request: Request, expected: str) -> None:
    """The form's own token, and no sign that another site sent it.

    The form is read here first, within limits: anybody may send one.
    """
    form = await request.form(max_files=0, max_fields=_MOST_FIELDS, max_part_size=_LONGEST_FIELD)
    given = form.get("token")
    same_site = request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    if not (expected and isinstance(given, str) and hmac.compare_digest(given, expected) and same_site):
        raise CrossSite


def _to_sign_in(request: Request) -> Response:
    """To the sign-in; afterwards back to the page asked for (not to a form: it is lost, and that is said)."""
    if REFRESH_HEADER in request.headers:
        return Response(status_code=401)
    back = request.url.path if request.method == "GET" else "/"
    return RedirectResponse(f"/sign-in?next={quote(back)}", status_code=303)
