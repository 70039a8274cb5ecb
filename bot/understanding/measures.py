"""Binds the numbers of a message: blood counts, temperatures, durations, how often.

Worked cases: `血小板8.6万` 86; `wbc 1.7, plt 46, hb 92` three counts, none taken for another; `从40升到97`
97; `三十八度五` 38.5; `101.3F` 38.5; `血小板8.6` 8.6 with doubtful unit. Source: specification 6.2.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from bot.understanding.clock_spans import clock_spans
from bot.understanding.findings import Analyte, Count, Lasting, Temperature, Times
from bot.understanding.numerals import Numeral, numerals
from bot.understanding.writing import Writing

_ALIASES: tuple[tuple[Analyte, str], ...] = (
    (
        Analyte.PLATELETS,
        r"血小板计数|血小板数?|血小版|板子|小板(?!凳)|升?小板|"
        r"(?<![老黑白平甲地木钢床滑石看样模主底键拼案纸门脚跳花铁])板"
        r"(?=(?:才|只有|只剩|只|是|又|都|也|就|还|有|涨|掉|降|升|跌|到|了|至|:|,| )*"
        r"[\d一二三四五六七八九十个])|"
        r"(?<![a-z])(?:platelets?|platlets?|"
        r"platelete?s|plts?|plt count|xxb|platelet count|plate?lets?|thrombocytes)(?![a-z])",
    ),
    (
        Analyte.WHITE_CELLS,
        r"白细胞|白血球|白胞|(?<![一-鿿])白(?=\s?\d)|"
        r"(?<![a-z])(?:wbcs?|bxb|white (?:blood )?(?:cells?|count)|whites|"
        r"leu[ck]ocytes|white)(?![a-z])",
    ),
    (
        Analyte.NEUTROPHILS,
        r"中性粒细胞|中性粒|中性|粒细胞|(?<![a-z])(?:ancs?|neuts?#?|neu#?|neutrophils?|"
        r"neutros|zxl|granulocytes)(?![a-z])",
    ),
    (
        Analyte.HAEMOGLOBIN,
        r"血红蛋白|血色素|血红|(?<![a-z])(?:hgb|hb|haemoglobin|hemoglobin|xhdb|hemo|haemo)(?![a-z])",
    ),
)
_OTHER_ANALYTE = re.compile(
    r"红细胞|(?<![一-鿿])红(?=\s?\d)|血压|血糖|心率|脉搏|血氧|体重|转氨酶|肌酐|尿酸|淋巴|单核|crp|(?<![a-z])(?:rbc|bp|"
    r"blood pressure|sugar|glucose|weight|pulse|heart rate|hr|sats|spo2|oxygen|alt|ast|"
    r"creatinine|hct|lymph\w*|mcv|mono\w*|bpm|ldh|potassium|ferritin|d dimer|inr)(?![a-z])"
)
_ANALYTE = re.compile(
    "|".join(f"(?P<{name.name}>{pattern})" for name, pattern in _ALIASES)
    + f"|(?P<OTHER>{_OTHER_ANALYTE.pattern})"
)
_CELL_UNIT = re.compile(
    r"\s*(?:[x*]\s*10|10[\^~]|g/l|/l|k/|/ul|/mm|per (?:ul|mm|microl)|k per|×|千/|个/|10\^)"
)
_NOT_A_COUNT = re.compile(
    r"\s*(?:块|元|钱|步|斤|公斤|kg|kilos?|cm|mm(?!3)|米|岁|years?|yrs?|yo|%|mg|mcg|ug|微克|"
    r"毫克|ml|毫升|支|针|次|回|趟|遍|天|days?|周(?!围)|weeks?|wks?|小时|钟头|hours?|hrs?|"
    r"h(?![a-z])|分钟|mins?|minutes?|秒|sec|点(?!\d)|:|号|月|日|年|楼|层|床|个(?!位)|片|颗|粒|"
    r"口|度|°|℃|c(?![a-z])|f(?![a-z])|am|pm|o'?clock|oclock|th(?![a-z])|st(?![a-z])|nd|rd|/\d|"
    r"条|张|公里|units?|人|名|碗|杯|bucks|dollars|rmb|yuan|刻|times?|pads?|stools?|blankets?|"
    r"steps|months?|多块|多元|floors?|tablets?|pills?|doses?|shots?)"
)
_NOT_TEMPERATURE_AFTER = re.compile(
    r"\s*(?:块|元|斤|公斤|kg|kilos?|cm|岁|years?|yrs?|%|mg|mcg|ug|微克|ml|支|针|次|回|趟|天|"
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
    r"空调|外面|天气|气温|室温|水温|洗澡水|屋里|室外|外头|水烧到|冰箱|烤箱|"
    r"(?<![a-z])(?:outside|weather|aircon|air con|oven|heating|fridge|room|bath|shower|"
    r"thermostat|summer|outdoors|degrees out)(?![a-z])"
)
_FAHRENHEIT = re.compile(r"\s*(?:°\s*f|f(?![a-z])|fahrenheit|degrees? f(?![a-z])|deg f|华氏)")
_ZH_DEGREES = re.compile(
    r"(?P<whole>三十[四五六七八九]|四十[一二]?|(?<=体温)三[五六七八九](?=点)|(?<=烧到)三[七八九](?=点)|3[4-9]|4[0-3])\s*(?:度|°c?|点|"
    r"\.)\s*(?P<tenth>半|[零一二三四五六七八九]|\d(?!\d))?(?!\d)"
)
_TENTHS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"半": 5}

_OLD = re.compile(
    r"(?:上次|上回|上周|上礼拜|上个?星期|之前|原来|原先|以前|上月|上个月|前次|去年|"
    r"最低(?:到过)?|最低时|曾经|从|由|那次|入组时|开始时|基线|当时|本来|"
    r"起初)[^,.;!?\n\d零一二三四五六七八九十]{0,8}$"
    r"|(?<![a-z])(?:was|were|from|last (?:week|time|month|one|result|count)\w*|lastweek\w*|"
    r"previous\w*|before|earlier|it was|used to be|baseline|originally|started (?:at|on)|"
    r"up from|down from|since)(?: (?:was|were|is|my|the|at|only|about|around|s|count|"
    r"platelets?|plts?|it))*\s*$"
)
_OLD_AFTER = re.compile(
    r"^\s*(?:上次|上回|之前|上周|last (?:week|time)|before(?! )|previously|the time before)"
)
_NUMBER_NEXT = re.compile(
    r"\s*(?:的?(?:是|才|还是|只有|:)|it was|i was|was|were|is)?\s*(?:about |only )?[\d一二三四五六七八九]"
)
"""`49 上回28`: the earlier time belongs to the number that follows."""
_THRESHOLD = re.compile(
    r"(?:低于|高于|小于|大于|不到|超过|少于|多于|降到|掉到|到了?|达到|涨到|升到|在|<|>|以下|"
    r"below|under|above|over|less than|more than|lower than|higher than|reach\w*|drops? to|"
    r"gets? to|at least|falls? below|hits?)\s*$"
)
_THRESHOLD_AFTER = re.compile(
    r"^\s*(?:以下|以上|以内|or (?:less|more|lower|below|above|under)|and (?:below|above|"
    r"under)|才|就|算|,? is that (?:when|the)|or so before)"
)
_DOUBT_WORDS = re.compile(
    r"是不是|多少|会不会|什么时候|要是|如果|万一|正常(?:值|范围)|标准|才(?:能|可以|算|行)|"
    r"就(?:得|要|能|可以|停)|(?<![a-z])(?:if(?! (?:that|it) (?:matters|helps))|"
    r"what (?:number|level|count|platelet)|when do|"
    r"how low|too low|normal range|should be|what (?:does|do|is|are) [a-z ]*\d+ mean|"
    r"is \d+ (?:ok|too|low|enough)|need to be|"
    r"supposed to be|threshold|target|cut ?off|do (?:i|they) (?:stop|have))(?![a-z])"
)
_FROM_TO = re.compile(
    r"(?:升|涨|掉|降|跌|变|回|到|→|->|=>|-->|to|now|up to|down to|至|成|is now|rose|dropped|"
    r"fell|jumped|climbed|went|then|,|今|这次|现在|昨|—)"
)
_BETWEEN = re.compile(
    r"^\s*(?:度|万|k)?\s*(?:升到了?|涨到了?|掉到了?|降到了?|跌到了?|变成了?|回到了?|到了?|→|"
    r"->|=>|至|to|up to|down to|then|now|is now|and now|,? now|升至|降至|涨至|掉成|"
    r"跌至)\s*(?:了|才|只有|about|only)?\s*$"
)


@dataclass(frozen=True, slots=True)
class Measures:
    """Everything with a number in it. `band_below_ten`: `个位数`, a count said only by its digits."""

    counts: tuple[Count, ...]
    temperatures: tuple[Temperature, ...]
    durations: tuple[Lasting, ...]
    times: tuple[Times, ...]
    day_numbers: tuple[int, ...]


Doubted = Callable[[int], bool]
"""Whether the words at a position are supposed, asked, unreal or somebody else's."""


