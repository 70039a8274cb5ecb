"""Listens to Telegram by webhook: a route of our own web application that keeps first, then says 200.

The path is derived from the secret key and the header carries a second secret; both are needed. Anything
but 200 makes Telegram send the update again. Source: core.telegram.org/bots/api#setwebhook.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Callable
from typing import Final

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from telegram import Bot
from telegram.error import TelegramError

from bot.actions.keep_updates import Arrived, unnumbered
from bot.actions.waiting import Patience, rest
from handlers.telegram.intake import (
    ALLOWED_UPDATES,
    Keeper,
    Report,
    StorageTrouble,
    advised,
    arrived_from,
    kept_or_advised,
    nobody_to_tell,
)

_log = structlog.get_logger(__name__)

SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 -- the header's name

# An update holds one message of at most 4,096 characters with what it answers to; files come by address.
LARGEST_UPDATE: Final = 1024 * 1024


def webhook_route(
    *,
    path: str,
    secret: str,
    keeper: Keeper,
    wake: Callable[[], None],
    storage_trouble: StorageTrouble = nobody_to_tell,
) -> Route:
    """The route to mount: POST `path`, guarded by `secret`."""

    async def take(request: Request) -> Response:
        if not _knows_the_secret(request, secret):
            return _said(404)
        try:
            body = await _body(request)
        except ClientDisconnect:
            return _said(400)
        if body is None:
            return _said(413)
        arrived = _arrived(body)
        try:
            new = await kept_or_advised(keeper, [arrived], storage_trouble)
        except Exception as error:  # whatever it was: not kept, so not confirmed
            _log.error("an update could not be kept", error=type(error).__name__)
            await advised([arrived], storage_trouble)
            return _said(503)
        if new:
            wake()
        return _said(200)

    return Route(path, take, methods=["POST"])


async def announce_webhook(
    bot: Bot,
    *,
    url: str,
    secret: str,
    stop: asyncio.Event,
    report: Report = lambda reason: None,
    patience: Patience | None = None,
) -> None:
    """Tells Telegram where to send; tries until told or `stop` is set, so a start does not wait for it."""
    patience = patience or Patience()
    failures = 0
    while not stop.is_set():
        try:
            await bot.set_webhook(url, secret_token=secret, allowed_updates=ALLOWED_UPDATES)
        except TelegramError as error:
            failures += 1
            report(f"the webhook could not be announced ({type(error).__name__})")
            await rest(stop, patience.after(failures))
        else:
            report(None)
            return


def _knows_the_secret(request: Request, secret: str) -> bool:
    given = request.headers.get(SECRET_HEADER, "")
    return hmac.compare_digest(given.encode(), secret.encode())


def _arrived(body: bytes) -> Arrived:
    """Kept even where it is no JSON: whoever knows both secrets is Telegram."""
    try:
        return arrived_from(json.loads(body))
    except ValueError:
        return unnumbered(body)


async def _body(request: Request) -> bytes | None:
    """The whole body, or None as soon as it is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_UPDATE:
            return None
    return bytes(body)


def _said(status: int) -> Response:
    return PlainTextResponse("", status_code=status)
