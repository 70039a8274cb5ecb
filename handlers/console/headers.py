"""Headers of every page: nothing from elsewhere is loaded, nothing is framed, cached or told to others.

Source: specification 5.2 (security, screens expire), 5.4.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = "; ".join(
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
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_A_YEAR = "max-age=31536000"


def dress(headers: MutableHeaders, path: str, *, secure: bool) -> None:
    """The strict headers, where an answer has not set its own."""
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    static = path.startswith("/static/")
    headers.setdefault("Cache-Control", "private, max-age=86400" if static else "no-store")
    if secure:
        headers.setdefault("Strict-Transport-Security", _A_YEAR)


class StrictHeaders:
    """Puts them on every answer. Pages are not stored; static files may be."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, and its answer back with the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def strictly(message: Message) -> None:
            if message["type"] == "http.response.start":
                dress(MutableHeaders(scope=message), scope["path"], secure=self._secure)
            await send(message)

        await self._app(scope, receive, strictly)