def measure(writing: Writing, doubted: Doubted) -> Measures:
    """Reads every number of a comparable text once; a number is bound to one meaning only."""
    text = writing.read
    numbers = numerals(text)
    used: set[int] = set()
    durations, days = _durations(writing, used)
    times = _times(writing, used)
    temperatures = _temperatures(writing, numbers, used, doubted)
    counts = _counts(writing, numbers, used, doubted, bool(temperatures))
    return Measures(tuple(counts), tuple(temperatures), tuple(durations), tuple(times), tuple(days))


# ---------------------------------------------------------------- temperatures


def _temperatures(
    writing: Writing, numbers: Sequence[Numeral], used: set[int], doubted: Doubted
) -> list[Temperature]:
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
        return not _ANALYTE.search(near) and not _NOT_TEMPERATURE_AFTER.match(text[number.end :])
    if _NOT_TEMPERATURE_AFTER.match(text[number.end : number.end + 16]) or _ANALYTE.search(near):
        return False
    if re.search(
        r"(?<![a-z])(?:temp\w*|fever\w*|thermom\w*|degrees?|burning|spiked|tempature)(?![a-z])|体温|烧", near
    ):
        return True
    return number.has_point and alone == number.written


def _times_or_day_before(text: str, number: Numeral) -> bool:
    before = text[max(0, number.start - 8) : number.start]
    return bool(
        re.search(r"(?:第|周|day|room|bed|at|age|aged|no|number|#|床位?|号|dose)\s*$", before)
    ) and not re.search(r"temp\w* (?:at|of)\s*$", text[max(0, number.start - 16) : number.start])


