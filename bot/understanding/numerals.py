"""Numbers as people write them: `86`, `86,000`, `8.6万`, `8w6`, `八万六`, `三十八点五`, `七八十`, `三十几`.

Worked case: `十二万三` is 123,000; `七八十` is the range 70 to 80; `两` is 2. Source: specification 6.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_DIGIT = {c: i for i, c in enumerate("零一二三四五六七八九")} | {
    "〇": 0, "两": 2, "俩": 2, "仨": 3,
    "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9,
}  # fmt: skip
_UNIT = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_ZH = "零〇一二三四五六七八九两俩仨壹贰叁肆伍陆柒捌玖十拾百佰千仟"
_ARABIC = r"\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?"
TOKEN = re.compile(
    rf"(?P<arabic>{_ARABIC})(?P<rest>\s?(?:万|w(?![a-z])|k(?![a-z])|thousand|"
    rf"千)(?P<after>\d{{1,4}}|[{_ZH[:11]}](?![{_ZH}]))?)?"
    rf"|(?P<zh>[{_ZH}]+(?:万[{_ZH}]*)?(?:点[{_ZH}]+)?)(?P<vague>几|多|来|出头)?(?P<wan>万)?"
    rf"|(?P<vagueonly>几(?:十|百|万))"
)


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number in the comparable text. `low` and `high` differ for a range; `multiplied` by 万 or k."""

    start: int
    end: int
    low: Decimal
    high: Decimal
    written: str
    multiplied: bool = False
    chinese: bool = False
    digits: int = 0

    @property
    def has_point(self) -> bool:
        return "." in self.written or "点" in self.written


def numerals(text: str) -> list[Numeral]:
    """Every number in the text, from the left."""
    found = []
    for match in TOKEN.finditer(text):
        one = _arabic(match) if match["arabic"] else _chinese(match)
        if one is not None:
            found.append(one)
    return found


def _arabic(match: re.Match[str]) -> Numeral:
    digits = match["arabic"].replace(",", "")
    value = Decimal(digits)
    rest = (match["rest"] or "").strip()
    if rest:
        unit = Decimal(10_000) if rest[0] in "万w" else Decimal(1000)
        after = match["after"]
        part = Decimal(0)
        if after:
            number = Decimal(_DIGIT[after]) if after in _DIGIT else Decimal(after)
            part = number * unit / 10 ** len(after)
        value = value * unit + part
    return Numeral(
        match.start(),
        match.end(),
        value,
        value,
        match.group().strip(),
        bool(rest),
        False,
        len(digits.split(".")[0]),
    )


def _chinese(match: re.Match[str]) -> Numeral | None:
    words = match["zh"] or ""
    if match["vagueonly"]:
        low = Decimal({"几十": 20, "几百": 200, "几万": 20_000}[match.group()])
        return Numeral(match.start(), match.end(), low, low * Decimal("4.5"), match.group(), False, True)
    has_wan = "万" in words or bool(match["wan"])
    pair = _neighbours(words.rstrip("万"))
    if pair is not None:
        low, high = pair
        factor = 10_000 if has_wan else 1
        return Numeral(match.start(), match.end(), low * factor, high * factor, match.group(), has_wan, True)
    value = _value(words + (match["wan"] or ""))
    if value is None:
        return None
    high = value
    if match["vague"] in ("几", "多", "来"):
        step = 10 if words.endswith("十") else 100 if words.endswith("百") else 10 if len(words) > 1 else 1
        high = value + step - 1
    return Numeral(match.start(), match.end(), value, high, match.group(), has_wan, True)


def _neighbours(words: str) -> tuple[Decimal, Decimal] | None:
    """`七八十` is 70 to 80, `三四` is 3 to 4; `二十三四` is 23 to 24."""
    tail = re.fullmatch(r"(.*?)([一二三四五六七八九两])([二三四五六七八九])([十百千]?)", words)
    if not tail or _DIGIT[tail[3]] - _DIGIT[tail[2]] != 1:
        return None
    if tail[1] and not tail[1].endswith(("十", "百", "万")):
        return None
    low, high = _value(tail[1] + tail[2] + tail[4]), _value(tail[1] + tail[3] + tail[4])
    return (low, high) if low is not None and high is not None else None


def _value(words: str) -> Decimal | None:
    """`三十八点五` 38.5; `八万六` 86000; `一二三` (said digit by digit) 123."""
    whole, _, fraction = words.partition("点")
    if "万" in whole:
        high, _, low = whole.partition("万")
        ten_thousands = _value(high) if high else None
        if ten_thousands is None:
            return None
        part = _value(low) if low else Decimal(0)
        if part is None:
            return None
        if len(low) == 1 and low in _DIGIT:
            part = part * 1000
        value = ten_thousands * 10_000 + part
    elif any(char in _UNIT for char in whole):
        value = _with_units(whole)
    elif whole and all(char in _DIGIT for char in whole):
        value = Decimal("".join(str(_DIGIT[char]) for char in whole))
    else:
        return None
    if fraction:
        if not all(char in _DIGIT for char in fraction):
            return None
        value += Decimal("0." + "".join(str(_DIGIT[char]) for char in fraction))
    return value


def _with_units(words: str) -> Decimal:
    total, digit, last_unit = 0, 0, 1
    for char in words:
        if char in _UNIT:
            total += (digit or 1) * _UNIT[char]
            digit, last_unit = 0, _UNIT[char]
        else:
            digit = _DIGIT[char]
    if digit and last_unit >= 100 and "零" not in words and words[-2:-1] in ("百", "佰", "千", "仟"):
        digit *= last_unit // 10  # 一百二 is 120
    return Decimal(total + digit)
