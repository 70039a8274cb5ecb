"""The console of a small world, and browsers to look at it with: real HTTP requests into the application."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, partial
from html import unescape

import httpx
import pytest
from starlette.types import ASGIApp, Message
from typer.testing import CliRunner

from bot.__main__ import app
from bot.actions.console_account import LONGEST_IDLE, LONGEST_SESSION
from bot.actions.desk import Desk
from bot.actions.manage_participants import Enrolment, add_participant, invite_participant
from bot.actions.manage_sites import add_site
from bot.actions.manage_staff import add_staff, invite_staff
from bot.actions.record_dose import DoseEntry, record_dose
from bot.actions.record_lab import LabEntry, record_lab
from bot.assembly.opening import opened_desk
from bot.calendars import SiteCalendars
from bot.clock import MovableClock, new_secret
from bot.commands import speaking
from bot.rules.access import Actor, AuthMethod
from bot.rules.study import Language, Role, Sex, SiteCode, StaffCode, Study, SubjectCode
from bot.study_file import load_study
from bot.texts import Texts
from bot.understanding.understander import Understander
from handlers.console.app import console_app
from handlers.console.pages import session_cookie
from storage.archive import Archive
from storage.console_doors import ConsoleSession
from tests import cast
from tests.databases import SECRET, cheap
from tests.phones import Phones

OPERATOR = Actor(code="operator", role="operator", auth=AuthMethod.COMMAND_LINE)
SUBJECT = SubjectCode("TJ-001")
HER = 11
# Monday 2 March 2026, 10:00 in Tianjin; dose 1 is planned for the next morning.
MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
PASSWORD = "a short sentence is easy"

PEOPLE: dict[str, tuple[Role, str | None]] = {
    "CA1": (Role.COORDINATOR, "TJ"),
    "SI1": (Role.SUB_INVESTIGATOR, "TJ"),
    "PI1": (Role.PRINCIPAL_INVESTIGATOR, "TJ"),
    "CE1": (Role.CENTRAL, None),
    "DM1": (Role.DATA_MANAGER, None),
    "PO1": (Role.PRIVACY_OFFICER, None),
    "IN1": (Role.INSPECTOR, None),
    "AD1": (Role.ADMINISTRATOR, None),
    "CW1": (Role.COORDINATOR, "WH"),
}


class DeskClock(MovableClock):
    """A study clock that stands still, and a machine's clock that a test can move on."""

    machine_ahead = timedelta()

    def real_now(self) -> datetime:
        return super().real_now() + self.machine_ahead


@cache
def the_study() -> Study:
    return load_study("ql-ctit-ruls-1002")


@cache
def the_understander() -> Understander:
    return Understander.load()


@cache
def the_words() -> Texts:
    return Texts.load()


@dataclass
class World:
    """Two sites, a person in each role, and one participant at Tianjin."""

    phones: Phones
    clock: DeskClock

    @property
    def desk(self) -> Desk:
        return self.phones.desk

    async def staff(self, code: str, language: Language = Language.EN) -> str:
        """Adds the person; returns a one-time code for the console."""
        role, site = PEOPLE[code]
        at = None if site is None else SiteCode(site)
        await add_staff(self.desk, code=StaffCode(code), role=role, site=at, language=language, by=OPERATOR)
        return await self.new_code(code)

    async def new_code(self, code: str) -> str:
        _, console = await invite_staff(self.desk, code=StaffCode(code), by=OPERATOR)
        return console.code

    async def enrol(self, subject: SubjectCode = SUBJECT, *, joins: bool = True) -> None:
        await add_participant(
            self.desk,
            enrolment=Enrolment(
                subject_code=subject,
                site_code=SiteCode(subject.partition("-")[0]),
                language=Language.EN,
                sex=Sex.FEMALE,
                consent_signed_on=date(2026, 3, 1),
                day1_at=datetime(2026, 3, 3, 1, 30, tzinfo=UTC),
                baseline_platelets=Decimal(38),
                baseline_sampled_at=datetime(2026, 3, 2, 1, 0, tzinfo=UTC),
            ),
            by=OPERATOR,
        )
        if joins:
            invitation = await invite_participant(self.desk, subject=subject, by=OPERATOR)
            await self.phones.type(HER, invitation.code)
            for label in ("English", "Go on"):
                await self.phones.tap(HER, label)
            for item in self.desk.study.consent.items[:2]:
                await self.phones.tap(HER, item.label.en)
            await self.phones.tap(HER, "Done")

    async def good_day(self) -> None:
        await self.phones.tap(HER, "I feel unwell")
        for label in ("None of these", "No", "None of these, it is me, finish"):
            await self.phones.tap(HER, label)

    async def red_flag(self) -> None:
        """She taps that it bleeds and will not stop."""
        await self.phones.tap(HER, "I feel unwell")
        await self.phones.tap(HER, "Bleeding that will not stop")

    async def dose(self, number: int = 1) -> None:
        entry = DoseEntry(subject=SUBJECT, number=number, given_at=self.clock.now())
        await record_dose(self.desk, entry=entry, by=StaffCode("CA1"), auth=AuthMethod.COMMAND_LINE)

    async def lab(self, value: str) -> None:
        entry = LabEntry(
            subject=SUBJECT,
            typed=value,
            unit="10^9/L",
            sampled_at=self.clock.now(),
            confirmed=True,
        )
        await record_lab(self.desk, entry=entry, by=StaffCode("CA1"), auth=AuthMethod.COMMAND_LINE)

    async def audit(self, subject: SubjectCode | None = None) -> list[tuple[str, str, str]]:
        """Kind, actor and what it was about, oldest first."""
        async with self.desk.archive.read() as uow:
            return [(one.kind, one.actor_code, one.entity_id) for one in await uow.audit.of(subject)]


