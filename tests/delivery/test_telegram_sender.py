from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiogram import methods
from aiohttp import web
from lo_bot_api_emulator import LoBotApiEmulator

from bot.actions.deliver_messages import Attachment
from bot.clock import SystemClock
from bot.delivery.aiohttp_request import TelegramConnection, telegram_connection
from bot.delivery.pacing import Pacing
from bot.delivery.telegram_sender import TelegramSender
from bot.rehearsal import faults
from bot.rehearsal.chats import Person
from bot.rehearsal.stand_in import StandIn
from bot.rules.delivery import Delivered, Moved, Refused, Stale, TryAgain, Unreachable
from bot.rules.messages import (
    Message,
    OutboxId,
    OutboxRow,
    OutboxStatus,
    Priority,
    Recipient,
    RecipientKind,
    SendKind,
)
from bot.rules.study import Language
from bot.texts import Rendered, RenderedButton
from tests.cast import MORNING

PATIENT = Recipient(RecipientKind.PARTICIPANT, "TJ-001")
BUTTONS = ((RenderedButton("到了", "v:1", ""), RenderedButton("地图", "", "https://example.org/map")),)


def row(
    chat_id: int,
    kind: SendKind = SendKind.SEND,
    *,
    to: Recipient = PATIENT,
    edits_message_id: int | None = None,
    **more: Any,
) -> OutboxRow:
    message = Message(
        unique_key="a", to=to, language=Language.ZH, priority=Priority.REPLY, phrases=(), kind=kind, **more
    )
    return OutboxRow(
        id=OutboxId(1),
        message=message,
        status=OutboxStatus.CLAIMED,
        created_at=MORNING,
        attempts=1,
        chat_id=chat_id,
        edits_message_id=edits_message_id,
    )


def said(text: str = "您好", buttons: tuple[tuple[RenderedButton, ...], ...] = ()) -> Rendered:
    return Rendered(text=text, buttons=buttons)


@pytest.fixture
def sender(connection: TelegramConnection) -> TelegramSender:
    return TelegramSender(connection.bot, Pacing(SystemClock()))


@pytest.fixture
def hasty(impatient: TelegramConnection) -> TelegramSender:
    return TelegramSender(impatient.bot, Pacing(SystemClock()))


async def test_words_and_buttons_arrive_as_they_are(
    telegram: StandIn, sender: TelegramSender, li: Person
) -> None:
    text = "*您好* <b>_约_</b> https://example.org"
    outcome = await sender.send(row(li.id, protect_content=True), said(text, BUTTONS))
    assert outcome == Delivered(2)
    shown = telegram.screen(li)[-1]
    assert (shown.text, shown.labels(), shown.protected) == (text, ("到了", "地图"), True)
    assert telegram.calls[-1].json("link_preview_options", "") == {"is_disabled": True}


async def test_an_edit_replaces_words_and_buttons(
    telegram: StandIn, sender: TelegramSender, li: Person
) -> None:
    await sender.send(row(li.id), said("first", BUTTONS))
    edit = row(li.id, SendKind.EDIT, edits_message_id=2)
    assert await sender.send(edit, said("second")) == Delivered(2)
    assert await sender.send(edit, said("second")) == Delivered(2)
    assert [(shown.text, shown.buttons) for shown in telegram.screen(li)[1:]] == [("second", ())]


async def test_an_edit_of_what_is_gone_or_was_never_certain_is_said_anew(
    telegram: StandIn, sender: TelegramSender, li: Person
) -> None:
    gone = row(li.id, SendKind.EDIT, edits_message_id=99)
    assert await sender.send(gone, said("next question")) == Delivered(2)
    assert await sender.send(replace(gone, edits_message_id=None), said("again")) == Delivered(3)