def _bound_elsewhere(text: str, start: int, end: int) -> bool:
    """The number belongs to a blood count or another measurement named right before or after it."""
    if re.match(r"\s*(?:for|on)?\s*(?:the|my)?\s*(?:platelets?|plts?|count|血小板|板)", text[end : end + 24]):
        return True
    before = text[max(0, start - 18) : start]
    named = list(_ANALYTE.finditer(before))
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
        r"体温|发烧|烧到|(?<![a-z])(?:temp of|my temp|fever)", near
    )


def _reading(writing: Writing, start: int, end: int, value: Decimal, doubted: Doubted) -> Temperature:
    return Temperature(
        value_c=value.quantize(Decimal("0.1")),
        quote=writing.quote(start, end),
        span=writing.span(start, end),
        current=not doubted(start),
    )


# ---------------------------------------------------------------- counts


@dataclass(frozen=True, slots=True)
class _Name:
    analyte: Analyte | None
    start: int
    end: int


def _counts(
    writing: Writing, numbers: Sequence[Numeral], used: set[int], doubted: Doubted, has_temperature: bool
) -> list[Count]:
    text = writing.read
    free = [n for n in numbers if not used & set(range(n.start, n.end))]
    names = [
        _Name(None if m.lastgroup == "OTHER" else Analyte[m.lastgroup or ""], m.start(), m.end())
        for m in _ANALYTE.finditer(text)
    ]
    counts: list[Count] = []
    bound: set[int] = set()
    for index, name in enumerate(names):
        limit = names[index + 1].start if index + 1 < len(names) else len(text)
        following = [
            n for n in free if name.end <= n.start < min(limit, name.end + 44) and n.start not in bound
        ]
        following = [n for n in following if _can_be_count(text, n, name.analyte)]
        following = [n for n in following if not re.search(r"[;!?\n]", text[name.end : n.start])]
        if not following:
            before = [n for n in free if name.start - 22 <= n.end <= name.start and n.start not in bound]
            before = [
                n for n in before if _can_be_count(text, n, name.analyte) and _leads_to_name(text, n, name)
            ]
            following = before[-1:]
        chosen = following[:1] if following and name.analyte is None else _with_newer(text, following)
        for number in chosen:
            bound.add(number.start)
            if name.analyte is not None:
                counts.append(_count(writing, number, name.analyte, doubted, named=True))
    has_platelets = any(c.analyte is Analyte.PLATELETS for c in counts)
    if not has_platelets:
        counts.extend(
            _unnamed(writing, [n for n in free if n.start not in bound], doubted, names, has_temperature)
        )
        counts.extend(_digits_only(writing, doubted))
    recent = frozenset(c.span.start for c in counts if _is_only_older(writing, c, doubted))
    return _newest(text, counts, recent)


