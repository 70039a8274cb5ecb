"""How alerting goes, and the endpoint, at the sites whose log one may read; as a page and as tables."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.actions.review_figures import as_csv, figures_for
from bot.actions.review_responses import responses_for
from handlers.console.pages import console_of, page, visitor_in


async def shown(request: Request) -> Response:
    """Alerts by site, month and level, false alarms by rule; the endpoint by site."""
    desk, by = console_of(request).desk, visitor_in(request).staff.code
    found, responses = await figures_for(desk, by=by), await responses_for(desk, by=by)
    return page(request, "figures.html", found=found, responses=responses)


async def table(request: Request) -> Response:
    """The same as CSV, for a spreadsheet."""
    found = await figures_for(console_of(request).desk, by=visitor_in(request).staff.code)
    which = request.path_params["which"]
    said = as_csv(found.rules if which == "rules" else found.levels)
    headers = {"Content-Disposition": f'attachment; filename="alerts_by_{which}.csv"'}
    return PlainTextResponse(said, media_type="text/csv; charset=utf-8", headers=headers)
