"""`suifang study preview`: what the operator shows a site before anybody is enrolled."""

from __future__ import annotations

from typer.testing import CliRunner

from bot.__main__ import app


def test_the_day_of_dose_one_is_enough() -> None:
    by_day, by_hour = (
        CliRunner().invoke(app, ["study", "preview", "--language", "en", "--day1", day])
        for day in ("2026-03-03", "2026-03-03 09:30")
    )
    assert by_day.exit_code == 0
    assert by_day.output == by_hour.output
    assert "Tue 3 March" in by_day.output
