"""Telegram's own limits on what a bot may send, refused with Telegram's words.

Source: core.telegram.org/bots/api (sendMessage, InlineKeyboardButton, answerCallbackQuery, setMyCommands);
tdlib/td `MessagesManager.cpp`, tdlib/telegram-bot-api `Client.cpp` for the words.
"""

from __future__ import annotations

import re
from typing import Final

from bot.rehearsal.wire import ApiError, Call, Json, bad_request

LONGEST_TEXT: Final = 4096
LONGEST_CAPTION: Final = 1024
LONGEST_CALLBACK_DATA_BYTES: Final = 64
LONGEST_TAP_ANSWER: Final = 200
MOST_BUTTONS: Final = 100
MOST_COMMANDS: Final = 100

_COMMAND_NAME = re.compile(r"[a-z0-9_]{1,32}")
_TYPED_COMMAND = re.compile(r"(?<!\S)/[A-Za-z0-9_]{1,32}(?:@[A-Za-z0-9_]{5,32})?")
_START_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


def utf16_length(text: str) -> int:
    """Length as Telegram counts it: a character outside the basic plane counts twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def text_of(call: Call) -> str:
    """The text of a message, trimmed as Telegram trims it.

    Raises:
        ApiError: it is empty, too long, or wants markup (this bot sends plain text only).
    """
    _refuse_markup(call)
    text = call.text("text").strip()
    if not text:
        raise bad_request("message text is empty")
    if utf16_length(text) > LONGEST_TEXT:
        raise bad_request("message is too long")
    return text


def caption_of(call: Call) -> str:
    """The caption of a picture or document, trimmed; may be empty.

    Raises:
        ApiError: it is too long, or wants markup.
    """
    _refuse_markup(call)
    caption = call.text("caption").strip()
    if utf16_length(caption) > LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    return caption


def tap_answer_of(call: Call) -> str:
    """The words shown for a moment after a tap; may be empty."""
    text = call.text("text")
    if utf16_length(text) > LONGEST_TAP_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    return text


def markup_of(call: Call) -> Json | None:
    """The reply markup, checked; None where there is none.

    Raises:
        ApiError: no JSON object, an unknown kind, or a button Telegram would refuse.
    """
    markup = call.json("reply_markup", "can't parse reply keyboard markup JSON object")
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in markup:
        return {"inline_keyboard": _inline_rows(markup["inline_keyboard"])}
    if "keyboard" in markup:
        return {**markup, "keyboard": _reply_rows(markup["keyboard"])}
    return markup if markup.get("remove_keyboard") or markup.get("force_reply") else None


def commands_of(call: Call) -> list[Json]:
    """The commands of the menu, checked."""
    commands = call.json("commands", "can't parse commands JSON object") or []
    if not isinstance(commands, list) or len(commands) > MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not _COMMAND_NAME.fullmatch(str(command.get("command", "")).removeprefix("/")):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= utf16_length(str(command.get("description", ""))) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return commands


def command_entities(text: str) -> list[Json]:
    """The commands in what a person typed, as Telegram marks them (offsets in UTF-16 units)."""
    return [
        {
            "type": "bot_command",
            "offset": utf16_length(text[: found.start()]),
            "length": utf16_length(found.group()),
        }
        for found in _TYPED_COMMAND.finditer(text)
    ]


def is_start_payload(payload: str) -> bool:
    """Whether a `t.me/bot?start=…` link may carry it."""
    return _START_PAYLOAD.fullmatch(payload) is not None


def _refuse_markup(call: Call) -> None:
    if call.text("parse_mode"):
        raise ApiError(400, "Bad Request: unsupported parse_mode")


def _inline_rows(rows: object) -> list[list[Json]]:
    checked = [[_inline_button(button) for button in row] for row in _rows(rows, "inline keyboard") if row]
    if sum(len(row) for row in checked) > MOST_BUTTONS:
        raise bad_request("reply markup is too long")
    return checked


def _inline_button(button: object) -> Json:
    if not isinstance(button, dict):
        raise bad_request("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    label = button.get("text")
    if not isinstance(label, str) or not label.strip():
        raise bad_request("inline keyboard button text must be non-empty")
    if button.get("url"):
        return {"text": label, "url": _web_address(str(button["url"]))}
    data = button.get("callback_data")
    if not isinstance(data, str) or not data:
        raise bad_request("text buttons are unallowed in the inline keyboard")
    if len(data.encode()) > LONGEST_CALLBACK_DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    return {"text": label, "callback_data": data}


def _web_address(url: str) -> str:
    if not url.startswith(("http://", "https://", "tg://")):
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
    return url


def _reply_rows(rows: object) -> list[list[Json]]:
    return [
        [button if isinstance(button, dict) else {"text": str(button)} for button in row]
        for row in _rows(rows, "keyboard")
        if row
    ]


def _rows(rows: object, what: str) -> list[list[object]]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request(f"can't parse {what}: Array of buttons expected")
    return rows