@dataclass
class Browser:
    """One person's browser; `html` is the page it stands on."""

    client: httpx.AsyncClient
    app: ASGIApp
    html: str = ""
    status: int = 0
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    at: str = ""

    async def open(self, address: str, **headers: str) -> str:
        return self._seen(await self.client.get(address, headers=headers, follow_redirects=True))

    async def send(self, address: str, token: str | None = None, **fields: str) -> str:
        """Sends a form with the token of the page it stands on, unless another one is given.

        What the page says was shown goes along, as a browser sends it.
        """
        shown = re.search(r'name="shown" value="([^"]+)"', self.html)
        values = {"token": self.token if token is None else token, "shown": shown.group(1) if shown else ""}
        values |= fields
        return self._seen(await self.client.post(address, data=values, follow_redirects=True))

    @property
    def token(self) -> str:
        found = re.search(r'name="token" value="([^"]+)"', self.html)
        return found.group(1) if found else ""

    @property
    def text(self) -> str:
        """What a person reads: the page without its tags, blanks drawn together."""
        body = re.sub(r"<(script|style)\b.*?</\1>", " ", self.html, flags=re.S)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())

    async def events(self) -> AsyncIterator[str]:
        """The names of the events of `/events` as they come; httpx would wait for the end of the answer."""
        sent: asyncio.Queue[Message] = asyncio.Queue()
        cookie = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/events",
            "raw_path": b"/events",
            "query_string": b"",
            "headers": [(b"cookie", cookie.encode()), (b"host", b"console.test")],
        }
        answering = asyncio.ensure_future(self.app(scope, self._never, sent.put))
        try:
            while (message := await sent.get())["type"] == "http.response.start" or message.get("more_body"):
                for name in re.findall(rb"event: (\w+)", message.get("body", b"")):
                    yield name.decode()
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)

    async def _never(self) -> Message:
        """Nobody hangs up."""
        nothing: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return await nothing

    def _seen(self, response: httpx.Response) -> str:
        self.html, self.status, self.headers = response.text, response.status_code, response.headers
        self.at = response.url.path
        return self.text


OpenBrowser = Callable[..., Browser]
SignIn = Callable[..., Awaitable[Browser]]
CommandLine = Callable[..., Awaitable[str]]


@pytest.fixture
def desk_clock() -> DeskClock:
    return DeskClock(MONDAY, frozen=True)


@pytest.fixture
async def world(sqlite_archive: Archive, desk_clock: DeskClock) -> World:
    return await a_world(sqlite_archive, desk_clock)


@pytest.fixture
async def both_worlds(archive: Archive, desk_clock: DeskClock) -> World:
    """The same on each database in turn."""
    return await a_world(archive, desk_clock)


async def a_world(archive: Archive, clock: DeskClock) -> World:
    study = the_study()
    desk = Desk(
        archive=cheap(archive),
        study=study,
        clock=clock,
        calendars=SiteCalendars(study.working_hours),
        understander=the_understander(),
    )
    for site in (cast.TIANJIN, cast.WUHAN):
        await add_site(desk, site=site, by=OPERATOR)
    return World(Phones(desk=desk, clock=clock, texts=the_words()), clock)


@pytest.fixture
def browsers() -> OpenBrowser:
    """Opens browsers, which prefer English, on the console of a world."""

    def one(world: World, *, secure: bool = False) -> Browser:
        app = console_app(world.desk, the_words(), secure_cookies=secure, beat_s=0.001)
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
            base_url="https://console.test" if secure else "http://console.test",
            headers={"accept-language": "en"},
        )
        return Browser(client, app)

    return one


@pytest.fixture
def signed_in(browsers: OpenBrowser) -> SignIn:
    """A browser of this person, who is added and signed in without the time that passwords take."""

    async def sign_in(world: World, code: str, language: Language = Language.EN) -> Browser:
        browser, token, now = browsers(world), new_secret(), world.clock.real_now()
        await world.staff(code, language)
        session = ConsoleSession(staff_code=StaffCode(code), csrf=new_secret(), idle_at=now + LONGEST_IDLE)
        async with world.desk.archive.begin() as uow:
            await uow.accounts.set_password_hash(StaffCode(code), "no password fits this")
            token_hash = world.desk.archive.keyring.hash_code(token)
            await uow.accounts.open_session(token_hash, session, now + LONGEST_SESSION)
        browser.client.cookies.set(session_cookie(secure=False), token)
        await browser.open("/cases")
        assert browser.at == "/cases"
        return browser

    return sign_in


@pytest.fixture
def signed_in_by_code(browsers: OpenBrowser) -> SignIn:
    """As `signed_in`, by the one-time code and a password, as a person does it."""

    async def sign_in(world: World, code: str, language: Language = Language.EN) -> Browser:
        browser = browsers(world)
        one_time = await world.staff(code, language)
        await browser.open(f"/sign-in?code={one_time}")
        await browser.send("/sign-in/first", code=one_time, password=PASSWORD, again=PASSWORD)
        assert browser.status == 200, browser.text
        return browser

    return sign_in


@pytest.fixture
def command_line(sqlite_url: str, desk_clock: DeskClock, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """`suifang …` on the database of the world, at its hour; gives what it says, or fails.

    `warned`: gives what it warns of instead, on standard error.
    """
    monkeypatch.setenv("SUIFANG_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("SUIFANG_SECRET_KEY", SECRET)
    monkeypatch.setattr(speaking, "opened_desk", partial(opened_desk, clock=desk_clock))

    async def run(*words: str, warned: bool = False) -> str:
        said = await asyncio.to_thread(CliRunner().invoke, app, list(words))
        assert said.exit_code == 0, said.output
        return said.stderr if warned else said.stdout

    return run
