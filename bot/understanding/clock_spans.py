"""How long something has lasted where only moments are said.

Examples: `从七点到现在九点`, `since dinner and its past 10`.

Worked cases: `started at 2, its 3.15 now` lasts 75 minutes; `从半夜三点流到天亮` three hours (daybreak is
taken as six); `since breakfast, still going` names no present moment, so it lasts at least an hour.
Times of the day are those people name; the difference is taken forwards within twelve hours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.understanding.amounts import amount_of

_HOUR = 60
AT_LEAST = 60
"""Minutes that are sure where a beginning is named and the thing goes on, but not what time it is now."""
_REACH = 60
"""Characters between the beginning and the present moment."""

_PARTS_OF_DAY: dict[str, int] = {
    "早上": 8, "今早": 8, "早晨": 8, "清早": 6, "一大早": 6, "起床": 7, "早饭": 8, "上午": 10, "中午": 12,
    "午饭": 12, "晌午": 12, "晌饭": 12, "午觉": 14, "下午": 15, "傍晚": 18, "晚饭": 18, "夜饭": 19,
    "天黑": 19, "晚上": 20, "昨晚": 20, "昨夜": 22, "睡前": 22, "夜里": 23, "半夜": 24, "后半夜": 26,
    "凌晨": 26, "天没亮": 29, "鸡叫": 29, "天亮": 30,
    "this morning": 8, "morning": 8, "breakfast": 8, "woke up": 7, "i woke": 7, "waking": 7, "getting up": 7,
    "mid morning": 10, "noon": 12, "midday": 12, "lunch": 12, "lunchtime": 12, "this afternoon": 15,
    "afternoon": 15, "teatime": 17, "tea": 17, "dinner": 18, "supper": 18, "dark": 19, "this evening": 19,
    "evening": 19, "last night": 21, "bedtime": 22, "bed": 22, "midnight": 24, "dawn": 30, "sunrise": 30,
    "daylight": 30,
}  # fmt: skip
_WORDS = "|".join(sorted(_PARTS_OF_DAY, key=len, reverse=True))
_HOURS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
_MINUTES = {"five": 5, "ten": 10, "quarter": 15, "a quarter": 15, "twenty": 20, "twenty five": 25, "half": 30}
_ZH_NUMBER = r"\d{1,2}|十[一二]?|[一二两三四五六七八九]"
_PART_ZH = "早上|今早|早晨|清早|上午|中午|下午|傍晚|晚上|昨晚|夜里|半夜|后半夜|凌晨"
_NO_HOUR = r"min|hour|hr|day|times|%|pad|point|week|tissue|ml|degree|x"
_FIRST = "".join(sorted({words[0] for words in _PARTS_OF_DAY} | set("十一二两三四五六七八九")))
_MOMENT = re.compile(
    rf"(?=[0-9a-z{_FIRST}])(?:"  # what no moment begins with is passed over at once
    rf"(?:(?P<part_zh>{_PART_ZH})的?)?(?P<hour_zh>{_ZH_NUMBER})点钟?"
    r"(?:(?P<half>半)|(?P<quarter>[一三])刻|(?P<min_zh>\d{1,2}|[一二三四五]?十[一-九]?)分?)?"
    r"|(?<![\d.:a-z])(?P<hour>\d{1,2})(?:[:.](?P<min>[0-5]\d))?\s?(?P<half_day>am|pm|a\.m|p\.m|oclock)?"
    rf"(?![\d.:]|\s?(?:{_NO_HOUR}))"
    rf"|(?<![a-z])(?:(?P<past_min>{'|'.join(sorted(_MINUTES, key=len, reverse=True))}) (?P<past>past|to) )?"
    rf"(?P<hour_en>{'|'.join(_HOURS)})(?![a-z]|\s?(?:{_NO_HOUR}))"
    rf"|(?P<words>(?<![a-z])(?:{_WORDS})(?![a-z])))"
)
_BEGINS_BEFORE = re.compile(
    r"(?:从|打|自|由)(?:今天|昨天|今儿|昨儿|大概|差不多|端碗吃|吃)?$"
    r"|(?<![a-z])(?:since|from|(?:start\w*|began|begun|beg[iu]n\w*)(?: [a-z]+){0,5})"
    r"(?: (?:about|around|like|roughly|at|just before|after|before|the|my))*\s*$"
)
_BEGINS_AFTER = re.compile(
    r"^(?:多|左右|来钟)?(?:起|开始|就开始|就一直|就流|流到|淌到|出到|一直流|吐到|拉到)"
)
_NOW_BEFORE = re.compile(
    r"(?:现在|这会儿?|都|已经|到|快|都快|眼看|直到)(?:现在|都|已经|快|是|要)*$"
    r"|(?<![a-z])(?:now|its|it is|past|nearly|almost|until|till|to|gone|after|coming up to|and)"
    r"(?: (?:now|its|it is|is|past|nearly|almost|gone|about|well|already|after|just|coming up to))*\s*$"
)
_GOES_ON = re.compile(
    r"到现在|到这(?:会|哈|阵|咱)|一直到|现在还|还在|还没|没停|不停|没断|止不住|一直|"
    r"(?<![a-z])(?:still|now|non ?stop|hasnt stopped|wont stop|not stop\w*|on and on|"
    r"continuous\w*|constant\w*)(?![a-z])"
)


@dataclass(frozen=True, slots=True)
class ClockSpan:
    """Half-open range of the comparable text and the minutes it stands for."""

    start: int
    end: int
    minutes: int


@dataclass(frozen=True, slots=True)
class _Moment:
    start: int
    end: int
    minute: int
    half_day_known: bool
    is_words: bool


def clock_spans(text: str) -> list[ClockSpan]:
    """Every stretch of time told by its moments, in the order of the text."""
    moments = list(_moments(text))
    found = []
    for index, moment in enumerate(moments):
        if not _begins(text, moment):
            continue
        now = next((m for m in moments[index + 1 :] if _is_now(text, moment, m)), None)
        if now is not None:
            found.append(ClockSpan(moment.start, now.end, _between(moment, now)))
        elif _is_surely_a_time(text, moment) and _goes_on(text, moment):
            found.append(ClockSpan(moment.start, moment.end, AT_LEAST))
    return found


def _moments(text: str) -> Iterator[_Moment]:
    for match in _MOMENT.finditer(text):
        if match["words"]:
            minute = _PARTS_OF_DAY[match["words"]] * _HOUR
            yield _Moment(match.start(), match.end(), minute, half_day_known=True, is_words=True)
            continue
        if match["hour_en"]:
            minute = (_HOURS.index(match["hour_en"]) + 1) * _HOUR + _past(match)
            yield _Moment(match.start(), match.end(), minute, half_day_known=False, is_words=False)
            continue
        hour = match["hour"] or match["hour_zh"]
        value = int(hour) if hour.isdigit() else int(amount_of(hour) or 0)
        if value > 24:
            continue
        part = match["part_zh"]
        known = bool(part) or bool(match["half_day"]) or value > 12
        if (match["half_day"] or "").startswith("p") or (
            part and _PARTS_OF_DAY[part] >= 12 and part not in ("半夜", "凌晨", "后半夜")
        ):
            value = value + 12 if value < 12 else value
        yield _Moment(match.start(), match.end(), value * _HOUR + _minutes_of(match), known, is_words=False)


def _past(match: re.Match[str]) -> int:
    minutes = _MINUTES.get(match["past_min"] or "", 0)
    return -minutes if match["past"] == "to" else minutes


def _minutes_of(match: re.Match[str]) -> int:
    if match["half"]:
        return 30
    if match["quarter"]:
        return {"一": 15, "三": 45}[match["quarter"]]
    minutes = match["min"] or match["min_zh"] or "0"
    return int(minutes) if minutes.isdigit() else int(amount_of(minutes) or 0)


def _begins(text: str, moment: _Moment) -> bool:
    return bool(
        _BEGINS_BEFORE.search(text[max(0, moment.start - 48) : moment.start])
        or _BEGINS_AFTER.match(text[moment.end : moment.end + 8])
    )


def _is_now(text: str, begun: _Moment, moment: _Moment) -> bool:
    if not begun.end <= moment.start <= begun.end + _REACH:
        return False
    before = text[max(begun.end, moment.start - 24) : moment.start]
    after = text[moment.end : moment.end + 8]
    return bool(_NOW_BEFORE.search(before)) or bool(re.match(r"\s*(?:now|already|了)(?![a-z])", after))


def _between(begun: _Moment, now: _Moment) -> int:
    """Forwards; where morning or afternoon is not said, within twelve hours."""
    whole = 24 * _HOUR if begun.half_day_known and now.half_day_known else 12 * _HOUR
    return (now.minute - begun.minute) % whole or whole


def _is_surely_a_time(text: str, moment: _Moment) -> bool:
    """A bare English number may be anything; 点 and the parts of the day may not."""
    return moment.is_words or "点" in text[moment.start : moment.end]


def _goes_on(text: str, moment: _Moment) -> bool:
    return bool(_GOES_ON.search(text[max(0, moment.start - _REACH) : moment.end + _REACH]))
