"""What a person sets for themselves."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.actions.console_account import choose_language
from handlers.console.pages import console_of, language_named, visitor_in


async def language(request: Request) -> Response:
    """The language of the console; back to the page one came from."""
    form = await request.form()
    chosen = language_named(str(form.get("language", "")))
    if chosen is not None:
        await choose_language(console_of(request).desk, by=visitor_in(request).staff.code, language=chosen)
    back = str(form.get("back", "/"))
    return RedirectResponse(back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/", 303)