async def test_buttons_are_removed_once_and_then_it_is_stale(
    telegram: StandIn, sender: TelegramSender, li: Person
) -> None:
    await sender.send(row(li.id), said("?", BUTTONS))
    remove = row(li.id, SendKind.REMOVE_BUTTONS, edits_message_id=2)
    assert await sender.send(remove, said("")) == Delivered(2)
    assert telegram.screen(li)[-1].buttons == ()
    assert isinstance(await sender.send(remove, said("")), Stale)
    assert isinstance(await sender.send(replace(remove, edits_message_id=77), said("")), Stale)
    assert isinstance(await sender.send(replace(remove, edits_message_id=None), said("")), Stale)


async def test_a_tap_is_answered_once_and_then_it_is_too_old(
    telegram: StandIn, sender: TelegramSender, li: Person
) -> None:
    await sender.send(row(li.id), said("?", BUTTONS))
    tap = await telegram.tap(li, 2, "到了")
    answer = row(li.id, SendKind.ANSWER_TAP, tap_id=tap)
    assert await sender.send(answer, said("记" * 200)) == Delivered(None)
    assert telegram.tap_answer(tap) == "记" * 200
    assert isinstance(await sender.send(answer, said("")), Stale)


async def test_files_arrive_with_their_caption(telegram: StandIn, sender: TelegramSender, li: Person) -> None:
    file = Attachment("plt.png", b"\x89PNG")
    picture = row(li.id, SendKind.PICTURE)
    assert await sender.send(picture, said("血小板"), file) == Delivered(2)
    assert await sender.send(row(li.id, SendKind.DOCUMENT), said(""), file) == Delivered(3)
    assert [(shown.content, shown.text) for shown in telegram.screen(li)[1:]] == [
        ("photo", "血小板"),
        ("document", ""),
    ]
    assert isinstance(await sender.send(picture, said("")), Refused)


async def test_who_cannot_be_reached_is_named_so(
    telegram: StandIn, sender: TelegramSender, li: Person
) -> None:
    stranger = await telegram.create_user("Wang")
    assert await sender.send(row(stranger.id), said()) == Unreachable("Chat not found")
    await telegram.block(li)
    blocked = await sender.send(row(li.id), said())
    assert blocked == Unreachable("Forbidden: bot was blocked by the user")
    await telegram.unblock(li)
    await telegram.deactivate(li)
    assert await sender.send(row(li.id), said()) == Unreachable("Forbidden: user is deactivated")


async def test_a_group_that_moved_names_its_new_id(
    telegram: StandIn, sender: TelegramSender, li: Person
) -> None:
    group = await telegram.create_group("Site TJ", li)
    moved = await telegram.migrate(group)
    assert await sender.send(row(group.id), said()) == Moved(moved.id)
    await telegram.remove_bot(moved)
    assert isinstance(await sender.send(row(moved.id), said()), Unreachable)


async def test_a_pause_asked_for_is_kept_without_asking_again(
    telegram: StandIn, sender: TelegramSender, li: Person
) -> None:
    telegram.inject(faults.TooManyRequests(37))
    outcome = await sender.send(row(li.id), said())
    assert isinstance(outcome, TryAgain)
    assert (outcome.after, outcome.uncertain) == (timedelta(seconds=37), False)
    asked = len(telegram.calls)
    too_early = await sender.send(row(li.id), said())
    assert isinstance(too_early, TryAgain)
    assert timedelta(seconds=36) < too_early.after <= timedelta(seconds=37)
    assert len(telegram.calls) == asked


@pytest.mark.parametrize(
    ("fault", "uncertain"),
    [
        (faults.ConnectionReset(), True),
        (faults.AnswerLost(), True),
        (faults.NeverAnswered(), True),
        (faults.ServerError(500), False),
        (faults.ForeignPage(403), False),
    ],
)
async def test_a_temporary_failure_says_whether_the_message_may_stand_there(
    telegram: StandIn, hasty: TelegramSender, li: Person, fault: faults.Fault, uncertain: bool
) -> None:
    telegram.inject(fault)
    outcome = await hasty.send(row(li.id), said())
    assert isinstance(outcome, TryAgain)
    assert outcome.uncertain is uncertain