_LONG_AGO = re.compile(
    r"以前|去年|前年|曾经|最低|入组|基线|开始时|起初|本来|原来|原先|从|由|当时|那次|"
    r"(?<![a-z])(?:used to|baseline|originally|started|years?|months?|once|lowest|from|since)(?![a-z])"
)


def _is_only_older(writing: Writing, count: Count, doubted: Doubted) -> bool:
    """Not current only because of `last week`, `上次`: neither a threshold nor another person's."""
    at = bisect_left(writing.back, count.span.start)
    before, after = writing.read[max(0, at - 24) : at], writing.read[at : at + 16]
    return (
        bool(_OLD.search(before))
        and not _LONG_AGO.search(before)
        and not doubted(at)
        and not _is_threshold(writing.read, before, after)
        and not _question_near(_sentence_of(writing.read, at))
    )


def _leads_to_name(text: str, number: Numeral, name: _Name) -> bool:
    between = text[number.end : name.start]
    return bool(
        re.fullmatch(
            r"\s*(?:for|is|was|are|on|of|the|my|this|today'?s?|万|的|是|,|k|\(|:|-|=|\s|"
            r"x\s?10\^?9(?:/l)?|g/l|k?/ul|per (?:ul|microlit\w+)|thousand)*",
            between,
        )
    )


def _can_be_count(text: str, number: Numeral, analyte: Analyte | None) -> bool:
    after = text[number.end : number.end + 12]
    if _CELL_UNIT.match(after):
        return True
    if analyte is None:
        return True
    if _NOT_A_COUNT.match(after) and not number.multiplied:
        return False
    if re.match(r"\s*(?:块|元|钱|步|斤|人)", after):
        return False
    before = text[max(0, number.start - 6) : number.start]
    if re.search(r"(?:第|周|day|打了|dose|10\^|x\s?10|10|\d:\d*|/|cycle|week|shot|针|礼拜|星期)\s*$", before):
        return False
    return Decimal(0) < number.low <= Decimal(2_000_000)


