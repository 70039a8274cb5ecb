"""A third party must be able to read everything the stand-in says: aiogram's types."""

from typing import Any

from aiogram import types

from bot.rehearsal.chats import Person
from bot.rehearsal.stand_in import StandIn
from tests.rehearsal.conftest import RawBot

BUTTONS = {"inline_keyboard": [[{"text": "到了", "callback_data": "v:1"}]]}


async def test_every_kind_of_update_can_be_read(telegram: StandIn, bot: RawBot, li: Person) -> None:
    group = await telegram.create_group("Site TJ", li)
    await bot.do("sendMessage", chat_id=li.id, text="来了吗？", reply_markup=BUTTONS)
    await telegram.tap(li, 2, "到了")
    said = await telegram.type(li, "鼻子出血 😟 /help")
    await telegram.edit(li, said, "鼻子出血了")
    await telegram.send_sticker(li)
    await telegram.send_voice(li)
    await telegram.send_photo(li, caption="PLT")
    await telegram.send_document(li, "x.pdf")
    await telegram.send_location(li)
    await telegram.send_contact(li, "022-5550-0101", "Ward")
    await telegram.forward(li, "?", of=li)
    await telegram.block(li)
    await telegram.unblock(li)
    await telegram.silence_bot(group)
    await telegram.add_bot(group)
    await telegram.type_as_group(group, "/help")
    await telegram.migrate(group)
    updates: Any = await bot.do("getUpdates")
    read = [types.Update.model_validate(update) for update in updates]
    assert len(read) == 19
    assert {update.event_type for update in read} == {
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
    }
    assert {update.message.content_type for update in read if update.message} == {
        "text",
        "sticker",
        "voice",
        "photo",
        "document",
        "location",
        "contact",
        "migrate_to_chat_id",
        "migrate_from_chat_id",
    }


async def test_every_answer_can_be_read(telegram: StandIn, bot: RawBot, li: Person) -> None:
    group = await telegram.create_group("Site TJ", li)
    said = await bot.do("sendMessage", chat_id=li.id, text="?", reply_markup=BUTTONS, protect_content=True)
    message = types.Message.model_validate(said)
    assert message.reply_markup is not None
    assert message.has_protected_content
    changed = await bot.do("editMessageText", chat_id=li.id, message_id=message.message_id, text="!")
    assert types.Message.model_validate(changed).text == "!"
    assert types.User.model_validate(await bot.do("getMe")).is_bot
    assert types.ChatFullInfo.model_validate(await bot.do("getChat", chat_id=li.id)).id == li.id
    assert types.ChatFullInfo.model_validate(await bot.do("getChat", chat_id=group.id)).title == "Site TJ"
    assert types.WebhookInfo.model_validate(await bot.do("getWebhookInfo")).url == ""
    for user_id in (li.id, telegram.bot_id):
        member: Any = await bot.do("getChatMember", chat_id=group.id, user_id=user_id)
        assert types.ChatMemberMember.model_validate(member).user.id == user_id
    await bot.do("leaveChat", chat_id=group.id)
