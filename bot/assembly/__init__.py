"""Builds every part once and connects them; the only floor that knows all."""

from bot.assembly.going_live import NotReady, refuse_unless_ready
from bot.assembly.opening import opened_desk
from bot.assembly.service import Service, opened_service

__all__ = ["NotReady", "Service", "opened_desk", "opened_service", "refuse_unless_ready"]
