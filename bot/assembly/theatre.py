"""`suifang rehearse`: stage, page and console on one port of this machine, on data of their own.

The database stands in a folder that is made for this run and removed at its end; no setting leads it anywhere
else, so a rehearsal never meets a live database (and would refuse it: `bot/assembly/opening.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.assembly.staging import Staged
from bot.assembly.web_server import listen, serve_web
from bot.rehearsal.page.app import PATH, Page
from bot.texts import Texts
from handlers.console.pages import session_cookie

HOST: Final = "127.0.0.1"


async def rehearse(port: int, stop: asyncio.Event, tell: Callable[[str], None]) -> None:
    """Serves until `stop`; `tell` is given the address once the page can be used.

    Raises:
        Refusal: the port is taken.
    """
    listening = listen(HOST, port)
    address = f"http://{HOST}:{listening.getsockname()[1]}"
    with TemporaryDirectory(prefix="suifang-rehearsal-") as folder:
        staged = Staged(Path(folder), Texts.load(forgiving=True), address)
        try:
            await staged.raise_curtain()
            page = Page(staged, stop).app()
            serving = asyncio.create_task(serve_web(_Doors(page, staged), listening, stop))
            tell(f"{address}{PATH}")
            await asyncio.gather(serving, staged.keep_going(stop))
        finally:
            await staged.close()


class _Doors:
    """The rehearsal below its path, and at the root for whoever is not signed in to the console."""

    def __init__(self, page: ASGIApp, staged: Staged) -> None:
        self._page = page
        self._staged = staged

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._page if _is_rehearsal(scope) else self._staged.console()
        await app(scope, receive, send)


def _is_rehearsal(scope: Scope) -> bool:
    if scope["type"] != "http":
        return False
    path = scope["path"]
    if path == "/":
        return session_cookie(secure=False) not in HTTPConnection(scope).cookies
    return bool(path == PATH or path.startswith(f"{PATH}/"))
