"""What is kept of her words: the text as typed, what it was taken to mean, and by which rules and lexicon."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from bot.actions.reread_words import reread_words
from bot.rules.study import Level
from bot.understanding.derived import versions
from bot.understanding.findings import Understanding
from bot.understanding.understander import ReadsWords, Understander
from tests.household import COORDINATOR, HER, SUBJECT, joined, staffed
from tests.phones import Phones


class Mended(Understander):
    """A lexicon that has since learned a word."""

    def __init__(self, inner: ReadsWords) -> None:
        self._inner = inner

    def understand(self, text: str, lang_hint: object = None) -> Understanding:
        meant = self._inner.understand(text)
        return replace(meant, level=Level.SAME_DAY) if "古里古怪" in text else meant


class _Broken:
    def find(self, _text: str) -> list[object]:
        raise ZeroDivisionError("a list that breaks")


def broken(understander: ReadsWords) -> Understander:
    """The real reader with a matcher that fails on every message."""
    other = object.__new__(Understander)
    other.__dict__ |= {**understander.__dict__, "_matcher": _Broken()}
    return other


async def test_the_text_stays_as_typed_and_every_reading_names_its_rules_and_lexicon(chats: Phones) -> None:
    await staffed(chats)
    await joined(chats)
    typed = "  鼻子古里古怪\u200b　１２：３０ \n"
    await chats.type(HER, typed)
    await chats.type(HER, "流血了")
    async with chats.desk.archive.read() as uow:
        said = (await uow.said.of(SUBJECT))[-2:]
        alone, together = (await uow.understood.of(SUBJECT))[-2:]
    assert said[0].text == typed
    assert (alone.rules_version, alone.lexicon_version) == versions()
    assert alone.read_with == (said[0].id,)
    assert together.read_with == (said[0].id, said[1].id)
    assert "nosebleed" in str(together.meant)


async def test_what_was_kept_is_read_again_and_only_differences_are_shown(chats: Phones) -> None:
    await staffed(chats)
    await joined(chats)
    await chats.type(HER, "古里古怪")
    same = await reread_words(chats.desk)
    assert same.changed == ()
    assert same.count >= 1
    mended = replace(chats.desk, understander=Mended(chats.desk.understander))
    found = await reread_words(mended, subject=SUBJECT)
    (one,) = found.changed
    assert one.changed["level"] == ("NONE", "SAME_DAY")
    async with chats.desk.archive.read() as uow:
        assert len(await uow.understood.of(SUBJECT)) == found.count


async def test_a_reading_is_never_changed(chats: Phones) -> None:
    await staffed(chats)
    await joined(chats)
    await chats.type(HER, "你好")
    for statement in ("UPDATE understood SET lexicon_version = 'x'", "DELETE FROM understood"):
        with pytest.raises(Exception, match="append-only"):
            async with chats.desk.archive.begin() as uow:
                await uow.session.exec(text(statement))  # type: ignore[call-overload]


@pytest.mark.parametrize("alarming", ["流鼻血止不住", "nosebleed wont stop", "他叫不醒了"])
async def test_a_reading_that_breaks_is_checked_for_red_flags_and_never_counts_as_fine(
    chats: Phones, alarming: str
) -> None:
    await staffed(chats)
    await joined(chats)
    chats.desk = replace(chats.desk, understander=broken(chats.desk.understander))
    await chats.type(HER, "今天挺好的，没什么不舒服")
    async with chats.desk.archive.read() as uow:
        (case,) = await uow.cases.open_of(SUBJECT)
    assert case.level is Level.ROUTINE
    assert "血止不住" in [button.label for button in chats.chats[HER][-1].buttons]
    await chats.type(HER, alarming)
    assert "Call 120 now" in chats.said(HER)
    assert "没能读懂" in chats.said(COORDINATOR)


async def test_aspirin_taken_goes_by_its_level_and_counts_in_later_reports(chats: Phones) -> None:
    await staffed(chats)
    await joined(chats)
    await chats.type(HER, "我昨天吃了一片阿司匹林")
    async with chats.desk.archive.read() as uow:
        assert [one.level for one in await uow.cases.open_of(SUBJECT)] == [Level.SAME_DAY]
    await chats.type(HER, "/unwell")
    for label in ("都没有", "有", "流鼻血", "选好了", "都没有，我本人，完成", "擤鼻涕带血丝，或纸上有点血"):
        await chats.tap(HER, label)
    await chats.tap(HER, "现在、24小时内，或说不准")
    await chats.tap(HER, "一共10到30分钟，已经止住")
    async with chats.desk.archive.read() as uow:
        assert max(one.level for one in await uow.cases.open_of(SUBJECT)) is Level.URGENT
