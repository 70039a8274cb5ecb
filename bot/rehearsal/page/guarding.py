"""Only a browser on this machine, and only from our own page.

The rehearsal has no sign-in: whoever reaches it may do everything in it. So it listens on this machine alone,
answers to the names of this machine alone (another site that has its own name point here is refused: DNS
rebinding), and takes forms from its own pages alone (cross-site request forgery).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_OUR_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


class OnlyThisMachine:
    """Refuses other names and other pages; puts strict headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on if it is ours."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        reason = _refused(scope["method"], Headers(scope=scope))
        if reason:
            await PlainTextResponse(reason, status_code=403)(scope, receive, send)
            return

        async def strictly(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, strictly)


def _refused(method: str, headers: Headers) -> str:
    """Why a request is not answered; empty if it is."""
    host = headers.get("host", "")
    if urlsplit(f"//{host}").hostname not in _OUR_NAMES:
        return "The rehearsal answers on this machine only: open it as http://127.0.0.1 or http://localhost."
    if method == "POST" and headers.get("origin") != f"http://{host}":
        return "This form was not sent by the rehearsal's own page."
    return ""
