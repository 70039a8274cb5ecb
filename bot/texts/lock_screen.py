"""What a locked phone shows to whoever looks at it: no disease, no drug, no result.

The words that must not stand there are data: `locales/lock_screen_words.txt`.
Source: specification 2.9 and 1.10 (privacy mode MINIMAL); chat.md.
"""

from __future__ import annotations

from functools import cache

from bot.texts.catalogues import LOCALES

# What common phones show of a message while locked.
SHOWN = 50


def lock_screen(text: str) -> str:
    """The first 50 characters, as a locked phone shows them."""
    return " ".join(text.split())[:SHOWN]


def told_on_lock_screen(text: str) -> tuple[str, ...]:
    """The words among the first 50 characters that would tell a bystander why she has this chat.

    >>> told_on_lock_screen("Your platelets are 38")
    ('platelet',)
    """
    shown = lock_screen(text).casefold()
    return tuple(word for word in _words() if word in shown)


@cache
def _words() -> tuple[str, ...]:
    lines = (LOCALES / "lock_screen_words.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line.strip().casefold() for line in lines if line.strip() and not line.startswith("#"))
