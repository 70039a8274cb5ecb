"""Server-sent events: an open page hears that there is something new, and when its session has ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from bot.actions.console_account import visitor_of
from bot.actions.feel_pulse import feel_pulse
from bot.rules.errors import RecordUnavailable
from handlers.console.pages import Console, console_of


async def events(request: Request) -> Response:
    """`changed` when something was written, `ended` when the session is over."""
    told = _told(console_of(request), request.scope["session_token"])
    return EventSourceResponse(told, ping=60)


async def _told(console: Console, token: str) -> AsyncIterator[ServerSentEvent]:
    """Ends with the connection: the loop is cancelled where it waits."""
    last = await feel_pulse(console.desk)
    yield ServerSentEvent(event="open", data="")
    while True:
        await asyncio.sleep(console.beat_s)
        try:
            if await visitor_of(console.desk, token=token, by_hand=False) is None:
                yield ServerSentEvent(event="ended", data="")
                return
            now = await feel_pulse(console.desk)
        except RecordUnavailable:
            continue
        if now != last:
            last = now
            yield ServerSentEvent(event="changed", data=str(now))
