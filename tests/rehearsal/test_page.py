"""The page of the rehearsal, over the whole real service: looked at and played as a visitor does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from bot.assembly.casting import MORNING, SITES, local
from bot.assembly.staging import Staged
from bot.rehearsal.journal import Sort
from bot.rehearsal.page.app import PATH, Page
from bot.rehearsal.stage import Scene
from bot.rules.study import Language, Role
from bot.texts import Texts

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOST = "http://127.0.0.1:8000"
FROM_OUR_PAGE = {"Origin": HOST}
RED_FLAG = {Language.ZH: "流鼻血40分钟止不住，要晕倒", Language.EN: "nosebleed 40 min wont stop feel faint"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def curtain(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Staged]:
    folder = Path(tmp_path_factory.mktemp("rehearsal"))
    staged = Staged(folder, Texts.load(), HOST)
    try:
        await staged.raise_curtain()
        yield staged
    finally:
        await staged.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(curtain: Staged) -> Staged:
    """As on Tuesday morning, whatever the test before did."""
    await curtain.play(Scene.START, Language.ZH)
    return curtain


@pytest_asyncio.fixture(loop_scope="module")
async def visitor(stage: Staged) -> AsyncIterator[httpx.AsyncClient]:
    app = Page(stage, asyncio.Event()).app()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url=HOST, follow_redirects=True
    ) as client:
        yield client


async def play(visitor: httpx.AsyncClient, act: str, /, **form: str) -> httpx.Response:
    answer = await visitor.post(f"{PATH}/{act}", data=form, headers=FROM_OUR_PAGE)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize(
    ("language", "patient", "colleague"), [("zh", "TJ-001", "CA1"), ("en", "TJ-002", "CA2")]
)
async def test_a_visitor_sees_phones_that_speak_her_language(
    visitor: httpx.AsyncClient, language: str, patient: str, colleague: str
) -> None:
    page = (await visitor.get(PATH, params={"lang": language})).text
    assert f'data-code="{patient}"' in page
    assert f'data-code="{colleague}"' in page
    assert 'data-show="time">08:30<' in page


async def test_five_sites_each_have_a_coordinator_an_investigator_and_a_principal_investigator(
    stage: Staged,
) -> None:
    assert len(SITES) == 5
    for site in SITES:
        roles = {one.role for one in stage.cast.staff_of(site.code)}
        assert {Role.COORDINATOR, Role.SUB_INVESTIGATOR, Role.PRINCIPAL_INVESTIGATOR} <= roles
        assert any(one.site == site.code for one in stage.cast.patients())


@pytest.mark.parametrize("language", list(Language))
async def test_a_red_flag_typed_without_script_is_answered_and_rings_on_the_other_phone(
    stage: Staged, visitor: httpx.AsyncClient, language: Language
) -> None:
    patient = next(one for one in stage.cast.patients() if one.language is language)
    page = await play(
        visitor,
        "say",
        who=patient.code,
        text=RED_FLAG[language],
        lang="en",
        patient=patient.code,
        staff="CA2",
    )
    assert "Call 120 now" in page.text
    assert "请马上拨打120" in page.text
    assert f"EMERGENCY · {patient.code}" in page.text
    sorts = [line.sort for line in stage.journal.lines]
    assert sorts[:4] == [Sort.WROTE, Sort.RECORD, Sort.ADVICE, Sort.ALERT]
    assert stage.journal.lines[2].delay_s is not None


async def test_a_colleague_takes_the_case_with_a_button(stage: Staged, visitor: httpx.AsyncClient) -> None:
    await play(visitor, "say", who="TJ-001", text=RED_FLAG[Language.ZH])
    coordinator = stage.cast.characters["CA1"]
    alert = stage.telegram.last_message(coordinator.person)
    assert alert is not None
    take = alert.buttons[0][0].data
    await play(visitor, "tap", who="CA1", message=str(alert.message_id), button=take)
    told = (await visitor.get(f"{PATH}/log", params={"lang": "en"})).text
    assert "CA1 has taken the case of TJ-001" in told
    assert "CA1 tapped" in told


async def test_every_message_says_that_it_is_a_rehearsal(stage: Staged) -> None:
    marks = {stage.texts.say("rehearsal.mark", language) for language in Language}
    said = [shown.text for one in stage.cast for shown in stage.telegram.screen(one.person) if shown.from_bot]
    assert len(said) > 50
    assert not [text for text in said if not any(text.endswith(mark) for mark in marks)]


async def test_the_next_morning_comes_through_every_due_moment(
    stage: Staged, visitor: httpx.AsyncClient
) -> None:
    await play(visitor, "time", to="morning")
    assert stage.now() - MORNING >= timedelta(days=1)
    told = [line.at for line in stage.journal.lines]
    assert told == sorted(told)
    asked_at_six = [
        line for line in stage.journal.lines if line.who == "TJ-001" and line.sort is Sort.REMINDER
    ]
    assert asked_at_six


async def test_undoing_puts_every_phone_back_as_it_was(stage: Staged, visitor: httpx.AsyncClient) -> None:
    before = {one.code: stage.telegram.screen(one.person) for one in stage.cast}
    await play(visitor, "say", who="TJ-001", text=RED_FLAG[Language.ZH])
    await play(visitor, "time", to="hour")
    await play(visitor, "scene", name="start")
    assert {one.code: stage.telegram.screen(one.person) for one in stage.cast} == before
    assert stage.journal.lines == []
    assert stage.now() - MORNING < timedelta(minutes=1)
    await play(visitor, "say", who="TJ-001", text="你好")
    assert [line.sort for line in stage.journal.lines][:1] == [Sort.WROTE]


@pytest.mark.parametrize(
    ("scene", "at", "told"),
    [
        (Scene.FIRST_DAY, "08:30", "Scan the card"),
        (Scene.GOOD_EVENING, "19:00", "How are you today?"),
        (Scene.NIGHT_ALARM, "23:40", "Call 120 now"),
        (Scene.PLATELETS_100, "09:50", "You do not need to come for the next injection"),
        (Scene.CHEMOTHERAPY, "15:30", "Fri 13 March, 08:00"),
    ],
)
async def test_a_scene_begins_where_it_says(
    stage: Staged, visitor: httpx.AsyncClient, scene: Scene, at: str, told: str
) -> None:
    page = await play(visitor, "scene", name=scene.value, lang="en")
    assert f'data-show="time">{at}<' in page.text
    assert told in page.text
    assert stage.texts.say(f"rehearsal.scene.{scene.value}_try", Language.EN).partition("“")[0] in page.text


async def test_a_night_alarm_nobody_answers_reaches_the_principal_investigator_and_the_central_contact(
    stage: Staged, visitor: httpx.AsyncClient
) -> None:
    await play(visitor, "scene", name="night_alarm", lang="zh")
    told: set[str] = set()
    while stage.now() < local(11, 0, 5):
        await play(visitor, "time", to="event")
        told |= {who for line in stage.journal.lines for who in (line.who, *line.also)}
    assert {"CA1", "SI1", "PI1", "CE1"} <= told


async def test_no_injection_is_asked_about_once_the_platelets_have_reached_100(
    stage: Staged, visitor: httpx.AsyncClient
) -> None:
    await play(visitor, "scene", name="platelets_100", lang="zh")
    await play(visitor, "time", to="morning")
    reminders = [
        line.words for line in stage.journal.lines if line.who == "TJ-001" and line.sort is Sort.REMINDER
    ]
    assert reminders
    assert not [words for words in reminders if "打针" in words or "针打了吗" in words]


async def test_a_jump_can_be_stopped_on_the_way(stage: Staged, visitor: httpx.AsyncClient) -> None:
    jumping = asyncio.create_task(play(visitor, "time", to="morning"))
    while not stage.journal.lines:
        await stage.changes.wait(1.0)
    await play(visitor, "stop")
    await jumping
    assert stage.now() - MORNING < timedelta(hours=23)


async def test_a_patient_who_has_not_joined_joins_by_her_card(
    stage: Staged, visitor: httpx.AsyncClient
) -> None:
    empty = await visitor.get(f"{PATH}/chat/TJ-003", params={"lang": "en"})
    assert "Scan the card" in empty.text
    await play(visitor, "card", who="TJ-003")
    newest = stage.telegram.last_message(stage.cast.characters["TJ-003"].person)
    assert newest is not None
    assert "中文" in newest.labels()


@pytest.mark.parametrize("what", ["sticker", "voice", "photo", "document", "location"])
async def test_what_has_no_words_is_shown_and_answered(
    stage: Staged, visitor: httpx.AsyncClient, what: str
) -> None:
    await play(visitor, "send", who="TJ-001", what=what)
    phone = stage.telegram.screen(stage.cast.characters["TJ-001"].person)
    assert any(shown.content == what for shown in phone)
    assert phone[-1].from_bot


async def test_a_message_can_be_changed_and_has_its_ticks(stage: Staged, visitor: httpx.AsyncClient) -> None:
    await play(visitor, "say", who="TJ-001", text="今天有点累")
    person = stage.cast.characters["TJ-001"].person
    hers = next(shown for shown in reversed(stage.telegram.screen(person)) if not shown.from_bot)
    await play(visitor, "edit", who="TJ-001", message=str(hers.message_id), text="流鼻血止不住")
    chat = (await visitor.get(f"{PATH}/chat/TJ-001", params={"lang": "en"})).text
    assert "流鼻血止不住" in chat
    assert "edited" in chat
    assert "✓✓" in chat


async def test_a_tap_on_what_is_gone_is_said_plainly(visitor: httpx.AsyncClient) -> None:
    form = {"who": "TJ-001", "message": "999", "button": "x"}
    answer = await visitor.post(f"{PATH}/tap", data=form, headers=FROM_OUR_PAGE)
    assert answer.status_code == 409
    assert answer.json()["notice"]


async def test_what_a_person_typed_is_never_markup(visitor: httpx.AsyncClient) -> None:
    page = await play(visitor, "say", who="TJ-001", text="<script>alert(1)</script>", patient="TJ-001")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text


async def test_a_name_that_is_not_of_this_machine_is_refused(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.get(PATH, headers={"Host": "rehearsal.example"})
    assert answer.status_code == 403


@pytest.mark.parametrize("origin", [None, "null", "http://127.0.0.1:9000", "http://evil.example"])
async def test_a_form_from_another_page_is_refused(
    stage: Staged, visitor: httpx.AsyncClient, origin: str | None
) -> None:
    headers = {} if origin is None else {"Origin": origin}
    answer = await visitor.post(f"{PATH}/say", data={"who": "TJ-001", "text": "hello"}, headers=headers)
    assert answer.status_code == 403
    assert stage.journal.lines == []


async def test_a_visitor_enters_the_console_as_a_person_of_the_study_team(
    stage: Staged, visitor: httpx.AsyncClient
) -> None:
    form = {"record": "TJ-001", "lang": "zh"}
    answer = await visitor.post(f"{PATH}/console", data=form, headers=FROM_OUR_PAGE, follow_redirects=False)
    assert answer.headers["location"] == "/participants/TJ-001"
    console = httpx.ASGITransport(app=stage.console())
    async with httpx.AsyncClient(transport=console, base_url=HOST, cookies=visitor.cookies) as signed_in:
        page = await signed_in.get("/participants/TJ-001")
    assert page.status_code == 200
    assert "CA1" in page.text


async def test_a_patient_has_no_console(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.post(f"{PATH}/console", data={"who": "TJ-001"}, headers=FROM_OUR_PAGE)
    assert answer.status_code == 409
    assert "suifang" not in visitor.cookies
