"""The second reader: what it hears beside the lists, what it may never do, and that it is as taught."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.rules.study import Level, TextId
from bot.understanding.findings import Intent, Understanding
from bot.understanding.joining import joined
from bot.understanding.learning import Labelled, learn
from bot.understanding.second_reader import (
    DOUBT_FROM,
    Impression,
    SecondReader,
    read_weights,
    write_weights,
)
from bot.understanding.traits import PIECE, readings_of, traits_of
from bot.understanding.understander import Understander
from deploy import learn as learning
from tests.understanding.conftest import a_share

EMERGENCY = Impression(Level.EMERGENCY, (0.3, 0.9), ("劈开",))
SURE = Impression(Level.EMERGENCY, (0.9, 0.9), ("劈开",))
DOUBTFUL = Impression(Level.NONE, (DOUBT_FROM - 1, DOUBT_FROM), ())
QUIET = Impression(Level.NONE, (-1.0, -1.0), ())
LONG = "这会儿实在说不上来到底是怎么一回事只觉得整个人都不对劲了"


def test_it_was_taught_the_messages_as_they_stand() -> None:
    head = learning.WEIGHTS.read_text("utf-8").split("\n", 1)[0]
    assert head.endswith(learning.made_from(learning.sources())), "run `make learn`"


def test_the_part_set_aside_teaches_it_nothing() -> None:
    assert not any(path.stem == learning.NEVER_READ for path in learning.sources())


@pytest.mark.parametrize(
    "text",
    [
        "今天人像散了架 走到厕所门口就软下去了 一摸裤子黏糊糊的湿到脚脖子 全是红的",
        "all day the sink keeps turning red and my legs have gone to jelly, the towel is heavy with it",
    ],
)
def test_it_hears_what_no_list_names(text: str, lists: Understander, understander: Understander) -> None:
    assert lists.understand(text).level < Level.URGENT
    got = understander.understand(text)
    assert got.level >= Level.URGENT
    assert got.red_flags[0].rule.startswith("SR-")
    assert got.intent is Intent.SYMPTOM_REPORT
    assert "second reader" in got.reasons[-1]


def test_neither_reader_lowers_the_other(lists: Understander, understander: Understander) -> None:
    for number, path in enumerate(learning.sources()):
        for message in a_share(list(learning.messages_of(path)), number):
            assert understander.understand(message.text).level >= lists.understand(message.text).level


def test_an_emergency_it_hears_sends_the_text_that_is_right_whatever_it_is() -> None:
    got = joined(Understanding(text=LONG), EMERGENCY, LONG)
    assert [(flag.rule, flag.text_id) for flag in got.red_flags] == [("SR-EMERGENCY", TextId("EM-0"))]
    assert got.red_flags[0].quote == "劈开"


def test_a_lesser_errand_of_the_lists_is_not_sent_beside_calling_120(lists: Understander) -> None:
    fever = lists.understand("今天下午量的是三十八度六 吃了点东西就躺下了 家里人都在")
    assert [flag.text_id for flag in fever.red_flags] == [TextId("EM-5b")]
    both = joined(fever, EMERGENCY, fever.text)
    assert [flag.text_id for flag in both.red_flags] == [TextId("EM-0")]


@pytest.mark.parametrize(
    "text",
    ["没有流鼻血也没有发烧 早上吃了点粥 一切都挺好的", "隔壁床那位大姐昨夜里吐了好多血被推走了"],
)
def test_what_is_denied_or_anothers_is_asked_and_not_raised(text: str, lists: Understander) -> None:
    alone = lists.understand(text)
    assert joined(alone, EMERGENCY, text).level is alone.level
    assert joined(alone, EMERGENCY, text).red_flags == alone.red_flags


def test_in_a_few_words_that_the_lists_know_it_has_no_say(lists: Understander) -> None:
    alone = lists.understand("牙龈出血了")
    assert joined(alone, SURE, alone.text) == alone


def test_a_reported_death_stays_one(lists: Understander) -> None:
    dead = replace(lists.understand(LONG), death=True)
    assert joined(dead, SURE, LONG) == dead


def test_in_doubt_the_gate_is_shown_only_where_nothing_else_was_understood(lists: Understander) -> None:
    unclear = lists.understand("那个东西又来了 跟上回不一样")
    assert not unclear.open_gate
    assert unclear.intent is Intent.OTHER
    assert joined(unclear, DOUBTFUL, unclear.text).open_gate
    assert not joined(unclear, QUIET, unclear.text).open_gate
    thanks = lists.understand("谢谢你们一直惦记着")
    assert not joined(thanks, DOUBTFUL, thanks.text).open_gate


def test_what_stands_before_or_after_makes_nothing_look_better() -> None:
    reader = SecondReader.load()
    text = "头从来没这么疼过, 像被人拿锤子砸了一下."
    alone = reader.read(text).scores
    for said in (f"今天天气不错. {text}", f"{text} 我女儿明天来看我.", f"早上吃了粥. {text} 外面下雨了."):
        assert reader.read(said).scores >= alone


def test_a_message_is_read_in_a_bounded_number_of_pieces() -> None:
    for part in ("啊", "啊. ", "a, ", "1.", "血 ", "\n"):
        text = (part * 4096)[:4096]
        assert sum(map(len, readings_of(text))) <= 2 * len(text)
    short = "头疼. " * 12
    assert len(readings_of(short)) <= 12 * 13 / 2
    assert all(len(one) <= 2 * PIECE for one in readings_of(short))


def test_the_same_messages_teach_the_same_and_the_file_says_it_all() -> None:
    taught = [
        Labelled("头要炸了 站不住", Level.EMERGENCY),
        Labelled("烧到三十九度", Level.URGENT),
        Labelled("今天挺好", Level.NONE),
        Labelled("谢谢", Level.NONE),
    ]
    first, second = learn(taught), learn(taught)
    assert first == second
    again = SecondReader(read_weights(write_weights(first, "these four")))
    assert [again.read(one.text).level for one in taught] == [one.level for one in taught]
    scores = SecondReader(first).read("头要炸了").scores
    assert again.read("头要炸了").scores == pytest.approx(scores, abs=0.01)


def test_a_text_without_anything_known_is_no_impression() -> None:
    assert SecondReader.load().read("").level is Level.NONE
    assert traits_of("") == frozenset({" ", "  "})


def test_a_file_of_weights_that_was_cut_off_is_refused() -> None:
    text = write_weights(learn([Labelled("头要炸了", Level.EMERGENCY), Labelled("谢谢", Level.NONE)]), "two")
    with pytest.raises(ValueError, match="weights expected"):
        read_weights(text.rstrip("\n").rsplit("\t", 1)[0])
