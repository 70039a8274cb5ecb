"""The console's web application."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from bot.actions.desk import Desk
from bot.texts import Texts


def console_app(
    desk: Desk, texts: Texts, *, secure_cookies: bool, extra_routes: Sequence[BaseRoute] = ()
) -> Starlette:
    """The application."""
    return Starlette(routes=list(extra_routes))
