"""Signed lines outside the database that say how far each chain of the audit trail had come.

Whoever can write the database can cut off the end of a chain and its head; not what was signed before.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from storage.keyring import Keyring

# The name under which a broken line is reported, where a chain's name would stand.
ANCHOR = "anchor"


def anchor_line(heads: Mapping[str, tuple[int, str]], at: datetime, earlier: str, keyring: Keyring) -> str:
    """`<signature> <JSON>`: last number and hash of each chain, and the digest of the line before."""
    told = json.dumps(
        {"at": at.isoformat(), "before": _digest(earlier), "heads": heads},
        sort_keys=True,
        separators=(",", ":"),
    )
    return f"{keyring.sign(told)} {told}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """What the lines of an anchor file vouch for.

    `hashes` by chain and number, `lengths` the furthest number of each chain. `broken_line` counts from 1.
    """

    hashes: Mapping[tuple[str, int], str] = field(default_factory=dict)
    lengths: Mapping[str, int] = field(default_factory=dict)
    broken_line: int | None = None
    why: str = ""

    @classmethod
    def read(cls, lines: Sequence[str], keyring: Keyring) -> Anchors:
        """Reads a file from its beginning; a line that is not ours, or follows a missing one, breaks it."""
        hashes: dict[tuple[str, int], str] = {}
        lengths: dict[str, int] = {}
        before: str | None = None
        for number, line in enumerate((line.strip() for line in lines), start=1):
            signature, _, told = line.partition(" ")
            if not hmac.compare_digest(signature.encode(), keyring.sign(told).encode()):
                return cls(broken_line=number, why="the anchor line is not ours")
            said = json.loads(told)
            if before is not None and said["before"] != _digest(before):
                return cls(broken_line=number, why="an anchor line before this one is missing")
            before = line
            for chain, (seq, end) in said["heads"].items():
                hashes[chain, seq] = end
                lengths[chain] = max(seq, lengths.get(chain, 0))
        return cls(hashes=hashes, lengths=lengths)


def _digest(line: str) -> str:
    return hashlib.sha256(line.strip().encode()).hexdigest()
