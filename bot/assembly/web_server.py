"""The one web server of a process: console, webhook and health on one port."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from bot.rules.errors import Refusal

_GRACE_S = 3


class _Server(uvicorn.Server):
    """Leaves the signals to `suifang run`, which stops every part in order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """The listening socket; port 0 takes a free one.

    Raises:
        Refusal: the address is not ours, or the port is taken.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise Refusal(
            "refusal.cannot_listen", host=host, port=str(port), why=error.strerror or "unknown"
        ) from error


async def serve_web(app: ASGIApp, listening: socket.socket, stop: asyncio.Event) -> None:
    """Serves until `stop`, then lets open requests end."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # paths hold subject codes and one-time codes
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    server.should_exit = True
    await serving
