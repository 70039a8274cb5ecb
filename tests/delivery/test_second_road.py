"""The second road against a real mail server and a real web server of our own; nothing leaves the machine."""

from __future__ import annotations

import email
import email.policy
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.actions.deliver_messages import Attachment, DeliverMessages
from bot.delivery import second_road
from bot.delivery.heartbeat import Heartbeat
from bot.delivery.second_road import SecondRoad, understood
from bot.delivery.ways_out import WaysOut
from bot.rules.delivery import Outcome
from bot.rules.messages import (
    Message,
    OutboxRow,
    OutboxStatus,
    Phrase,
    Priority,
    Recipient,
    RecipientKind,
    SendKind,
)
from bot.rules.study import Bilingual, Language
from bot.texts import Rendered, Texts
from storage.archive import Archive
from tests.actions.test_deliver_messages import Chain, Machine


@dataclass
class Mailbox:
    """What the mail server was given, as people would read it."""

    letters: list[tuple[str, str]] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        letter = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        body = letter.get_body()
        assert body is not None
        self.letters.append((str(letter["Subject"]), str(body.get_content()).strip()))
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=_free_port())
    server.start()
    yield (
        box,
        f"mailto://127.0.0.1:{server.port}?from=suifang@example.org&to=operator@example.org&format=text",
    )
    server.stop()


@pytest.fixture
def sink() -> Iterator[tuple[list[str], str]]:
    heard: list[str] = []

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._answer()

        def do_GET(self) -> None:
            heard.append(self.path)
            self._answer()

        def _answer(self) -> None:
            self.send_response(500 if "broken" in self.path else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield heard, f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_ring_arrives_by_mail_and_by_a_web_hook_in_chinese(
    mailbox: tuple[Mailbox, str], sink: tuple[list[str], str]
) -> None:
    box, mail = mailbox
    heard, web = sink
    outcome = await SecondRoad().ring([mail, f"json://{web}/"], title="TJ-001 EMERGENCY", body="请打开随访")
    assert (outcome.tried, outcome.taken, outcome.arrived) == (2, 2, True)
    assert box.letters == [("TJ-001 EMERGENCY", "请打开随访")]
    assert "TJ-001 EMERGENCY" in heard[0]


async def test_an_address_that_fails_hinders_no_other(mailbox: tuple[Mailbox, str]) -> None:
    box, mail = mailbox
    dead = f"json://127.0.0.1:{_free_port()}/"
    outcome = await SecondRoad().ring([dead, mail, "nonsense://x"], title="x", body="y")
    assert (outcome.tried, outcome.taken) == (3, 1)
    assert outcome.reason == "refused"
    assert len(box.letters) == 1


async def test_a_server_that_refuses_or_never_answers_is_told_apart_and_bounded_in_time(
    sink: tuple[list[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTP 500, no mail server, a server that takes the connection and says nothing."""
    monkeypatch.setattr(second_road, "PATIENCE_S", 0.5)
    heard, web = sink
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging = f"json://127.0.0.1:{silent.getsockname()[1]}/?rto=2&cto=2"
        no_mail = f"mailto://127.0.0.1:{_free_port()}?from=a@example.org&to=b@example.org"
        began = time.monotonic()
        assert (await SecondRoad().ring([hanging], title="x", body="y")).reason == "no answer in time"
        assert time.monotonic() - began < 2
        for address in (f"json://{web}/broken", no_mail):
            outcome = await SecondRoad().ring([address], title="x", body="y")
            assert (outcome.tried, outcome.taken, outcome.reason) == (1, 0, "refused")
    assert len(heard) == 1, "it really asked"


async def test_a_road_that_is_down_is_tried_again_until_it_is_well_and_the_chain_hears_once(
    sqlite_archive: Archive, sink: tuple[list[str], str]
) -> None:
    heard, web = sink
    machine, chain = Machine(), Chain()
    owner = Recipient(RecipientKind.STAFF, "CA1")
    ring = Message(
        unique_key="second:1",
        to=owner,
        language=Language.EN,
        priority=Priority.ALERT,
        kind=SendKind.SECOND_ROAD,
        phrases=(Phrase(words=Bilingual(en="TJ-001 EMERGENCY", zh="TJ-001 紧急")),),
        expires_at=machine.now() + timedelta(minutes=30),
    )

    async def put(address: str) -> None:
        async with sqlite_archive.begin() as uow:
            await uow.second_roads.set(owner, [address], machine.now())

    async def status() -> OutboxStatus:
        async with sqlite_archive.read() as uow:
            row = await uow.outbox.get_by_key("second:1")
        assert row is not None
        return row.status

    delivery = DeliverMessages(
        archive=sqlite_archive,
        clock=machine,
        wording=Texts.load(),
        sender=WaysOut(NoTelegram(), SecondRoad()),
        undelivered=chain,
    )
    await put(f"json://{web}/broken")
    async with sqlite_archive.begin() as uow:
        await uow.outbox.put(ring, machine.now())
    for _ in range(4):
        assert await delivery.deliver_due() == 1
        assert await delivery.deliver_due() == 0, "there is a pause between two tries"
        assert await status() is OutboxStatus.WAITING
        machine.wait(timedelta(minutes=1))
    assert len(heard) == 4
    assert chain.heard == [("second:1", "second road: refused", False)]
    await put(f"json://{web}/")
    await delivery.deliver_due()
    assert await status() is OutboxStatus.DELIVERED
    assert len(heard) == 5


class NoTelegram:
    """Nothing here goes by Telegram."""

    async def send(self, row: OutboxRow, said: Rendered, attachment: Attachment | None = None) -> Outcome:
        raise AssertionError(row)


async def test_where_nothing_arrives_it_is_said() -> None:
    outcome = await SecondRoad().ring(["nonsense://x"], title="x", body="y")
    assert not outcome.arrived
    assert outcome.reason == "address not understood"


def test_an_address_can_be_looked_at_without_sending() -> None:
    assert understood("mailto://127.0.0.1:2525?from=a@example.org&to=b@example.org")
    assert not understood("nonsense://x")


async def test_the_sign_of_life_goes_to_the_watcher_outside(sink: tuple[list[str], str]) -> None:
    heard, web = sink
    assert await Heartbeat(f"http://{web}/beat").beat()
    assert heard == ["/beat"]
    assert not await Heartbeat(f"http://{web}/broken").beat()
    assert not await Heartbeat(f"http://127.0.0.1:{_free_port()}/beat").beat()
    assert await Heartbeat(None).beat()
