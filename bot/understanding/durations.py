"""How long something lasted, in minutes, upper end of a range: `半个多钟头`, `20 minutes`, `all night`."""

from __future__ import annotations

import re

from bot.understanding.amounts import amount_of
from bot.understanding.clock_spans import clock_spans
from bot.understanding.findings import Lasting
from bot.understanding.writing import Writing

_NUM = (
    r"(?:\d+(?:\.\d+)?|[零一二三四五六七八九十百两俩几半]+|a few|few|several|half an?|half|an?|"
    r"one|two|three|four|five|six|seven|eight|nine|ten|fifteen|twenty|thirty|forty five|forty|"
    r"fifty|sixty|couple of|a couple of)"
)
_DURATION = re.compile(
    rf"(?P<number>{_NUM})\s*(?:(?:-|to|~|or|到|、)\s*(?P<second>{_NUM}))?\s*(?P<more>多|来|"
    rf"几)?\s*个?(?P<extra>半|多)?\s*(?P<unit>分钟|分(?!子)|小时|钟头|刻钟|天|周|星期|礼拜|"
    rf"个月|min(?:ute)?s?(?![a-z])|hours?(?![a-z])|hrs?(?![a-z])|h(?![a-z])|days?(?![a-z])|"
    rf"weeks?(?![a-z])|wks?(?![a-z])|months?(?![a-z])|secs?(?![a-z])|seconds?(?![a-z])|秒)"
    r"(?P<half>半)?(?P<ago>前|以前|之前|后|以后|之后|\s*ago|\s*later|\s*after|\s*before)?"
)
_LONG_WORDS: tuple[tuple[str, int], ...] = (
    (r"一(?:晚上|夜|宿|整夜|整晚)|整(?:晚|夜|宿)|大半(?:宿|夜)|all night|whole night|overnight", 480),
    (
        r"一(?:上午|下午|早上|早晨|晌午)|半天|all (?:morning|afternoon|evening)|for hours|"
        r"好几个?小时|for ages",
        180,
    ),
    (
        r"一整天|一天(?!(?:流|拉|吐|跑|出|去|要|三|两|四|五|六|七|八|十|几|[\d]|不|都|一|好|"
        r"换|没|到))|整天|all day|whole day",
        720,
    ),
    (r"quarter of an hour|一刻钟", 15),
)
_MINUTES = {
    "分": 1,
    "小时": 60,
    "钟头": 60,
    "刻": 15,
    "天": 1440,
    "周": 10080,
    "星": 10080,
    "礼": 10080,
    "个月": 43200,
    "秒": 0,
    "mi": 1,
    "ho": 60,
    "hr": 60,
    "h": 60,
    "da": 1440,
    "we": 10080,
    "wk": 10080,
    "mo": 43200,
    "se": 0,
}


def durations_of(writing: Writing, used: set[int]) -> tuple[list[Lasting], list[int]]:
    """Durations and days (`第三天`, `4 days`) in the order of the text; adds the places read to `used`."""
    text = writing.read
    found: list[Lasting] = []
    days: list[int] = []
    for match in _DURATION.finditer(text):
        number = amount_of(match["second"] or "") or amount_of(match["number"])
        if number is None:
            continue
        used.update(range(match.start(), match.end()))
        if match["extra"] == "半" or match["half"]:
            number += 0.5
        unit = match["unit"]
        per_unit = next(m for key, m in _MINUTES.items() if unit.startswith(key))
        if unit[0] in "天d" and not match["ago"]:
            days.append(int(number))
        # "20 minutes ago" is a moment; "第三天", "day 9" are places in the course.
        before = text[max(0, match.start() - 4) : match.start()]
        if match["ago"] or before.endswith(("第", "day ", "每", "every ", "each ", "隔")):
            continue
        found.append(
            Lasting(
                minutes=round(number * per_unit),
                quote=writing.quote(match.start(), match.end()),
                span=writing.span(match.start(), match.end()),
            )
        )
    for pattern, minutes in _LONG_WORDS:
        for match in re.finditer(pattern, text):
            found.append(
                Lasting(
                    minutes=minutes,
                    quote=writing.quote(match.start(), match.end()),
                    span=writing.span(match.start(), match.end()),
                )
            )
    for match in re.finditer(r"(?:第|(?<![a-z])day )(\d+|[一二三四五六七八九十]+)(?:天)?", text):
        place = amount_of(match[1])
        if place is not None and ("天" in match.group() or "day" in match.group()):
            days.append(int(place))
            used.update(range(match.start(), match.end()))
    found.extend(_bare_minutes(writing))
    found.extend(
        Lasting(
            minutes=span.minutes,
            quote=writing.quote(span.start, span.end),
            span=writing.span(span.start, span.end),
        )
        for span in clock_spans(text)
    )
    return sorted(found, key=lambda lasting: lasting.span), days


def _bare_minutes(writing: Writing) -> list[Lasting]:
    """`stopped in 5`: minutes without the word."""
    return [
        Lasting(
            minutes=int(m[1]), quote=writing.quote(m.start(), m.end()), span=writing.span(m.start(), m.end())
        )
        for m in re.finditer(
            r"(?:stopped|stops|stop) (?:in|after) (\d{1,2})(?!\d|\s*(?:min|h|day|sec|times))", writing.read
        )
    ]
