"""Telegram's update → `Inbound`. Names of people are never read, let alone kept.

Bytes that Telegram should never send make a `ValueError`, which the lane counts as a failure and parks.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from bot.rules.inbound import Inbound, InboundKind, UpdateKey
from bot.rules.study import Language

# What carries no words, most telling first: one honest answer each.
CONTENT_KINDS = (
    "voice",
    "video_note",
    "photo",
    "video",
    "animation",
    "document",
    "audio",
    "sticker",
    "location",
    "venue",
    "contact",
    "poll",
    "dice",
    "story",
)


def chat_id_of(update: dict[str, Any]) -> int | None:
    """The chat an update belongs to, which is its lane; None where it has none."""
    for kind in ("message", "edited_message", "my_chat_member", "channel_post", "edited_channel_post"):
        if isinstance(update.get(kind), dict):
            chat = update[kind].get("chat") or {}
            return chat.get("id") if isinstance(chat.get("id"), int) else None
    tap = update.get("callback_query")
    if isinstance(tap, dict):
        chat = (tap.get("message") or {}).get("chat") or tap.get("from") or {}
        return chat.get("id") if isinstance(chat.get("id"), int) else None
    return None


def to_inbound(bot_id: int, raw: bytes, lane: str) -> Inbound:
    """One update as the actions see it; what is not for us is NOT_FOR_US, knowingly.

    Raises:
        ValueError: not an update.
    """
    update = json.loads(raw)
    if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
        raise ValueError("not an update")
    key = UpdateKey(bot_id, update["update_id"])
    if isinstance(update.get("message"), dict):
        return _message(key, lane, update["message"], edited=False)
    if isinstance(update.get("edited_message"), dict):
        return _message(key, lane, update["edited_message"], edited=True)
    if isinstance(update.get("callback_query"), dict):
        return _tap(key, lane, update["callback_query"])
    if isinstance(update.get("my_chat_member"), dict):
        return _membership(key, lane, update["my_chat_member"])
    return _not_for_us(key, lane, chat_id_of(update) or 0)


def _message(key: UpdateKey, lane: str, message: dict[str, Any], *, edited: bool) -> Inbound:
    moved = _moved(key, lane, message)
    if moved is not None:
        return moved
    text = str(message.get("text") or message.get("caption") or "")
    content = next((kind for kind in CONTENT_KINDS if message.get(kind)), "")
    if not text and not content:
        return _not_for_us(key, lane, int(message["chat"]["id"]))
    return Inbound(
        key=key,
        lane=lane,
        chat_id=int(message["chat"]["id"]),
        private=message["chat"].get("type") == "private",
        kind=InboundKind.TEXT if text else InboundKind.CONTENT,
        said_at=_moment(message.get("edit_date") if edited else message.get("date")),
        text=text,
        edited=edited,
        forwarded="forward_origin" in message,
        content=content,
        language_hint=_language(message.get("from")),
        sender_id=_writer(message),
    )


def _moved(key: UpdateKey, lane: str, message: dict[str, Any]) -> Inbound | None:
    """A group became a supergroup: told twice, once in each chat, in either order."""
    chat_id = int(message["chat"]["id"])
    old, new = message.get("migrate_from_chat_id"), message.get("migrate_to_chat_id")
    if not isinstance(old, int) and not isinstance(new, int):
        return None
    return Inbound(
        key=key,
        lane=lane,
        chat_id=old if isinstance(old, int) else chat_id,
        private=False,
        kind=InboundKind.MOVED,
        said_at=_moment(message.get("date")),
        moved_to=new if isinstance(new, int) else chat_id,
    )


def _writer(message: dict[str, Any]) -> int | None:
    """Who wrote it. An anonymous administrator and a channel write as a chat (`sender_chat`): as nobody.

    Source: core.telegram.org/bots/api#message ("For backward compatibility, … a fake sender user").
    """
    return None if "sender_chat" in message else _number(message.get("from"))


def _number(person: object) -> int | None:
    """The account, unless it is a bot."""
    if not isinstance(person, dict) or person.get("is_bot"):
        return None
    return person["id"] if isinstance(person.get("id"), int) else None


def _tap(key: UpdateKey, lane: str, tap: dict[str, Any]) -> Inbound:
    chat = (tap.get("message") or {}).get("chat") or {"id": tap["from"]["id"], "type": "private"}
    return Inbound(
        key=key,
        lane=lane,
        chat_id=int(chat["id"]),
        private=chat.get("type") == "private",
        kind=InboundKind.TAP,
        said_at=_moment((tap.get("message") or {}).get("date")),
        token=str(tap.get("data") or ""),
        tap_id=str(tap["id"]),
        language_hint=_language(tap.get("from")),
        sender_id=_number(tap.get("from")),
    )


def _membership(key: UpdateKey, lane: str, change: dict[str, Any]) -> Inbound:
    stands = change.get("new_chat_member") or {}
    blocked = stands.get("status") in ("kicked", "left") or _is_silenced(stands)
    return Inbound(
        key=key,
        lane=lane,
        chat_id=int(change["chat"]["id"]),
        private=change["chat"].get("type") == "private",
        kind=InboundKind.BLOCKED_US if blocked else InboundKind.UNBLOCKED_US,
        said_at=_moment(change.get("date")),
    )


def _is_silenced(stands: dict[str, Any]) -> bool:
    """A group in which the bot may stay and not write."""
    if stands.get("status") != "restricted":
        return False
    return not stands.get("is_member", True) or not stands.get("can_send_messages", True)


def _not_for_us(key: UpdateKey, lane: str, chat_id: int) -> Inbound:
    return Inbound(
        key=key,
        lane=lane,
        chat_id=chat_id,
        private=False,
        kind=InboundKind.NOT_FOR_US,
        said_at=_moment(None),
    )


def _moment(seconds: object) -> datetime:
    """Telegram's second; the epoch where it gives none (a tap on an inaccessible message)."""
    return datetime.fromtimestamp(seconds if isinstance(seconds, int) else 0, UTC)


def _language(person: object) -> Language | None:
    code = person.get("language_code") if isinstance(person, dict) else None
    if not isinstance(code, str):
        return None
    return Language.ZH if code.lower().startswith("zh") else Language.EN
