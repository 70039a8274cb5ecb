"""Temperatures of a message, in degrees Celsius.

Worked cases: `三十八度五` 38.5; `101.3F` 38.5; `体温385` 38.5; `空调开到26度` none.
Source: specification 6.2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from bot.understanding.analytes import ANALYTE, Doubted
from bot.understanding.findings import Temperature
from bot.understanding.numerals import Numeral
from bot.understanding.writing import Writing

_NOT_TEMPERATURE_AFTER = re.compile(
    r"\s*(?:块|元|斤|公斤|kg|kilos?|cm|寸|尺|码|岁|years?|yrs?|%|mg|mcg|ug|微克|ml|支|针|次|回|趟|天|"
    r"days?|周|weeks?|小时|钟头|hours?|hrs?|h(?![a-z])|分|分钟|mins?|minutes?|秒|点\d|:|号|月|"
    r"日|年|楼|层|床|个|片|颗|粒|步|米|万|w(?![a-z])|k(?![a-z])|x\s*10|10\^|g/l|/l|/ul|"
    r"am(?![a-z])|pm(?![a-z])|th(?![a-z])|/\d|-\d|for the plt|for the plat|units?|times?|"
    r"platelets?|plt|bpm|下|pads?|weeks|pounds|tablets)"
)
_TEMP_CONTEXT = re.compile(
    r"体温|烧|发热|度|°|热|量(?:了|的|出|一|着)|退到|腋下|额温|耳温|口腔温|🤒|🌡|"
    r"(?<![a-z])(?:temp\w*|fever\w*|degrees?|deg|thermomet\w*|celsius|fahrenheit|running|"
    r"spiked|spiking|ran|hit|reading|oral|armpit|forehead|tempature|temprature|feverish|"
    r"burning)(?![a-z])"
)
_WEATHER = re.compile(
    r"空调|外面|天气|气温|室温|水温|洗澡水|烧水|泡脚|屋里|室外|外头|水烧到|冰箱|烤箱|"
    r"(?<![a-z])(?:outside|weather|aircon|air con|oven|heating|fridge|room|bath|shower|"
    r"thermostat|summer|outdoors|degrees out)(?![a-z])"
)
_FAHRENHEIT = re.compile(r"\s*(?:°\s*f|f(?![a-z])|fahrenheit|degrees? f(?![a-z])|deg f|华氏)")
_ZH_DEGREES = re.compile(
    r"(?P<whole>三十[四五六七八九]|四十[一二]?|(?<=体温)三[五六七八九](?=点)|(?<=烧到)三[七八九](?=点)|3[4-9]|4[0-3])\s*(?:度|°c?|点|"
    r"\.)\s*(?P<tenth>半|[零一二三四五六七八九]|\d(?!\d))?(?!\d)"
)
_TENTHS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"半": 5}


def temperatures_of(
    writing: Writing, numbers: Sequence[Numeral], used: set[int], doubted: Doubted
) -> list[Temperature]:
    """Readings in the order of the text; adds the places read to `used`."""
    text = writing.read
    found: list[Temperature] = []
    taken: list[tuple[int, int]] = []
    for match in _ZH_DEGREES.finditer(text):
        if not re.search("度|°", match.group()) and not _as_decimal_words(match.group()):
            continue
        if text[max(0, match.start() - 1) : match.start()].isdigit() or text[
            max(0, match.start() - 1) : match.start()
        ] in list(".一二三四五六七八九十"):
            continue
        if (
            "度" not in match.group()
            and "°" not in match.group()
            and _bound_elsewhere(text, match.start(), match.end())
        ):
            continue
        tenth = match["tenth"]
        whole = _whole_degrees(match["whole"])
        degrees = Decimal(whole) + Decimal(_tenths(tenth)) / 10
        if _is_weather(text, match.start(), match.end()):
            continue
        found.append(_reading(writing, match.start(), match.end(), degrees, doubted))
        taken.append((match.start(), match.end()))
    context = bool(_TEMP_CONTEXT.search(text))
    alone = text.strip(" .!?~,🤒🌡😭🙏")
    for number in numbers:
        if number.chinese or number.multiplied or any(a < number.end and number.start < b for a, b in taken):
            continue
        value = _degrees(text, number, context, alone)
        if value is None or _is_weather(text, number.start, number.end):
            continue
        if _bound_elsewhere(text, number.start, number.end):
            continue
        found.append(_reading(writing, number.start, number.end, value, doubted))
        taken.append((number.start, number.end))
    for start, end in taken:
        used.update(range(start, end))
    return sorted(found, key=lambda reading: reading.span)


def _as_decimal_words(words: str) -> bool:
    return bool(
        re.fullmatch(r"(?:三十[四五六七八九]|四十[一二]?|三[五六七八九])点[零一二三四五六七八九]", words)
    )


def _tenths(words: str | None) -> int:
    """The digit after the degrees: `半` is five, none is zero."""
    if not words:
        return 0
    return int(words) if words.isdigit() else _TENTHS[words]


def _whole_degrees(words: str) -> int:
    if words.isdigit():
        return int(words)
    if "十" not in words:
        return 30 + _TENTHS[words[1]]
    tens, _, ones = words.partition("十")
    return {"三": 30, "四": 40}[tens] + (_TENTHS[ones] if ones else 0)


def _degrees(text: str, number: Numeral, context: bool, alone: str) -> Decimal | None:
    value = number.low
    after = text[number.end : number.end + 16]
    near = text[max(0, number.start - 24) : number.end + 16]
    if Decimal(93) <= value <= Decimal(110) and (
        _FAHRENHEIT.match(after) or "华氏" in near or _near_hundred(text, number, alone)
    ):
        return ((value - 32) * 5 / 9).quantize(Decimal("0.1"), ROUND_HALF_UP)
    if _NOT_TEMPERATURE_AFTER.match(after) or _times_or_day_before(text, number):
        return None
    if Decimal(350) <= value <= Decimal(430) and not number.has_point:
        return value / 10 if re.search(r"体温|烧|发热|量|温度|(?<![a-z])(?:temp|fever)", near) else None
    if not Decimal(34) <= value < Decimal("43.1"):
        return None
    if number.has_point:
        return (
            value.quantize(Decimal("0.1"), ROUND_HALF_UP) if len(number.written.split(".")[-1]) <= 2 else None
        )
    if re.match(r"\s*,\s?\d(?!\d)", after) and context:
        tenth = re.match(r"\s*,\s?(\d)", after)
        return value + Decimal(tenth[1]) / 10 if tenth else value
    if value == Decimal(alone) if alone.isdigit() else False:
        return value if Decimal(36) <= value <= Decimal(42) else None
    if Decimal(35) <= value <= Decimal(42) and _TEMP_CONTEXT.search(near):
        return value
    return None


_TENTHS_OF_F = re.compile(r"(?:9[6-9]|10[0-5])\.\d")
_MONEY = re.compile(r"[£$€¥]|块|元|cost|paid|price|fm|radio|kg|kilo|pound|stone|%")


def _near_hundred(text: str, number: Numeral, alone: str) -> bool:
    """A value near 100 without a unit is Fahrenheit (data card), if it reads like a temperature."""
    near = text[max(0, number.start - 24) : number.end + 16]
    if number.has_point and _TENTHS_OF_F.fullmatch(number.written) and not _MONEY.search(near):
        return not ANALYTE.search(near) and not _NOT_TEMPERATURE_AFTER.match(text[number.end :])
    if _NOT_TEMPERATURE_AFTER.match(text[number.end : number.end + 16]) or ANALYTE.search(near):
        return False
    if re.search(
        r"(?<![a-z])(?:temp\w*|fever\w*|thermom\w*|degrees?|burning|spiked|tempature)(?![a-z])|体温|烧", near
    ):
        return True
    return number.has_point and alone == number.written


def _times_or_day_before(text: str, number: Numeral) -> bool:
    before = text[max(0, number.start - 8) : number.start]
    return bool(
        re.search(
            r"(?:第|周|day|room|bed|at|age|aged|no|number|#|床位?|号|dose|paid|costs?|fare|price|bus|花了|收了|付了)\s*$",
            before,
        )
    ) and not re.search(r"temp\w* (?:at|of)\s*$", text[max(0, number.start - 16) : number.start])


def _bound_elsewhere(text: str, start: int, end: int) -> bool:
    """The number belongs to a blood count or another measurement named right before or after it."""
    if re.match(r"\s*(?:for|on)?\s*(?:the|my)?\s*(?:platelets?|plts?|count|血小板|板)", text[end : end + 24]):
        return True
    before = text[max(0, start - 18) : start]
    named = list(ANALYTE.finditer(before))
    if not named:
        return False
    between = before[named[-1].end() :]
    return not re.search(r"[0-9,;.!?\n]|体温|烧|temp|fever|度", between)


_APART = re.compile(r"[,.!?;\n](?!\d)|(?<=[\u3400-\u9fff\d]) (?=[\u3400-\u9fff])")


def _is_weather(text: str, start: int, end: int) -> bool:
    """The weather stands in the same sentence part: `37度2 昨天吹空调了` is a temperature."""
    before = _APART.split(text[max(0, start - 16) : start])[-1]
    after = _APART.split(text[end : end + 16])[0]
    near = before + text[start:end] + after
    return bool(_WEATHER.search(near)) and not re.search(
        r"体温|发烧|(?<!水)烧到|(?<![a-z])(?:temp of|my temp|fever)", near
    )


def _reading(writing: Writing, start: int, end: int, value: Decimal, doubted: Doubted) -> Temperature:
    return Temperature(
        value_c=value.quantize(Decimal("0.1")),
        quote=writing.quote(start, end),
        span=writing.span(start, end),
        current=not doubted(start),
    )
