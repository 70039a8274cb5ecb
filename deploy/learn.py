"""`make learn`: what the second reader learns from labelled messages, and how it does on unseen ones.

Reads `tests/corpus/*.jsonl` (never the part set aside) and the one-line messages of
`bot/understanding/examples/`, writes `bot/understanding/second_reader.tsv`. With `--unseen` each file in turn
is then left out of the learning and read as if it were new; the totals are printed.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from opencc import OpenCC

from bot.rules.study import Level
from bot.understanding.learning import Labelled, learn
from bot.understanding.second_reader import QUESTIONS, WEIGHTS_FILE, SecondReader, write_weights
from bot.understanding.writing import make_comparable

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "tests" / "corpus"
EXAMPLES = ROOT / "bot" / "understanding" / "examples"
WEIGHTS = ROOT / "bot" / "understanding" / WEIGHTS_FILE
NEVER_READ = "set_aside"

# Courtesy and small talk say nothing of a level: each message is learnt as it is and once more among them.
_BEFORE = {
    True: ("您好，", "大夫在吗，", "不好意思这么晚打扰，", "老师我想说一下，", "", "那个，", "急，"),
    False: (
        "Hi there, ",
        "Good morning doctor. ",
        "Sorry to trouble you, ",
        "",
        "Hello nurse, ",
        "Quick one: ",
    ),
}
_AFTER = {
    True: ("，麻烦您了", "，谢谢老师", " 🙏", "。我女儿明天过来", " 😭", "。外面下雨", "，等您回复", "呢"),
    False: (
        ". Many thanks",
        ". thank you so much",
        " 🙏",
        ". My sister visits tomorrow",
        " 😢",
        ". Cold day",
    ),
}


def sources() -> list[Path]:
    """The files to learn from, in a fixed order."""
    corpus = [path for path in sorted(CORPUS.glob("*.jsonl")) if path.stem != NEVER_READ]
    levels = (EXAMPLES / f"{level.name.lower()}.txt" for level in Level)
    return [*corpus, *levels]


def made_from(paths: list[Path]) -> str:
    """One fingerprint of all the messages."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def messages_of(path: Path) -> Iterator[Labelled]:
    """The messages of one file, made comparable as the program reads them."""
    simplify = OpenCC("t2s").convert
    for line in path.read_text("utf-8").splitlines():
        if path.suffix == ".jsonl":
            known = json.loads(line)
            text, level = known["text"], Level[known["level"].upper()]
        else:
            text, level = line, Level[path.stem.upper()]
        yield Labelled(make_comparable(text, simplify).read, level)


def among_courtesies(messages: list[Labelled]) -> list[Labelled]:
    """Every message, and every message once more between words that change nothing."""
    wrapped = (replace(one, text=_courteous(one.text, number)) for number, one in enumerate(messages))
    return [*messages, *wrapped]


def _courteous(text: str, number: int) -> str:
    """Each courtesy in its turn; the two rows are of unequal length, so all pairs come."""
    chinese = any("\u4e00" <= char <= "\u9fff" for char in text)
    before, after = _BEFORE[chinese], _AFTER[chinese]
    return f"{before[number % len(before)]}{text}{after[number // len(before) % len(after)]}"


def rate(reader: SecondReader, unseen: list[Labelled]) -> str:
    """Found of each question, and false ones among routine and none."""
    impressions = [(message.level, reader.read(message.text)) for message in unseen]
    quiet = [one for level, one in impressions if level <= Level.ROUTINE]
    parts = []
    for question in QUESTIONS:
        wanted = [one for level, one in impressions if level >= question.level]
        found = sum(one.level >= question.level for one in wanted)
        false = sum(one.level >= question.level for one in quiet)
        parts.append(f"{question.level.name} {found}/{len(wanted)}, false {false}/{len(quiet)}")
    serious = [one for level, one in impressions if level >= Level.URGENT]
    heard = sum(one.level >= Level.URGENT or one.is_doubtful for one in serious)
    asked = sum(one.level >= Level.URGENT or one.is_doubtful for one in quiet)
    return "; ".join([*parts, f"raised or asked {heard}/{len(serious)}, false {asked}/{len(quiet)}"])


def main(arguments: list[str]) -> None:
    """Learns and writes; with `--unseen` also leaves each file out in turn."""
    paths = sources()
    known = {path: list(messages_of(path)) for path in paths}
    everything = [message for path in paths for message in known[path]]
    WEIGHTS.write_text(write_weights(learn(among_courtesies(everything)), made_from(paths)), "utf-8")
    sys.stdout.write(f"learnt from {len(everything)} messages: {WEIGHTS.relative_to(ROOT)}\n")
    if "--unseen" not in arguments:
        return
    for path in paths:
        if path.suffix == ".jsonl":
            others = [message for other in paths if other != path for message in known[other]]
            reader = SecondReader(learn(among_courtesies(others)))
            sys.stdout.write(f"{path.stem:<8} {rate(reader, known[path])}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
