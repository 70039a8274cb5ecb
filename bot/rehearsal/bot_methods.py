"""The methods of the Bot API as the stand-in carries them out: the bot's side of every chat.

Each method refuses what Telegram refuses, with Telegram's words, and gives the object Telegram gives.
Source: core.telegram.org/bots/api#available-methods; tdlib/telegram-bot-api `Client.cpp` for the words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.rehearsal import limits
from bot.rehearsal.chats import BotIs, Chat, Entry, HappeningKind, Tap
from bot.rehearsal.update_queue import Webhook
from bot.rehearsal.wire import ApiError, Call, Json, bad_request
from bot.rehearsal.world import World

# How long a tap can be answered. Telegram gives no figure; a minute is what is seen.
_TAP_LIFE_S: Final = 60.0

# "The status is set for 5 seconds or less." Source: core.telegram.org/bots/api#sendchataction.
_ACTION_LIFE_S: Final = 5.0

_ACTIONS: Final = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)

Method = Callable[["BotMethods", Call], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class BotMethods:
    """Carries one call out on the world; what it changes can be seen on the screens at once."""

    world: World

    async def carry_out(self, call: Call) -> object:
        """The `result` of the call.

        Raises:
            ApiError: as Telegram would refuse it.
        """
        method = _METHODS.get(call.method)
        if method is None:
            raise ApiError(404, "Not Found: method not found")
        return await method(self, call)

    async def get_me(self, _call: Call) -> Json:
        return {
            **self.world.bot_as_json(),
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    async def get_updates(self, call: Call) -> list[Json]:
        queue = self.world.updates
        queue.allow(_kinds(call))
        limit = min(max(call.integer("limit", 100), 1), 100)
        return await queue.poll(
            offset=call.integer("offset"), limit=limit, timeout_s=max(call.integer("timeout"), 0)
        )

    async def set_webhook(self, call: Call) -> bool:
        queue = self.world.updates
        queue.allow(_kinds(call))
        if call.flag("drop_pending_updates"):
            queue.drop_all()
        if not call.text("url"):
            queue.stop_webhook()
            return True
        secret = call.text("secret_token")
        if len(secret) > 256 or not all(letter.isalnum() or letter in "_-" for letter in secret):
            raise bad_request("secret token contains unallowed characters")
        queue.set_webhook(Webhook(call.text("url"), secret, call.integer("max_connections", 40)))
        return True

    async def delete_webhook(self, call: Call) -> bool:
        if call.flag("drop_pending_updates"):
            self.world.updates.drop_all()
        self.world.updates.stop_webhook()
        return True

    async def get_webhook_info(self, _call: Call) -> Json:
        return self.world.updates.webhook_info()

    async def send_message(self, call: Call) -> Json:
        chat = self._writable_chat(call)
        return self._say(chat, call, {"text": limits.text_of(call)})

    async def send_photo(self, call: Call) -> Json:
        chat = self._writable_chat(call)
        file = self._file_of(call, "photo")
        size = {**file, "width": 800, "height": 600}
        return self._say(chat, call, {"photo": [size], **_caption(call)})

    async def send_document(self, call: Call) -> Json:
        chat = self._writable_chat(call)
        file = self._file_of(call, "document")
        upload = call.files.get("document")
        named = {"file_name": upload.filename, "mime_type": upload.media_type} if upload else {}
        return self._say(chat, call, {"document": {**file, **named}, **_caption(call)})

    async def edit_message_text(self, call: Call) -> Json:
        entry = self._own_message(call, "message to edit not found")
        if "text" not in entry.message:
            raise bad_request("there is no text in the message to edit")
        return self._change(entry, {"text": limits.text_of(call)}, limits.markup_of(call))

    async def edit_message_reply_markup(self, call: Call) -> Json:
        entry = self._own_message(call, "message to edit not found")
        return self._change(entry, {}, limits.markup_of(call))

    async def delete_message(self, call: Call) -> bool:
        chat = self._writable_chat(call)
        entry = chat.entries.pop(call.integer("message_id"), None)
        if entry is None:
            raise bad_request("message to delete not found")
        self.world.note(HappeningKind.BOT_DELETED, chat.id, entry.message["message_id"])
        return True

    async def answer_callback_query(self, call: Call) -> bool:
        text = limits.tap_answer_of(call)
        tap = self.world.taps.get(call.text("callback_query_id"))
        if tap is None or self._too_old(tap):
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        tap.answer = text
        tap.alert = call.flag("show_alert")
        self.world.note(HappeningKind.TAP_ANSWERED, tap.chat_id, words=text)
        return True

    def _too_old(self, tap: Tap) -> bool:
        age_s = self.world.clock.monotonic() - tap.at_monotonic
        return tap.answer is not None or age_s > _TAP_LIFE_S

    async def send_chat_action(self, call: Call) -> bool:
        chat = self._writable_chat(call)
        if call.text("action") not in _ACTIONS:
            raise bad_request("wrong parameter action in request")
        chat.typing_until_s = self.world.clock.monotonic() + _ACTION_LIFE_S
        self.world.note(HappeningKind.BOT_TYPING, chat.id)
        return True

    async def set_my_commands(self, call: Call) -> bool:
        self.world.commands[_scope(call)] = limits.commands_of(call)
        return True

    async def get_my_commands(self, call: Call) -> list[Json]:
        return self.world.commands.get(_scope(call), [])

    async def delete_my_commands(self, call: Call) -> bool:
        self.world.commands.pop(_scope(call), None)
        return True

    async def set_chat_menu_button(self, call: Call) -> bool:
        button = call.json("menu_button", "can't parse menu button JSON object")
        self.world.menu_buttons[call.text("chat_id")] = button or {"type": "default"}
        return True

    async def get_chat_menu_button(self, call: Call) -> Json:
        return self.world.menu_buttons.get(call.text("chat_id"), {"type": "default"})

    async def get_file(self, call: Call) -> Json:
        file_id = call.text("file_id")
        content = self.world.files.get(file_id)
        if content is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        return {**_file_json(file_id, content), "file_path": f"files/{file_id}"}

    async def get_chat(self, call: Call) -> Json:
        return {
            **self._known_chat(call).as_json(),
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(
                (
                    "unlimited_gifts",
                    "limited_gifts",
                    "unique_gifts",
                    "premium_subscription",
                    "gifts_from_channels",
                ),
                False,
            ),
        }

    async def get_chat_member(self, call: Call) -> Json:
        chat = self._known_chat(call)
        user_id = call.integer("user_id")
        if user_id == self.world.bot_id:
            return self.world.bot_as_member(chat.bot_is)
        person = self.world.people.get(user_id)
        if person is None:
            raise bad_request("PARTICIPANT_ID_INVALID")
        status = "member" if user_id in chat.members else "left"
        return {"status": status, "user": person.as_json()}

    async def leave_chat(self, call: Call) -> bool:
        chat = self._writable_chat(call)
        if chat.kind == "private":
            raise bad_request("chat member status can't be changed in private chats")
        self.world.set_bot_status(chat, BotIs.LEFT, self.world.bot_as_json())
        return True

    def _known_chat(self, call: Call) -> Chat:
        """The chat of the call.

        Raises:
            ApiError: 400 when no id is given, the chat is unknown, nobody started it, or it moved.
        """
        if not call.text("chat_id"):
            raise bad_request("chat_id is empty")
        chat = self.world.chats.get(call.integer("chat_id"))
        if chat is None or chat.bot_is is BotIs.UNKNOWN:
            raise bad_request("chat not found")
        if chat.migrated_to is not None:
            words = "Bad Request: group chat was upgraded to a supergroup chat"
            raise ApiError(400, words, migrate_to_chat_id=chat.migrated_to)
        return chat

    def _writable_chat(self, call: Call) -> Chat:
        """As `_known_chat`; 403 where the person or group does not let the bot write."""
        chat = self._known_chat(call)
        if chat.deactivated:
            raise ApiError(403, "Forbidden: user is deactivated")
        match chat.bot_is:
            case BotIs.BLOCKED:
                raise ApiError(403, "Forbidden: bot was blocked by the user")
            case BotIs.KICKED:
                raise ApiError(403, f"Forbidden: bot was kicked from the {chat.kind} chat")
            case BotIs.LEFT:
                raise ApiError(403, f"Forbidden: bot is not a member of the {chat.kind} chat")
            case BotIs.SILENCED:
                raise bad_request("not enough rights to send text messages to the chat")
            case BotIs.MEMBER | BotIs.UNKNOWN:
                return chat

    def _own_message(self, call: Call, missing: str) -> Entry:
        chat = self._writable_chat(call)
        entry = chat.entries.get(call.integer("message_id"))
        if entry is None:
            raise bad_request(missing)
        if not entry.from_bot:
            raise bad_request("message can't be edited")
        return entry

    def _say(self, chat: Chat, call: Call, content: Json) -> Json:
        markup = limits.markup_of(call)
        if call.flag("protect_content"):
            content["has_protected_content"] = True
        if markup and "inline_keyboard" in markup:
            content["reply_markup"] = markup
        entry = chat.add(self.world.bot_as_json(), self.world.second(), content, from_bot=True)
        if markup and "inline_keyboard" not in markup:
            chat.keyboard = markup.get("keyboard", [])
        self.world.note_message(HappeningKind.BOT_SAID, entry)
        return entry.message

    def _change(self, entry: Entry, content: Json, markup: Json | None) -> Json:
        """Replaces text and buttons; an edit without buttons takes them away, as Telegram does."""
        message = entry.message
        keyboard = {"reply_markup": markup} if markup and markup.get("inline_keyboard") else {}
        changed = {**message, **content, **keyboard}
        if not keyboard:
            changed.pop("reply_markup", None)
        if changed == message:
            raise bad_request(
                "message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message"
            )
        entry.message = {**changed, "edit_date": self.world.second()}
        self.world.note_message(HappeningKind.BOT_EDITED, entry)
        return entry.message

    def _file_of(self, call: Call, name: str) -> Json:
        """The uploaded file, or one sent before, by its id."""
        upload = call.files.get(name)
        if upload is None:
            value = call.text(name)
            upload = call.files.get(value.removeprefix("attach://"))
            if upload is None and value in self.world.files:
                return _file_json(value, self.world.files[value])
        if upload is None:
            raise bad_request(f"there is no {name} in the request")
        if not upload.content:
            raise bad_request("file must be non-empty")
        return _file_json(self.world.keep_file(upload.content), upload.content)


def _file_json(file_id: str, content: bytes) -> Json:
    unique = hashlib.sha256(content).hexdigest()[:16]
    return {"file_id": file_id, "file_unique_id": unique, "file_size": len(content)}


def _caption(call: Call) -> Json:
    caption = limits.caption_of(call)
    return {"caption": caption} if caption else {}


def _kinds(call: Call) -> list[str] | None:
    kinds = call.json("allowed_updates", "can't parse allowed_updates JSON object")
    if kinds is None:
        return None
    if not isinstance(kinds, list):
        raise bad_request("allowed_updates must be an Array of String")
    return [str(kind) for kind in kinds]


def _scope(call: Call) -> tuple[str, str]:
    """The scope as text and the language: each pair has its own list of commands."""
    scope = call.json("scope", "can't parse BotCommandScope JSON object") or {"type": "default"}
    return str(sorted(scope.items())), call.text("language_code")


_METHODS: Final[Mapping[str, Method]] = {
    "getme": BotMethods.get_me,
    "getupdates": BotMethods.get_updates,
    "setwebhook": BotMethods.set_webhook,
    "deletewebhook": BotMethods.delete_webhook,
    "getwebhookinfo": BotMethods.get_webhook_info,
    "sendmessage": BotMethods.send_message,
    "sendphoto": BotMethods.send_photo,
    "senddocument": BotMethods.send_document,
    "editmessagetext": BotMethods.edit_message_text,
    "editmessagereplymarkup": BotMethods.edit_message_reply_markup,
    "deletemessage": BotMethods.delete_message,
    "answercallbackquery": BotMethods.answer_callback_query,
    "sendchataction": BotMethods.send_chat_action,
    "setmycommands": BotMethods.set_my_commands,
    "getmycommands": BotMethods.get_my_commands,
    "deletemycommands": BotMethods.delete_my_commands,
    "setchatmenubutton": BotMethods.set_chat_menu_button,
    "getchatmenubutton": BotMethods.get_chat_menu_button,
    "getfile": BotMethods.get_file,
    "getchat": BotMethods.get_chat,
    "getchatmember": BotMethods.get_chat_member,
    "leavechat": BotMethods.leave_chat,
}
