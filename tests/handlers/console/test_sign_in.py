"""Signing in: a code once, then a password; wrong tries counted; nothing without the token of its form."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.actions.console_account import sign_in
from bot.actions.manage_staff import revoke_staff
from bot.rules.errors import Refusal
from bot.rules.study import Language, StaffCode
from tests.handlers.console.conftest import OPERATOR, PASSWORD, OpenBrowser, SignIn, World


class TestTheFirstTime:
    async def test_looking_at_the_link_does_not_use_it_up(
        self, both_worlds: World, browsers: OpenBrowser
    ) -> None:
        code = await both_worlds.staff("CA1")
        browser = browsers(both_worlds)
        for _ in range(3):
            await browser.open(f"/sign-in?code={code}")
        await browser.send("/sign-in/first", code=code.lower(), password=PASSWORD, again=PASSWORD)
        assert browser.at == "/"
        assert "CA1" in browser.text

    async def test_a_code_is_good_once(self, world: World, browsers: OpenBrowser) -> None:
        code = await world.staff("CA1")
        browser = browsers(world)
        for expected in ("/", "/sign-in/first"):
            browser.client.cookies.clear()
            await browser.open(f"/sign-in?code={code}")
            await browser.send("/sign-in/first", code=code, password=PASSWORD, again=PASSWORD)
            assert browser.at == expected
        assert "wrong, used or expired" in browser.text

    @pytest.mark.parametrize(
        ("password", "again", "why"),
        [
            ("short", "short", "12 to 200 characters"),
            ("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "not all alike"),
            (PASSWORD, PASSWORD + "?", "differ"),
        ],
    )
    async def test_a_refused_password_keeps_the_code(
        self, world: World, browsers: OpenBrowser, password: str, again: str, why: str
    ) -> None:
        code = await world.staff("CA1")
        browser = browsers(world)
        await browser.open(f"/sign-in?code={code}")
        await browser.send("/sign-in/first", code=code, password=password, again=again)
        assert why in browser.text
        assert code in browser.html
        await browser.send("/sign-in/first", code=code, password=PASSWORD, again=PASSWORD)
        assert browser.at == "/"

    async def test_guessing_codes_ends_after_five(self, world: World, browsers: OpenBrowser) -> None:
        code = await world.staff("CA1")
        browser = browsers(world)
        await browser.open("/sign-in?code=")
        for _ in range(5):
            await browser.send("/sign-in/first", code="AAAA-BBBB", password=PASSWORD, again=PASSWORD)
        await browser.send("/sign-in/first", code=code, password=PASSWORD, again=PASSWORD)
        assert browser.status == 429
        assert "15 minutes" in browser.text


class TestPassword:
    async def test_it_opens_the_page_that_was_asked_for(
        self, world: World, browsers: OpenBrowser, signed_in_by_code: SignIn
    ) -> None:
        await signed_in_by_code(world, "CA1")
        browser = browsers(world)
        await browser.open("/participants")
        assert browser.at == "/sign-in"
        await browser.send("/sign-in", staff="ca1 ", password=PASSWORD, next="/participants")
        assert browser.at == "/participants"

    @pytest.mark.parametrize("elsewhere", ["https://evil.test/", "//evil.test/", "/\\evil.test"])
    async def test_it_never_leads_to_another_site(
        self, world: World, browsers: OpenBrowser, signed_in_by_code: SignIn, elsewhere: str
    ) -> None:
        await signed_in_by_code(world, "CA1")
        browser = browsers(world)
        await browser.open("/sign-in")
        await browser.send("/sign-in", staff="CA1", password=PASSWORD, next=elsewhere)
        assert browser.at == "/"

    async def test_unknown_code_and_wrong_password_are_answered_alike_and_both_are_noted(
        self, both_worlds: World, browsers: OpenBrowser, signed_in_by_code: SignIn
    ) -> None:
        await signed_in_by_code(both_worlds, "CA1")
        answers = []
        for staff in ("CA1", "XX9"):
            browser = browsers(both_worlds)
            await browser.open("/sign-in")
            await browser.send("/sign-in", staff=staff, password="not the right one", next="/")
            answers.append((browser.status, browser.text))
        assert answers[0] == answers[1]
        failures = [
            entry for entry in await both_worlds.audit() if entry[0] == "visitor:console:sign_in_failed"
        ]
        assert [entry[2] for entry in failures] == ["CA1", "unknown"]

    async def test_many_tries_at_once_are_no_more_than_five(self, both_worlds: World) -> None:
        """Each is counted before it is looked at: whoever guesses side by side gains nothing."""
        await both_worlds.staff("CA1")
        tries = [
            sign_in(both_worlds.desk, code="CA1", password=f"guess {number} guess", address="192.0.2.7")
            for number in range(8)
        ]
        refused = await asyncio.gather(*tries, return_exceptions=True)
        keys = sorted(one.key for one in refused if isinstance(one, Refusal))
        assert keys == ["refusal.sign_in"] * 5 + ["refusal.too_many_tries"] * 3

    @pytest.mark.parametrize(
        "sent",
        [
            {"files": {"staff": ("notes.txt", b"x" * 4096)}},
            {"data": {"staff": "x" * 200_000}},
            {"data": {f"field {number}": "x" for number in range(200)}},
        ],
        ids=["a file", "a long field", "many fields"],
    )
    async def test_nobody_fills_memory_or_disk_from_outside(
        self, world: World, browsers: OpenBrowser, sent: dict[str, Any]
    ) -> None:
        answer = await browsers(world).client.post("/sign-in", **sent)
        assert answer.status_code == 400

    async def test_a_right_password_is_no_wrong_try(self, world: World, browsers: OpenBrowser) -> None:
        code = await world.staff("CA1")
        browser = browsers(world)
        await browser.open(f"/sign-in?code={code}")
        await browser.send("/sign-in/first", code=code, password=PASSWORD, again=PASSWORD)
        for _ in range(6):
            signed_in = await sign_in(world.desk, code="CA1", password=PASSWORD, address="192.0.2.7")
            assert signed_in.token

    async def test_after_five_wrong_tries_even_the_right_one_waits_a_quarter_of_an_hour(
        self, both_worlds: World, browsers: OpenBrowser, signed_in_by_code: SignIn
    ) -> None:
        await signed_in_by_code(both_worlds, "CA1")
        browser = browsers(both_worlds)
        await browser.open("/sign-in")
        for number in range(6):
            right = number == 5
            password = PASSWORD if right else "not the right one"
            await browser.send("/sign-in", staff="CA1", password=password, next="/")
        assert browser.status == 429
        both_worlds.clock.machine_ahead += timedelta(minutes=16)
        await browser.send("/sign-in", staff="CA1", password=PASSWORD, next="/")
        assert browser.at == "/"

    async def test_a_new_one_time_code_sets_a_new_password_and_ends_old_sessions(
        self, world: World, browsers: OpenBrowser, signed_in_by_code: SignIn
    ) -> None:
        old = await signed_in_by_code(world, "CA1")
        code = await world.new_code("CA1")
        new = browsers(world)
        await new.open(f"/sign-in?code={code}")
        await new.send("/sign-in/first", code=code, password="another sentence", again="another sentence")
        await old.open("/cases")
        assert old.at == "/sign-in"
        assert new.at == "/"


class TestSession:
    @pytest.mark.parametrize(("minutes", "still_in"), [(29, True), (31, False)])
    async def test_half_an_hour_without_a_hand_ends_it(
        self, both_worlds: World, signed_in: SignIn, minutes: int, still_in: bool
    ) -> None:
        browser = await signed_in(both_worlds, "CA1")
        both_worlds.clock.machine_ahead += timedelta(minutes=20)
        await browser.open("/cases")
        both_worlds.clock.machine_ahead += timedelta(minutes=minutes)
        await browser.open("/cases")
        assert (browser.at == "/cases") is still_in

    async def test_twelve_hours_end_it_however_busy(self, world: World, signed_in: SignIn) -> None:
        browser = await signed_in(world, "CA1")
        for _ in range(36):
            await browser.open("/cases")
            assert browser.at == "/cases"
            world.clock.machine_ahead += timedelta(minutes=20)
        await browser.open("/cases")
        assert browser.at == "/sign-in"

    async def test_a_page_that_refreshes_itself_keeps_nobody_signed_in(
        self, world: World, signed_in: SignIn
    ) -> None:
        browser = await signed_in(world, "CA1")
        for _ in range(4):
            world.clock.machine_ahead += timedelta(minutes=10)
            await browser.open("/cases", **{"x-suifang-refresh": "1"})
        assert browser.status == 401

    async def test_tomorrow_in_the_rehearsal_signs_nobody_out(self, world: World, signed_in: SignIn) -> None:
        browser = await signed_in(world, "CA1")
        world.clock.move(timedelta(days=3))
        await browser.open("/cases")
        assert browser.at == "/cases"

    async def test_signing_out_ends_the_session_itself(self, world: World, signed_in: SignIn) -> None:
        browser = await signed_in(world, "CA1")
        cookies = dict(browser.client.cookies)
        await browser.send("/sign-out")
        browser.client.cookies.update(cookies)
        await browser.open("/cases")
        assert browser.at == "/sign-in"
        assert ("staff:console:signed_out", "CA1", "CA1") in await world.audit()

    async def test_whoever_is_revoked_is_out_at_once(self, world: World, signed_in_by_code: SignIn) -> None:
        browser = await signed_in_by_code(world, "CA1")
        await revoke_staff(world.desk, code=StaffCode("CA1"), reason="left the site", by=OPERATOR)
        await browser.open("/cases")
        assert browser.at == "/sign-in"
        await browser.send("/sign-in", staff="CA1", password=PASSWORD, next="/")
        assert browser.at == "/sign-in"


class TestForms:
    @pytest.mark.parametrize(
        "address", ["/language", "/sign-out", "/export", "/cases/X/take", "/cases/X/close"]
    )
    async def test_nothing_is_done_without_the_token_of_the_session(
        self, world: World, signed_in: SignIn, address: str
    ) -> None:
        browser = await signed_in(world, "CA1")
        for token in ("", "forged"):
            await browser.open("/cases")
            await browser.send(address, token=token, language="zh")
            assert browser.status == 403

    async def test_a_form_from_another_site_is_refused(self, world: World, signed_in: SignIn) -> None:
        browser = await signed_in(world, "CA1")
        browser.client.headers["sec-fetch-site"] = "cross-site"
        await browser.send("/language", language="zh")
        assert browser.status == 403

    async def test_the_sign_in_needs_the_token_of_its_cookie(
        self, world: World, browsers: OpenBrowser
    ) -> None:
        browser = browsers(world)
        await browser.send("/sign-in", token="made up", staff="CA1", password=PASSWORD)
        assert browser.status == 403


class TestHeaders:
    @pytest.mark.parametrize("address", ["/sign-in", "/cases", "/nowhere", "/static/style.css"])
    async def test_nothing_from_elsewhere_nothing_framed_nothing_kept(
        self, world: World, signed_in: SignIn, address: str
    ) -> None:
        browser = await signed_in(world, "CA1")
        await browser.open(address)
        policy = browser.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert browser.headers["referrer-policy"] == "no-referrer"
        assert browser.headers["x-content-type-options"] == "nosniff"
        assert ("no-store" in browser.headers["cache-control"]) is not address.startswith("/static")

    async def test_cookies_are_kept_from_scripts_and_other_sites(
        self, world: World, browsers: OpenBrowser
    ) -> None:
        code = await world.staff("CA1")
        browser = browsers(world, secure=True)
        await browser.open(f"/sign-in?code={code}")
        response = await browser.client.post(
            "/sign-in/first",
            data={"token": browser.token, "code": code, "password": PASSWORD, "again": PASSWORD},
        )
        (cookie,) = [one for one in response.headers.get_list("set-cookie") if one.startswith("__Host-")]
        for word in ("HttpOnly", "SameSite=lax", "Secure", "Path=/"):
            assert word in cookie
        assert "max-age" in response.headers["strict-transport-security"]


class TestLanguage:
    async def test_it_is_the_persons_own_and_the_chat_keeps_its_own(
        self, world: World, signed_in: SignIn
    ) -> None:
        browser = await signed_in(world, "CA1", Language.ZH)
        assert "未结束事件" in browser.text
        await browser.send("/language", language="en", back="/participants")
        assert browser.at == "/participants"
        assert "Participants" in browser.text
        async with world.desk.archive.read() as uow:
            staff = await uow.staff.get(StaffCode("CA1"))
        assert staff is not None
        assert staff.language is Language.ZH

    @pytest.mark.parametrize(
        ("address", "accepts", "word"),
        [
            ("/sign-in", "en-GB", "Password"),
            ("/sign-in", "zh-CN", "密码"),
            ("/sign-in?language=zh", "en", "密码"),
        ],
    )
    async def test_before_the_sign_in_the_browser_says_which(
        self, world: World, browsers: OpenBrowser, address: str, accepts: str, word: str
    ) -> None:
        browser = browsers(world)
        assert word in await browser.open(address, **{"accept-language": accepts})
