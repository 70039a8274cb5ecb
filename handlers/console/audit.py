"""The audit trail of one participant, and of the system."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from bot.actions.review_audit import AuditWish, review_audit
from bot.rules.study import SubjectCode
from handlers.console.pages import console_of, page, visitor_in


async def of_participant(request: Request) -> Response:
    """Who did what to whom, when, old, new and why."""
    return await _shown(request, SubjectCode(request.path_params["subject"]))


async def of_system(request: Request) -> Response:
    """Sign-ins, exports, refusals, people and sites."""
    return await _shown(request, None)


async def _shown(request: Request, subject: SubjectCode | None) -> Response:
    asked = request.query_params
    number = asked.get("page", "1")
    wish = AuditWish(
        actor=asked.get("actor", ""),
        kind=asked.get("kind", ""),
        page=int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 1,
    )
    by = visitor_in(request).staff.code
    found = await review_audit(console_of(request).desk, subject=subject, wish=wish, by=by)
    return page(request, "audit.html", found=found, wish=wish)
