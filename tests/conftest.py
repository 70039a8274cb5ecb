"""What every test can ask for."""

from __future__ import annotations

import os

# python-telegram-bot warns otherwise when a RetryAfter is built; read when the library is imported.
os.environ.setdefault("PTB_TIMEDELTA", "1")

pytest_plugins = ["tests.databases"]
