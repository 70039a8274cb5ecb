"""Split the labelled messages once into a part to work on and a part that only gives totals.

Stratified by language, level and hard-negative mark: inside each stratum the identifiers are shuffled with a
fixed seed and every third goes to the set-aside part. Lines that were already shown in print (D001 to D013)
belong to the worked part whatever the shuffle says. Nothing here prints a message.

Run: `python tests/corpus/split.py FOLDER_WITH_UTTERANCES`.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import defaultdict
from pathlib import Path

SEED = "suifang-corpus-1"
SHOWN_IN_PRINT = frozenset(f"D{number:03d}" for number in range(1, 14))
HERE = Path(__file__).parent


def stratum(line: dict[str, object]) -> tuple[str, str, bool]:
    """Language, level and whether the note marks a hard negative."""
    return str(line["lang"]), str(line["level"]), str(line.get("note", "")).startswith("hard negative:")


def shuffled(identifiers: list[str]) -> list[str]:
    """A fixed order that depends on the seed and the identifiers only, on every machine and version."""
    return sorted(identifiers, key=lambda name: hashlib.sha256(f"{SEED}:{name}".encode()).hexdigest())


def set_aside(lines: list[dict[str, object]]) -> frozenset[str]:
    """The identifiers of the third that is never read: floor or ceiling per stratum, a third in sum."""
    strata: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    for line in lines:
        strata[stratum(line)].append(str(line["id"]))
    chosen: set[str] = set()
    owed = 0.0
    for key in sorted(strata):
        owed += len(strata[key]) / 3
        free = [name for name in shuffled(strata[key]) if name not in SHOWN_IN_PRINT]
        taken = free[: min(len(free), round(owed))]
        owed -= len(taken)
        chosen.update(taken)
    return frozenset(chosen)


def main(folder: Path) -> None:
    """Write `worked.jsonl` and `set_aside.jsonl` beside this file, in the order of the source."""
    source = (folder / "utterances.jsonl").read_text(encoding="utf-8").splitlines()
    lines = [json.loads(line) for line in source if line.strip()]
    aside = set_aside(lines)
    for name, wanted in (("worked", False), ("set_aside", True)):
        part = [line for line in lines if (line["id"] in aside) is wanted]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in part)
        (HERE / f"{name}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
