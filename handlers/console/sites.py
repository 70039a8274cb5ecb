"""The sites one sees, and the staff group of each: a code to register one, and the end of it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.actions.invite import Invitation
from bot.actions.keep_group import Keeper, invite_group, remove_group
from bot.actions.review_sites import review_sites
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.study import SiteCode
from handlers.console.pages import console_of, page, visitor_in


async def shown(request: Request) -> Response:
    """Every site one may read, with what is known of its group."""
    return await _shown(request)


async def group_code(request: Request) -> Response:
    """A one-time code, shown this once; an earlier one stops working."""
    site, keeper = _asked(request)
    made = await invite_group(console_of(request).desk, site=site, by=keeper)
    return await _shown(request, site=site, made=made)


async def group_removed(request: Request) -> Response:
    """The group gets no more alerts; a refusal is shown beside what was asked."""
    site, keeper = _asked(request)
    reason = str((await request.form()).get("reason", ""))
    try:
        await remove_group(console_of(request).desk, site=site, reason=reason, by=keeper)
    except NotEntitled:
        raise
    except Refusal as refusal:
        return await _shown(request, site=site, refusal=refusal)
    return RedirectResponse("/sites", status_code=303)


async def _shown(
    request: Request,
    *,
    site: SiteCode | None = None,
    made: Invitation | None = None,
    refusal: Refusal | None = None,
) -> Response:
    found = await review_sites(console_of(request).desk, by=visitor_in(request).staff.code)
    status = 409 if refusal else 200
    return page(request, "sites.html", status=status, found=found, asked=site, made=made, refusal=refusal)


def _asked(request: Request) -> tuple[SiteCode, Keeper]:
    return SiteCode(request.path_params["site"]), Keeper(staff=visitor_in(request).staff.code)
