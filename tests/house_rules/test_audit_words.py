"""Every kind of entry in the audit trail has words, so that a reviewer reads it in her own language."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from bot.texts import Texts

ACTIONS = Path(__file__).parent.parent.parent / "bot" / "actions"
_KIND = re.compile(r"(?:staff|patient|system|operator|visitor):[a-z_]+:[a-z_]+")


def test_every_kind_of_entry_has_words() -> None:
    kinds = {
        node.value
        for path in ACTIONS.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _KIND.fullmatch(node.value)
    }
    known = Texts.load().keys()
    assert len(kinds) > 20
    assert not {kind for kind in kinds if f"console.audited.{kind.replace(':', '_')}" not in known}
