"""Loading and breaking: no start with a faulty lexicon, no message that is taken as fine because it broke."""

from __future__ import annotations

import pytest

from bot.__main__ import main
from bot.rules.study import Level, TextId
from bot.understanding.findings import Intent, Polarity, Understanding
from bot.understanding.lexicon_files import LexiconFault, read_files
from bot.understanding.reading import Reading
from bot.understanding.understander import Understander, _of_the_program


def test_the_worked_case_of_the_docstring_holds(understander: Understander) -> None:
    got = understander.understand("没发烧 就是鼻血止不住")
    spoken = {finding.symptom: finding for finding in got.findings}
    assert spoken["fever"].polarity is Polarity.DENIED
    assert spoken["nosebleed"].polarity is Polarity.PRESENT
    assert "not_stopping" in spoken["nosebleed"].modifiers
    assert got.level is Level.EMERGENCY
    assert [(flag.rule, flag.text_id) for flag in got.red_flags] == [("RF-2", TextId("EM-1"))]
    assert got.intent is Intent.SYMPTOM_REPORT
    assert got.symptoms == ("nosebleed",)


def test_a_quote_is_the_words_as_typed(understander: Understander) -> None:
    text = "醫生　我昨晚發燒３８．７"
    got = understander.understand(text)
    for finding in got.findings:
        assert text[finding.span.start : finding.span.end] == finding.quote
    assert got.temperatures[0].quote == "３８．７"


def test_a_lexicon_with_a_mistake_does_not_load() -> None:
    files = read_files()
    files["symptoms.toml"] += '\n[[symptom]]\nname = "x"\nzh = ["("]\n'
    with pytest.raises(LexiconFault, match="x: `\\(`: a bracket stays open"):
        Understander.load(files)


def test_every_mistake_of_a_lexicon_is_named_at_once() -> None:
    files = read_files()
    files["symptoms.toml"] += '\n[[symptom]]\nname = "x"\nzh = ["喵喵"]\nyes = ["汪汪"]\nno = ["喵喵"]\n'
    with pytest.raises(LexiconFault) as caught:
        Understander.load(files)
    assert len(caught.value.mistakes) == 4
    assert "no English words" in str(caught.value)
    assert "no rule with `base = true` for x" in str(caught.value)
    assert "`汪汪` should match and does not" in str(caught.value)
    assert "`喵喵` should not match and does" in str(caught.value)


def test_words_that_no_message_can_contain_are_a_mistake() -> None:
    files = read_files()
    files["symptoms.toml"] += (
        '\n[[symptom]]\nname = "x"\nzh = ["發喵"]\nen = ["Can\'t"]\nyes = ["喵"]\nno = ["汪"]\n'
    )
    with pytest.raises(LexiconFault) as caught:
        Understander.load(files)
    assert "`發喵` can never match" in str(caught.value)


@pytest.mark.parametrize(
    ("file", "right", "wrong", "told"),
    [
        ("bleeding.toml", '"鼻衄"', '"鼻(衄"', r", line {line}: symptom nosebleed: `鼻\(衄`: a bracket"),
        (
            "cues.toml",
            'yes = ["好像有点血", "maybe blood"]',
            'yes = "maybe"',
            r", line \d+: cue doubt: `yes`",
        ),
        (
            "levels.toml",
            "minutes = 20",
            'minutes = "20"',
            r", line \d+: rule \d+ .*: `minutes`",
        ),
        ("groups.toml", "[group.", "[group", r": .*line 4"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(file: str, right: str, wrong: str, told: str) -> None:
    files = read_files()
    assert right in files[file]
    line = files[file][: files[file].index(right)].count("\n") + 1
    files[file] = files[file].replace(right, wrong, 1)
    with pytest.raises(LexiconFault, match=file.replace(".", r"\.") + told.replace("{line}", str(line))):
        Understander.load(files)


def test_an_operator_is_told_what_is_wrong_and_nothing_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = read_files()
    files["cues.toml"] += '\n[[cue]]\nname = "doubt"\nzh = ["("]\n'
    monkeypatch.setattr("bot.understanding.understander.read_files", lambda: files)
    monkeypatch.setattr("bot.understanding.understander._of_the_program", _of_the_program.__wrapped__)
    monkeypatch.setattr("sys.argv", ["suifang", "understand", "鼻血止不住"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert "nothing was started" in said
    assert "cues.toml, line" in said
    assert "Traceback" not in said


def test_a_lexicon_file_that_is_missing_does_not_load() -> None:
    files = read_files()
    del files["levels.toml"]
    with pytest.raises(LexiconFault):
        Understander.load(files)


def test_a_message_that_breaks_the_reading_is_read_by_the_plain_list(
    understander: Understander, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Reading) -> Understanding:
        raise ZeroDivisionError

    monkeypatch.setattr(Reading, "understand", broken)
    emergency = understander.understand("我妈吐血了")
    assert emergency.plain_only
    assert emergency.level is Level.EMERGENCY
    assert [flag.rule for flag in emergency.red_flags] == ["RF-3"]
    unclear = understander.understand("今天一切都好")
    assert unclear.plain_only
    assert unclear.open_gate
    assert unclear.level >= Level.ROUTINE


def test_who_is_told_to_call_120_is_not_told_to_go_within_the_hour(understander: Understander) -> None:
    got = understander.understand("鼻血止不住半小时了 还发烧38.8")
    assert [flag.text_id for flag in got.red_flags] == [TextId("EM-1")]
    assert {"BLD_NOSE", "AE_FEVER"} <= set(got.red_flags[0].symptoms)
