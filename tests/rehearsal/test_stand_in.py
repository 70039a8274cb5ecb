import asyncio
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.clock import MovableClock
from bot.rehearsal.chats import Happening, HappeningKind, Person
from bot.rehearsal.faults import ConnectionReset, ServerError, TooManyRequests
from bot.rehearsal.stand_in import NotOnScreen, StandIn
from tests.rehearsal.conftest import RawBot

BUTTONS = {
    "inline_keyboard": [[{"text": "到了", "callback_data": "v:1"}, {"text": "没到", "callback_data": "v:0"}]]
}


async def test_a_typed_word_reaches_the_bot_dated_by_the_given_clock(
    telegram: StandIn, bot: RawBot, li: Person, clock: MovableClock
) -> None:
    updates: Any = await bot.do("getUpdates")
    assert [update["message"]["text"] for update in updates] == ["/start"]
    assert updates[0]["message"]["date"] == int(clock.now().timestamp())
    assert updates[0]["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert updates[0]["message"]["chat"] == {"id": li.id, "type": "private", "first_name": "Li"}


async def test_an_update_comes_back_until_a_later_one_is_asked_for(
    telegram: StandIn, bot: RawBot, li: Person
) -> None:
    first: Any = await bot.do("getUpdates")
    again: Any = await bot.do("getUpdates")
    assert again == first
    assert await bot.do("getUpdates", offset=first[0]["update_id"] + 1) == []
    assert telegram.pending_updates == 0
    assert telegram.screen(li)[0].received


async def test_a_negative_offset_keeps_only_the_last(telegram: StandIn, bot: RawBot, li: Person) -> None:
    await telegram.type(li, "one")
    await telegram.type(li, "two")
    updates: Any = await bot.do("getUpdates", offset=-1)
    assert [update["message"]["text"] for update in updates] == ["two"]


async def test_a_long_poll_is_answered_when_somebody_writes(telegram: StandIn, bot: RawBot) -> None:
    li = await telegram.create_user("Li")
    poll = asyncio.create_task(bot.do("getUpdates", timeout=50))
    await telegram.type(li, "hello")
    updates: Any = await poll
    assert updates[0]["message"]["text"] == "hello"


async def test_the_earlier_of_two_polls_ends_with_a_conflict(telegram: StandIn, bot: RawBot) -> None:
    polls = [asyncio.create_task(bot.ask("getUpdates", timeout=50)) for _ in range(2)]
    ended, waiting = await asyncio.wait(polls, return_when=asyncio.FIRST_COMPLETED)
    status, body = ended.pop().result()
    assert status == 409
    assert str(body["description"]).startswith("Conflict: terminated by other getUpdates request")
    await telegram.type(await telegram.create_user("Li"), "hello")
    assert (await waiting.pop())[0] == 200


async def test_a_client_that_hangs_up_loses_nothing(telegram: StandIn, bot: RawBot) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.05)) as impatient:
        with pytest.raises(TimeoutError):
            await RawBot(impatient, telegram).do("getUpdates", timeout=50)
    await telegram.type(await telegram.create_user("Li"), "still here?")
    updates: Any = await bot.do("getUpdates")
    assert updates[0]["message"]["text"] == "still here?"


async def test_kinds_that_were_not_asked_for_are_not_kept(telegram: StandIn, bot: RawBot, li: Person) -> None:
    await bot.do("getUpdates", offset=-1, allowed_updates=["message"])
    await telegram.edit(li, 1, "/start again")
    await telegram.block(li)
    await telegram.unblock(li)
    await telegram.type(li, "hello")
    updates: Any = await bot.do("getUpdates", offset=-1)
    assert [set(update) - {"update_id"} for update in updates] == [{"message"}]


async def test_json_a_form_and_multipart_say_the_same(telegram: StandIn, bot: RawBot, li: Person) -> None:
    address = f"{telegram.url}/bot{telegram.token}/sendMessage"
    await bot.do("sendMessage", chat_id=li.id, text="one", reply_markup=BUTTONS)
    fields = {"chat_id": str(li.id), "text": "one", "reply_markup": json.dumps(BUTTONS)}
    multipart = aiohttp.FormData(default_to_multipart=True)
    for name, value in fields.items():
        multipart.add_field(name, value)
    async with aiohttp.ClientSession() as session:
        for body in (aiohttp.FormData(fields), multipart):
            async with session.post(address, data=body) as response:
                assert response.status == 200
        async with session.get(address, params=fields) as response:
            assert response.status == 200
    shown = [message for message in telegram.screen(li) if message.from_bot]
    assert [message.labels() for message in shown] == [("到了", "没到")] * 4
    assert [message.message_id for message in shown] == [2, 3, 4, 5]


