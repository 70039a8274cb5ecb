"""The timeline of one participant: platelets, doses, symptoms by grade and cases on one time axis.

Platelets on a square-root axis, so that 5 and 15 are told apart as well as 100 and 110; the bands of the
study as lines. Doses hang from the top. Below, one row a symptom with a dot a report, and one row of cases.
A round dot bears the grade that the rules proposed, a square with an edge the one an investigator confirmed.
Everything leads to its entry in the log.

Source: screens.md "Participant"; issue "console".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo

from bot.rules.study import Language, Level

# The four colours of the levels, as in the console; each dot also carries its grade as a number.
LEVEL_COLOURS: Mapping[Level, str] = {
    Level.EMERGENCY: "#c0392f",
    Level.URGENT: "#c2600f",
    Level.SAME_DAY: "#a07800",
    Level.ROUTINE: "#6f7a82",
    Level.NONE: "#9aa5ab",
}
_ACCENT = "#178080"
_GRID = "#8a949a"
# The library completes addresses to some site of its own; this stands before ours and is taken off again.
_NOWHERE = "https://nowhere.invalid/"
_WIDTH, _HEIGHT, _ROW = 920, 220, 26
_DAY = {Language.ZH: "%-m月%-d日", Language.EN: "%-d %b"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment with a value: a platelet count, or a dose. `href` leads to the entry in the log."""

    at: datetime
    value: Decimal
    told: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """What a symptom was graded in one report: as proposed, or as `confirmed` by an investigator."""

    at: datetime
    symptom: str
    grade: int
    confirmed: bool
    level: Level
    told: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A case from its opening until it was closed, or until now."""

    opened_at: datetime
    until: datetime
    level: Level
    told: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The words of the chart, in the language of whoever looks at it."""

    language: Language
    platelets: str
    dose: str
    therapy: str
    cases: str
    proposed: str
    confirmed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All moments aware; `time_zone` is the one they are drawn in. `bands` are counts in 10⁹/L."""

    time_zone: str
    first_at: datetime
    last_at: datetime
    bands: tuple[Decimal, ...]
    counts: tuple[Mark, ...]
    doses: tuple[Mark, ...]
    therapies: tuple[Mark, ...]
    dots: tuple[Dot, ...]
    cases: tuple[Bar, ...]


@lru_cache(maxsize=64)
def as_svg(timeline: Timeline, labels: Labels) -> str:
    """The chart as SVG, in the colours of the page around it; without any style or script of its own.

    Takes a tenth of a second and more: call it beside the event loop. The same facts are drawn once.
    """
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(_chart(timeline, labels, ink="currentColor").to_dict())
    return svg.replace(f'xlink:href="{_NOWHERE}', 'href="')


def as_png(timeline: Timeline, labels: Labels) -> bytes:
    """The chart as a picture on white, twice as fine as on a page."""
    import vl_convert

    png: bytes = vl_convert.vegalite_to_png(
        _chart(timeline, labels, ink="#1b2226", paper="#ffffff").to_dict(), scale=2.0
    )
    return png


def _chart(timeline: Timeline, labels: Labels, *, ink: str, paper: str = "transparent") -> Any:
    alt = _altair()

    parts = [_platelets(timeline, labels)]
    if timeline.dots or timeline.cases:
        parts.append(_rows(timeline, labels, ink))
    return (
        alt.vconcat(*parts, spacing=8)
        .resolve_scale(color="independent")
        .configure(background=paper, font="system-ui, 'Noto Sans SC', 'Noto Sans CJK SC', sans-serif")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=ink,
            titleColor=ink,
            domainColor=_GRID,
            tickColor=_GRID,
            labelFontSize=12,
            titleFontSize=12,
        )
        .configure_text(color=ink)
    )


def _altair() -> Any:
    """The library, loaded with the first chart; most of its calls have no types."""
    return import_module("altair")


def _x(timeline: Timeline, labels: Labels, *, shown: bool) -> Any:
    alt = _altair()

    zone = timeline.time_zone
    margin = timedelta(hours=12)
    ends = [_wall(timeline.first_at - margin, zone), _wall(timeline.last_at + margin, zone)]
    axis = (
        alt.Axis(
            format=_DAY[labels.language],
            title=None,
            grid=False,
            labelOverlap="parity",
            labelSeparation=12,
            tickCount="day",
        )
        if shown
        else alt.Axis(labels=False, ticks=False, title=None, domain=False, grid=False)
    )
    return alt.X("at:T", scale=alt.Scale(type="utc", domain=ends), axis=axis)


def _platelets(timeline: Timeline, labels: Labels) -> Any:
    alt = _altair()

    zone = timeline.time_zone
    top = max([Decimal(120), *(one.value for one in timeline.counts)]) * Decimal("1.25")
    y = alt.Y(
        "value:Q",
        title=labels.platelets,
        scale=alt.Scale(type="sqrt", domain=[0, float(top)]),
        axis=alt.Axis(
            values=[float(band) for band in timeline.bands], grid=True, gridColor=_GRID, gridDash=[2, 4]
        ),
    )
    x = _x(timeline, labels, shown=not (timeline.dots or timeline.cases))
    counts = alt.Chart(_data(_marked(timeline.counts, zone))).encode(x=x, y=y)
    doses = alt.Chart(_data(_hung(timeline.doses, zone, top))).encode(x=x, y=y)
    therapies = alt.Chart(_data(_hung(timeline.therapies, zone, top * Decimal("0.8")))).encode(x=x, y=y)
    told = alt.Tooltip("told:N", title="")
    layers = (
        counts.mark_line(color=_ACCENT, strokeWidth=2),
        counts.mark_point(color=_ACCENT, filled=True, size=70).encode(href="href:N", tooltip=told),
        counts.mark_text(dy=-11, fontSize=11).encode(text="number:N"),
        doses.mark_point(shape="triangle-down", filled=True, size=110, color=_GRID).encode(
            href="href:N", tooltip=told
        ),
        therapies.mark_point(shape="triangle-down", filled=False, size=110, color=_GRID).encode(
            href="href:N", tooltip=told
        ),
        therapies.mark_text(dx=12, align="left", fontSize=11).encode(text="name:N"),
        doses.mark_text(dx=12, align="left", fontSize=11).encode(text="name:N"),
    )
    return alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT)


def _rows(timeline: Timeline, labels: Labels, ink: str) -> Any:
    alt = _altair()

    zone = timeline.time_zone
    names = list(dict.fromkeys(dot.symptom for dot in timeline.dots))
    order = [*names, *([labels.cases] if timeline.cases else [])]
    x = _x(timeline, labels, shown=True)
    y = alt.Y(
        "row:N",
        sort=order,
        title=None,
        scale=alt.Scale(domain=order),
        axis=alt.Axis(
            grid=True, gridColor=_GRID, gridOpacity=0.25, domain=False, ticks=False, labelLimit=180
        ),
    )
    colour = alt.Color("colour:N", scale=None)
    told = alt.Tooltip("told:N", title="")
    dots = alt.Chart(_data(_dotted(timeline.dots, zone, ink))).encode(x=x, y=y)
    bars = alt.Chart(_data(_barred(timeline.cases, labels, zone))).encode(x=x, y=y)
    layers = (
        bars.mark_bar(height=10, cornerRadius=3).encode(
            x2="until:T", color=colour, href="href:N", tooltip=told
        ),
        dots.mark_point(opacity=1, filled=True, strokeWidth=2).encode(
            color=colour,
            shape=alt.Shape("shape:N", scale=None),
            stroke=alt.Stroke("edge:N", scale=None),
            size=alt.Size("size:Q", scale=None),
            href="href:N",
            tooltip=told,
        ),
        dots.mark_text(fontSize=10, fontWeight="bold", color="#ffffff").encode(text="grade:N"),
    )
    return alt.layer(*layers).properties(width=_WIDTH, height=_ROW * len(order))


def _data(rows: Sequence[Mapping[str, Any]]) -> Any:
    alt = _altair()

    return alt.Data(values=[dict(row) for row in rows])


def _marked(marks: Sequence[Mark], zone: str) -> list[dict[str, Any]]:
    return [
        {
            "at": _wall(one.at, zone),
            "value": float(one.value),
            "number": f"{one.value.normalize():f}",
            "name": one.told,
            "told": one.told,
            "href": _NOWHERE + one.href,
        }
        for one in marks
    ]


def _hung(marks: Sequence[Mark], zone: str, height: Decimal) -> list[dict[str, Any]]:
    """Marks that hang at one height, whatever their value."""
    return [row | {"value": float(height)} for row in _marked(marks, zone)]


def _dotted(dots: Sequence[Dot], zone: str, ink: str) -> list[dict[str, Any]]:
    return [
        {
            "at": _wall(one.at, zone),
            "row": one.symptom,
            "grade": str(one.grade),
            "size": 130 + 60 * one.grade,
            "colour": LEVEL_COLOURS[one.level],
            "shape": "square" if one.confirmed else "circle",
            "edge": ink if one.confirmed else LEVEL_COLOURS[one.level],
            "told": one.told,
            "href": _NOWHERE + one.href,
        }
        for one in dots
    ]


def _barred(bars: Sequence[Bar], labels: Labels, zone: str) -> list[dict[str, Any]]:
    """The most urgent last: what is drawn later covers what lies at the same time."""
    return [
        {
            "at": _wall(one.opened_at, zone),
            "until": _wall(one.until, zone),
            "row": labels.cases,
            "colour": LEVEL_COLOURS[one.level],
            "told": one.told,
            "href": _NOWHERE + one.href,
        }
        for one in sorted(bars, key=lambda bar: bar.level)
    ]


def _wall(moment: datetime, zone: str) -> str:
    """What the clock on the wall of the site shows, written as UTC: the chart is drawn in that."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC).isoformat()
