"""Words: both languages complete, dates as people read them, what a patient types comes through as typed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.case import Outcome
from bot.rules.messages import Button, Message, Phrase, Priority, Recipient, RecipientKind, SendKind
from bot.rules.participant import ParticipantState
from bot.rules.study import Bilingual, Language, Level, Role
from bot.texts import (
    LOCALES,
    Catalogue,
    CataloguesFaulty,
    Texts,
    TooLong,
    Unsayable,
    enum_key,
    faults_in,
    lock_screen,
    moment_in_words,
    told_on_lock_screen,
)

# 09:30 on Tuesday 10 March 2026 in Shanghai.
MOMENT = datetime(2026, 3, 10, 1, 30, tzinfo=UTC)
SHANGHAI = "Asia/Shanghai"
BOTH = [Language.ZH, Language.EN]


def made(words: Mapping[str, tuple[str, str]], *, forgiving: bool = False) -> Texts:
    """Texts of these English and Chinese words."""
    return Texts(
        {
            Language.EN: Catalogue({key: (en,) for key, (en, _) in words.items()}),
            Language.ZH: Catalogue({key: (zh,) for key, (_, zh) in words.items()}),
        },
        forgiving=forgiving,
    )


def shown(value: object, language: Language, form: str = "") -> str:
    template = f"{{value{form}}}"
    return made({"a.b": (template, template)}).say("a.b", language, value=value)


def message(*phrases: Phrase, **changes: Any) -> Message:
    plain = Message(
        unique_key="m",
        to=Recipient(RecipientKind.PARTICIPANT, "TJ-001"),
        language=Language.ZH,
        priority=Priority.REPLY,
        phrases=phrases,
    )
    return replace(plain, **changes)


def as_study_words(text: str) -> Phrase:
    return Phrase(words=Bilingual(en=text, zh=text))


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load()


class TestMoments:
    @pytest.mark.parametrize(
        ("form", "zh", "en"),
        [
            ("", "3月10日（周二）09:30", "Tue 10 March, 09:30"),
            (":day", "3月10日（周二）", "Tue 10 March"),
            (":time", "09:30", "09:30"),
        ],
    )
    def test_a_moment_is_shown_with_its_weekday_on_the_readers_clock(
        self, form: str, zh: str, en: str
    ) -> None:
        assert shown(MOMENT, Language.ZH, form) == zh
        assert shown(MOMENT, Language.EN, form) == en

    def test_midnight_belongs_to_the_local_day(self) -> None:
        midnight = datetime(2026, 3, 9, 16, 0, tzinfo=UTC)
        assert moment_in_words(midnight, Language.ZH, SHANGHAI) == "3月10日（周二）00:00"
        assert moment_in_words(midnight, Language.EN, "Europe/London") == "Mon 9 March, 16:00"

    def test_the_hour_that_summer_time_skips_is_shown_as_the_clock_shows_it(self) -> None:
        before, after = (datetime(2026, 3, 29, hour, 59, tzinfo=UTC) for hour in (0, 1))
        assert moment_in_words(before, Language.EN, "Europe/Berlin", "time") == "01:59"
        assert moment_in_words(after, Language.EN, "Europe/Berlin", "time") == "03:59"

    def test_a_date_needs_no_zone(self) -> None:
        assert shown(date(2028, 2, 29), Language.ZH) == "2月29日（周二）"
        assert shown(date(2028, 2, 29), Language.EN) == "Tue 29 February"

    def test_a_moment_without_a_zone_is_refused(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            moment_in_words(datetime(2026, 3, 10, 9, 30), Language.ZH, SHANGHAI)  # noqa: DTZ001


class TestValues:
    @pytest.mark.parametrize(
        ("value", "words"),
        [
            (Decimal("100"), "100"),
            (Decimal("38.50"), "38.5"),
            (Decimal("99.96"), "99.96"),
            (Decimal("1E+2"), "100"),
            (-3, "-3"),
            (0, "0"),
        ],
    )
    def test_a_number_is_shown_with_all_its_digits(self, value: object, words: str) -> None:
        assert shown(value, Language.EN) == words

    def test_a_member_of_an_enum_is_said_in_words(self, texts: Texts) -> None:
        told = Phrase("staff.alert.rules", {"rules": "CX-1", "level": Level.URGENT})
        assert texts.words(told, Language.ZH, SHANGHAI) == "规则：CX-1 → ▲ 急"
        assert enum_key(Role.PRINCIPAL_INVESTIGATOR) == "staff.role.PRINCIPAL_INVESTIGATOR"
        assert enum_key(Outcome.SENT_TO_ED) == "staff.outcome.SENT_TO_ED"
        assert enum_key(ParticipantState.ON_HOLD) == "staff.participant_state.ON_HOLD"

    @pytest.mark.parametrize(("form", "words"), [("", "甲\n乙"), (":list", "甲；乙")])
    def test_several_are_said_one_a_line_or_in_one_line(self, form: str, words: str) -> None:
        two = (Phrase(words=Bilingual(en="a", zh="甲")), Bilingual(en="b", zh="乙"))
        assert shown(two, Language.ZH, form) == words

    def test_a_phrase_within_a_phrase_speaks_the_same_language(self, texts: Texts) -> None:
        answered = Phrase("staff.answer.stopped")
        told = Phrase(
            "staff.alert.patient_answered",
            {"subject": "TJ-001", "site": "TJ", "answer": answered, "at": MOMENT},
        )
        assert texts.words(told, Language.EN, SHANGHAI).endswith("says it has stopped (the case stays open)")

    @pytest.mark.parametrize("value", [None, True, 38.5, b"x", object(), Decimal("NaN")])
    def test_what_is_never_shown_is_refused(self, value: object) -> None:
        with pytest.raises(Unsayable):
            shown(value, Language.EN)

    def test_an_unknown_key_and_a_missing_value_are_refused(self, texts: Texts) -> None:
        with pytest.raises(Unsayable, match=r"patient\.nowhere"):
            texts.say("patient.nowhere", Language.EN)
        with pytest.raises(Unsayable, match="site_phone"):
            texts.say("patient.case.go_now", Language.EN)


class TestWhatAPersonTyped:
    @given(st.text(alphabet="{}:%\\$<>&at_day名血0 \n"))
    def test_it_comes_through_as_typed(self, typed: str) -> None:
        texts = made({"a.b": ("{said} {at}", "{said} {at}")})
        assert texts.say("a.b", Language.EN, said=typed, at="now") == f"{typed} now"

    def test_a_value_is_never_read_as_a_template(self, texts: Texts) -> None:
        typed = "{site_phone} {0} %s <b>血</b>"
        told = Phrase("staff.alert.her_words", {"words": typed, "site_phone": "no"})
        assert texts.words(told, Language.EN, SHANGHAI).endswith(typed)

    def test_long_words_are_cut_so_that_an_alert_stays_one_message(self) -> None:
        cut = shown("血" * 400, Language.ZH, ":short")
        assert len(cut) == 300
        assert cut.endswith("血…")
        assert shown("血" * 300, Language.ZH, ":short") == "血" * 300

    def test_a_cut_never_halves_a_character(self) -> None:
        assert shown("🩸" * 200, Language.ZH, ":short") == "🩸" * 149 + "…"


class TestStudyWords:
    def test_a_safety_text_is_filled_in(self, texts: Texts) -> None:
        text = Bilingual(en="Phone {site_phone}, {by_when}.", zh="请打{site_phone}，{by_when}。")
        told = Phrase(
            words=text, values={"site_phone": "022-5550-0101", "by_when": Phrase("patient.by_when.today")}
        )
        assert texts.words(told, Language.ZH, SHANGHAI) == "请打022-5550-0101，今天之内。"

    def test_a_safety_text_is_never_held_back_for_a_missing_value(self, texts: Texts) -> None:
        told = as_study_words("Call 120. {site_phone}")
        assert texts.words(told, Language.EN, SHANGHAI) == "Call 120. {site_phone}"


class TestMessages:
    def test_paragraphs_stand_apart_and_buttons_keep_their_rows(self, texts: Texts) -> None:
        rendered = texts.render(
            message(
                as_study_words("一"),
                as_study_words("二"),
                buttons=(
                    (Button(label=Phrase("patient.button.unwell"), data="h:unwell"),),
                    (Button(label=as_study_words("网页"), url="https://console.example"),),
                ),
            )
        )
        assert rendered.text == "一\n\n二"
        assert [[button.label for button in row] for row in rendered.buttons] == [["我不舒服"], ["网页"]]
        assert rendered.buttons[0][0].data == "h:unwell"
        assert rendered.buttons[1][0].url == "https://console.example"

    @pytest.mark.parametrize("language", BOTH)
    def test_an_emergency_text_shows_both_languages_her_own_first(
        self, texts: Texts, language: Language
    ) -> None:
        words = Bilingual(en="Call 120.", zh="请拨打120。")
        rendered = texts.render(message(Phrase(words=words), language=language, both_languages=True))
        first, second = rendered.text.split("\n\n— — —\n\n")
        assert first == words.said_in(language)
        assert {first, second} == {words.en, words.zh}

    def test_length_is_counted_as_telegram_counts_it(self, texts: Texts) -> None:
        assert len(texts.render(message(as_study_words("🩸" * 2048))).text) == 2048
        with pytest.raises(TooLong, match="4098"):
            texts.render(message(as_study_words("🩸" * 2049)))

    def test_a_caption_is_shorter_than_a_text(self, texts: Texts) -> None:
        with pytest.raises(TooLong, match="1024"):
            texts.render(message(as_study_words("x" * 1025), kind=SendKind.PICTURE))

    def test_an_alert_that_is_too_long_is_cut_because_it_must_arrive(self, texts: Texts) -> None:
        to = Recipient(RecipientKind.STAFF, "CA1")
        text = texts.render(message(as_study_words("x" * 5000), to=to, priority=Priority.ALERT)).text
        assert len(text) == 4096
        assert text.endswith("x…")

    def test_a_notice_to_a_tap_is_cut_to_what_a_phone_shows(self, texts: Texts) -> None:
        notice = message(as_study_words("x" * 300), kind=SendKind.ANSWER_TAP)
        assert len(texts.render(notice).text) == 200

    def test_nothing_to_say_is_refused_where_something_must_be_said(self, texts: Texts) -> None:
        assert texts.render(message(kind=SendKind.REMOVE_BUTTONS)).text == ""
        assert texts.render(message(kind=SendKind.ANSWER_TAP)).text == ""
        with pytest.raises(Unsayable):
            texts.render(message())

    def test_a_token_that_telegram_would_refuse_is_found_here(self, texts: Texts) -> None:
        button = Button(label=as_study_words("x"), data="血" * 22)
        with pytest.raises(Unsayable, match="token"):
            texts.render(message(as_study_words("x"), buttons=((button,),)))


class TestTheRunningBot:
    """Forgiving: a line or a value without words never keeps back an alert."""

    @pytest.fixture
    def forgiving(self) -> Texts:
        return made({"a.head": ("{level}", "{level}"), "a.b": ("b {value}", "乙 {value}")}, forgiving=True)

    def test_a_line_without_words_is_left_out_and_the_rest_is_said(
        self, forgiving: Texts, capsys: pytest.CaptureFixture[str]
    ) -> None:
        lines = (Phrase("a.nowhere"), Phrase("a.b", {"value": "x"}))
        assert forgiving.render(message(*lines)).text == "乙 x"
        assert "a.nowhere" in capsys.readouterr().out

    def test_a_value_without_words_is_a_question_mark(
        self, forgiving: Texts, capsys: pytest.CaptureFixture[str]
    ) -> None:
        lines = (Phrase("a.b", {"value": Phrase("a.new_kind_of_content")}), Phrase("a.b"))
        assert forgiving.render(message(*lines)).text == "乙 ?\n\n乙 ?"
        assert capsys.readouterr().out.count("could not be said") == 2


class TestCatalogues:
    def test_a_key_in_one_language_only_or_with_other_placeholders_is_a_fault(self) -> None:
        catalogues = {
            Language.EN: Catalogue({"a": ("x",), "b": ("{at}",), "c": ("{At}",), "d": ("{at:day}",)}),
            Language.ZH: Catalogue({"b": ("{on}",), "c": ("丙",), "d": ("{at:time}",)}),
        }
        assert faults_in(catalogues) == [
            "a: no words in zh-Hans",
            "b: other placeholders in one language",
            "c: a brace that is no placeholder in en",
        ]
        with pytest.raises(CataloguesFaulty, match="no words"):
            Texts(catalogues)

    def test_english_has_a_plural_and_chinese_needs_none(self, folder: Path) -> None:
        forms = 'msgstr[0] "{count} day"\nmsgstr[1] "{count} days"\n'
        change(folder, "en", add=f'\nmsgid "patient.x.days"\nmsgid_plural "patient.x.days"\n{forms}')
        change(folder, "zh_Hans_CN", add='\nmsgid "patient.x.days"\nmsgstr "{count}天"\n')
        texts = Texts.load(folder)
        assert [texts.say("patient.x.days", Language.EN, count=count) for count in (0, 1, 2)] == [
            "0 days",
            "1 day",
            "2 days",
        ]
        assert texts.say("patient.x.days", Language.ZH, count=1) == "1天"
        with pytest.raises(Unsayable, match="count"):
            texts.say("patient.x.days", Language.EN)

    @pytest.mark.parametrize(
        ("add", "fault"),
        [
            ('\nmsgid "staff.x"\nmsgstr "x"\n', "staff.x does not belong here"),
            ('\nmsgid "Hello"\nmsgstr "x"\n', "Hello does not belong here"),
            ('\n#, fuzzy\nmsgid "patient.x"\nmsgstr "x"\n', "patient.x is marked fuzzy"),
            ('\nmsgid "patient.home"\nmsgstr "x"\n', "patient.home stands here 2 times"),
            ("\nnonsense\n", "cannot be read"),
        ],
    )
    def test_a_faulty_file_is_named_with_its_fault(self, folder: Path, add: str, fault: str) -> None:
        change(folder, "en", add=add)
        with pytest.raises(CataloguesFaulty, match=r"en/patient\.po") as refused:
            Texts.load(folder)
        assert fault in str(refused.value)

    def test_every_faulty_file_is_named_at_once(self, folder: Path) -> None:
        for language in ("en", "zh_Hans_CN"):
            (folder / language / "LC_MESSAGES" / "staff.po").unlink()
        with pytest.raises(CataloguesFaulty) as refused:
            Texts.load(folder)
        assert len(refused.value.faults) == 2

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        shutil.copytree(LOCALES, tmp_path / "locales")
        return tmp_path / "locales"


def change(folder: Path, language: str, *, add: str) -> None:
    path = folder / language / "LC_MESSAGES" / "patient.po"
    path.write_text(path.read_text(encoding="utf-8") + add, encoding="utf-8")


class TestLockScreen:
    def test_it_shows_the_first_fifty_characters_on_one_line(self) -> None:
        assert (
            lock_screen("Call 120 now.\nDo not wait. " + "x" * 50) == "Call 120 now. Do not wait. " + "x" * 23
        )

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("Your Platelets are 38", ("platelet",)),
            ("您的血小板是38", ("血小板",)),
            ("明天请来研究中心抽血", ()),
            ("x" * 50 + "romiplostim", ()),
        ],
    )
    def test_disease_drug_and_result_are_found_there(self, text: str, told: tuple[str, ...]) -> None:
        assert told_on_lock_screen(text) == told
