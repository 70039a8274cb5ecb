"""How alerting goes at the sites whose log one may read; as a page and as tables."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.actions.review_figures import as_csv, figures_for
from handlers.console.pages import console_of, page, visitor_in


async def shown(request: Request) -> Response:
    """By site, month and level, and the false alarms by rule."""
    found = await figures_for(console_of(request).desk, by=visitor_in(request).staff.code)
    return page(request, "figures.html", found=found)


async def table(request: Request) -> Response:
    """The same as CSV, for a spreadsheet."""
    found = await figures_for(console_of(request).desk, by=visitor_in(request).staff.code)
    which = request.path_params["which"]
    said = as_csv(found.rules if which == "rules" else found.levels)
    headers = {"Content-Disposition": f'attachment; filename="alerts_by_{which}.csv"'}
    return PlainTextResponse(said, media_type="text/csv; charset=utf-8", headers=headers)