def _with_newer(text: str, following: Sequence[Numeral]) -> list[Numeral]:
    """The first number after a name, and the one it went to, or an older or newer one said with it."""
    if not following:
        return []
    chosen = [following[0]]
    for number in following[1:]:
        between = text[chosen[-1].end : number.start]
        if re.match(r"\s*-\s*$|\s*[~～]\s*$", between) and len(between) <= 3:
            break
        if (
            _BETWEEN.match(between)
            or _OLD.search(text[max(0, number.start - 24) : number.start])
            or _OLD.search(text[max(0, chosen[0].start - 24) : chosen[0].start])
        ):
            chosen.append(number)
            continue
        if re.fullmatch(
            r"[,\s]*(?:今天?|这次|现在|昨天?|now|today|this (?:week|time)|是|is|才|只有|only|"
            r"it'?s|its|down to|up to|:)+\s*",
            between,
        ):
            chosen.append(number)
        break
    return chosen


def _count(writing: Writing, number: Numeral, analyte: Analyte, doubted: Doubted, named: bool) -> Count:
    text = writing.read
    value, or_else = _in_giga(text, number, analyte)
    before = text[max(0, number.start - 24) : number.start]
    after = text[number.end : number.end + 16]
    if (
        re.search(r"(?:不到|还不到|低于|不足|under|below|less than)\s*$", before)
        and analyte is Analyte.PLATELETS
        and not _question_near(text)
    ):
        value = value - (1 if value > 1 else 0)
    return Count(
        analyte=analyte,
        value=value,
        quote=writing.quote(number.start, number.end),
        span=writing.span(number.start, number.end),
        current=not (
            doubted(number.start)
            or _is_old(text, number, before, after)
            or _is_threshold(text, before, after)
        ),
        unit_doubtful=or_else is not None,
        or_else=or_else,
        named=named,
    )


def _sentence_of(text: str, at: int) -> str:
    start = max(text.rfind(mark, 0, at) for mark in ".!?\n;") + 1
    ends = [end for mark in ".!?\n;" if (end := text.find(mark, at)) >= 0]
    return text[start : min(ends) + 1] if ends else text[start:]


def _question_near(text: str) -> bool:
    return bool(_DOUBT_WORDS.search(text)) or "?" in text or "吗" in text


def _is_old(text: str, number: Numeral, before: str, after: str) -> bool:
    older = _OLD_AFTER.match(after)
    if older and not _NUMBER_NEXT.match(after[older.end() :]):
        return True
    if _OLD.search(before):
        return True
    to_newer = _BETWEEN.match(
        text[number.end : number.end + 12].split("\n")[0][: _gap_to_next_digit(text, number.end)]
    )
    return bool(to_newer) and _gap_to_next_digit(text, number.end) > 0


def _gap_to_next_digit(text: str, at: int) -> int:
    match = re.match(r"[^\d一二三四五六七八九十]{1,12}(?=[\d一二三四五六七八九十])", text[at : at + 16])
    return match.end() if match else 0


_ALTERNATIVE_AFTER = re.compile(r"\s*(?:还是|or)\s*\d+")
_ALTERNATIVE_BEFORE = re.compile(r"\d+\s*(?:还是|or)\s*$")
"""`20还是50`: asked, not told."""


def _is_threshold(text: str, before: str, after: str) -> bool:
    if _THRESHOLD_AFTER.match(after) and _DOUBT_WORDS.search(text):
        return True
    if _ALTERNATIVE_AFTER.match(after) or _ALTERNATIVE_BEFORE.search(before):
        return True
    if _THRESHOLD.search(before) and _question_near(text) and _DOUBT_WORDS.search(text):
        return True
    return bool(
        re.search(
            r"what (?:platelet )?(?:number|level|count|platelet)|what (?:does|do) [a-z ]*\d+ mean|"
            r"how low|多少(?:才|算|以下|"
            r"以上|就|是|正常)|正常(?:值|范围)|标准是|need to be|supposed to be|should (?:my|"
            r"it|they|platelets)|aim for|target|要到多少|到多少",
            text,
        )
    )


