"""Participants: who is there, and one participant's log in order of time."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from bot.actions.list_participants import list_participants
from bot.actions.review_log import review_log
from bot.rules.study import SubjectCode
from handlers.console.pages import console_of, page, visitor_in


async def everybody(request: Request) -> Response:
    """The participants of one's sites."""
    found = await list_participants(console_of(request).desk, by=visitor_in(request).staff.code)
    return page(request, "participants.html", found=found)


async def one(request: Request) -> Response:
    """One participant: plan and log."""
    subject = SubjectCode(request.path_params["subject"])
    desk = console_of(request).desk
    log = await review_log(desk, subject=subject, by=visitor_in(request).staff.code)
    return page(request, "participant.html", log=log)
