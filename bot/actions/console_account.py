"""Signing in to the console: a one-time code sets the password, afterwards staff code and password.

Sessions and the counting of wrong tries run on the machine's time, so that a rehearsal that jumps to tomorrow
neither signs anybody out nor forgives a wrong try. Wrong tries are stored: a restart forgives none either.
Source: specification 5.2 (unique users, access removed on leaving), 5.4.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bot.actions.desk import Desk
from bot.actions.invite import Purpose, as_typed
from bot.clock import new_secret
from bot.rules.access import Actor, AuthMethod, Staff
from bot.rules.errors import Refusal
from bot.rules.messages import RecipientKind
from bot.rules.study import Language, StaffCode
from storage.console_doors import ConsoleSession
from storage.unit_of_work import UnitOfWork

LONGEST_SESSION = timedelta(hours=12)
LONGEST_IDLE = timedelta(minutes=30)
# A session in use is noted at most this often: a page that only reads then writes nothing.
_NOTED_EVERY = timedelta(minutes=1)

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200

WRONG_TRIES_WINDOW = timedelta(minutes=15)
# From one address against one account, and against one account from anywhere.
MOST_WRONG_TRIES = 5
MOST_WRONG_TRIES_ANYWHERE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What the browser is given: `token` for the cookie, never stored as it is."""

    token: str
    csrf: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who is looking at the console, and the language they look at it in."""

    staff: Staff
    language: Language
    csrf: str


async def set_password(desk: Desk, *, code: str, password: str, address: str) -> SignedIn:
    """Takes the one-time code, sets the password, signs in; earlier sessions of the person end.

    A password that is refused leaves the code as it was.

    Raises:
        Refusal: a wrong, used or expired code; too many wrong ones from this address; a weak password.
    """
    hashed = await _hashed(password)
    async with desk.archive.begin() as uow:
        lane = f"console-code:{_short_hash(desk, address)}"
        staff = await _owner_of(uow, desk, code, lane)
        if staff is not None:
            if password.upper() == staff.code:
                raise Refusal("refusal.password_is_code")
            await uow.accounts.end_sessions_of(staff.code)
            await uow.accounts.set_password_hash(staff.code, hashed)
            await _record(uow, desk, "staff:console:password_set", staff)
            return await _open_session(uow, desk, staff)
    raise Refusal("refusal.console_code")


async def sign_in(desk: Desk, *, code: str, password: str, address: str) -> SignedIn:
    """Signs in with staff code and password. A try counts as wrong until it was right, also side by side.

    Raises:
        Refusal: the same one for an unknown code, a wrong password and a revoked person; another one after
            too many wrong tries.
    """
    staff_code = StaffCode(code.strip().upper()[:12])
    lanes = (
        (f"console-from:{_short_hash(desk, f'{staff_code} {address}')}", MOST_WRONG_TRIES),
        (f"console:{_short_hash(desk, staff_code)}", MOST_WRONG_TRIES_ANYWHERE),
    )
    async with desk.archive.begin() as uow:
        for lane, most in lanes:
            await _refuse_after(uow, desk, lane, most)
        tries = [await uow.invitations.add_wrong_try(lane, desk.clock.real_now()) for lane, _ in lanes]
        staff = await uow.staff.get(staff_code)
        account = await uow.accounts.get(staff_code)
    known = account.password_hash if account is not None else _nobody()
    right = await _fits(known, password)
    async with desk.archive.begin() as uow:
        if right and staff is not None and account is not None and staff.revoked_at is None:
            for number in tries:
                await uow.invitations.was_right(number)
            await uow.accounts.sweep(desk.clock.real_now())
            await _record(uow, desk, "staff:console:signed_in", staff)
            return await _open_session(uow, desk, staff)
        await _record_failure(uow, desk, staff)
    raise Refusal("refusal.sign_in")


async def visitor_of(desk: Desk, *, token: str, by_hand: bool = True) -> Visitor | None:
    """Whose session this is; None when it has ended or the person was revoked.

    `by_hand`: a person asked for the page, so the session stays open; a page that refreshes itself does not
    keep anybody signed in.
    """
    now, token_hash = desk.clock.real_now(), desk.archive.keyring.hash_code(token)
    async with desk.archive.read() as uow:
        session = await uow.accounts.session(token_hash, now)
        if session is None:
            return None
        staff = await uow.staff.get(session.staff_code)
        account = await uow.accounts.get(session.staff_code)
    if staff is None or staff.revoked_at is not None:
        return None
    if by_hand and session.idle_at - now < LONGEST_IDLE - _NOTED_EVERY:
        async with desk.archive.begin() as uow:
            await uow.accounts.keep_session(token_hash, now + LONGEST_IDLE)
    chosen = account.language if account is not None else None
    return Visitor(staff=staff, language=chosen or staff.language, csrf=session.csrf)


async def sign_out(desk: Desk, *, token: str, by: StaffCode) -> None:
    """Ends this session."""
    async with desk.archive.begin() as uow:
        staff = await uow.staff.get(by)
        await uow.accounts.end_session(desk.archive.keyring.hash_code(token))
        if staff is not None:
            await _record(uow, desk, "staff:console:signed_out", staff)


async def choose_language(desk: Desk, *, by: StaffCode, language: Language) -> None:
    """The language of the console for this person; the chat keeps its own."""
    async with desk.archive.begin() as uow:
        await uow.accounts.set_language(by, language)


async def _owner_of(uow: UnitOfWork, desk: Desk, code: str, lane: str) -> Staff | None:
    """Whose code this is, which is used up by that; a wrong one counts as a wrong try."""
    await _refuse_after(uow, desk, lane, MOST_WRONG_TRIES)
    typed = as_typed(code)
    if typed is not None:
        code_hash = desk.archive.keyring.hash_code(typed)
        whom = await uow.invitations.take(code_hash, desk.now(), Purpose.CONSOLE.value)
        if whom is not None and whom.kind is RecipientKind.STAFF:
            staff = await uow.staff.get(StaffCode(whom.code))
            if staff is not None and staff.revoked_at is None:
                return staff
    await uow.invitations.add_wrong_try(lane, desk.clock.real_now())
    await _record_failure(uow, desk, None)
    return None


async def _refuse_after(uow: UnitOfWork, desk: Desk, lane: str, most: int) -> None:
    since = desk.clock.real_now() - WRONG_TRIES_WINDOW
    if await uow.invitations.wrong_tries(lane, since) >= most:
        raise Refusal("refusal.too_many_tries", minutes=int(WRONG_TRIES_WINDOW.total_seconds() // 60))


async def _open_session(uow: UnitOfWork, desk: Desk, staff: Staff) -> SignedIn:
    now, token, csrf = desk.clock.real_now(), new_secret(), new_secret()
    session = ConsoleSession(staff_code=staff.code, csrf=csrf, idle_at=now + LONGEST_IDLE)
    token_hash = desk.archive.keyring.hash_code(token)
    await uow.accounts.open_session(token_hash, session, now + LONGEST_SESSION)
    return SignedIn(token=token, csrf=csrf)


async def _record(uow: UnitOfWork, desk: Desk, kind: str, staff: Staff) -> None:
    await uow.audit.record(
        kind=kind,
        actor=as_visitor(staff),
        at=desk.now(),
        subject=None,
        entity="staff",
        entity_id=staff.code,
    )


async def _record_failure(uow: UnitOfWork, desk: Desk, staff: Staff | None) -> None:
    """A wrong try. A code that nobody has is not repeated: people type passwords into the wrong field."""
    await uow.audit.record(
        kind="visitor:console:sign_in_failed",
        actor=Actor(code="visitor", role="unknown", auth=AuthMethod.CONSOLE),
        at=desk.now(),
        subject=None,
        entity="staff",
        entity_id="unknown" if staff is None else staff.code,
    )


def as_visitor(staff: Staff) -> Actor:
    """How the audit trail names a person who does something at no one site."""
    roles = dict.fromkeys(posting.role.value for posting in staff.postings)
    return Actor(code=staff.code, role=",".join(roles)[:40], auth=AuthMethod.CONSOLE)


def _short_hash(desk: Desk, text: str) -> str:
    return desk.archive.keyring.hash_code(text)[:32]


async def _hashed(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or len(set(password)) < 4:
        raise Refusal("refusal.weak_password", least=SHORTEST_PASSWORD, most=LONGEST_PASSWORD)
    return await asyncio.to_thread(_hasher().hash, password)


async def _fits(known: str, password: str) -> bool:
    def look() -> bool:
        try:
            return _hasher().verify(known, password)
        except (VerificationError, InvalidHashError):
            return False

    return len(password) <= LONGEST_PASSWORD and await asyncio.to_thread(look)


@cache
def _hasher() -> PasswordHasher:
    """Argon2id with the library's parameters (RFC 9106, low memory)."""
    return PasswordHasher()


@cache
def _nobody() -> str:
    """A hash that no password fits, so that an unknown code takes as long as a wrong password."""
    return _hasher().hash(new_secret())