_UNIT_LATER = re.compile(r"[^\d]{0,8}(?:写的?是?|单位是?|后面是?)的?万")
"""`1.6 后面写的是万`."""


def _in_giga(text: str, number: Numeral, analyte: Analyte) -> tuple[Decimal, Decimal | None]:
    """Value in 10⁹/L (haemoglobin g/L) and, for a bare decimal below 20, the other reading."""
    value = number.low
    after = text[number.end : number.end + 24]
    if analyte is not Analyte.PLATELETS:
        if analyte is Analyte.HAEMOGLOBIN:
            return (value * 10 if value < 25 else value), None
        return (value / 1000 if value >= 100 or number.multiplied else value), None
    if number.multiplied or value >= 1500:
        return _plain(value / 1000), None
    if re.match(r"\s*(?:thousand|千)", after):
        return _plain(value), None
    if _UNIT_LATER.match(after) and value < 150:
        return _plain(value * 10), None
    if number.has_point and value < 20 and not _CELL_UNIT.match(after):
        return _plain(value), _plain(value * 10)
    return _plain(value), None


def _plain(value: Decimal) -> Decimal:
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def _unnamed(
    writing: Writing, free: Sequence[Numeral], doubted: Doubted, names: Sequence[_Name], has_temperature: bool
) -> list[Count]:
    """A count may stand without its name if nothing else fits (data card)."""
    text = writing.read
    alone = text.strip(" .!?~,😭😄🎉👍🙏↓↑")
    found: list[Count] = []
    for number in free:
        if not _can_be_count(text, number, Analyte.PLATELETS):
            continue
        if any(name.end <= number.start <= name.end + 8 for name in names):
            continue
        thousands = number.multiplied and Decimal(1000) <= number.low <= Decimal(1_500_000)
        if (
            (
                thousands
                and not re.search(r"钱|花|块|元|房|工资|步|费|cost|paid|£|salary|price|万一|steps", text)
            )
            or (alone == number.written and _is_bare_count(number) and not has_temperature)
            or (_CELL_UNIT.match(text[number.end : number.end + 8]) and not names)
            or (not names and not has_temperature and _went_from_to(text, number, free))
            or (not names and not has_temperature and _spoken_of_as_result(text, number))
            or (not names and not has_temperature and _compared_with_last_time(text, number))
        ):
            found.append(_count(writing, number, Analyte.PLATELETS, doubted, named=False))
    return found


def _is_bare_count(number: Numeral) -> bool:
    """A number that is the whole message: too large for a button's number, too small for anything else."""
    return Decimal(10) <= number.low <= Decimal(1000) or Decimal(2000) <= number.low <= Decimal(1_000_000)


def _went_from_to(text: str, number: Numeral, free: Sequence[Numeral]) -> bool:
    """`从40升到97`, `went from 55 to 118`: both numbers in the range of counts."""
    if not Decimal(1) <= number.low <= Decimal(1500):
        return False
    for other in free:
        if other is number or not Decimal(1) <= other.low <= Decimal(1500):
            continue
        first, second = (other, number) if other.end <= number.start else (number, other)
        if _BETWEEN.match(text[first.end : second.start]) and re.search(
            r"从|由|(?<![a-z])(?:from|was)(?![a-z])|升|涨|掉|降|跌|up|down|→|->",
            text[max(0, first.start - 8) : second.start],
        ):
            return True
    return False


_COMPARED = re.compile(
    r"\s*[,，]?\s*(?:(?:了|啦|啊)\s*)?(?:比(?:上次|上周|上回|上个?星期|上礼拜|昨天|之前|上一次)|"
    r"(?:上次|上周|上回|上礼拜)(?:是|才|还是)?\s*\d|(?:this|today|now)\b|"
    r"(?:up|down) from|was \d|last (?:week|time) (?:was )?\d)"
)


