"""What every test can ask for."""

from __future__ import annotations

import os

import structlog

# python-telegram-bot warns otherwise when a RetryAfter is built; read when the library is imported.
os.environ.setdefault("PTB_TIMEDELTA", "1")

pytest_plugins = ["tests.databases"]

# The default picture of a failure, with the values of every frame, takes seconds to draw.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)
