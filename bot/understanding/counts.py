"""Blood counts of a message, each bound to its analyte.

Worked cases: `血小板8.6万` 86; `wbc 1.7, plt 46, hb 92` three counts, none taken for another;
`从40升到97` 97; `血小板8.6` 8.6 with doubtful unit. Source: specification 6.2.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from bot.understanding.analytes import ANALYTE, Doubted
from bot.understanding.findings import Analyte, Count
from bot.understanding.numerals import Numeral
from bot.understanding.writing import Writing

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
_BETWEEN = re.compile(
    r"^\s*(?:度|万|k)?\s*(?:升到了?|涨到了?|掉到了?|降到了?|跌到了?|变成了?|回到了?|到了?|→|"
    r"->|=>|至|to|up to|down to|then|now|is now|and now|,? now|升至|降至|涨至|掉成|"
    r"跌至)\s*(?:了|才|只有|about|only)?\s*$"
)

# Of a unit that stands apart from its number ("160 today 10^9/L"): neither digit is a count.
_POWER = re.compile(r"10\s?[\^~]\s?9(?!\d)")


@dataclass(frozen=True, slots=True)
class _Name:
    analyte: Analyte | None
    start: int
    end: int


_LIMIT_ASKED = re.compile(
    r"what (?:platelet )?(?:number|level|count|platelet)|what (?:does|do) [a-z ]*\d+ mean|"
    r"how low|多少(?:才|算|以下|"
    r"以上|就|是|正常)|正常(?:值|范围)|标准是|need to be|supposed to be|should (?:my|"
    r"it|they|platelets)|aim for|target|要到多少|到多少"
)


class _Asked:
    """What a whole text asks; looked for once, whatever the number of its counts."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def in_doubt(self) -> bool:
        return bool(_DOUBT_WORDS.search(self._text))

    @cached_property
    def a_question(self) -> bool:
        return self.in_doubt or "?" in self._text or "吗" in self._text

    @cached_property
    def for_a_limit(self) -> bool:
        return bool(_LIMIT_ASKED.search(self._text))


def counts_of(
    writing: Writing, numbers: Sequence[Numeral], used: set[int], doubted: Doubted, has_temperature: bool
) -> list[Count]:
    """Numbers not in `used`, in the order of the text; without a name only where nothing else fits."""
    text = writing.read
    asked = _Asked(text)
    taken = used.union(*(range(*unit.span()) for unit in _POWER.finditer(text)))
    free = [n for n in numbers if taken.isdisjoint(range(n.start, n.end))]
    starts = [n.start for n in free]
    names = [
        _Name(None if m.lastgroup == "OTHER" else Analyte[m.lastgroup or ""], m.start(), m.end())
        for m in ANALYTE.finditer(text)
    ]
    counts: list[Count] = []
    bound: set[int] = set()
    for index, name in enumerate(names):
        limit = names[index + 1].start if index + 1 < len(names) else len(text)
        near = slice(bisect_left(starts, name.end), bisect_left(starts, min(limit, name.end + 44)))
        following = [n for n in free[near] if n.start not in bound]
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
                counts.append(_count(writing, number, name.analyte, doubted, asked, named=True))
    has_platelets = any(c.analyte is Analyte.PLATELETS for c in counts)
    if not has_platelets:
        counts.extend(
            _unnamed(
                writing, [n for n in free if n.start not in bound], doubted, asked, names, has_temperature
            )
        )
        counts.extend(_digits_only(writing, doubted))
    recent = frozenset(c.span.start for c in counts if _is_only_older(writing, c, doubted, asked))
    return _newest(text, counts, recent)


_LONG_AGO = re.compile(
    r"以前|去年|前年|曾经|最低|入组|基线|开始时|起初|本来|原来|原先|从|由|当时|那次|"
    r"(?<![a-z])(?:used to|baseline|originally|started|years?|months?|once|lowest|from|since)(?![a-z])"
)


def _is_only_older(writing: Writing, count: Count, doubted: Doubted, asked: _Asked) -> bool:
    """Not current only because of `last week`, `上次`: neither a threshold nor another person's."""
    at = bisect_left(writing.back, count.span.start)
    before, after = writing.read[max(0, at - 24) : at], writing.read[at : at + 16]
    return (
        bool(_OLD.search(before))
        and not _LONG_AGO.search(before)
        and not doubted(at)
        and not _is_threshold(asked, before, after)
        and not _Asked(_sentence_of(writing.read, at)).a_question
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


def _count(
    writing: Writing, number: Numeral, analyte: Analyte, doubted: Doubted, asked: _Asked, named: bool
) -> Count:
    text = writing.read
    value, or_else = _in_giga(text, number, analyte)
    before = text[max(0, number.start - 24) : number.start]
    after = text[number.end : number.end + 16]
    if (
        re.search(r"(?:不到|还不到|低于|不足|under|below|less than)\s*$", before)
        and analyte is Analyte.PLATELETS
        and not asked.a_question
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
            or _is_threshold(asked, before, after)
        ),
        unit_doubtful=or_else is not None,
        or_else=or_else,
        named=named,
    )


def _sentence_of(text: str, at: int) -> str:
    start = max(text.rfind(mark, 0, at) for mark in ".!?\n;") + 1
    ends = [end for mark in ".!?\n;" if (end := text.find(mark, at)) >= 0]
    return text[start : min(ends) + 1] if ends else text[start:]


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


def _is_threshold(asked: _Asked, before: str, after: str) -> bool:
    if _THRESHOLD_AFTER.match(after) and asked.in_doubt:
        return True
    if _ALTERNATIVE_AFTER.match(after) or _ALTERNATIVE_BEFORE.search(before):
        return True
    reached = after.startswith("了")  # `冲到460了 是不是太高了`: it has got there
    if not reached and asked.in_doubt and _THRESHOLD.search(before):
        return True
    return asked.for_a_limit


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
    writing: Writing,
    free: Sequence[Numeral],
    doubted: Doubted,
    asked: _Asked,
    names: Sequence[_Name],
    has_temperature: bool,
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
            found.append(_count(writing, number, Analyte.PLATELETS, doubted, asked, named=False))
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
