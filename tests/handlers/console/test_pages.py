"""What each page shows to whom, and that a page never says less than there is."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from datetime import datetime, timedelta

import httpx
import pytest
from openpyxl import load_workbook
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.actions.manage_staff import revoke_staff
from bot.rules.case import CaseId
from bot.rules.study import Language, Level, StaffCode
from handlers.console.app import console_app
from storage.archive import Archive
from storage.errors import StorageUnavailable
from tests.handlers.console.conftest import (
    HER,
    OPERATOR,
    PEOPLE,
    SUBJECT,
    OpenBrowser,
    SignIn,
    World,
    the_words,
)

READS = {"CA1", "SI1", "PI1", "CE1", "DM1", "IN1"}
READS_WORDS = READS - {"DM1"}
TAKES = {"CA1", "SI1", "PI1", "CE1"}
CLOSES_URGENT = {"SI1", "PI1"}
EXPORTS = {"CA1", "SI1", "PI1", "CE1", "DM1"}
READS_AUDIT = {"SI1", "PI1", "CE1", "DM1", "PO1", "IN1"}
READS_SYSTEM_AUDIT = {"CE1", "PO1", "IN1", "AD1"}
WORDS = "my hair looks a bit thin lately"


async def open_case(world: World) -> CaseId:
    async with world.desk.archive.read() as uow:
        (case,) = await uow.cases.open_of(SUBJECT)
    return case.id


@pytest.mark.parametrize("code", sorted(PEOPLE))
class TestEveryRole:
    """Each page and each button by each role, at the site and not."""

    async def test_who_sees_the_participants(self, world: World, signed_in: SignIn, code: str) -> None:
        browser = await signed_in(world, code)
        await world.enrol(joins=False)
        await browser.open("/participants")
        assert browser.status == 200
        assert ("TJ-001" in browser.text) is (code in READS)
        if code not in {*READS, "CW1"}:
            assert "Your role reads no participants' records" in browser.text

    async def test_who_reads_a_log_and_the_words_in_it(
        self, world: World, signed_in: SignIn, code: str
    ) -> None:
        browser = await signed_in(world, code)
        await world.enrol()
        await world.phones.type(HER, WORDS)
        await browser.open("/participants/TJ-001")
        assert browser.status == (200 if code in READS else 404)
        assert (WORDS in browser.text) is (code in READS_WORDS)
        viewed = ("staff:participant:viewed", code, "TJ-001")
        refused = ("staff:access:refused", code, "TJ-001")
        assert (viewed in await world.audit(SUBJECT)) is (code in READS)
        assert (refused in await world.audit()) is (code not in READS)

    async def test_who_takes_and_who_closes_an_emergency(
        self, world: World, signed_in: SignIn, code: str
    ) -> None:
        browser = await signed_in(world, code)
        await world.enrol()
        await world.red_flag()
        case_id = await open_case(world)
        await browser.open("/cases")
        assert ("I take this" in browser.text) is (code in TAKES)
        assert ("Close the case" in browser.text) is (code in CLOSES_URGENT)
        token = browser.token
        for verb, fields in (
            ("take", {}),
            ("contact", {"reached": "yes"}),
            ("close", {"outcome": "SENT_TO_ED"}),
        ):
            await browser.send(f"/cases/{case_id}/{verb}", token=token, **fields)
            may = code in (CLOSES_URGENT if verb == "close" else TAKES)
            assert browser.status == (200 if may else 404), verb
        async with world.desk.archive.read() as uow:
            case = await uow.cases.get(case_id)
        assert case is not None
        assert (case.acknowledged_by == code) is (code in TAKES)
        assert (case.closed_by == code) is (code in CLOSES_URGENT)

    async def test_who_exports(self, world: World, signed_in: SignIn, code: str) -> None:
        browser = await signed_in(world, code)
        await world.enrol()
        await world.phones.type(HER, WORDS)
        await browser.open("/export")
        response = await browser.client.post("/export", data={"token": browser.token, "site": "TJ"})
        assert response.status_code == (200 if code in EXPORTS else 404)
        assert ("staff:dataset:exported" in {kind for kind, *_ in await world.audit()}) is (code in EXPORTS)
        if code in EXPORTS:
            with zipfile.ZipFile(io.BytesIO(response.content)) as packed:
                said = packed.read("words.csv").decode("utf-8-sig")
                derived = packed.read("understood.csv").decode("utf-8-sig")
            assert (WORDS in said) is (code in READS_WORDS)
            assert (WORDS in derived, f"{SUBJECT}," in derived) == (False, True)

    async def test_who_reads_which_audit_trail(self, world: World, signed_in: SignIn, code: str) -> None:
        browser = await signed_in(world, code)
        await world.enrol()
        await browser.open("/participants/TJ-001/audit")
        assert browser.status == (200 if code in READS_AUDIT else 404)
        assert ("enrolled" in browser.text) is (code in READS_AUDIT)
        assert (("staff:audit:viewed", code, "TJ-001") in await world.audit(SUBJECT)) is (code in READS_AUDIT)
        await browser.open("/audit")
        assert browser.status == (200 if code in READS_SYSTEM_AUDIT else 404)
        assert ("added a site" in browser.text) is (code in READS_SYSTEM_AUDIT)

    async def test_who_sees_what_there_is_to_do(self, world: World, signed_in: SignIn, code: str) -> None:
        browser = await signed_in(world, code)
        await world.enrol()
        await world.red_flag()
        await browser.open("/")
        assert browser.status == 200
        assert ("TJ-001" in browser.text) is (code in READS)
        assert ("I take this" in browser.text) is (code in TAKES)
        if code == "CW1":
            assert "Nothing to do right now" in browser.text


class TestTheWorklist:
    async def test_each_thing_stands_once_most_urgent_first_and_goes_when_it_is_done(
        self, both_worlds: World, signed_in: SignIn
    ) -> None:
        world = both_worlds
        browser = await signed_in(world, "CA1")
        await world.enrol()
        await world.phones.pass_time(timedelta(days=1))
        await browser.open("/")
        assert "dose 1" in browser.text
        await world.dose()
        await browser.open("/")
        assert "dose 1" not in browser.text
        await world.phones.type(HER, WORDS)
        await world.phones.pass_time(timedelta(minutes=1))
        await world.red_flag()
        await browser.open("/")
        assert browser.text.index("EMERGENCY") < browser.text.index(WORDS)
        assert "1 urgent cases" in browser.text

    async def test_searching_participants_says_when_it_found_none(
        self, world: World, signed_in: SignIn
    ) -> None:
        browser = await signed_in(world, "CA1")
        await world.enrol(joins=False)
        assert "TJ-001" in await browser.open("/participants?code=tj-0&only=not_joined")
        assert "1 entry in all" in await browser.open("/participants?code=tj-9")
        assert "1 entry in all" in await browser.open("/participants?only=open")


class TestAForeignSubject:
    async def test_is_answered_as_one_that_does_not_exist_and_both_leave_a_trace(
        self, both_worlds: World, signed_in: SignIn
    ) -> None:
        browser = await signed_in(both_worlds, "CW1")
        await both_worlds.enrol()
        await both_worlds.red_flag()
        case_id = await open_case(both_worlds)
        answers = set()
        for address in ("/participants/TJ-001", "/participants/TJ-999", f"/cases/{case_id}", "/cases/NONE"):
            await browser.open(address)
            answers.add((browser.status, browser.text))
        assert len(answers) == 1
        refused = [about for kind, who, about in await both_worlds.audit() if kind == "staff:access:refused"]
        assert refused == ["TJ-001", "TJ-999", case_id, "NONE"]

    async def test_what_was_asked_for_is_not_repeated_when_it_is_no_code(
        self, world: World, signed_in: SignIn
    ) -> None:
        browser = await signed_in(world, "CA1")
        await browser.open("/participants/Zhang%20San%20138")
        assert browser.status == 404
        assert ("staff:access:refused", "CA1", "something else") in await world.audit()
        assert "Zhang" not in browser.text


class TestTheLog:
    async def test_no_declined_unfinished_and_not_asked_are_told_apart(
        self, both_worlds: World, signed_in: SignIn
    ) -> None:
        world = both_worlds
        browser = await signed_in(world, "SI1")
        await world.enrol()
        await world.good_day()
        await browser.open("/participants/TJ-001")
        assert "no Red flags, now or in the last 24 hours; Any bleeding; Other symptoms" in browser.text
        await world.phones.tap(HER, "I feel unwell")
        await world.phones.tap(HER, "None of these")
        await world.phones.tap(HER, "Yes")
        await world.phones.tap(HER, "Nosebleed")
        await world.phones.tap(HER, "Done")
        await world.phones.tap(HER, "None of these, it is me, finish")
        await world.phones.tap(HER, "Skip")
        await browser.open("/participants/TJ-001")
        assert "did not want to answer" in browser.text
        assert "not answered yet" in browser.text
        for _ in range(2):  # she is nudged once, then the report is closed as it stands
            await world.phones.pass_time(timedelta(minutes=15))
        await browser.open("/participants/TJ-001")
        assert "not answered yet" not in browser.text
        assert "unfinished: no answer" in browser.text
        assert "SAME DAY" in browser.text

    async def test_entries_stand_in_order_of_time_and_lead_to_their_case(
        self, world: World, signed_in: SignIn
    ) -> None:
        browser = await signed_in(world, "SI1")
        await signed_in(world, "CA1")
        await world.enrol()
        await world.phones.pass_time(timedelta(hours=23))
        await world.phones.tap(HER, "Got it")
        await world.phones.pass_time(timedelta(hours=1))
        await world.dose()
        await world.phones.pass_time(timedelta(days=3))
        await world.lab("18")
        await world.phones.pass_time(timedelta(minutes=1))
        await world.red_flag()
        await browser.open("/participants/TJ-001")
        assert "dose 1: got it" in browser.text.lower()
        assert "injection-1" not in browser.text
        log = browser.text.partition("results and doses")[2]
        places = [log.index(word) for word in ("PLT 38", "Dose 1", "PLT 18", "Bleeding that will not stop")]
        assert places == sorted(places)
        assert browser.html.partition('class="log"')[2].count('<a href="#case-') == 2
        assert "EMERGENCY" in browser.text

    async def test_what_she_typed_is_shown_as_typed_and_never_run(
        self, world: World, signed_in: SignIn
    ) -> None:
        browser = await signed_in(world, "SI1")
        await world.enrol()
        await world.phones.type(HER, "<script>alert(1)</script> & {site_phone}")
        await browser.open("/participants/TJ-001")
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; {site_phone}" in browser.html

    async def test_many_looks_are_one_in_the_audit_trail_until_ten_minutes_have_passed(
        self, world: World, signed_in: SignIn
    ) -> None:
        browser = await signed_in(world, "SI1")
        await world.enrol(joins=False)
        seen = []
        for minutes in (0, 9, 2):
            world.clock.machine_ahead += timedelta(minutes=minutes)
            await browser.open("/participants/TJ-001")
            seen.append([kind for kind, *_ in await world.audit(SUBJECT)].count("staff:participant:viewed"))
        assert seen == [1, 1, 2]


class TestCases:
    async def test_a_coordinator_takes_and_an_investigator_closes_with_an_outcome(
        self, both_worlds: World, signed_in: SignIn
    ) -> None:
        world = both_worlds
        coordinator, investigator = await signed_in(world, "CA1"), await signed_in(world, "SI1", Language.ZH)
        await world.enrol()
        await world.red_flag()
        case_id = await open_case(world)
        await coordinator.open("/cases")
        await coordinator.send(f"/cases/{case_id}/take")
        assert "Taken by CA1" in coordinator.text
        assert "is closed by an investigator" in coordinator.text
        await investigator.open(f"/cases/{case_id}")
        await investigator.send(f"/cases/{case_id}/take")
        assert (investigator.status, "CA1" in investigator.text) == (409, True)
        await investigator.send(f"/cases/{case_id}/close", outcome="", note="送急诊，已通知家属")
        assert investigator.status == 409
        assert "请选择结果" in investigator.text
        assert "送急诊，已通知家属" in investigator.html
        await investigator.send(f"/cases/{case_id}/close", outcome="SENT_TO_ED", note="送急诊，已通知家属")
        await investigator.open("/participants/TJ-001")
        assert "送急诊，已通知家属" in investigator.text
        await investigator.open("/cases")
        assert "没有未结束的事件" in investigator.text

    async def test_unreachable_needs_three_attempts(self, world: World, signed_in: SignIn) -> None:
        browser = await signed_in(world, "SI1")
        await world.enrol()
        await world.red_flag()
        case_id = await open_case(world)
        await browser.open(f"/cases/{case_id}")
        for attempts in range(4):
            await browser.send(f"/cases/{case_id}/close", outcome="UNREACHABLE", note="")
            assert browser.status == (200 if attempts == 3 else 409)
            world.clock.move(timedelta(minutes=1))
            await browser.send(f"/cases/{case_id}/contact", reached="no")

    async def test_the_most_urgent_stands_first(self, world: World, signed_in: SignIn) -> None:
        browser = await signed_in(world, "CA1")
        await world.enrol()
        await world.phones.type(HER, WORDS)
        await world.red_flag()
        await browser.open("/cases")
        assert browser.text.index("EMERGENCY") < browser.text.index("ROUTINE")


class TestLive:
    async def test_an_open_page_hears_of_news_and_of_the_end_of_its_session(
        self, both_worlds: World, signed_in: SignIn
    ) -> None:
        world = both_worlds
        browser = await signed_in(world, "CA1")
        events = browser.events()
        assert await anext(events) == "open"
        await world.enrol(joins=False)
        assert await anext(events) == "changed"
        await revoke_staff(world.desk, code=StaffCode("CA1"), reason="left", by=OPERATOR)
        assert "ended" in [name async for name in events]


class TestAFailedRead:
    async def test_never_looks_like_an_empty_list(
        self, world: World, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        browser = await signed_in(world, "CA1", Language.ZH)
        await browser.open("/cases")
        assert browser.status == 200

        def full(*_: object) -> None:
            raise StorageUnavailable("disk I/O error")

        monkeypatch.setattr(Archive, "read", full)
        await browser.open("/cases")
        assert browser.status == 503
        assert "Nothing was changed" in browser.text or "没有更改任何内容" in browser.text
        assert "没有未结束的事件" not in browser.text


class TestExport:
    async def test_one_cut_with_dictionary_checksums_and_cells_that_excel_does_not_run(
        self, both_worlds: World, signed_in: SignIn
    ) -> None:
        world = both_worlds
        browser = await signed_in(world, "SI1")
        await world.enrol()
        await world.phones.type(HER, '=HYPERLINK("http://evil.test","头晕")')
        await world.red_flag()
        await browser.open("/export")
        response = await browser.client.post("/export", data={"token": browser.token, "site": ""})
        assert 'filename="suifang-TJ-' in response.headers["content-disposition"]
        with zipfile.ZipFile(io.BytesIO(response.content)) as packed:
            files = {name: packed.read(name) for name in packed.namelist()}
        sums = files.pop("SHA256SUMS").decode().splitlines()
        assert sums == [f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in files.items()]
        manifest = json.loads(files["manifest.json"])
        assert manifest["study"] == "ql-ctit-ruls-1002"
        tables = {
            name.removesuffix(".csv"): list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
            for name, content in files.items()
            if name.endswith(".csv")
        }
        assert all(
            content.startswith(b"\xef\xbb\xbf") for name, content in files.items() if name.endswith(".csv")
        )
        assert manifest["record_count"] == sum(
            len(rows) - 1 for name, rows in tables.items() if name != "dictionary"
        )
        words = tables["words"]
        assert words[1][words[0].index("text")] == '\'=HYPERLINK("http://evil.test","头晕")'
        (meant,) = tables["understood"][1:]
        read = dict(zip(tables["understood"][0], meant, strict=True))
        assert read["words_id"] == words[1][words[0].index("words_id")]
        assert (read["level"], read["symptoms"]) == ("SAME_DAY", "dizziness=present")
        assert read["rules_version"]
        assert read["lexicon_version"]
        assert all(
            "derived" in row[2] for row in tables["dictionary"] if row[:2] == ["understood", "symptoms"]
        )
        described = {(row[0], row[1]) for row in tables["dictionary"][1:]}
        assert described == {
            (name, column) for name, rows in tables.items() if name != "dictionary" for column in rows[0]
        }
        assert Level.EMERGENCY.name in [row[3] for row in tables["cases"]]

    async def test_the_workbook_says_the_same_and_runs_nothing(self, world: World, signed_in: SignIn) -> None:
        browser = await signed_in(world, "SI1")
        await world.enrol()
        await world.phones.type(HER, "=1+1")
        await browser.open("/export")
        form = {"token": browser.token, "site": "TJ", "format": "xlsx"}
        response = await browser.client.post("/export", data=form)
        assert response.headers["content-disposition"].endswith('.xlsx"')
        book = load_workbook(io.BytesIO(response.content))
        words = list(book["words"].iter_rows(values_only=True))
        cell = book["words"].cell(row=2, column=words[0].index("text") + 1)
        assert (cell.value, cell.data_type) == ("=1+1", "s")
        people = list(book["participants"].iter_rows(values_only=True))
        day1 = people[1][people[0].index("day1_at")]
        assert day1 == datetime(2026, 3, 3, 1, 30)  # noqa: DTZ001 - Excel knows no zones
        assert ("study", "ql-ctit-ruls-1002") in list(book["about"].iter_rows(values_only=True))
        assert {"participants", "labs", "answers", "dictionary"} <= set(book.sheetnames)

    async def test_nobody_takes_along_another_site(self, world: World, signed_in: SignIn) -> None:
        browser = await signed_in(world, "CW1")
        await world.enrol()
        await browser.open("/export")
        for site, status in (("TJ", 404), ("XX", 404), ("", 200)):
            response = await browser.client.post("/export", data={"token": browser.token, "site": site})
            assert response.status_code == status
            assert b"TJ-001" not in response.content


@pytest.mark.parametrize("language", list(Language))
async def test_every_page_reads_in_the_persons_language(
    world: World, signed_in: SignIn, language: Language
) -> None:
    browser = await signed_in(world, "SI1", language)
    await world.enrol()
    await world.red_flag()
    for address in (
        "/",
        "/participants/TJ-001/audit",
        "/cases",
        f"/cases/{await open_case(world)}",
        "/participants",
        "/participants/TJ-001",
        "/export",
    ):
        await browser.open(address)
        assert browser.status == 200
        assert f'<html lang="{language.value}">' in browser.html
        assert "console." not in browser.text


async def test_a_fault_of_ours_is_one_calm_sentence_without_its_reason(world: World) -> None:
    async def broken(request: Request) -> Response:
        raise RuntimeError("the patient's name is")

    app = console_app(world.desk, the_words(), secure_cookies=True, extra_routes=[Route("/broken", broken)])
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://console.test") as client:
        response = await client.get("/broken")
    assert response.status_code == 500
    assert "name is" not in response.text
    assert "没有更改任何内容" in response.text
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert response.headers["cache-control"] == "no-store"


async def test_an_unknown_address_is_not_found_for_a_stranger_too(
    world: World, browsers: OpenBrowser
) -> None:
    browser = browsers(world)
    await browser.open("/participants/TJ-001/../../etc")
    assert browser.status == 404