async def test_a_tap_carries_the_message_and_ends_when_it_is_answered(
    telegram: StandIn, bot: RawBot, li: Person
) -> None:
    await bot.do("sendMessage", chat_id=li.id, text="来了吗？", reply_markup=BUTTONS)
    tap = await telegram.tap(li, 2, "到了")
    updates: Any = await bot.do("getUpdates", offset=-1)
    query = updates[0]["callback_query"]
    assert (query["id"], query["data"], query["message"]["text"]) == (tap, "v:1", "来了吗？")
    assert telegram.tap_answer(tap) is None
    await bot.do("answerCallbackQuery", callback_query_id=tap, text="记下了")
    assert telegram.tap_answer(tap) == "记下了"
    assert "query is too old" in await bot.refused("answerCallbackQuery", callback_query_id=tap)
    assert "query is too old" in await bot.refused("answerCallbackQuery", callback_query_id="77")


async def test_the_same_tap_may_come_twice_under_two_numbers(
    telegram: StandIn, bot: RawBot, li: Person
) -> None:
    await bot.do("sendMessage", chat_id=li.id, text="?", reply_markup=BUTTONS)
    tap = await telegram.tap(li, 2, "v:0")
    await telegram.tap_again(tap)
    updates: Any = await bot.do("getUpdates", offset=-2)
    assert [update["callback_query"]["id"] for update in updates] == [tap, tap]
    assert updates[0]["update_id"] != updates[1]["update_id"]


async def test_nobody_taps_what_is_not_there(telegram: StandIn, bot: RawBot, li: Person) -> None:
    await bot.do("sendMessage", chat_id=li.id, text="?", reply_markup=BUTTONS)
    with pytest.raises(NotOnScreen, match="到了"):
        await telegram.tap(li, 2, "另一天")
    await bot.do("editMessageReplyMarkup", chat_id=li.id, message_id=2)
    with pytest.raises(NotOnScreen):
        await telegram.tap(li, 2, "到了")
    assert await telegram.tap(li, 2, "v:1", even_if_gone=True)


async def test_an_edit_replaces_the_words_and_without_buttons_takes_them_away(
    telegram: StandIn, bot: RawBot, li: Person
) -> None:
    await bot.do("sendMessage", chat_id=li.id, text="?", reply_markup=BUTTONS)
    await bot.do("editMessageText", chat_id=li.id, message_id=2, text="谢谢")
    shown = telegram.last_message(li)
    assert shown is not None
    assert (shown.text, shown.buttons, shown.edited) == ("谢谢", (), True)
    assert "message is not modified" in await bot.refused(
        "editMessageText", chat_id=li.id, message_id=2, text="谢谢"
    )
    assert "message to edit not found" in await bot.refused(
        "editMessageText", chat_id=li.id, message_id=9, text="?"
    )
    await bot.do("deleteMessage", chat_id=li.id, message_id=2)
    assert "message to delete not found" in await bot.refused("deleteMessage", chat_id=li.id, message_id=2)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"text": " \n "}, "message text is empty"),
        ({"text": "😀" * 2049}, "message is too long"),
        ({"text": "?", "chat_id": 99}, "chat not found"),
        ({"text": "?", "chat_id": None}, "chat_id is empty"),
        ({"text": "?", "reply_markup": "no json"}, "can't parse reply keyboard markup JSON object"),
        (
            {
                "text": "?",
                "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": "约" * 22}]]},
            },
            "BUTTON_DATA_INVALID",
        ),
        (
            {"text": "?", "reply_markup": {"inline_keyboard": [[{"text": "x"}]]}},
            "text buttons are unallowed in the inline keyboard",
        ),
    ],
)
async def test_what_telegram_refuses_is_refused_in_its_words(
    bot: RawBot, li: Person, parameters: dict[str, object], words: str
) -> None:
    assert words in await bot.refused("sendMessage", **{"chat_id": li.id, **parameters})


async def test_the_longest_text_and_the_longest_data_pass(telegram: StandIn, bot: RawBot, li: Person) -> None:
    markup = {"inline_keyboard": [[{"text": "x", "callback_data": "d" * 64}]]}
    await bot.do("sendMessage", chat_id=li.id, text="😀" * 2048, reply_markup=markup)


