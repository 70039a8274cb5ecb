"""What can go wrong between a bot and Telegram, to be asked for: in tests, and in the rehearsal's scenes."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from bot.rehearsal.wire import ApiError, Call, refusal


@dataclass(frozen=True, slots=True)
class TooManyRequests:
    """429: the request is not carried out; come back after so many seconds."""

    retry_after_s: int


@dataclass(frozen=True, slots=True)
class ServerError:
    """A 5xx (or any other status) instead of carrying the request out."""

    code: int = 500
    description: str = "Internal Server Error"


@dataclass(frozen=True, slots=True)
class ForeignPage:
    """A page of something between us and Telegram, such as a proxy that wants a password."""

    status: int = 403
    body: str = "<html>Access denied</html>"


@dataclass(frozen=True, slots=True)
class ConnectionReset:
    """The connection breaks before anything is carried out."""


@dataclass(frozen=True, slots=True)
class AnswerLost:
    """The request is carried out, then the connection breaks: nobody can know."""


@dataclass(frozen=True, slots=True)
class NeverAnswered:
    """The request is carried out, the answer never comes: the other side must time out."""


@dataclass(frozen=True, slots=True)
class Held:
    """The request waits at the door until `until` is set: a slow network without a clock."""

    until: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Delay:
    """The request takes so many seconds longer, in the machine's time."""

    seconds: float


Fault = (
    TooManyRequests | ServerError | ForeignPage | ConnectionReset | AnswerLost | NeverAnswered | Held | Delay
)

CarryOut = Callable[[], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class _Planned:
    fault: Fault
    method: str | None
    chat_id: int | None
    times: int | None

    def fits(self, call: Call) -> bool:
        return (self.method is None or self.method == call.method) and (
            self.chat_id is None or str(self.chat_id) == call.text("chat_id")
        )


class FaultPlan:
    """The faults still to come, oldest first; the first that fits a request is used up by it."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []

    def inject(
        self, fault: Fault, *, method: str | None = None, chat_id: int | None = None, times: int | None = 1
    ) -> None:
        """`method` None: every method. `times` None: until `clear()`."""
        self._planned.append(_Planned(fault, method.lower() if method else None, chat_id, times))

    def clear(self) -> None:
        self._planned.clear()

    def take(self, call: Call) -> Fault | None:
        planned = next((planned for planned in self._planned if planned.fits(call)), None)
        if planned is None:
            return None
        if planned.times is not None:
            planned.times -= 1
            if planned.times == 0:
                self._planned.remove(planned)
        return planned.fault


async def suffer(fault: Fault | None, request: web.Request, carry_out: CarryOut) -> web.StreamResponse:
    """Carries the request out as the fault allows."""
    match fault:
        case None:
            return await carry_out()
        case TooManyRequests(retry_after_s):
            words = f"Too Many Requests: retry after {retry_after_s}"
            return refusal(ApiError(429, words, retry_after=retry_after_s))
        case ServerError(code, description):
            return refusal(ApiError(code, description))
        case ForeignPage(status, body):
            return web.Response(status=status, text=body, content_type="text/html")
        case ConnectionReset():
            return _break_off(request)
        case AnswerLost():
            await carry_out()
            return _break_off(request)
        case NeverAnswered():
            await carry_out()
            await asyncio.Event().wait()  # until the other side hangs up, which cancels this
            return web.Response()
        case Held(until):
            await until.wait()
            return await carry_out()
        case Delay(seconds):
            await asyncio.sleep(seconds)
            return await carry_out()


def _break_off(request: web.Request) -> web.StreamResponse:
    """Resets the connection (RST), so that the other side sees an error and no answer."""
    if request.transport is not None:
        connection = request.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response()
