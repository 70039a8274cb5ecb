"""The door: a one-time code sets a password, afterwards staff code and password; and the way out."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.actions.console_account import (
    LONGEST_SESSION,
    SHORTEST_PASSWORD,
    SignedIn,
    set_password,
    sign_in,
    sign_out,
)
from bot.rules.errors import Refusal
from handlers.console.pages import (
    FORM_COOKIE,
    LANGUAGE_COOKIE,
    console_of,
    language_named,
    page,
    session_cookie,
    visitor_in,
)


async def door(request: Request) -> Response:
    """Asks for code and password; with a one-time code in the address, for a new password.

    Looking at it uses no code up: mail programs and chats open links by themselves.
    """
    response = _asked_again(request, code=request.query_params.get("code"))
    chosen = request.query_params.get("language", "")
    if language_named(chosen):
        secure = console_of(request).secure_cookies
        response.set_cookie(LANGUAGE_COOKIE, chosen, httponly=True, samesite="lax", secure=secure)
    return response


async def enter(request: Request) -> Response:
    """Staff code and password."""
    form = await request.form()
    code, password = str(form.get("staff", "")), str(form.get("password", ""))
    try:
        signed_in = await sign_in(
            console_of(request).desk, code=code, password=password, address=_address(request)
        )
    except Refusal as refusal:
        return _asked_again(request, staff=code, refusal=refusal, status=_status(refusal))
    return _welcomed(request, signed_in, str(form.get("next", "/")))


async def enter_first(request: Request) -> Response:
    """One-time code and a password of one's own, typed twice."""
    form = await request.form()
    code, password = str(form.get("code", "")), str(form.get("password", ""))
    try:
        if password != str(form.get("again", "")):
            raise Refusal("refusal.passwords_differ")
        signed_in = await set_password(
            console_of(request).desk, code=code, password=password, address=_address(request)
        )
    except Refusal as refusal:
        return _asked_again(request, code=code, refusal=refusal, status=_status(refusal))
    return _welcomed(request, signed_in, "/")


async def leave(request: Request) -> Response:
    """Signs out; the session is gone, not only its cookie."""
    console = console_of(request)
    await sign_out(console.desk, token=request.scope["session_token"], by=visitor_in(request).staff.code)
    response = RedirectResponse("/sign-in", status_code=303)
    name = session_cookie(console.secure_cookies)
    response.delete_cookie(name, httponly=True, samesite="lax", secure=console.secure_cookies)
    return response


def _asked_again(
    request: Request,
    *,
    code: str | None = None,
    staff: str = "",
    refusal: Refusal | None = None,
    status: int = 200,
) -> Response:
    """The form, with what was typed (never a password) and why it was refused."""
    return page(
        request,
        "sign_in.html",
        status=status,
        code=code,
        staff=staff,
        refusal=refusal,
        next=_local(request.query_params.get("next", "/")),
        least=SHORTEST_PASSWORD,
    )


def _welcomed(request: Request, signed_in: SignedIn, where: str) -> Response:
    secure = console_of(request).secure_cookies
    response = RedirectResponse(_local(where), status_code=303)
    response.set_cookie(
        session_cookie(secure),
        signed_in.token,
        max_age=int(LONGEST_SESSION.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=secure,
    )
    response.delete_cookie(FORM_COOKIE, httponly=True, samesite="strict", secure=secure)
    return response


def _local(address: str) -> str:
    """An address of ours, never of another site."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if plain else "/"


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _status(refusal: Refusal) -> int:
    return 429 if refusal.key == "refusal.too_many_tries" else 401
