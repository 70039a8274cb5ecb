"""Says one message of the outbox through the Bot API and tells, as a value, what became of it.

The words come fitted to Telegram's lengths (`bot/texts`). Plain text only: no markup means nothing to
escape and nothing a patient types can break. One bit of every error decides: will it ever work
(`TryAgain`), or not (`Unreachable`, `Refused`)? A third is Telegram's own speciality: a time-out after
which nobody can know (`TryAgain.uncertain`).

Source of the words: tdlib/telegram-bot-api `Client.cpp`; core.telegram.org/bots/api#responseparameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    LinkPreviewOptions,
    Message,
)
from telegram.constants import ChatAction
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from bot.actions.deliver_messages import Attachment
from bot.delivery.aiohttp_request import may_have_arrived
from bot.delivery.pacing import Pacing
from bot.rules.delivery import Delivered, Moved, Outcome, Refused, Stale, TryAgain, Unreachable
from bot.rules.messages import OutboxRow, SendKind
from bot.texts import Rendered, RenderedButton

# A message that would wait longer goes back into the outbox, so that its place is free for others.
LONGEST_WAIT_S: Final = 3.0

# A wrong token is the operator's to mend; every patient's row waits for that.
WRONG_TOKEN_PAUSE: Final = timedelta(seconds=30)

_NO_PREVIEW: Final = LinkPreviewOptions(is_disabled=True)

_NOBODY_THERE: Final = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "input_user_deactivated",
    "group chat was deactivated",
    "not enough rights to send",
    "have no rights to send",
    "need administrator rights in the channel chat",
    "chat_write_forbidden",
)
_GONE: Final = ("message to edit not found", "message can't be edited", "message_id_invalid")
_UNCHANGED: Final = ("message is not modified",)
_NOTHING_TO_DO: Final = (
    *_GONE,
    *_UNCHANGED,
    "query is too old",
    "query_id_invalid",
    "there is no text in the message to edit",
    "message identifier is not specified",
)

TokenReport = Callable[[str], None]


class TelegramSender:
    """The `MessageSender` of the delivery loop.

    `token_refused` is told when Telegram does not know the bot's token (for `health`); never with the
    token.
    """

    def __init__(self, bot: Bot, pacing: Pacing, *, token_refused: TokenReport = lambda reason: None) -> None:
        self._bot = bot
        self._pacing = pacing
        self._token_refused = token_refused

    async def send(self, row: OutboxRow, said: Rendered, attachment: Attachment | None = None) -> Outcome:
        """One attempt; never raises for what Telegram or the network does.

        Raises:
            ValueError: a row without a chat, which claiming never gives.
        """
        is_tap_answer = row.message.kind is SendKind.ANSWER_TAP
        if row.chat_id is None and not is_tap_answer:
            raise ValueError(f"{row.message.unique_key}: no chat")
        chat_id = None if is_tap_answer else row.chat_id
        wait_s = await self._pacing.turn(chat_id, row.message.priority, longest_wait_s=LONGEST_WAIT_S)
        if wait_s > 0.0:
            return TryAgain(after=timedelta(seconds=wait_s), reason="not its turn yet")
        return await self._attempt(row, said, attachment)

    async def _attempt(self, row: OutboxRow, said: Rendered, attachment: Attachment | None) -> Outcome:
        """As `_say`, with Telegram's errors as values.

        Where the message to edit is gone (she deleted it) the words are said anew: her next question must
        reach her all the same.
        """
        try:
            return await self._say(row, said, attachment)
        except TelegramError as error:
            if row.message.kind is SendKind.EDIT and row.edits_message_id and _says(error, _GONE):
                return await self._attempt(replace(row, edits_message_id=None), said, attachment)
            return self._outcome(row, error)

    async def _say(self, row: OutboxRow, said: Rendered, attachment: Attachment | None) -> Outcome:
        match row.message.kind:
            case SendKind.SEND:
                return await self._send(row, said)
            case SendKind.EDIT:
                return await self._edit(row, said)
            case SendKind.ANSWER_TAP:
                return await self._answer_tap(row, said)
            case SendKind.REMOVE_BUTTONS:
                return await self._remove_buttons(row)
            case SendKind.PICTURE | SendKind.DOCUMENT:
                return await self._send_file(row, said, attachment)
            case SendKind.MENU:
                return await self._set_menu(row, said)
            case SendKind.KNOCK:
                return await self._knock(row)
            case SendKind.SECOND_ROAD:
                return Refused("not a way of Telegram")

    async def _send(self, row: OutboxRow, said: Rendered) -> Outcome:
        message = await self._bot.send_message(
            _chat(row),
            said.text,
            reply_markup=_keyboard(said),
            link_preview_options=_NO_PREVIEW,
            protect_content=row.message.protect_content or None,
        )
        return Delivered(message.message_id)

    async def _edit(self, row: OutboxRow, said: Rendered) -> Outcome:
        """Changes the earlier message; said anew where none is known, as after an uncertain sending."""
        if row.edits_message_id is None:
            return await self._send(row, said)
        try:
            await self._bot.edit_message_text(
                said.text,
                chat_id=_chat(row),
                message_id=row.edits_message_id,
                reply_markup=_keyboard(said),
                link_preview_options=_NO_PREVIEW,
            )
        except BadRequest as error:
            if not _says(error, _UNCHANGED):  # unchanged: these very words stand there already
                raise
        return Delivered(row.edits_message_id)

    async def _answer_tap(self, row: OutboxRow, said: Rendered) -> Outcome:
        if row.message.tap_id is None:
            return Stale("no tap to answer")
        await self._bot.answer_callback_query(row.message.tap_id, text=said.text or None)
        return Delivered(None)

    async def _remove_buttons(self, row: OutboxRow) -> Outcome:
        if row.edits_message_id is None:
            return Stale("no message to take the buttons from")
        await self._bot.edit_message_reply_markup(chat_id=_chat(row), message_id=row.edits_message_id)
        return Delivered(row.edits_message_id)

    async def _set_menu(self, row: OutboxRow, said: Rendered) -> Outcome:
        """The commands of this chat, in the language of its person; an empty menu gives the general one."""
        scope = BotCommandScopeChat(_chat(row))
        commands = [BotCommand(button.data, button.label) for line in said.buttons for button in line]
        if commands:
            await self._bot.set_my_commands(commands, scope=scope)
        else:
            await self._bot.delete_my_commands(scope=scope)
        return Delivered(None)

    async def _knock(self, row: OutboxRow) -> Outcome:
        """Asks without a word or a sound: Telegram refuses it where the chat no longer works, as a message.

        Whoever has the chat open sees the dots for at most five seconds.
        Source: core.telegram.org/bots/api#sendchataction.
        """
        await self._bot.send_chat_action(_chat(row), ChatAction.TYPING)
        return Delivered(None)

    async def _send_file(self, row: OutboxRow, said: Rendered, attachment: Attachment | None) -> Outcome:
        if attachment is None:
            return Refused("nothing is attached")
        file = InputFile(attachment.content, filename=attachment.filename)
        caption = said.text or None
        protect = row.message.protect_content or None
        keyboard = _keyboard(said)
        message: Message
        if row.message.kind is SendKind.PICTURE:
            message = await self._bot.send_photo(
                _chat(row), file, caption=caption, reply_markup=keyboard, protect_content=protect
            )
        else:
            message = await self._bot.send_document(
                _chat(row), file, caption=caption, reply_markup=keyboard, protect_content=protect
            )
        return Delivered(message.message_id)

    def _outcome(self, row: OutboxRow, error: TelegramError) -> Outcome:
        """What an error of Telegram or of the network means for this row."""
        reason = error.message
        match error:
            case RetryAfter():
                after = _as_timedelta(error.retry_after)
                if row.chat_id is not None:
                    self._pacing.halt(row.chat_id, after.total_seconds())
                return TryAgain(after=after, reason=reason)
            case ChatMigrated():
                return Moved(error.new_chat_id)
            case Forbidden():
                return Unreachable(reason)
            case InvalidToken():
                self._token_refused(reason)
                return TryAgain(after=WRONG_TOKEN_PAUSE, reason=reason)
            case BadRequest() if _says(error, _NOBODY_THERE):
                return Unreachable(reason)
            case BadRequest() if _is_nothing_to_do(row, error):
                return Stale(reason)
            case BadRequest():
                return Refused(reason)
            case _:
                return TryAgain(after=timedelta(0), reason=reason, uncertain=_is_uncertain(row, error))


_OF_AN_EARLIER_MESSAGE: Final = frozenset({SendKind.EDIT, SendKind.ANSWER_TAP, SendKind.REMOVE_BUTTONS})


def _is_nothing_to_do(row: OutboxRow, error: TelegramError) -> bool:
    """The tap is too old, the message gone: no failure, but only where an earlier message was meant."""
    return row.message.kind in _OF_AN_EARLIER_MESSAGE and _says(error, _NOTHING_TO_DO)


def _is_uncertain(row: OutboxRow, error: TelegramError) -> bool:
    """Saying an edit or an answer to a tap twice does no harm; a message would stand there twice."""
    said_anew = row.message.kind is SendKind.EDIT and row.edits_message_id is None
    wordless = row.message.kind in (SendKind.MENU, SendKind.KNOCK)
    harmless = (wordless or row.message.kind in _OF_AN_EARLIER_MESSAGE) and not said_anew
    return not harmless and may_have_arrived(error)


def _chat(row: OutboxRow) -> int:
    if row.chat_id is None:
        raise ValueError(f"{row.message.unique_key}: no chat")
    return row.chat_id


def _keyboard(said: Rendered) -> InlineKeyboardMarkup | None:
    if not said.buttons:
        return None
    return InlineKeyboardMarkup([[_key(button) for button in row] for row in said.buttons])


def _key(button: RenderedButton) -> InlineKeyboardButton:
    if button.url:
        return InlineKeyboardButton(button.label, url=button.url)
    return InlineKeyboardButton(button.label, callback_data=button.data)


def _says(error: TelegramError, words: tuple[str, ...]) -> bool:
    said = error.message.lower()
    return any(word in said for word in words)


def _as_timedelta(retry_after: int | timedelta) -> timedelta:
    return retry_after if isinstance(retry_after, timedelta) else timedelta(seconds=retry_after)
