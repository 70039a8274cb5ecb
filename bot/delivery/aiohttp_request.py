"""How a request reaches the Bot API: python-telegram-bot's transport, on aiohttp.

The transport that comes with python-telegram-bot searches its whole pool for every request
(encode/httpx#3215), so a burst is slow; aiohttp keeps a free list. It also tells what matters most after a
failure: did the request leave this machine? A connection that was never made is safe to repeat at once; an
answer that never came is not, because Telegram knows no idempotency key (python-telegram-bot#3937).

Nothing here puts an address into a message or a log: the address holds the bot token.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
import aiohttp_socks
from telegram import Bot
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData
from yarl import URL

# Else building a RetryAfter warns about its coming change (python-telegram-bot 22.2, `telegram.error`).
os.environ.setdefault("PTB_TIMEDELTA", "1")

TELEGRAM_API: Final = "https://api.telegram.org"

# One burst of a busy morning; connections are made as they are needed and given up when idle for long.
_CONNECTIONS: Final = 256
_IDLE_CONNECTION_S: Final = 50.0

_SOCKS_SCHEMES: Final = ("socks4", "socks5", "socks5h")


class NeverSent(NetworkError):
    """The request never left this machine."""


class NeverSentInTime(TimedOut):
    """No connection came about in time: the request never left this machine."""


class AnswerLost(NetworkError):
    """The connection broke after the request had left: it may have been carried out."""


class AnswerOverdue(TimedOut):
    """No answer in time after the request had left: it may have been carried out."""


class ServerTrouble(NetworkError):
    """Telegram, or something between, answered with a 5xx."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the Bot API server answered {status}")
        self.status = status


class NotTheBotApi(NetworkError):
    """What answered is not the Bot API: a proxy's or a portal's page.

    Without this, the 403 page of a proxy would read as "blocked by the user" for every patient.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"an answer {status} that is not the Bot API's")
        self.status = status


def may_have_arrived(error: TelegramError) -> bool:
    """Whether the request of this failure may have been carried out all the same.

    A 504 is a gateway that waited in vain; any other 5xx is a refusal.
    """
    match error:
        case NeverSent() | NeverSentInTime() | NotTheBotApi():
            return False
        case ServerTrouble():
            return error.status == 504
        case AnswerLost() | TimedOut():
            return True
        case _:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds. `upload` is the time a file may take to leave."""

    connect: float = 5.0
    read: float = 10.0
    write: float = 5.0
    upload: float = 30.0
    pool: float = 5.0


class AiohttpRequest(BaseRequest):
    """python-telegram-bot's `BaseRequest` over one aiohttp session.

    `proxy_url`: `http://…` or `socks4|socks5|socks5h://…`, with user and password if need be; a SOCKS proxy
    resolves the names, never this machine.
    """

    __slots__ = ("_proxy_url", "_session", "_timeouts")

    def __init__(self, *, proxy_url: str | None = None, timeouts: Timeouts | None = None) -> None:
        self._proxy_url = proxy_url
        self._timeouts = timeouts or Timeouts()
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        return self._timeouts.read

    async def initialize(self) -> None:
        """Makes the session; again after a shutdown. Speaks to nobody."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=_connector(self._proxy_url),
                headers={"User-Agent": self.USER_AGENT},
                trace_configs=[_departure_trace()],
                trust_env=False,
            )

    async def shutdown(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Sends one request and gives status and body.

        Raises:
            NeverSent, NeverSentInTime: nothing left this machine.
            AnswerLost, AnswerOverdue: the request may have been carried out.
            ServerTrouble, NotTheBotApi: an answer, but none of the Bot API's own.
        """
        if self._session is None:
            raise NeverSent("the connection is closed")
        has_files = request_data is not None and request_data.contains_files
        timeout = self._timeout(read_timeout, write_timeout, connect_timeout, pool_timeout, has_files)
        departure = SimpleNamespace(left=False)
        try:
            async with self._session.request(
                method,
                URL(url),
                data=_body(request_data),
                timeout=timeout,
                proxy=None if _is_socks(self._proxy_url) else self._proxy_url,
                trace_request_ctx=departure,
                allow_redirects=False,
            ) as response:
                status, payload = response.status, await response.read()
        except _FAILURES as failure:
            raise _as_telegram_error(failure, left=departure.left) from None
        _refuse_foreign_answer(method, status, payload)
        return status, payload

    def _timeout(
        self, read: object, write: object, connect: object, pool: object, has_files: bool
    ) -> aiohttp.ClientTimeout:
        """Each part as asked for, else as set; the whole is bounded too: aiohttp knows no write time-out."""
        own = self._timeouts
        to_read = _seconds(read, own.read)
        to_write = _seconds(write, own.upload if has_files else own.write)
        to_connect = _seconds(connect, own.connect)
        to_wait = _seconds(pool, own.pool)
        parts = (to_read, to_write, to_connect, to_wait)
        total = None if None in parts else sum(part for part in parts if part is not None)
        return aiohttp.ClientTimeout(total=total, sock_connect=to_connect, sock_read=to_read)


