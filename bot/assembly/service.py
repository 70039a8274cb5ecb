"""One process of Suifang: it listens, works off, delivers, keeps time, and shows the console.

On SQLite one process serves and a second on the same file stands by; on PostgreSQL every process works off
the inbox and shows the console, and the one that holds the lock listens, keeps time and speaks.
Source: architecture, "One machine and many".
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

import structlog
from starlette.routing import BaseRoute

from bot.actions.advance_escalations import advance_escalations
from bot.actions.checkpoint import Checkpoint, pass_by
from bot.actions.deliver_messages import DeliverMessages
from bot.actions.desk import Desk
from bot.actions.keep_bot_name import keep_bot_name
from bot.actions.keep_updates import KeepUpdates
from bot.actions.keep_watch import Watchman
from bot.actions.knock import knock_at_start, knock_each_day
from bot.actions.note_parked import note_parked
from bot.actions.note_reach import note_staff_back
from bot.actions.note_sae import advance_sae_tasks
from bot.actions.note_undelivered import note_undelivered
from bot.actions.publish_study import learn_versions
from bot.actions.receive_message import receive_message
from bot.actions.send_digests import next_digest, send_digests
from bot.actions.send_due_reminders import send_due_reminders
from bot.actions.tell_group import gather_alerts
from bot.actions.waiting import rest
from bot.actions.watch_health import note_alive
from bot.assembly.opening import anchors_of, opened_desk
from bot.assembly.timeline_pictures import TimelinePictures
from bot.assembly.web_server import listen, serve_web
from bot.clock import Clock
from bot.delivery.aiohttp_request import TelegramConnection, telegram_connection
from bot.delivery.heartbeat import Heartbeat
from bot.delivery.marked_wording import DEMO_MARK, REHEARSAL_MARK, MarkedWording
from bot.delivery.pacing import Pacing
from bot.delivery.second_road import SecondRoad
from bot.delivery.telegram_sender import TelegramSender
from bot.delivery.ways_out import WaysOut
from bot.rules.inbound import InboxRow
from bot.rules.messages import OutboxRow
from bot.rules.study import StaffCode
from bot.settings import Mode, Settings, bot_token
from bot.study_file import load_files
from bot.texts import Texts
from handlers.console.app import console_app
from handlers.telegram.direct_advice import DirectAdvice
from handlers.telegram.general_menu import announce_general_menu
from handlers.telegram.intake import Intake
from handlers.telegram.lanes import Lanes
from handlers.telegram.own_name import learn_own_name
from handlers.telegram.translate import to_inbound
from handlers.telegram.webhook import announce_webhook, webhook_route
from handlers.timer.ticks import Tick, Timer
from storage.errors import StorageUnavailable
from storage.unit_of_work import UnitOfWork

_log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 1.0
DIGESTS_EVERY_S: Final = 10.0
KNOCKS_EVERY_S: Final = 30.0
ALIVE_EVERY_S: Final = 10.0
WATCH_EVERY_S: Final = 60.0
ANCHOR_EVERY_S: Final = 3600.0
STAND_BY_S: Final = 1.0
VERSIONS_EVERY_S: Final = 10.0
# A tick takes this many full batches at most, then lets the others have their turn.
_BATCHES: Final = 20
_SETTLING: Final = 200


class Service:
    """Everything of one process, connected. `run` it, or `settle` it step by step with a moved clock."""

    def __init__(
        self,
        desk: Desk,
        settings: Settings,
        connection: TelegramConnection,
        texts: Texts,
        pacing: Pacing | None = None,
        checkpoint: Checkpoint = pass_by,
    ) -> None:
        self._advice = DirectAdvice(bot=connection.bot, study=desk.study, understander=desk.understander)
        self.desk = replace(desk, direct_advice=self._advice)
        self.texts = texts
        self.port = 0
        self._settings = settings
        self._connection = connection
        self._troubles: dict[str, str] = {}
        self._pacing = pacing or Pacing(desk.clock)
        keyring = desk.archive.keyring
        self._keeper = KeepUpdates(
            archive=desk.archive,
            clock=desk.clock,
            bot_id=int(bot_token(settings).partition(":")[0]),
            checkpoint=checkpoint,
        )
        self.lanes = Lanes(
            inbox=self._keeper, handle=self._handle, on_parked=self._parked, checkpoint=checkpoint
        )
        self.delivery = DeliverMessages(
            archive=desk.archive,
            clock=desk.clock,
            wording=_marked(texts, settings.mode),
            sender=WaysOut(
                TelegramSender(connection.bot, self._pacing, token_refused=partial(self._report, "token")),
                SecondRoad(),
            ),
            undelivered=self._undelivered,
            reached=self._reached,
            attachments=TimelinePictures(self.desk, texts),
            gathering=self._gathered,
            checkpoint=checkpoint,
        )
        desk.archive.after_commit(self.delivery.nudge)
        self.intake = Intake(
            bot=connection.bot,
            polling=connection.polling,
            keeper=self._keeper,
            wake=self.lanes.wake,
            storage_trouble=self._advice,
            report=partial(self._report, "telegram"),
        )
        self._webhook_path = keyring.webhook_path()
        self._webhook_secret = keyring.webhook_secret()

    # ── running ──────────────────────────────────────────────────────────────

    async def run(self, stop: asyncio.Event, *, started: asyncio.Event | None = None) -> None:
        """Serves until `stop`, then finishes what is in hand.

        Raises:
            Refusal: the port of the console is taken.
        """
        if self.desk.archive.is_sqlite:
            await self._stand_by(stop)
            if stop.is_set():
                return
        listening = listen(self._settings.console_host, self._settings.console_port)
        self.port = listening.getsockname()[1]
        async with asyncio.TaskGroup() as parts:
            parts.create_task(serve_web(self.web_app(), listening, stop))
            parts.create_task(self.run_chat(stop))
            if started is not None:
                started.set()

    async def run_chat(self, stop: asyncio.Event) -> None:
        """Everything but the console, until `stop`; then finishes what is in hand."""
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self.lanes.run(stop))
            parts.create_task(self._lead(stop))

    def web_app(self) -> Callable[..., Awaitable[None]]:
        """The console with the webhook's route beside it."""
        routes: list[BaseRoute] = []
        if self._settings.webhook_url is not None:
            routes.append(
                webhook_route(
                    path=self._webhook_path,
                    secret=self._webhook_secret,
                    keeper=self._keeper,
                    wake=self.lanes.wake,
                    storage_trouble=self._advice,
                )
            )
        secure = self._settings.console_address.startswith("https:")
        return console_app(self.desk, self.texts, secure_cookies=secure, extra_routes=routes)

    async def _lead(self, stop: asyncio.Event) -> None:
        """While this process holds the lock it listens, keeps time and speaks; a lost lock ends these."""
        while not stop.is_set():
            await self._stand_by(stop)
            if stop.is_set():
                return
            lost = asyncio.Event()
            async with asyncio.TaskGroup() as parts:
                parts.create_task(self._watch_lock(stop, lost))
                parts.create_task(self._listen(lost))
                parts.create_task(self._knock_first())
                parts.create_task(self.delivery.run(lost))
                parts.create_task(self.timer().run(lost))
                parts.create_task(
                    learn_own_name(self._connection.bot, partial(keep_bot_name, self.desk), lost)
                )
                parts.create_task(announce_general_menu(self._connection.bot, self.texts, lost))

    async def _stand_by(self, stop: asyncio.Event) -> None:
        """Until the lock is ours or `stop`; says once that another process serves."""
        said = False
        while not stop.is_set() and not await self._holds_lock():
            if not said:
                _log.warning("another process serves this database; standing by")
                said = True
            await rest(stop, STAND_BY_S)

    async def _watch_lock(self, stop: asyncio.Event, lost: asyncio.Event) -> None:
        while not stop.is_set() and await self._holds_lock():
            await rest(stop, STAND_BY_S)
        if not stop.is_set():
            _log.error("the lock of the serving process was lost; standing by")
        lost.set()

    async def _holds_lock(self) -> bool:
        try:
            return await self.desk.archive.hold_service_lock()
        except StorageUnavailable:
            return False

    async def _listen(self, stop: asyncio.Event) -> None:
        url = self._settings.webhook_url
        if url is not None:
            await announce_webhook(
                self._connection.bot,
                url=url + self._webhook_path,
                secret=self._webhook_secret,
                stop=stop,
                report=partial(self._report, "telegram"),
            )
            return
        await self.intake.run(stop)

    # ── what rings ───────────────────────────────────────────────────────────

    def timer(self) -> Timer:
        """What time makes happen, each at its own pace."""
        reminders = partial(_all_due, send_due_reminders, self.desk)
        escalations = partial(_all_due, advance_escalations, self.desk)
        serious = partial(_all_due, advance_sae_tasks, self.desk)
        versions = partial(_learn, self.desk)
        timer = Timer(
            [
                Tick(name="reminders", every_s=LOOK_EVERY_S, ring=reminders),
                Tick(name="escalations", every_s=LOOK_EVERY_S, ring=escalations),
                Tick(name="digests", every_s=DIGESTS_EVERY_S, ring=partial(send_digests, self.desk)),
                Tick(name="knocks", every_s=KNOCKS_EVERY_S, ring=self._knock),
                Tick(name="serious events", every_s=LOOK_EVERY_S, ring=serious),
                Tick(name="study versions", every_s=VERSIONS_EVERY_S, ring=versions),
                Tick(name="alive", every_s=ALIVE_EVERY_S, ring=self._note_alive),
                Tick(name="anchors", every_s=ANCHOR_EVERY_S, ring=self._anchor),
                Tick(name="watchman", every_s=WATCH_EVERY_S, ring=lambda: watchman.look()),
            ],
            self.desk.clock,
        )
        watchman = self.watchman(timer.missed)
        return timer

    def watchman(self, ticks_missed: Callable[[], Sequence[str]] = tuple) -> Watchman:
        """Who audits the escalation and tells the operator by a road that is not Telegram."""
        pulse = self._settings.heartbeat_url
        return Watchman(
            self.desk,
            road=SecondRoad(),
            addresses=self._settings.operator_roads,
            heartbeat=Heartbeat(pulse.get_secret_value() if pulse else None),
            words=self.texts,
            ticks_missed=ticks_missed,
            troubles=lambda: self._troubles,
        )

    async def _knock(self) -> int:
        return await knock_each_day(self.desk, at=self._settings.reach_check_at)

    async def _knock_first(self) -> None:
        """An archive that is away at the start is no reason not to start."""
        try:
            await knock_at_start(self.desk)
        except Exception as error:
            _log.error("the staff were not knocked at", error=type(error).__name__)

    async def _note_alive(self) -> None:
        await note_alive(self.desk, troubles=dict(self._troubles))

    async def _anchor(self) -> None:
        """Only beside a SQLite file; where PostgreSQL runs the operator says where (a later setting)."""
        path = anchors_of(self._settings)
        if path is not None:
            await self.desk.archive.anchor(path)

    async def settle(self) -> None:
        """Everything that is due now and what follows from it, until nothing is left (rehearsal, tests)."""
        for _ in range(_SETTLING):
            await self.lanes.work_off()
            due = await send_due_reminders(self.desk) + await advance_escalations(self.desk)
            due += await send_digests(self.desk) + await self._knock()
            due += await advance_sae_tasks(self.desk)
            if not await self.delivery.deliver_due() and not due:
                return

    async def next_due(self) -> datetime | None:
        """The next study moment at which something happens by itself; None when nothing is planned."""
        async with self.desk.archive.read() as uow:
            moments = [
                await uow.participants.next_look(),
                await uow.cases.next_step(),
                await uow.sae_tasks.next_step(),
                await uow.outbox.next_due(),
                await next_digest(uow),
            ]
        return min((moment for moment in moments if moment is not None), default=None)

    # ── the two ends of the inbox ────────────────────────────────────────────

    async def _handle(self, row: InboxRow) -> None:
        await receive_message(self.desk, to_inbound(row.bot_id, row.raw, row.lane))

    async def _undelivered(self, uow: UnitOfWork, row: OutboxRow, reason: str, *, for_good: bool) -> None:
        await note_undelivered(uow, self.desk, row, reason, for_good=for_good)

    async def _reached(self, uow: UnitOfWork, row: OutboxRow) -> None:
        await note_staff_back(uow, self.desk, code=StaffCode(row.message.to.code))

    async def _gathered(self, uow: UnitOfWork, row: OutboxRow) -> bool:
        if row.chat_id is None:
            return False
        return await gather_alerts(uow, self.desk, row, room=self._pacing.room(row.chat_id))

    async def _parked(self, row: InboxRow) -> None:
        try:
            inbound = to_inbound(row.bot_id, row.raw, row.lane)
        except ValueError:
            inbound = None
        await note_parked(self.desk, key=row.key, inbound=inbound)

    def _report(self, part: str, reason: str | None) -> None:
        if reason is None:
            self._troubles.pop(part, None)
        else:
            if self._troubles.get(part) != reason:
                _log.warning("a part of the service is in trouble", action=part)
            self._troubles[part] = reason