async def test_what_may_be_done_twice_is_never_uncertain(
    telegram: StandIn, hasty: TelegramSender, li: Person
) -> None:
    await hasty.send(row(li.id), said("?", BUTTONS))
    telegram.inject(faults.AnswerLost(), times=2)
    edit = row(li.id, SendKind.EDIT, edits_message_id=2)
    outcome = await hasty.send(edit, said("!"))
    assert isinstance(outcome, TryAgain)
    assert not outcome.uncertain
    anew = await hasty.send(replace(edit, edits_message_id=None), said("!"))
    assert isinstance(anew, TryAgain)
    assert anew.uncertain


async def test_a_refused_token_is_the_operators_matter_and_no_patients(telegram: StandIn) -> None:
    told: list[str] = []
    async with telegram_connection("8:other", api_url=telegram.url) as other:
        sender = TelegramSender(other.bot, Pacing(SystemClock()), token_refused=told.append)
        outcome = await sender.send(row(5), said())
    assert isinstance(outcome, TryAgain)
    assert told == ["Unauthorized"]


async def test_what_telegram_will_never_take_is_refused(sender: TelegramSender, li: Person) -> None:
    assert await sender.send(row(li.id), said(" ")) == Refused("Message text is empty")
    assert await sender.send(row(li.id), said("😀" * 2049)) == Refused("Message is too long")
    too_long = ((RenderedButton("x", "约" * 30, ""),),)
    assert await sender.send(row(li.id), said("?", too_long)) == Refused("Button_data_invalid")


async def test_a_third_party_takes_every_request_as_its_own(
    telegram: StandIn, sender: TelegramSender, li: Person
) -> None:
    """aiogram's methods, written from the Bot API: no field it does not know, no value it refuses."""
    await sender.send(row(li.id, protect_content=True), said("?", BUTTONS))
    await sender.send(row(li.id, SendKind.EDIT, edits_message_id=2), said("!", BUTTONS))
    await sender.send(row(li.id, SendKind.REMOVE_BUTTONS, edits_message_id=2), said(""))
    await sender.send(row(li.id, SendKind.ANSWER_TAP, tap_id="7"), said("ok"))
    known: dict[str, type[methods.TelegramMethod[Any]]] = {
        "sendmessage": methods.SendMessage,
        "editmessagetext": methods.EditMessageText,
        "editmessagereplymarkup": methods.EditMessageReplyMarkup,
        "answercallbackquery": methods.AnswerCallbackQuery,
    }
    assert {call.method for call in telegram.calls} == set(known)
    for call in telegram.calls:
        method = known[call.method]
        assert set(call.values) <= set(method.model_fields)
        structured = ("reply_markup", "link_preview_options")
        values = {
            name: call.json(name, "") if name in structured else value for name, value in call.values.items()
        }
        method.model_validate(values)


@pytest.fixture
async def third_party() -> AsyncIterator[str]:
    """The address of an emulator that is not ours; it knows no protect_content, no link_preview_options."""

    @web.middleware
    async def strip_unknown(request: web.Request, handler: Any) -> web.StreamResponse:
        if request.method == "POST":
            form = dict(await request.post())
            for name in ("protect_content", "link_preview_options"):
                form.pop(name, None)
            request._post = form  # type: ignore[assignment]
        response: web.StreamResponse = await handler(request)
        return response

    app = LoBotApiEmulator().app()
    app.middlewares.append(strip_unknown)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_an_emulator_that_is_not_ours_takes_what_we_send(third_party: str) -> None:
    async with telegram_connection("7:synthetic-token-for-a-check", api_url=third_party) as other:
        sender = TelegramSender(other.bot, Pacing(SystemClock()))
        outcome = await sender.send(row(5), said("您好 😟", BUTTONS))
        assert isinstance(outcome, Delivered)
        edit = row(5, SendKind.EDIT, edits_message_id=outcome.message_id)
        assert isinstance(await sender.send(edit, said("!")), Delivered)
        assert isinstance(await sender.send(row(5), said("😀" * 2049)), Refused)