@dataclass(frozen=True, slots=True)
class TelegramConnection:
    """The bot with its two sessions: one for what is said, one for the long poll, so that neither waits."""

    bot: Bot
    polling: AiohttpRequest


@asynccontextmanager
async def telegram_connection(
    token: str,
    *,
    api_url: str = TELEGRAM_API,
    proxy_url: str | None = None,
    timeouts: Timeouts | None = None,
) -> AsyncIterator[TelegramConnection]:
    """A bot ready to be used; nothing is asked of Telegram, so a start does not wait for it.

    `api_url` is the root of the Bot API, to which `/bot<token>/…` and `/file/bot<token>/…` are appended.
    """
    speaking = AiohttpRequest(proxy_url=proxy_url, timeouts=timeouts)
    polling = AiohttpRequest(proxy_url=proxy_url, timeouts=timeouts)
    root = api_url.rstrip("/")
    async with speaking, polling:
        bot = Bot(
            token,
            base_url=f"{root}/bot",
            base_file_url=f"{root}/file/bot",
            request=speaking,
            get_updates_request=polling,
        )
        yield TelegramConnection(bot, polling)


_FAILURES: Final = (
    aiohttp.ClientError,
    TimeoutError,
    OSError,
    aiohttp_socks.ProxyError,
    aiohttp_socks.ProxyConnectionError,
    aiohttp_socks.ProxyTimeoutError,
)


def _as_telegram_error(failure: BaseException, *, left: bool) -> TelegramError:
    """Names the kind of failure only: its own text may hold the address, and so the token."""
    kind = type(failure).__name__
    late = isinstance(failure, TimeoutError | aiohttp_socks.ProxyTimeoutError)
    if left:
        return AnswerOverdue(kind) if late else AnswerLost(kind)
    return NeverSentInTime(kind) if late else NeverSent(kind)


def _departure_trace() -> aiohttp.TraceConfig:
    """Marks the request's context as soon as its first bytes are handed to the connection."""
    trace = aiohttp.TraceConfig()

    async def note_departure(
        _session: aiohttp.ClientSession,
        context: SimpleNamespace,
        _headers: aiohttp.TraceRequestHeadersSentParams,
    ) -> None:
        context.trace_request_ctx.left = True

    trace.on_request_headers_sent.append(note_departure)
    return trace


def _connector(proxy_url: str | None) -> aiohttp.BaseConnector:
    settings: dict[str, Any] = {"limit": _CONNECTIONS, "keepalive_timeout": _IDLE_CONNECTION_S}
    if proxy_url is not None and _is_socks(proxy_url):
        # `socks5h` is curl's word for "the proxy resolves names"; here it always does.
        plain = proxy_url.replace("socks5h://", "socks5://", 1)
        return aiohttp_socks.ProxyConnector.from_url(plain, rdns=True, **settings)
    return aiohttp.TCPConnector(**settings)


def _is_socks(proxy_url: str | None) -> bool:
    return proxy_url is not None and URL(proxy_url).scheme in _SOCKS_SCHEMES


def _body(request_data: RequestData | None) -> aiohttp.FormData | dict[str, str] | None:
    """A form; with files, a multipart one whose parts are named as python-telegram-bot names them."""
    if request_data is None:
        return None
    if not request_data.contains_files:
        return request_data.json_parameters
    form = aiohttp.FormData(quote_fields=False)
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, media_type) in request_data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=media_type)
    return form


def _refuse_foreign_answer(method: str, status: int, payload: bytes) -> None:
    """Everything the Bot API says is a JSON object; a downloaded file (GET) is whatever it is."""
    if status >= 500:
        raise ServerTrouble(status)
    if (method == "POST" or status != 200) and not payload.lstrip().startswith(b"{"):
        raise NotTheBotApi(status)


def _seconds(asked: object, otherwise: float) -> float | None:
    """What the caller asked for; None waits without end; python-telegram-bot's default object means ours."""
    if asked is None:
        return None
    return float(asked) if isinstance(asked, int | float) else otherwise