def _marked(texts: Texts, mode: Mode) -> Texts | MarkedWording:
    """The words, with a mark wherever the patients are made up."""
    match mode:
        case Mode.DEMO:
            return MarkedWording(texts, DEMO_MARK)
        case Mode.REHEARSAL:
            return MarkedWording(texts, REHEARSAL_MARK)
        case Mode.LIVE:
            return texts


async def _learn(desk: Desk) -> None:
    """What the command line published since."""
    await learn_versions(desk, load_files)


async def _all_due(action: Callable[[Desk], Awaitable[int]], desk: Desk) -> None:
    for _ in range(_BATCHES):
        if not await action(desk):
            return


@asynccontextmanager
async def opened_service(
    settings: Settings,
    *,
    clock: Clock | None = None,
    texts: Texts | None = None,
    pacing: Pacing | None = None,
    checkpoint: Checkpoint = pass_by,
) -> AsyncIterator[Service]:
    """A service on an opened desk and a connection to Telegram; nothing is asked of Telegram yet.

    Raises:
        SettingsFaulty: there is no token, or another setting is wrong.
    """
    token = bot_token(settings)
    proxy = settings.telegram_proxy_url
    async with (
        opened_desk(settings, clock=clock) as desk,
        telegram_connection(
            token,
            api_url=settings.telegram_api_url,
            proxy_url=proxy.get_secret_value() if proxy else None,
        ) as connection,
    ):
        yield Service(desk, settings, connection, texts or Texts.load(forgiving=True), pacing, checkpoint)