def _compared_with_last_time(text: str, number: Numeral) -> bool:
    """`48 比上次好点`, `27 this week, was 44`: a part that begins with a count and compares it."""
    before = text[: number.start].rstrip()
    if (
        before[-1:] not in ("", ",", ".", "!", "?", ";", "\n")
        or not Decimal(3) <= number.low <= Decimal(1500)
        or number.has_point
    ):
        return False
    after = text[number.end :]
    if Decimal(35) <= number.low <= Decimal(42) and not re.search(
        r"was \d{2}|上.{1,3}\d{2}|from \d{2}", after
    ):
        return False
    return bool(_COMPARED.match(after)) and bool(re.search(r"比|上|was|last|up|down|from", after))


_FOUND = re.compile(r"(?:查|验|抽|化验|出来|结果|血象|血)(?:的|了|是|出来)*(?:才|只有|只剩|就|是|还有)*$")


def _spoken_of_as_result(text: str, number: Numeral) -> bool:
    """`掉到18了`, `升到97`, `今天的才54`, `my count is 46`, `result: 46`."""
    before = text[max(0, number.start - 24) : number.start]
    if Decimal(1000) <= number.low <= Decimal(1_500_000) and _FOUND.search(before):
        return True
    in_thousands = Decimal(2000) <= number.low <= Decimal(1_500_000)
    whole = number.low == number.low.to_integral_value()
    if not (in_thousands or Decimal(1) <= number.low <= Decimal(1500)) or not whole:
        return False
    return bool(
        re.search(
            r"(?:升到|涨到|掉到|降到|跌到|升至|降至|涨到了|掉到了|降到了|结果(?:是|才|只有|"
            r"出来了?)?:?|(?<![a-z])(?:jumped|rose|risen|climbed|dropped|fell|fallen|shot|went|gone|crept|is|are|"
            r"come|came)(?: back)?(?: right| all the way)?(?: up| down)? to|化验单?[^,.]{0,6}(?:是|才|只有)|"
            r"(?<![a-z])(?:count|counts|result|results|number|numbers|reading)(?: today|"
            r" this week)?(?: is| was| came back| are| at| only|:| of| back at| back as|"
            r" come back| up to| down to| now)+(?: at| as| only| just| about)?)\s*$",
            before,
        )
    )


def _digits_only(writing: Writing, doubted: Doubted) -> list[Count]:
    """`个位数`: below ten, the exact number unknown; nine is noted, the unit is not in doubt."""
    found = []
    for match in re.finditer(r"个位数|single digits?|(?:还)?不到一万|一位数", writing.read):
        found.append(
            Count(
                analyte=Analyte.PLATELETS,
                value=Decimal(9),
                quote=writing.quote(match.start(), match.end()),
                span=writing.span(match.start(), match.end()),
                current=not doubted(match.start()),
                named=False,
            )
        )
    return found


_PENDING = re.compile(
    r"还没|没出|没拿|等结果|刚抽|今天(?:的)?(?:还|没|抽)|没有结果|(?<![a-z])(?:wait\w*|"
    r"pending|not (?:yet|back)|todays|took|drawn|no result)(?![a-z])"
)


def _newest(text: str, counts: list[Count], kept: frozenset[int]) -> list[Count]:
    """In the order of the text. A single recent value said as an older one is the newest there is."""
    counts = sorted(counts, key=lambda count: count.span)
    mine = [c for c in counts if c.analyte is Analyte.PLATELETS]
    if mine and not any(c.current for c in mine) and not _PENDING.search(text):
        last = mine[-1]
        if last.span.start in kept:
            return [replace(c, current=True) if c is last else c for c in counts]
    return counts


