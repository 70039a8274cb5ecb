"""A stand-in of Telegram's Bot API on this machine: the rehearsal speaks with it, so do the journey tests.

On one side it is an HTTP server that a bot cannot tell from Telegram's; on the other it is people with
telephones, moved by Python:

    async with StandIn(clock=SystemClock()) as telegram:
        ...                                             # a bot talks to telegram.url with telegram.token
        li = await telegram.create_user("Li", language_code="zh-hans")
        await telegram.type(li, "/start")
        question = await telegram.wait_for_message(li, containing="语言")
        await telegram.tap(li, question.message_id, "中文")

It needs no network and no disk; what it knows is gone when it stops.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self, TypeVar

from aiohttp import web

from bot.clock import Clock
from bot.rehearsal import limits
from bot.rehearsal.bot_methods import BotMethods
from bot.rehearsal.chats import BotIs, Chat, Entry, Group, HappeningKind, Person, Shown, Tap
from bot.rehearsal.faults import Fault, FaultPlan, suffer
from bot.rehearsal.wire import ApiError, Call, Json, answer, read_call, refusal
from bot.rehearsal.world import Kept, Listener, World

T = TypeVar("T")

# Invented; its first part is the bot's id, as in every real token.
TOKEN: Final = "7000000001:stand-in-of-telegram-no-secret-here"  # noqa: S105

# Who stands as the sender where an administrator writes as the group (core.telegram.org/bots/api#message).
_ANONYMOUS: Final[Json] = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}

_FIRST_PERSON: Final = 5_000_000_001
_LARGEST_REQUEST: Final = 64 * 1024 * 1024
_CALLS_REMEMBERED: Final = 5_000
_PATIENCE_S: Final = 10.0


class NotOnScreen(LookupError):
    """Nobody can tap or edit what is not there; the message says what is."""


class StandIn:
    """The server and the people; use it as a context manager, or `start()` and `stop()` it.

    `calls` holds the bot's last requests (all but getUpdates), oldest first.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        token: str = TOKEN,
        bot_name: str = "随访 Suifang",
        bot_username: str = "suifang_rehearsal_bot",
    ) -> None:
        self.token = token
        self.calls: deque[Call] = deque(maxlen=_CALLS_REMEMBERED)
        self._world = World(
            clock=clock, bot_id=int(token.split(":")[0]), bot_name=bot_name, bot_username=bot_username
        )
        self._methods = BotMethods(self._world)
        self._faults = FaultPlan()
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # ── the server ───────────────────────────────────────────────────────────

    @property
    def url(self) -> str:
        """The root of this Bot API, as `SUIFANG_TELEGRAM_API_URL` takes it."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def bot_id(self) -> int:
        return self._world.bot_id

    @property
    def bot_username(self) -> str:
        return self._world.bot_username

    async def start(self, port: int = 0) -> None:
        """Listens on this machine only; port 0 takes a free one, and a later start takes the same again."""
        app = web.Application(client_max_size=_LARGEST_REQUEST)
        app.router.add_route("*", "/bot{token}/{method}", self._serve_method)
        app.router.add_get("/file/bot{token}/{path:.+}", self._serve_file)
        # No access log: its lines would hold the token. A poll whose client hung up must end.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port or self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Telegram is away: connections break and new ones are refused; people and messages stay."""
        self._world.updates.stop_webhook()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve_method(self, request: web.Request) -> web.StreamResponse:
        try:
            self._check_token(request)
            call = await read_call(request, request.match_info["method"])
        except ApiError as error:
            return refusal(error)
        if call.method != "getupdates":
            self.calls.append(call)
        fault = self._faults.take(call)
        if fault is not None:
            self._world.note(HappeningKind.FAULT, words=f"{call.method}: {type(fault).__name__}")

        async def carry_out() -> web.StreamResponse:
            try:
                return answer(await self._methods.carry_out(call))
            except ApiError as error:
                return refusal(error)

        return await suffer(fault, request, carry_out)

    async def _serve_file(self, request: web.Request) -> web.StreamResponse:
        try:
            self._check_token(request)
        except ApiError as error:
            return refusal(error)
        content = self._world.files.get(request.match_info["path"].removeprefix("files/"))
        if content is None:
            return refusal(ApiError(404, "Not Found"))
        return web.Response(body=content, content_type="application/octet-stream")

    def _check_token(self, request: web.Request) -> None:
        token = request.match_info["token"]
        if ":" not in token:
            raise ApiError(404, "Not Found")
        if token != self.token:
            raise ApiError(401, "Unauthorized")

    # ── what goes wrong ──────────────────────────────────────────────────────

    def inject(
        self,
        fault: Fault,
        *,
        method: str | None = None,
        chat: Person | Group | None = None,
        times: int | None = 1,
    ) -> None:
        """The next `times` requests that fit suffer this fault; None: all of them until `clear_faults()`."""
        self._faults.inject(fault, method=method, chat_id=chat.id if chat else None, times=times)

    def clear_faults(self) -> None:
        self._faults.clear()

    # ── back to an earlier moment ────────────────────────────────────────────

    def keep(self) -> Kept:
        """Every telephone as it is now; `put_back` undoes all that came after."""
        return self._world.keep()

    def put_back(self, kept: Kept) -> None:
        self._world.put_back(kept)

    # ── who listens ──────────────────────────────────────────────────────────

    def listen(self, listener: Listener) -> None:
        """Tells `listener` of everything that happens, in order, at once."""
        self._world.listen(listener)

    async def wait_until(self, condition: Callable[[], T], *, timeout_s: float = _PATIENCE_S) -> T:
        """The first true value of `condition`; it is looked at whenever something changes here.

        Raises:
            TimeoutError: with what stands on every screen.
        """
        try:
            return await self._world.until(condition, timeout_s)
        except TimeoutError:
            raise TimeoutError(f"waited {timeout_s} s in vain; on the screens:\n{self._screens()}") from None

    async def wait_for_message(
        self,
        who: Person | Group,
        *,
        containing: str = "",
        after: int = 0,
        timeout_s: float = _PATIENCE_S,
    ) -> Shown:
        """The first message of the bot after message `after` that shows `containing`, in text or button."""

        def found() -> Shown | None:
            return next((shown for shown in self.screen(who) if _fits(shown, containing, after)), None)

        shown = await self.wait_until(found, timeout_s=timeout_s)
        assert shown is not None  # noqa: S101 -- until() gives true values only
        return shown

    async def everything_received(self, *, timeout_s: float = _PATIENCE_S) -> None:
        """Waits until the bot has confirmed every update."""
        await self.wait_until(lambda: not self._world.updates, timeout_s=timeout_s)

    @property
    def pending_updates(self) -> int:
        return len(self._world.updates)

    # ── people ───────────────────────────────────────────────────────────────

    async def create_user(self, name: str, *, language_code: str = "zh-hans") -> Person:
        """A person with a telephone who has not yet spoken with the bot."""
        person = Person(_FIRST_PERSON + len(self._world.people), name, language_code)
        self._world.people[person.id] = person
        self._world.chats[person.id] = Chat(
            person.id, "private", name, BotIs.UNKNOWN, members={person.id: person}
        )
        return person

    async def create_group(self, title: str, *members: Person) -> Group:
        """A group to which somebody has just added the bot."""
        group = Group(-4_000_000_001 - len(self._world.chats), title)
        chat = Chat(group.id, "group", title, BotIs.LEFT, members={member.id: member for member in members})
        self._world.chats[group.id] = chat
        by = members[0].as_json() if members else self._world.bot_as_json()
        self._world.set_bot_status(chat, BotIs.MEMBER, by)
        return group

    def screen(self, who: Person | Group) -> tuple[Shown, ...]:
        """The messages of this chat as they stand now, oldest first."""
        return tuple(self._chat(who).shown())

    def last_message(self, who: Person | Group) -> Shown | None:
        """The bot's newest message in this chat."""
        return next((shown for shown in reversed(self.screen(who)) if shown.from_bot), None)

    def is_typing(self, who: Person | Group) -> bool:
        """Whether the bot shows its typing dots (gone with its next message, or after some seconds)."""
        return self._world.clock.monotonic() < self._chat(who).typing_until_s

    def keyboard(self, who: Person | Group) -> tuple[str, ...]:
        """The labels of the keyboard under the chat, if the bot has put one there."""
        return tuple(button["text"] for row in self._chat(who).keyboard for button in row)

    def file(self, shown: Shown, who: Person | Group) -> bytes:
        """The bytes of the picture or document in a message."""
        message = self._chat(who).entries[shown.message_id].message
        part = message["photo"][-1] if shown.content == "photo" else message[shown.content]
        return self._world.files[part["file_id"]]

    async def type(self, person: Person, text: str, *, group: Group | None = None) -> int:
        """The person sends a text; gives the message's id in that chat."""
        entities = limits.command_entities(text)
        content: Json = {"text": text, **({"entities": entities} if entities else {})}
        return self._says(person, content, group)

    async def open_link(self, person: Person, payload: str) -> int:
        """The person opens `t.me/<bot>?start=<payload>` and taps Start.

        Raises:
            ValueError: Telegram lets no link carry such a payload.
        """
        if not limits.is_start_payload(payload):
            raise ValueError(f"no start link can carry {payload!r}")
        return await self.type(person, f"/start {payload}")

    async def edit(self, person: Person, message_id: int, text: str, *, group: Group | None = None) -> None:
        """The person changes a message already sent."""
        entry = self._entry(group or person, message_id)
        if entry.from_bot or "text" not in entry.message:
            raise NotOnScreen(f"{person.name} cannot edit message {message_id}")
        entry.message = {
            **entry.message,
            "text": text,
            "edit_date": self._world.second(),
        }
        self._world.updates.put("edited_message", entry.message)
        self._world.note_message(HappeningKind.EDITED, entry)

    async def forward(self, person: Person, text: str, *, of: Person) -> int:
        """The person forwards what somebody else wrote."""
        origin = {"type": "user", "sender_user": of.as_json(), "date": self._world.second()}
        return self._says(person, {"text": text, "forward_origin": origin})

    async def send_sticker(self, person: Person, emoji: str = "👍") -> int:
        file = self._keep(b"sticker")
        kind = {"type": "regular", "is_animated": False, "is_video": False, "width": 512, "height": 512}
        return self._says(person, {"sticker": {**file, **kind, "emoji": emoji}})

    async def send_voice(self, person: Person, *, seconds: int = 3, content: bytes = b"OggS") -> int:
        voice = {**self._keep(content), "duration": seconds, "mime_type": "audio/ogg"}
        return self._says(person, {"voice": voice})

    async def send_photo(self, person: Person, *, caption: str = "", content: bytes = b"\xff\xd8") -> int:
        photo = [{**self._keep(content), "width": 800, "height": 600}]
        return self._says(person, {"photo": photo, **({"caption": caption} if caption else {})})

    async def send_document(
        self, person: Person, filename: str, content: bytes = b"%PDF", *, caption: str = ""
    ) -> int:
        document = {**self._keep(content), "file_name": filename}
        return self._says(person, {"document": document, **({"caption": caption} if caption else {})})

    async def send_location(self, person: Person, latitude: float = 39.1, longitude: float = 117.2) -> int:
        return self._says(person, {"location": {"latitude": latitude, "longitude": longitude}})

    async def send_contact(self, person: Person, phone_number: str, name: str) -> int:
        return self._says(person, {"contact": {"phone_number": phone_number, "first_name": name}})

    async def send_raw_update(self, content: Json) -> int:
        """An update such as Telegram may send one day, or never; gives its number."""
        number = self._world.updates.put_raw(content)
        self._world.wake()
        return number

    async def tap(
        self,
        person: Person,
        message_id: int,
        button: str,
        *,
        group: Group | None = None,
        even_if_gone: bool = False,
    ) -> str:
        """The person taps a button, named by its label, its data, or a part of the label only one has.

        `even_if_gone`: a telephone that has not yet heard of the change; `button` is then the data.
        Gives the tap's id.

        Raises:
            NotOnScreen: there is no such button.
        """
        entry = self._entry(group or person, message_id)
        data = button if even_if_gone else _data_of(entry, button)
        tap_id = f"{person.id % 10**6}{len(self._world.taps) + 1:012d}"
        update = {
            "id": tap_id,
            "from": person.as_json(),
            "message": entry.message,
            "chat_instance": str(entry.message["chat"]["id"]),
            "data": data,
        }
        at = self._world.clock.monotonic()
        self._world.taps[tap_id] = Tap(tap_id, person, entry.message["chat"]["id"], at, update)
        self._world.updates.put("callback_query", update)
        label = _label_of(entry, data) or button
        self._world.note(HappeningKind.TAPPED, entry.message["chat"]["id"], message_id, label)
        return tap_id

    async def tap_again(self, tap_id: str) -> None:
        """The same tap under a new update number, as Telegram may send it (tdlib/telegram-bot-api#699)."""
        self._world.updates.put("callback_query", self._world.taps[tap_id].update)
        self._world.wake()

    def tap_answer(self, tap_id: str) -> str | None:
        """What the bot answered to a tap: None while the spinner turns, empty for no words."""
        return self._world.taps[tap_id].answer

    async def press_key(self, person: Person, label: str) -> int:
        """The person presses a key of the keyboard under the chat, which sends its label.

        Raises:
            NotOnScreen: there is no such key.
        """
        if label not in self.keyboard(person):
            raise NotOnScreen(f"no key {label!r} among {self.keyboard(person)}")
        return await self.type(person, label)

    async def block(self, person: Person) -> None:
        self._world.set_bot_status(self._chat(person), BotIs.BLOCKED, person.as_json())
        self._world.note(HappeningKind.BLOCKED, person.id)

    async def unblock(self, person: Person) -> None:
        self._world.set_bot_status(self._chat(person), BotIs.MEMBER, person.as_json())
        self._world.note(HappeningKind.UNBLOCKED, person.id)

    async def deactivate(self, person: Person) -> None:
        """The account is deleted: nothing is told, the next message finds out."""
        self._chat(person).deactivated = True

    async def remove_bot(self, group: Group, *, told: bool = True) -> None:
        """Somebody puts the bot out; not `told`: the next message finds out."""
        chat = self._chat(group)
        if not told:
            chat.bot_is = BotIs.KICKED
            return
        by = next(iter(chat.members.values()), None)
        self._world.set_bot_status(chat, BotIs.KICKED, by.as_json() if by else self._world.bot_as_json())

    async def add_bot(self, group: Group) -> None:
        """Somebody puts the bot into the group again, or lets it write there again."""
        chat = self._chat(group)
        self._world.set_bot_status(chat, BotIs.MEMBER, next(iter(chat.members.values())).as_json())

    async def silence_bot(self, group: Group) -> None:
        """The bot stays in the group and may not write there."""
        chat = self._chat(group)
        self._world.set_bot_status(chat, BotIs.SILENCED, next(iter(chat.members.values())).as_json())

    async def migrate(self, group: Group, *, told: bool = True) -> Group:
        """The group becomes a supergroup with a new id; the old id only points there.

        `told`: with the two service messages; otherwise `tell_of_move` sends them later.
        """
        old = self._chat(group)
        moved = Group(-1_000_000_000_000 + group.id, group.title)
        new = Chat(moved.id, "supergroup", group.title, old.bot_is, members=dict(old.members))
        self._world.chats[moved.id] = new
        old.migrated_to = moved.id
        if told:
            await self.tell_of_move(group)
        return moved

    async def tell_of_move(self, group: Group, *, new_first: bool = False) -> None:
        """The two service messages, one in each chat; their order is not promised."""
        old = self._chat(group)
        if old.migrated_to is None:
            raise LookupError(f"{group.title} has not moved")
        by = next(iter(old.members.values())).as_json()
        told: list[tuple[Chat, Json]] = [
            (old, {"migrate_to_chat_id": old.migrated_to}),
            (self._world.chats[old.migrated_to], {"migrate_from_chat_id": group.id}),
        ]
        for chat, content in reversed(told) if new_first else told:
            self._announce(chat, by, content)

    async def type_as_group(self, group: Group, text: str) -> int:
        """An anonymous administrator writes: the group itself stands as the sender."""
        chat = self._chat(group)
        content: Json = {"text": text, "sender_chat": chat.as_json()}
        entry = chat.add(_ANONYMOUS, self._world.second(), content, from_bot=False)
        if self._is_addressed(content):
            self._world.updates.put("message", entry.message, lambda: self._received(entry))
        self._world.note_message(HappeningKind.SAID, entry)
        return int(entry.message["message_id"])

    def _announce(self, chat: Chat, by: Json, content: Json) -> None:
        entry = chat.add(by, self._world.second(), content, from_bot=False)
        self._world.updates.put("message", entry.message)
        self._world.wake()

    def _says(self, person: Person, content: Json, group: Group | None = None) -> int:
        chat = self._chat(group or person)
        if chat.bot_is is BotIs.BLOCKED:
            raise NotOnScreen(f"{person.name} has blocked the bot and cannot write to it")
        if chat.bot_is is BotIs.UNKNOWN:
            chat.bot_is = BotIs.MEMBER
        entry = chat.add(person.as_json(), self._world.second(), content, from_bot=False)
        if chat.kind == "private" or self._is_addressed(content):
            self._world.updates.put("message", entry.message, lambda: self._received(entry))
        self._world.note_message(HappeningKind.SAID, entry)
        return int(entry.message["message_id"])

    def _is_addressed(self, content: Json) -> bool:
        """In a group a bot with privacy mode hears commands and its own name only."""
        text = str(content.get("text", ""))
        return text.startswith("/") or f"@{self.bot_username}" in text

    def _received(self, entry: Entry) -> None:
        entry.received = True
        self._world.note_message(HappeningKind.RECEIVED, entry)

    def _keep(self, content: bytes) -> Json:
        file_id = self._world.keep_file(content)
        return {"file_id": file_id, "file_unique_id": f"u{file_id}", "file_size": len(content)}

    def _chat(self, who: Person | Group) -> Chat:
        return self._world.chats[who.id]

    def _entry(self, who: Person | Group, message_id: int) -> Entry:
        entry = self._chat(who).entries.get(message_id)
        if entry is None:
            raise NotOnScreen(f"no message {message_id}; on the screen:\n{_screen_words(self._chat(who))}")
        return entry

    def _screens(self) -> str:
        return "\n".join(_screen_words(chat) for chat in self._world.chats.values() if chat.entries)


