"""`suifang run` and `suifang rehearse`: the service, for real or to try."""

from __future__ import annotations

import asyncio
import signal

import typer

from bot.assembly import NotReady, Service, opened_service, refuse_unless_ready
from bot.commands.speaking import refuse
from bot.logs import configure_logs
from bot.settings import Settings, load_settings


def run_command() -> None:
    """Bot, timers, delivery and console in one process; SIGTERM finishes what is in hand and stops."""
    settings = load_settings()
    configure_logs(settings.log_level)
    try:
        asyncio.run(_run(settings))
    except NotReady as not_ready:
        refuse("\n".join(["Live was refused:", *(f"- {reason}" for reason in not_ready.reasons)]))


async def _run(settings: Settings) -> None:
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