async def test_a_stranger_cannot_be_written_to_before_she_writes(telegram: StandIn, bot: RawBot) -> None:
    stranger = await telegram.create_user("Wang")
    assert "chat not found" in await bot.refused("sendMessage", chat_id=stranger.id, text="hello")


async def test_a_blocked_a_deleted_and_a_returned_account(telegram: StandIn, bot: RawBot, li: Person) -> None:
    await telegram.block(li)
    assert await bot.refused("sendMessage", chat_id=li.id, text="?") == (
        "Forbidden: bot was blocked by the user"
    )
    with pytest.raises(NotOnScreen):
        await telegram.type(li, "hello")
    await telegram.unblock(li)
    await bot.do("sendMessage", chat_id=li.id, text="?")
    updates: Any = await bot.do("getUpdates", offset=-2)
    states = [update["my_chat_member"]["new_chat_member"]["status"] for update in updates]
    assert states == ["kicked", "member"]
    await telegram.deactivate(li)
    assert await bot.refused("sendMessage", chat_id=li.id, text="?") == "Forbidden: user is deactivated"


async def test_a_group_moves_to_a_new_id_and_says_so(telegram: StandIn, bot: RawBot, li: Person) -> None:
    group = await telegram.create_group("Site TJ", li)
    await bot.do("sendMessage", chat_id=group.id, text="hello")
    moved = await telegram.migrate(group)
    status, body = await bot.ask("sendMessage", chat_id=group.id, text="hello")
    assert status == 400
    assert body["parameters"] == {"migrate_to_chat_id": moved.id}
    await bot.do("sendMessage", chat_id=moved.id, text="hello")
    await telegram.remove_bot(moved)
    assert "bot was kicked from the supergroup chat" in await bot.refused(
        "sendMessage", chat_id=moved.id, text="?"
    )


async def test_in_a_group_the_bot_hears_commands_and_its_name_only(
    telegram: StandIn, bot: RawBot, li: Person
) -> None:
    group = await telegram.create_group("Site TJ", li)
    await telegram.type(li, "lunch?", group=group)
    await telegram.type(li, "/help", group=group)
    updates: Any = await bot.do("getUpdates")
    texts = [update["message"]["text"] for update in updates if "message" in update]
    assert texts == ["/start", "/help"]


async def test_whatever_a_person_sends_reaches_the_bot(telegram: StandIn, bot: RawBot, li: Person) -> None:
    wang = await telegram.create_user("Wang")
    await telegram.send_sticker(li)
    await telegram.send_voice(li)
    await telegram.send_photo(li, caption="PLT 46")
    await telegram.send_document(li, "report.pdf")
    await telegram.send_location(li)
    await telegram.send_contact(li, "022-5550-0101", "Ward")
    await telegram.forward(li, "鼻子出血了", of=wang)
    updates: Any = await bot.do("getUpdates", offset=-7)
    kinds = ["sticker", "voice", "photo", "document", "location", "contact", "forward_origin"]
    assert [kind in update["message"] for kind, update in zip(kinds, updates, strict=True)] == [True] * 7


async def test_a_file_can_be_sent_and_fetched(telegram: StandIn, bot: RawBot, li: Person) -> None:
    form = aiohttp.FormData({"chat_id": str(li.id), "caption": "血小板"})
    form.add_field("photo", b"\x89PNG...", filename="plt.png", content_type="image/png")
    async with aiohttp.ClientSession() as session:
        address = f"{telegram.url}/bot{telegram.token}/sendPhoto"
        async with session.post(address, data=form) as response:
            message = (await response.json())["result"]
        file: Any = await bot.do("getFile", file_id=message["photo"][-1]["file_id"])
        async with session.get(f"{telegram.url}/file/bot{telegram.token}/{file['file_path']}") as response:
            assert await response.read() == b"\x89PNG..."
    shown = telegram.last_message(li)
    assert shown is not None
    assert (shown.content, shown.text) == ("photo", "血小板")
    assert telegram.file(shown, li) == b"\x89PNG..."


async def test_commands_are_kept_by_scope_and_language(bot: RawBot) -> None:
    chinese = [{"command": "help", "description": "帮助"}]
    await bot.do("setMyCommands", commands=chinese, language_code="zh")
    assert await bot.do("getMyCommands", language_code="zh") == chinese
    assert await bot.do("getMyCommands") == []
    await bot.do("deleteMyCommands", language_code="zh")
    assert await bot.do("getMyCommands", language_code="zh") == []
    assert "BOT_COMMAND_INVALID" in await bot.refused(
        "setMyCommands", commands=[{"command": "帮助", "description": "x"}]
    )