# ---------------------------------------------------------------- durations and times

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
_ENGLISH_NUMBERS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "forty five": 45,
    "fifty": 50,
    "sixty": 60,
    "few": 3,
    "a few": 3,
    "several": 5,
    "couple of": 2,
    "a couple of": 2,
    "once": 1,
    "twice": 2,
    "half": 0.5,
    "half a": 0.5,
    "half an": 0.5,
}
_TIMES = re.compile(
    r"(?P<number>\d+|[零一二三四五六七八九十百两俩几]+)\s*(?:-|~|到|、|or|"
    r"to)?\s*(?P<second>\d+|[一二三四五六七八九十两]+)?\s*(?P<more>多|来|几)?\s*(?P<unit>次|"
    r"回|趟|遍|times?(?![a-z])|x(?![a-z0-9]))|(?P<word>once|twice|two times|three times|"
    r"four times|five times|six times|seven times|eight times|nine times|ten times|"
    r"a dozen times|three or four times|four or five times|five or six times|one time|"
    r"several times|many times)(?![a-z])"
)
_WORD_TIMES = {
    "once": 1,
    "one": 1,
    "twice": 2,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "a": 12,
    "several": 5,
    "many": 6,
}


def _durations(writing: Writing, used: set[int]) -> tuple[list[Lasting], list[int]]:
    text = writing.read
    found: list[Lasting] = []
    days: list[int] = []
    for match in _DURATION.finditer(text):
        number = _amount(match["second"] or "") or _amount(match["number"])
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
        place = _amount(match[1])
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


_MANY = 10
"""`lost count`: as many as severe diarrhoea has (data card: 10 or more a day)."""
_UNCOUNTED = re.compile(
    r"lost count|too many (?:times )?to count|dozens of times|countless times|"
    r"every (?:five|ten|5|10|few) min\w*|"
    r"数不清|数不过来|记不清(?:多少|几)(?:次|回|趟)|(?:每|隔)(?:个)?(?:十|10|五|5|几)(?:来)?分钟(?:就)?(?:一|跑|拉|去)"
)


def _times(writing: Writing, used: set[int]) -> list[Times]:
    text = writing.read
    found: list[Times] = []
    for match in _UNCOUNTED.finditer(text):
        found.append(
            Times(
                times=_MANY,
                quote=writing.quote(match.start(), match.end()),
                span=writing.span(match.start(), match.end()),
            )
        )
    for match in _TIMES.finditer(text):
        if match["word"]:
            words = match["word"].split()
            value: float | None = max((_WORD_TIMES[w] for w in words if w in _WORD_TIMES), default=None)
        else:
            if used & set(range(match.start(), match.start() + 1)):
                continue
            ordinal = text[max(0, match.start() - 1) : match.start()] == "第"
            if ordinal and not re.match(r"\s*(?:了|,|\s|$)", text[match.end() :]):
                continue  # `第三次打针`; but `今天第十二趟了` counts them
            if text[max(0, match.start() - 1) : match.start()] in (
                "上",
                "这",
                "那",
                "每",
                "下",
                "首",
                "头",
            ):
                continue
            value = _amount(match["second"] or "") or _amount(match["number"])
        if value is None:
            continue
        used.update(range(match.start(), match.end()))
        found.append(
            Times(
                times=int(value),
                quote=writing.quote(match.start(), match.end()),
                span=writing.span(match.start(), match.end()),
            )
        )
    return found


def _amount(words: str) -> float | None:
    """Upper end of a range; `几` is taken as five."""
    words = words.strip()
    if not words:
        return None
    if words in _ENGLISH_NUMBERS:
        return float(_ENGLISH_NUMBERS[words])
    if re.fullmatch(r"\d+(?:\.\d+)?", words):
        return float(words)
    if words == "半":
        return 0.5
    if words.startswith("半"):
        return 0.5
    if "几" in words:
        base = numerals(words.replace("几", ""))
        return float(base[0].low) + 5 if base else 5.0
    values = numerals(words.rstrip("半"))
    return float(values[0].high) if values else None
