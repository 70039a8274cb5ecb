"""Ways of writing that change no meaning must not lower a level; ways that change it must change it.

The messages of the labelled parts (the set aside only by its level, never shown) are written again: politely,
with an unrelated clause, in traditional characters, full-width, with an emoji, and with one typing slip. Each
way takes a third of them in turn; `EVERY_MESSAGE=1` writes every message in every way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opencc import OpenCC

from bot.rules.study import Level
from bot.understanding.findings import Polarity
from bot.understanding.lexicon_files import read_files, read_lexicon
from bot.understanding.understander import Understander
from tests.understanding.conftest import a_share

CORPUS = Path(__file__).parents[1] / "corpus"
TO_TRADITIONAL = OpenCC("s2t")


def messages(*parts: str) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for part in parts
        for line in (CORPUS / f"{part}.jsonl").read_text("utf-8").splitlines()
    ]


SEEN = messages("worked", *sorted(path.stem for path in CORPUS.glob("fresh*.jsonl")))
SET_ASIDE = messages("set_aside")


def in_full_width(text: str) -> str:
    """Letters, digits and marks as a Chinese keyboard in full-width mode writes them."""
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


def is_chinese(text: str) -> bool:
    return bool(re.search(r"[\u3400-\u9fff]", text))


def politely(text: str) -> str:
    return (
        f"医生您好，打扰了，{text}，谢谢您"
        if is_chinese(text)
        else f"Hello, sorry to bother you. {text}. Thank you"
    )


def beside_something_else(text: str) -> str:
    return f"{text}。对了今天下雨了" if is_chinese(text) else f"{text}. By the way it is raining today"


def with_an_emoji(text: str) -> str:
    return f"{text} 🙏😭"


def upper(text: str) -> str:
    return text.upper()


def spaced_invisibly(text: str) -> str:
    return "\u200b".join(text)


WRITTEN_AGAIN: tuple[Callable[[str], str], ...] = (
    politely,
    beside_something_else,
    with_an_emoji,
    TO_TRADITIONAL.convert,
    in_full_width,
    upper,
    spaced_invisibly,
)


@pytest.fixture(scope="module")
def levelled(understander: Understander) -> list[tuple[dict[str, Any], Level]]:
    """Every message with a level that could be lowered."""
    found = ((message, understander.understand(message["text"]).level) for message in SEEN + SET_ASIDE)
    return [(message, level) for message, level in found if level > Level.NONE]


@pytest.mark.parametrize("again", WRITTEN_AGAIN, ids=lambda way: getattr(way, "__name__", str(way)))
def test_writing_it_another_way_never_lowers_a_level(
    again: Callable[[str], str], understander: Understander, levelled: list[tuple[dict[str, Any], Level]]
) -> None:
    """Identifiers only: no sentence of the part set aside may be printed."""
    lowered = [
        (message["id"], level.name, now.name)
        for message, level in a_share(levelled, WRITTEN_AGAIN.index(again))
        if (now := understander.understand(again(message["text"])).level) < level
    ]
    assert lowered == []


HOMOPHONES = {
    "鼻血": "鼻雪", "牙龈出血": "牙银出血", "大便": "大变", "发烧": "发捎", "吐血": "吐雪", "恶心": "恶新",
    "血小板": "血小版", "头晕": "投晕", "便血": "变血", "咳血": "咳雪", "抽搐": "抽触", "呕血": "呕雪",
}  # fmt: skip


@pytest.mark.parametrize(("word", "slip"), HOMOPHONES.items())
@pytest.mark.parametrize("said", ["{}了", "我今天{}了 怎么办", "刚才突然{}"])
def test_a_homophone_lowers_nothing(said: str, word: str, slip: str, understander: Understander) -> None:
    assert (
        understander.understand(said.format(slip)).level >= understander.understand(said.format(word)).level
    )


SLIPS = {
    "nosebleed": ["nosbleed", "nosebleeed", "nosebled", "noesbleed"],
    "diarrhoea": ["diarrhea", "diarrhoa", "diarhoea", "diarrhoeaa"],
    "vomiting": ["vomitting", "vomting", "vommiting", "vomitng"],
    "bleeding": ["bleding", "bleeeding", "bledding"],
    "fever": ["fevr", "feever", "fevere"],
    "dizziness": ["diziness", "dizzyness", "dizzines"],
    "breathless": ["breathles", "brethless", "breathlss"],
    "seizure": ["siezure", "seizur", "seizuree"],
    "unconscious": ["unconcious", "unconsious", "uncoscious"],
    "swollen": ["swolen", "swollenn", "swoollen"],
}


@pytest.mark.parametrize(("word", "slip"), [(word, slip) for word, slips in SLIPS.items() for slip in slips])
def test_one_slip_in_an_english_word_lowers_nothing(word: str, slip: str, understander: Understander) -> None:
    said = {"swollen": "my left leg is {}", "unconscious": "she is {}"}.get(word, "I have {}")
    assert (
        understander.understand(said.format(slip)).level >= understander.understand(said.format(word)).level
    )


def swapped(word: str) -> str:
    """Two letters in the middle change places: the commonest slip of a thumb."""
    middle = len(word) // 2
    return word[:middle] + word[middle + 1] + word[middle] + word[middle + 2 :]


def test_one_slip_in_any_message_lowers_nothing(understander: Understander) -> None:
    """Every English symptom word of every message, and every word of the homophone table; no other words."""
    english = read_lexicon(read_files()).typed_english
    lowered, tried = [], 0
    for message in SEEN:
        text = str(message["text"])
        slips = [(w, swapped(w)) for w in re.findall("[a-z]+", text) if len(w) >= 6 and w in english]
        slips += [(word, slip) for word, slip in HOMOPHONES.items() if word in text]
        if not slips:
            continue
        level = understander.understand(text).level
        for word, slip in slips:
            tried += 1
            if understander.understand(text.replace(word, slip, 1)).level < level:
                lowered.append((message["id"], word, slip))
    assert tried > 200
    assert lowered == []


SYMPTOMS_ZH = ["流鼻血", "牙龈出血", "吐血", "便血", "血尿", "发烧", "胸痛", "头晕", "呕吐", "腹泻", "皮疹"]
SYMPTOMS_EN = ["a nosebleed", "bleeding gums", "a fever", "chest pain", "dizziness", "diarrhoea", "a rash"]


@pytest.mark.parametrize("symptom", SYMPTOMS_ZH)
@pytest.mark.parametrize("denial", ["没有{}", "我没{}", "今天没有{}", "{}没有", "没再{}", "并没有出现{}"])
def test_a_clear_denial_in_chinese_is_denied(denial: str, symptom: str, understander: Understander) -> None:
    got = understander.understand(denial.format(symptom))
    assert got.symptoms == (), got.reasons
    assert got.level is Level.NONE
    assert any(finding.polarity is Polarity.DENIED for finding in got.findings)


@pytest.mark.parametrize("symptom", SYMPTOMS_EN)
@pytest.mark.parametrize("denial", ["I don't have {}", "no {}", "haven't had {}", "I have not had {} today"])
def test_a_clear_denial_in_english_is_denied(denial: str, symptom: str, understander: Understander) -> None:
    said = denial.format(symptom.removeprefix("a ") if denial.startswith("no") else symptom)
    got = understander.understand(said)
    assert got.symptoms == (), got.reasons
    assert got.level is Level.NONE
    assert any(finding.polarity is Polarity.DENIED for finding in got.findings)


@pytest.mark.parametrize("symptom", ["流鼻血止不住", "吐血了", "抽搐了", "胸口疼喘不上气", "叫不醒"])
@pytest.mark.parametrize("who", ["我邻居", "楼上邻居", "同事", "我儿子"])
def test_somebody_elses_red_flag_in_chinese_is_asked_back(
    who: str, symptom: str, understander: Understander
) -> None:
    got = understander.understand(f"{who}{symptom}")
    assert any(finding.polarity is Polarity.OTHER_PERSON for finding in got.findings)
    assert got.red_flags == ()
    assert got.confirm != ()
    assert got.text == f"{who}{symptom}"


@pytest.mark.parametrize(
    "symptom",
    ["is vomiting blood", "had a seizure", "can't breathe", "passed out", "coughed up a cup of blood"],
)
@pytest.mark.parametrize("who", ["my neighbour", "my son", "my colleague", "a man on the bus"])
def test_somebody_elses_red_flag_in_english_is_asked_back(
    who: str, symptom: str, understander: Understander
) -> None:
    got = understander.understand(f"{who} {symptom}")
    assert any(finding.polarity is Polarity.OTHER_PERSON for finding in got.findings)
    assert got.red_flags == ()
    assert got.confirm != ()


@pytest.mark.parametrize(
    ("calm", "worse"),
    [
        ("流鼻血了", "流鼻血止不住"),
        ("鼻子出血", "鼻子出血按不住还在流"),
        ("牙龈出血", "牙龈出血止不住"),
        ("刚流了点鼻血", "刚流了点鼻血 现在止不住了"),
        ("I had a nosebleed", "I had a nosebleed and it won't stop"),
        ("my gums bled", "my gums are bleeding and it won't stop"),
        ("a bit of a nosebleed", "a bit of a nosebleed that hasn't stopped"),
    ],
)
def test_not_stopping_raises_the_level(calm: str, worse: str, understander: Understander) -> None:
    assert understander.understand(worse).level > understander.understand(calm).level


@pytest.mark.parametrize(
    "text",
    ["血止不住", "没停过", "不是没流鼻血", "哪能不流鼻血", "鼻血没有止住", "it hasn't stopped bleeding"],
)
def test_a_negation_of_stopping_is_no_denial(text: str, understander: Understander) -> None:
    got = understander.understand(text)
    assert not any(finding.polarity is Polarity.DENIED for finding in got.findings), got.reasons


@pytest.mark.parametrize("typo_in", ["没有流鼻血", "no nosebleed"])
def test_a_slip_never_turns_a_denial_round(typo_in: str, understander: Understander) -> None:
    """Digits and negations are never repaired."""
    assert understander.understand(typo_in).level is Level.NONE
