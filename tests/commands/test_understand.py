"""`suifang understand` as the operator and the scoring tools use it: no database, no token, no network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.__main__ import app
from tests.databases import SECRET

RUNNER = CliRunner()


def test_one_message_shows_level_symptoms_and_reasons() -> None:
    said = RUNNER.invoke(app, ["understand", "没发烧 就是鼻血止不住"])
    assert said.exit_code == 0
    assert "level     emergency" in said.output
    assert "symptoms  nosebleed" in said.output
    assert "“发烧”: fever denied" in said.output


def test_json_has_the_fields_of_the_data_card_and_the_reasons() -> None:
    said = RUNNER.invoke(app, ["understand", "plt 8.6万 烧到38.5", "--json"])
    found = json.loads(said.output)
    assert found["platelets"] == 86
    assert found["temperature_c"] == 38.5
    assert found["symptoms"] == ["fever"]
    assert found["level"] == "urgent"
    assert found["intent"] == "symptom_report"
    assert found["reasons"]


def test_standard_input_answers_one_object_a_line_and_keeps_the_identifiers() -> None:
    lines = '{"id": "a", "text": "hi", "lang": "en"}\n\n{"text": "吐血了", "lang": "zh"}\n'
    said = RUNNER.invoke(app, ["understand", "--file", "-", "--json"], input=lines)
    first, second = (json.loads(line) for line in said.output.splitlines())
    assert (first["id"], first["intent"], first["level"]) == ("a", "greeting", "none")
    assert (second["symptoms"], second["level"]) == (["vomiting_blood"], "emergency")


def test_a_message_that_begins_with_a_dash_is_text() -> None:
    said = RUNNER.invoke(app, ["understand", "- 发烧了", "--json"])
    assert json.loads(said.output)["symptoms"] == ["fever"]


def test_half_a_surrogate_pair_neither_breaks_reading_nor_writing() -> None:
    said = RUNNER.invoke(app, ["understand", "--file", "-", "--json"], input='{"text": "\\ud83d 发烧了"}\n')
    assert json.loads(said.output)["symptoms"] == ["fever"]


@pytest.mark.parametrize("line", ["fever", "[1]", '{"lang": "zh"}', '{"text": 3}'])
def test_a_line_that_is_no_message_is_refused_with_its_number(line: str) -> None:
    said = RUNNER.invoke(app, ["understand", "--file", "-"], input=f'{{"text": "hi"}}\n{line}\n')
    assert said.exit_code == 1
    assert "line 2 is no JSON object with a `text`" in said.output


def test_neither_text_nor_file_is_wrong_usage() -> None:
    assert RUNNER.invoke(app, ["understand"]).exit_code == 2
    assert RUNNER.invoke(app, ["understand", "hi", "--file", "x"]).exit_code == 2
    assert RUNNER.invoke(app, ["understand", "hi", "--report"]).exit_code == 2


def labelled(folder: Path, level: str = "none") -> str:
    path = folder / "labelled.jsonl"
    line = {
        "id": "L1",
        "lang": "en",
        "text": "I have a fever",
        "symptoms": [],
        "level": level,
        "intent": "other",
    }
    path.write_text(json.dumps(line) + "\n", encoding="utf-8")
    return str(path)


def test_a_report_gives_counts_intervals_and_every_miss_with_its_reason(tmp_path: Path) -> None:
    said = RUNNER.invoke(app, ["understand", "--file", labelled(tmp_path), "--report"])
    assert "false EMERGENCY/URGENT              1.000     1/1    95 % 0.207 to 1.000" in said.output
    assert "L1 level: expected NONE, got URGENT: I have a fever" in said.output
    assert "“fever”: fever present → URGENT" in said.output


def test_totals_never_show_a_sentence(tmp_path: Path) -> None:
    plain = RUNNER.invoke(app, ["understand", "--file", labelled(tmp_path), "--report", "--totals"])
    assert "fever" not in plain.output
    document = RUNNER.invoke(
        app, ["understand", "--file", labelled(tmp_path), "--report", "--totals", "--json"]
    )
    assert "misses" not in json.loads(document.output)


def test_a_label_that_cannot_be_scored_is_refused(tmp_path: Path) -> None:
    said = RUNNER.invoke(app, ["understand", "--file", labelled(tmp_path, level="bad"), "--report"])
    assert said.exit_code == 1
    assert "message 1 cannot be scored" in said.output


def test_a_file_that_is_not_there_is_refused() -> None:
    said = RUNNER.invoke(app, ["understand", "--file", "no/such/file"])
    assert said.exit_code == 1
    assert "cannot be read" in said.output


def test_everything_kept_is_read_again_without_a_word_of_it(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"DATABASE_URL": sqlite_url, "SECRET_KEY": SECRET, "MODE": "demo"}.items():
        monkeypatch.setenv(f"SUIFANG_{name}", value)
    said = RUNNER.invoke(app, ["understand", "--recorded", "--json"])
    assert said.exit_code == 0
    assert json.loads(said.stdout) | {"rules": "", "lexicon": ""} == {
        "rules": "",
        "lexicon": "",
        "read": 0,
        "erased": 0,
        "differing": [],
    }
    assert RUNNER.invoke(app, ["understand", "--recorded", "发烧"]).exit_code == 2
