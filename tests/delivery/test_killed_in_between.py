"""`kill -9` between any two commits: nothing she said is lost, and what may come twice says so."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from pathlib import Path

import pytest

from bot.actions.checkpoint import pass_by
from bot.rehearsal.chats import Person
from bot.rehearsal.stand_in import StandIn
from bot.rules.study import Language
from bot.texts import Texts
from storage.archive import Archive
from storage.keyring import Keyring
from tests.delivery.dying import AFTER_THE_LEASES, SECRET, serve, serve_until_killed

SAME_AGAIN = Texts.load().say("patient.same_message_again", Language.ZH) + "\n\n"
SAID = "鼻子出血了"
AFTERWARDS = "现在好了"


@pytest.fixture(scope="module")
def processes() -> multiprocessing.context.ForkServerContext:
    """Processes that start in milliseconds: the imports are done once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.delivery.dying"])
    return context


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        ("stored", [SAID]),
        ("handled", [SAID]),
        ("claimed", [SAME_AGAIN + SAID]),
        ("sent", [SAID, SAME_AGAIN + SAID]),
        ("noted", [SAID]),
    ],
)
async def test_killed_when(
    telegram: StandIn,
    tmp_path: Path,
    processes: multiprocessing.context.ForkServerContext,
    moment: str,
    shown: list[str],
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'suifang.db'}"
    archive = await Archive.open(url, Keyring(SECRET))
    await archive.upgrade()
    await archive.close()
    li = await telegram.create_user("Li")
    await telegram.type(li, SAID)

    process = processes.Process(target=serve_until_killed, args=(url, telegram.url, telegram.token, moment))
    process.start()
    await asyncio.to_thread(process.join, 30)
    assert process.exitcode == -signal.SIGKILL

    await run_again(telegram, url, li)
    assert [message.text for message in telegram.screen(li) if message.from_bot] == [*shown, AFTERWARDS]


async def run_again(telegram: StandIn, url: str, li: Person) -> None:
    """The restart, later than every lease; a further message proves that all before it is through."""
    stop = asyncio.Event()
    again = asyncio.create_task(
        serve(url, telegram.url, telegram.token, stop=stop, checkpoint=pass_by, ahead=AFTER_THE_LEASES)
    )
    await telegram.type(li, AFTERWARDS)
    await telegram.wait_for_message(li, containing=AFTERWARDS)
    stop.set()
    await again
