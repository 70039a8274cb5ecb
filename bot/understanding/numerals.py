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
    rf"千|lakhs?(?![a-z])|lacs?(?![a-z]))(?P<after>\d{{1,4}}|[{_ZH[:11]}](?![{_ZH}]))?)?"
    rf"|(?P<zh>[{_ZH}]+(?:万[{_ZH}]*)?(?:点[{_ZH}]+)?)(?P<vague>几|多|来|出头)?(?P<wan>万)?"
    rf"|(?P<vagueonly>几(?:十|百|万))"
)


_ENGLISH_DIGITS = {
    "zero": 0, "oh": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_ENGLISH_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
_SMALLEST_SPOKEN = 10
_SMALL = "|".join(_ENGLISH_DIGITS)
_ANY = "|".join([*_ENGLISH_DIGITS, *_ENGLISH_TENS, "hundred", "thousand"])
_DIGIT_WORD = rf"(?:\d|{_SMALL})"
_FIRST_LETTERS = "".join(sorted({word[0] for word in _ANY.split("|")} | {"a"}))
_SPOKEN = re.compile(
    rf"(?=[\d{_FIRST_LETTERS}])(?:"
    rf"(?<![a-z\d.])(?P<whole>\d{{1,3}}) point (?P<fraction>{_DIGIT_WORD}(?: {_DIGIT_WORD})?)(?![a-z\d])"
    rf"|(?<![a-z])(?P<words>(?:a )?(?:{_ANY})(?:(?:[ -]| and )(?:{_ANY}))*)"
    rf"(?: point (?P<tenths>{_DIGIT_WORD}(?: {_DIGIT_WORD})?))?(?![a-z]))"
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
    spoken = [one for match in _SPOKEN.finditer(text) if (one := _english(match)) is not None]
    if not spoken:
        return found
    apart = [one for one in found if not any(s.start <= one.start < s.end for s in spoken)]
    return sorted([*apart, *spoken], key=lambda one: one.start)


def _english(match: re.Match[str]) -> Numeral | None:
    """`four hundred thirty` 430, `a hundred and seventy two thousand` 172000, `39 point 1` 39.1.

    One small word alone (`one`, `two`) is left to the words around it: it is no number anybody reads off.
    """
    if match["whole"]:
        value = Decimal(match["whole"] + "." + "".join(_spoken_digits(match["fraction"])))
    else:
        words = match["words"].replace("-", " ").split()
        whole = _of_words([word for word in words if word not in ("and", "a")])
        if whole is None or (whole < _SMALLEST_SPOKEN and not match["tenths"]):
            return None
        tenths = "".join(_spoken_digits(match["tenths"] or ""))
        value = Decimal(whole) + (Decimal("0." + tenths) if tenths else 0)
    written = str(value)
    thousands = value >= 1000
    return Numeral(match.start(), match.end(), value, value, written, thousands, False, len(str(int(value))))


def _spoken_digits(words: str) -> list[str]:
    return [word if word.isdigit() else str(_ENGLISH_DIGITS[word]) for word in words.split()]


def _of_words(words: list[str]) -> int | None:
    total, part = 0, 0
    for word in words:
        if word == "hundred":
            part = (part or 1) * 100
        elif word == "thousand":
            total, part = total + (part or 1) * 1000, 0
        elif word in _ENGLISH_TENS:
            part += _ENGLISH_TENS[word]
        elif word in _ENGLISH_DIGITS:
            part += _ENGLISH_DIGITS[word]
        else:
            return None
    return total + part


def _arabic(match: re.Match[str]) -> Numeral:
    digits = match["arabic"].replace(",", "")
    value = Decimal(digits)
    rest = (match["rest"] or "").strip()
    if rest:
        unit = Decimal(10_000) if rest[0] in "万w" else Decimal(100_000) if rest[0] == "l" else Decimal(1000)
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
