"""Phones for the tests of actions: what each person sees and can tap, straight from the outbox.

Everything said goes through the real archive and the real words; only Telegram itself is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.actions.advance_escalations import advance_escalations
from bot.actions.desk import Desk
from bot.actions.note_undelivered import note_undelivered
from bot.actions.receive_message import receive_message
from bot.actions.send_digests import next_digest, send_digests
from bot.actions.send_due_reminders import send_due_reminders
from bot.clock import MovableClock
from bot.rules.delivery import Delivered, Refused, Unreachable
from bot.rules.inbound import Inbound, InboundKind, InboxRow, UpdateKey
from bot.rules.messages import OutboxRow, OutboxStatus, RecipientKind, SendKind
from bot.texts import Rendered, RenderedButton, Texts, told_on_lock_screen
from storage.unit_of_work import UnitOfWork

BOT = 77


@dataclass
class Screen:
    """One message on a phone as it stands now."""

    message_id: int
    text: str
    buttons: list[RenderedButton]


@dataclass(frozen=True)
class Told:
    """One message that left: `to` is the code of its person, `key` what makes it this message."""

    at: datetime
    to: str
    key: str
    kind: SendKind
    about: str


@dataclass
class Phones:
    """All phones of a test; a chat is known by its number.

    `blocked`: chats that have blocked the bot, which it finds out when it writes to them. `silent`: chats
    for which Telegram gives no answer, twice. `roads_down`: what is said by the second road is refused.
    `told`: everything that arrived, in order, by both roads.
    """

    desk: Desk
    clock: MovableClock
    texts: Texts
    chats: dict[int, list[Screen]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    beside: list[tuple[tuple[str, ...], str]] = field(default_factory=list)
    menus: dict[int, list[str]] = field(default_factory=dict)
    blocked: set[int] = field(default_factory=set)
    silent: set[int] = field(default_factory=set)
    roads_down: bool = False
    told: list[Told] = field(default_factory=list)
    next_update: int = 1
    next_message: int = 100

    async def type(self, chat: int, text: str, *, said_at: datetime | None = None) -> int:
        """Somebody writes, earlier (`said_at`) if the service was down; returns the update's number."""
        return await self._send(chat, InboundKind.TEXT, text=text, said_at=said_at)

    async def edit(self, chat: int, text: str) -> int:
        """Somebody changes an earlier message of theirs."""
        return await self._send(chat, InboundKind.TEXT, text=text, edited=True)

    async def forward(self, chat: int, text: str) -> int:
        """Somebody passes on what somebody else wrote."""
        return await self._send(chat, InboundKind.TEXT, text=text, forwarded=True)

    async def send(self, chat: int, content: str) -> int:
        """Somebody sends something without words: a voice note, a photo, a sticker."""
        return await self._send(chat, InboundKind.CONTENT, content=content)

    async def tap(self, chat: int, label: str) -> int:
        """Taps the newest button with this label."""
        return await self._send(chat, InboundKind.TAP, token=self.button(chat, label).data, tap_id="tap")

    # ── groups: a chat with more than one person in it ───────────────────────

    async def type_in(self, group: int, who: int | None, text: str) -> int:
        """Somebody writes in a group; None: an anonymous administrator."""
        return await self._send(group, InboundKind.TEXT, text=text, who=who, private=False)

    async def tap_in(self, group: int, who: int, label: str) -> int:
        """Somebody taps the newest button with this label in a group."""
        return await self.tap_token_in(group, who, self.button(group, label).data)

    async def tap_token_in(self, group: int, who: int, token: str) -> int:
        return await self._send(group, InboundKind.TAP, token=token, tap_id="tap", who=who, private=False)

    async def group_moved(self, old: int, new: int) -> int:
        """One of the two service messages: they say the same."""
        return await self._send(old, InboundKind.MOVED, moved_to=new, private=False)

    async def bot_put_out(self, group: int) -> int:
        return await self._send(group, InboundKind.BLOCKED_US, private=False)

    async def bot_let_in(self, group: int) -> int:
        return await self._send(group, InboundKind.UNBLOCKED_US, private=False)

    async def tap_token(self, chat: int, token: str) -> int:
        """Taps a button that no longer stands there, or a forged one."""
        return await self._send(chat, InboundKind.TAP, token=token, tap_id="tap")

    def button(self, chat: int, label: str) -> RenderedButton:
        for screen in reversed(self.chats.get(chat, [])):
            fitting = [button for button in screen.buttons if label in button.label]
            if fitting:
                return next((button for button in fitting if button.label == label), fitting[0])
        seen = [[button.label for button in screen.buttons] for screen in self.chats.get(chat, [])]
        raise AssertionError(f"no button {label!r} in chat {chat}; there are {seen}")

    def said(self, chat: int) -> str:
        """Everything on this phone, oldest first."""
        return "\n".join(screen.text for screen in self.chats.get(chat, []))

    def last(self, chat: int) -> str:
        return self.chats[chat][-1].text

    async def pass_time(self, by: timedelta) -> None:
        """Moves the clock and lets everything happen that became due."""
        self.clock.move(by)
        await self.settle()

    async def move_to(self, moment: datetime) -> None:
        """Lets the time pass until then, stepping through every moment at which something is due."""
        await self.settle()
        for _ in range(500):
            due = await self._next_due()
            if due is None or due > moment:
                break
            self.clock.move_to(max(due, self.clock.now()))
            await self.settle()
        self.clock.move_to(moment)
        await self.settle()

    async def _next_due(self) -> datetime | None:
        async with self.desk.archive.read() as uow:
            moments = [
                await uow.participants.next_look(),
                await uow.cases.next_step(),
                await uow.outbox.next_due(),
                await next_digest(uow),
            ]
        return min((moment for moment in moments if moment is not None), default=None)

    async def settle(self) -> None:
        """Ticks and deliveries until nothing is left to do."""
        for _ in range(50):
            async with self.desk.archive.read() as uow:
                look_at, step_at = await uow.participants.next_look(), await uow.cases.next_step()
                digest_at, waiting = await next_digest(uow), await uow.outbox.waiting()
            due = await send_due_reminders(self.desk) if self._is_due(look_at) else 0
            due += await advance_escalations(self.desk) if due or self._is_due(step_at) else 0
            due += await send_digests(self.desk) if digest_at is None or self._is_due(digest_at) else 0
            if not (due or waiting) or not (await self.deliver() or due):
                return
        raise AssertionError("it never comes to rest")

    def _is_due(self, moment: datetime | None) -> bool:
        return moment is not None and moment <= self.desk.now()

    async def _send(
        self,
        chat: int,
        kind: InboundKind,
        *,
        text: str = "",
        token: str = "",
        tap_id: str = "",
        content: str = "",
        edited: bool = False,
        forwarded: bool = False,
        who: int | None = None,
        private: bool = True,
        moved_to: int | None = None,
        said_at: datetime | None = None,
    ) -> int:
        number, self.next_update = self.next_update, self.next_update + 1
        inbound = Inbound(
            key=UpdateKey(BOT, number),
            chat_id=chat,
            lane=self.desk.archive.keyring.lane(chat),
            private=private,
            kind=kind,
            said_at=said_at or self.clock.now(),
            text=text,
            token=token,
            tap_id=tap_id,
            content=content,
            edited=edited,
            forwarded=forwarded,
            sender_id=chat if private else who,
            moved_to=moved_to,
        )
        row = InboxRow(
            bot_id=BOT, update_id=number, lane=inbound.lane, received_at=self.clock.now(), raw=b"{}"
        )
        async with self.desk.archive.begin() as uow:
            await uow.inbox.store([row])
        await receive_message(self.desk, inbound)
        await self.settle()
        return number

    async def deliver(self) -> int:
        """Everything that may leave now arrives; gives how much it was."""
        now, real = self.desk.now(), self.clock.real_now()
        async with self.desk.archive.begin() as uow:
            rows = await uow.outbox.claim(50, now, real, real + timedelta(seconds=30))
            for row in rows:
                await self._deliver_one(uow, row)
        return len(rows)

    async def _deliver_one(self, uow: UnitOfWork, row: OutboxRow) -> None:
        now, real = self.desk.now(), self.clock.real_now()
        if row.status is OutboxStatus.UNREACHABLE:
            await note_undelivered(uow, self.desk, row, "no way there", for_good=True)
            return
        rendered = self.texts.render(row.message)
        beside = row.message.kind is SendKind.SECOND_ROAD
        if beside and self.roads_down:
            await uow.outbox.note(row.id, Refused("down"), rendered.text, now, real)
            await note_undelivered(uow, self.desk, row, "down", for_good=False)
            return
        if not beside and row.chat_id in self.blocked:
            await uow.outbox.note(row.id, Unreachable("blocked"), rendered.text, now, real)
            await note_undelivered(uow, self.desk, row, "blocked", for_good=True)
            return
        if not beside and row.chat_id in self.silent:
            await uow.outbox.end(row.id, OutboxStatus.UNCERTAIN, "no answer")
            await note_undelivered(uow, self.desk, row, "no answer", for_good=False)
            return
        message_id = None
        if beside:
            self.beside.append((row.addresses, rendered.text))
        elif row.chat_id is not None:
            message_id = self._show(row, row.chat_id, rendered)
        else:
            return
        await uow.outbox.note(row.id, Delivered(message_id), rendered.text, now, real)
        about = row.message.phrases[0].key if row.message.phrases else ""
        self.told.append(Told(now, row.message.to.code, row.message.unique_key, row.message.kind, about))

    def _show(self, row: OutboxRow, chat: int, rendered: Rendered) -> int:
        buttons = [button for line in rendered.buttons for button in line]
        screens = self.chats.setdefault(chat, [])
        if row.message.to.kind is RecipientKind.PARTICIPANT:
            assert told_on_lock_screen(rendered.text) == (), rendered.text
        if row.message.to.kind is RecipientKind.STAFF and row.message.kind is SendKind.SEND:
            assert row.message.protect_content, rendered.text
        if row.message.kind is SendKind.ANSWER_TAP:
            self.notices.append(rendered.text)
            return 0
        if row.message.kind is SendKind.MENU:
            self.menus[chat] = [button.data for button in buttons]
            return 0
        said_anew = row.message.kind is SendKind.EDIT and row.edits_message_id is None
        if row.message.kind in (SendKind.EDIT, SendKind.REMOVE_BUTTONS) and not said_anew:
            for screen in screens:
                if screen.message_id == row.edits_message_id:
                    screen.buttons = buttons
                    if row.message.kind is SendKind.EDIT:
                        screen.text = rendered.text
            return row.edits_message_id or 0
        screens.append(Screen(self.next_message, rendered.text, buttons))
        self.next_message += 1
        return screens[-1].message_id