def _fits(shown: Shown, containing: str, after: int) -> bool:
    if not shown.from_bot or shown.message_id <= after:
        return False
    return containing in shown.text or any(containing in label for label in shown.labels())


def _data_of(entry: Entry, wanted: str) -> str:
    buttons = [button for row in entry.shown().buttons for button in row]
    exact = [button for button in buttons if wanted in (button.label, button.data)]
    partly = [button for button in buttons if wanted in button.label]
    found = exact or (partly if len(partly) == 1 else [])
    if not found:
        raise NotOnScreen(f"no button {wanted!r} among {[button.label for button in buttons]}")
    if found[0].url:
        raise NotOnScreen(f"{wanted!r} opens {found[0].url}; it sends nothing")
    return found[0].data


def _label_of(entry: Entry, data: str) -> str:
    buttons = [button for row in entry.shown().buttons for button in row]
    return next((button.label for button in buttons if button.data == data), "")


def _screen_words(chat: Chat) -> str:
    """The last messages of a chat, for a person who reads why a test failed."""
    lines = [f"── {chat.name} ──"]
    for shown in list(chat.shown())[-12:]:
        who = "bot" if shown.from_bot else shown.author
        buttons = f"  [{' | '.join(shown.labels())}]" if shown.buttons else ""
        lines.append(f"{shown.message_id:>3} {who}: {shown.text or shown.content}{buttons}")
    return "\n".join(lines)
