"""Everything the stand-in of Telegram knows: people, chats, files, waiting updates, and who listens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from bot.clock import Clock
from bot.rehearsal.chats import BotIs, Chat, Entry, Happening, HappeningKind, Person, Tap, content_kind
from bot.rehearsal.update_queue import UpdateQueue
from bot.rehearsal.wire import Json

Listener = Callable[[Happening], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept:
    """The telephones as they were at one moment, to be put back later."""

    people: dict[int, Person]
    chats: dict[int, Chat]
    files: dict[str, bytes]
    taps: dict[str, Tap]


# In the group, and silenced. Source: core.telegram.org/bots/api#chatmemberrestricted.
_MAY_NOTHING: Final[Json] = {
    "status": "restricted",
    "is_member": True,
    "until_date": 0,
    **dict.fromkeys(
        (
            "can_send_messages",
            "can_send_audios",
            "can_send_documents",
            "can_send_photos",
            "can_send_videos",
            "can_send_video_notes",
            "can_send_voice_notes",
            "can_send_polls",
            "can_send_other_messages",
            "can_add_web_page_previews",
            "can_react_to_messages",
            "can_edit_tag",
            "can_change_info",
            "can_invite_users",
            "can_pin_messages",
            "can_manage_topics",
        ),
        False,
    ),
}


class World:
    """The state, changed by the bot's calls on one side and by people on the other.

    `clock` dates everything: its `now()` is what Telegram's clock shows.
    """

    def __init__(self, *, clock: Clock, bot_id: int, bot_name: str, bot_username: str) -> None:
        self.clock = clock
        self.bot_id = bot_id
        self.bot_name = bot_name
        self.bot_username = bot_username
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, bytes] = {}
        self.taps: dict[str, Tap] = {}
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.menu_buttons: dict[str, Json] = {}
        self.updates = UpdateQueue(changed=self.wake, now=self.second)
        self._listeners: list[Listener] = []
        self._watchers: set[asyncio.Future[None]] = set()

    def keep(self) -> Kept:
        """A copy of every telephone as it is now."""
        return deepcopy(Kept(self.people, self.chats, self.files, self.taps))

    def put_back(self, kept: Kept) -> None:
        """Every telephone as it was then; what waited for the bot is dropped, its numbers go on."""
        again = deepcopy(kept)
        self.people, self.chats, self.files, self.taps = again.people, again.chats, again.files, again.taps
        self.updates.drop_all()
        self.wake()

    def second(self) -> int:
        """Telegram dates to the second."""
        return int(self.clock.now().timestamp())

    def bot_as_json(self) -> Json:
        return {
            "id": self.bot_id,
            "is_bot": True,
            "first_name": self.bot_name,
            "username": self.bot_username,
        }

    def bot_as_member(self, status: BotIs) -> Json:
        """The bot as a `ChatMember`; a person who blocks it has kicked it, in Telegram's words."""
        match status:
            case BotIs.MEMBER:
                return {"status": "member", "user": self.bot_as_json()}
            case BotIs.BLOCKED | BotIs.KICKED:
                return {"status": "kicked", "user": self.bot_as_json(), "until_date": 0}
            case BotIs.LEFT | BotIs.UNKNOWN:
                return {"status": "left", "user": self.bot_as_json()}
            case BotIs.SILENCED:
                return {**_MAY_NOTHING, "user": self.bot_as_json()}

    def set_bot_status(self, chat: Chat, status: BotIs, by: Json) -> None:
        """Changes how the bot stands in a chat and tells the bot (`my_chat_member`)."""
        before, chat.bot_is = chat.bot_is, status
        self.updates.put(
            "my_chat_member",
            {
                "chat": chat.as_json(),
                "from": by,
                "date": self.second(),
                "old_chat_member": self.bot_as_member(before),
                "new_chat_member": self.bot_as_member(status),
            },
        )
        self.wake()

    def keep_file(self, content: bytes) -> str:
        """Keeps the bytes and gives their file id."""
        file_id = f"file-{len(self.files) + 1:06d}"
        self.files[file_id] = content
        return file_id

    def listen(self, listener: Listener) -> None:
        """Every happening from now on is told to `listener`, in order, at once."""
        self._listeners.append(listener)

    def note(
        self,
        kind: HappeningKind,
        chat_id: int | None = None,
        message_id: int | None = None,
        words: str = "",
        content: str = "",
    ) -> None:
        happening = Happening(kind, self._now(), chat_id, message_id, words, content)
        for listener in self._listeners:
            listener(happening)
        self.wake()

    def note_message(self, kind: HappeningKind, entry: Entry) -> None:
        message = entry.message
        words = message.get("text") or message.get("caption") or ""
        content = "" if words else content_kind(message)
        self.note(kind, message["chat"]["id"], message["message_id"], words, content)

    def wake(self) -> None:
        """Something changed: whoever waits for a condition looks again."""
        for watcher in self._watchers:
            if not watcher.done():
                watcher.set_result(None)
        self._watchers.clear()

    async def until(self, condition: Callable[[], T], timeout_s: float) -> T:
        """The first true value of `condition`, looked at whenever something changes.

        Raises:
            TimeoutError: it did not become true in `timeout_s` seconds of the machine's time.
        """
        async with asyncio.timeout(timeout_s):
            while not (value := condition()):
                watcher: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._watchers.add(watcher)
                await watcher
        return value

    def _now(self) -> datetime:
        return self.clock.now()
