"""`suifang run` and `suifang rehearse`: the service, for real or to try.

Their parts are imported when they are run: no other command should wait for Telegram, web and charts.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import webbrowser
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.holidays import warn_of_unknown_years
from bot.commands.speaking import refuse
from bot.logs import configure_logs
from bot.settings import Settings, load_settings

if TYPE_CHECKING:
    from bot.assembly.service import Service


def run_command() -> None:
    """Bot, timers, delivery and console in one process; SIGTERM finishes what is in hand and stops."""
    from bot.assembly.going_live import NotReady

    settings = load_settings()
    configure_logs(settings.log_level)
    warn_of_unknown_years()
    try:
        asyncio.run(_run(settings))
    except NotReady as not_ready:
        refuse("\n".join(["Live was refused:", *(f"- {reason}" for reason in not_ready.reasons)]))


def rehearse_command(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    browser: Annotated[bool, typer.Option("--browser", help="Also opens the page, on a desktop.")] = False,
) -> None:
    """Try it here: no Telegram, no network, made-up people, a clock you can move. Prints its address."""
    configure_logs("ERROR")
    asyncio.run(_rehearse(port, browser=browser))


async def _rehearse(port: int, *, browser: bool) -> None:
    from bot.assembly.theatre import rehearse

    typer.echo("Setting the stage …", err=True)

    def tell(address: str) -> None:
        typer.echo(f"Rehearsal: {address}")
        typer.echo("Made-up people only; everything is gone when it ends. Stop with Ctrl-C.", err=True)
        if browser and _has_desktop():
            webbrowser.open(address)

    await rehearse(port, stop_on_signals(), tell)


def _has_desktop() -> bool:
    """Elsewhere a browser would open in the terminal, over these lines."""
    return sys.platform in ("darwin", "win32") or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


async def _run(settings: Settings) -> None:
    from bot.assembly.going_live import refuse_unless_ready
    from bot.assembly.service import opened_service

    async with opened_service(settings) as service:
        await refuse_unless_ready(service.desk, settings)
        stop, started = stop_on_signals(), asyncio.Event()
        telling = asyncio.create_task(_tell_started(service, settings, started))
        try:
            await service.run(stop, started=started)
        finally:
            telling.cancel()


async def _tell_started(service: Service, settings: Settings, started: asyncio.Event) -> None:
    await started.wait()
    typer.echo(f"Suifang runs in {settings.mode.value} mode. Console: {settings.console_address}")
    typer.echo(f"Study {service.desk.study.id} {service.desk.study.version}. Stop with Ctrl-C or SIGTERM.")


def stop_on_signals() -> asyncio.Event:
    """Set by SIGTERM and Ctrl-C."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
