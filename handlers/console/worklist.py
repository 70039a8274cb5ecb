"""Home: what there is to do."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from bot.actions.review_worklist import review_worklist
from handlers.console.pages import console_of, page, visitor_in


async def home(request: Request) -> Response:
    """The worklist of one's sites, most urgent first."""
    found = await review_worklist(console_of(request).desk, by=visitor_in(request).staff.code)
    return page(request, "worklist.html", found=found)
