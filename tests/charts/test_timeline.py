"""The timeline as SVG and PNG: everything is there, leads into the log, and carries no style or script."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bot.charts import Bar, Dot, Labels, Mark, Timeline, as_png, as_svg
from bot.rules.study import Language, Level

DAY1 = datetime(2026, 3, 3, 1, 30, tzinfo=UTC)
LABELS = Labels(
    language=Language.EN,
    platelets="Platelets",
    dose="Dose",
    therapy="Therapy",
    cases="Cases",
    proposed="proposed",
    confirmed="confirmed",
)
EMPTY = Timeline(
    time_zone="Asia/Shanghai",
    first_at=DAY1,
    last_at=DAY1 + timedelta(days=10),
    bands=(Decimal(20), Decimal(50), Decimal(100)),
    counts=(),
    doses=(),
    therapies=(),
    dots=(),
    cases=(),
)
NIGHT = replace(
    EMPTY,
    counts=(
        Mark(at=DAY1, value=Decimal("38.5"), told="38.5", href="#lab-A"),
        Mark(at=DAY1 + timedelta(days=7), value=Decimal(104), told="104", href="#lab-B"),
    ),
    doses=(Mark(at=DAY1, value=Decimal(0), told="Dose 1", href="#dose-A"),),
    therapies=(Mark(at=DAY1 + timedelta(days=5), value=Decimal(0), told="Therapy 1", href="#therapy-A"),),
    dots=(
        Dot(
            at=DAY1 + timedelta(days=3),
            symptom="<b>Nosebleed</b>",
            grade=3,
            confirmed=False,
            level=Level.EMERGENCY,
            told="G3",
            href="#report-A",
        ),
    ),
    cases=(
        Bar(
            opened_at=DAY1 + timedelta(days=3),
            until=DAY1 + timedelta(days=4),
            level=Level.EMERGENCY,
            told="EMERGENCY",
            href="#case-A",
        ),
    ),
)


def test_every_fact_leads_to_its_entry_and_nowhere_else() -> None:
    svg = as_svg(NIGHT, LABELS)
    assert set(re.findall(r'href="([^"]*)"', svg)) == {
        "#lab-A",
        "#lab-B",
        "#dose-A",
        "#therapy-A",
        "#report-A",
        "#case-A",
    }


def test_it_says_what_it_shows_and_runs_nothing() -> None:
    svg = as_svg(NIGHT, LABELS)
    for words in ("38.5", "104", "Dose 1", "Therapy 1", "Cases", "Platelets"):
        assert f">{words}<" in svg
    assert "<b>" not in svg
    assert not re.search(r"<style|<script| style=| on[a-z]+=", svg)


def test_a_confirmed_grade_has_another_shape_and_an_edge() -> None:
    (dot,) = NIGHT.dots
    confirmed = replace(NIGHT, dots=(dot, replace(dot, grade=2, confirmed=True)))
    svg = as_svg(confirmed, LABELS)
    assert ">3<" in svg
    assert ">2<" in svg
    edges = [
        part
        for part in re.findall(r"<path[^>]*>", svg)
        if 'stroke="currentColor"' in part and 'fill="#c0' in part
    ]
    assert len(edges) == 1
    assert not any(
        'stroke="currentColor"' in part and 'fill="#c0' in part
        for part in re.findall(r"<path[^>]*>", as_svg(NIGHT, LABELS))
    )


def test_an_emergency_is_not_hidden_behind_a_lesser_case_of_the_same_time() -> None:
    (emergency,) = NIGHT.cases
    lesser = replace(emergency, level=Level.ROUTINE, told="ROUTINE", href="#case-B")
    svg = as_svg(replace(NIGHT, cases=(emergency, lesser)), LABELS)
    assert svg.index('href="#case-B"') < svg.index('href="#case-A"')


def test_a_course_without_any_fact_is_drawn_too() -> None:
    assert as_svg(EMPTY, LABELS).startswith("<svg")


@pytest.mark.parametrize("language", list(Language))
def test_the_picture_is_wide_enough_to_read(language: Language) -> None:
    png = as_png(NIGHT, replace(LABELS, language=language, platelets="血小板"))
    width, height = struct.unpack(">II", png[16:24])
    assert png.startswith(b"\x89PNG")
    assert (width > 1600, height > 500) == (True, True)