async def test_a_webhook_gets_each_update_with_the_secret_until_it_takes_it(
    telegram: StandIn, bot: RawBot, li: Person
) -> None:
    seen: list[tuple[str | None, str]] = []

    async def take(request: web.Request) -> web.Response:
        update = await request.json()
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        seen.append((secret, update["message"]["text"]))
        return web.Response(status=500 if len(seen) == 1 else 200)

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    await bot.do("setWebhook", url=f"http://127.0.0.1:{port}/hook", secret_token="s3cret")
    await telegram.everything_received()
    assert seen == [("s3cret", "/start"), ("s3cret", "/start")]
    assert "webhook is active" in await bot.refused("getUpdates")
    await bot.do("deleteWebhook")
    assert await bot.do("getUpdates") == []
    await runner.cleanup()


async def test_faults_come_when_asked_for_and_are_used_up(telegram: StandIn, bot: RawBot, li: Person) -> None:
    telegram.inject(TooManyRequests(7), method="sendMessage", chat=li)
    status, body = await bot.ask("sendMessage", chat_id=li.id, text="one")
    assert (status, body["parameters"]) == (429, {"retry_after": 7})
    telegram.inject(ServerError(502, "Bad Gateway"))
    assert (await bot.ask("getMe"))[0] == 502
    telegram.inject(ConnectionReset(), times=None)
    with pytest.raises(aiohttp.ClientError):
        await bot.ask("sendMessage", chat_id=li.id, text="two")
    telegram.clear_faults()
    await bot.do("sendMessage", chat_id=li.id, text="three")
    assert [shown.text for shown in telegram.screen(li) if shown.from_bot] == ["three"]


async def test_tokens_are_told_apart(telegram: StandIn) -> None:
    async with aiohttp.ClientSession() as session:
        for token, status in (("8:other", 401), ("malformed", 404)):
            async with session.get(f"{telegram.url}/bot{token}/getMe") as response:
                assert response.status == status
                assert (await response.json())["ok"] is False


async def test_it_may_go_away_and_come_back_with_everything_in_place(
    telegram: StandIn, bot: RawBot, li: Person
) -> None:
    await telegram.stop()
    with pytest.raises(aiohttp.ClientError):
        await bot.ask("getMe")
    await telegram.type(li, "are you there?")
    await telegram.start()
    updates: Any = await bot.do("getUpdates")
    assert [update["message"]["text"] for update in updates] == ["/start", "are you there?"]


async def test_a_listener_hears_everything_in_order(telegram: StandIn, bot: RawBot, li: Person) -> None:
    heard: list[Happening] = []
    telegram.listen(heard.append)
    await bot.do("sendChatAction", chat_id=li.id, action="typing")
    assert telegram.is_typing(li)
    await bot.do("sendMessage", chat_id=li.id, text="?", reply_markup=BUTTONS)
    assert not telegram.is_typing(li)
    await telegram.tap(li, 2, "到了")
    await bot.do("getUpdates", offset=-1)
    kinds = [happening.kind for happening in heard]
    assert kinds == [
        HappeningKind.BOT_TYPING,
        HappeningKind.BOT_SAID,
        HappeningKind.TAPPED,
        HappeningKind.RECEIVED,
    ]


async def test_waiting_in_vain_says_what_is_on_the_screens(telegram: StandIn, li: Person) -> None:
    with pytest.raises(TimeoutError, match="Li: /start"):
        await telegram.wait_for_message(li, containing="never", timeout_s=0.01)


async def test_waiting_ends_as_soon_as_the_message_is_there(
    telegram: StandIn, bot: RawBot, li: Person
) -> None:
    waiting = asyncio.create_task(telegram.wait_for_message(li, containing="没到"))
    await bot.do("sendMessage", chat_id=li.id, text="?", reply_markup=BUTTONS)
    assert (await waiting).text == "?"


async def test_a_keyboard_under_the_chat_sends_its_labels(telegram: StandIn, bot: RawBot, li: Person) -> None:
    keys = {"keyboard": [[{"text": "我不舒服"}, "随访"]], "resize_keyboard": True}
    await bot.do("sendMessage", chat_id=li.id, text="?", reply_markup=keys)
    assert telegram.keyboard(li) == ("我不舒服", "随访")
    await telegram.press_key(li, "我不舒服")
    assert telegram.screen(li)[-1].text == "我不舒服"
