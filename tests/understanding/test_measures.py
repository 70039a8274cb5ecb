"""Numbers are bound to what they count. Source: specification 6.2."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.understanding.findings import Analyte
from bot.understanding.understander import Understander


@pytest.mark.parametrize(
    ("text", "platelets"),
    [
        ("血小板8.6万", "86"),
        ("血小板4万", "40"),
        ("血小板七万左右", "70"),
        ("血小板八万六", "86"),
        ("plt 8w6", "86"),
        ("血小板86", "86"),
        ("才54 血小板", "54"),
        ("血小板86×10^9/L", "86"),
        ("血小板86*109/L", "86"),
        ("platelets 86 G/L", "86"),
        ("platelets 86,000", "86"),
        ("血小板86000/μl", "86"),
        ("plt 61k", "61"),
        ("9,000 per uL platelets", "9"),
        ("血小板从30升到86", "86"),
        ("血小板由120掉到18", "18"),
        ("platelets were 40, now 22", "22"),
        ("wbc 1.7, plt 46, hb 92", "46"),
        ("白细胞1.7血小板46血色素92", "46"),
        ("PLT掉到18了", "18"),
        ("血小板三十几", "30"),
        ("plt 45 today", "45"),
        ("count is 16,000", "16"),
        ("plt 49 上回28", "49"),
    ],
)
def test_a_platelet_count_is_read_in_giga_per_litre(
    text: str, platelets: str, understander: Understander
) -> None:
    assert understander.understand(text).platelets == Decimal(platelets)


@pytest.mark.parametrize(
    "text",
    [
        "血红蛋白86",
        "白细胞2.3",
        "明天10点抽血",
        "打了200",
        "第3针打完了",
        "床位38",
        "要是血小板低于50怎么办",
        "邻居血小板只有30",
        "体温38.5",
        "花了120块钱",
        "call 120",
    ],
)
def test_what_is_no_platelet_count_of_hers_is_not_taken_for_one(
    text: str, understander: Understander
) -> None:
    assert understander.understand(text).platelets is None


def test_a_bare_decimal_below_twenty_is_the_worse_one_meanwhile_and_says_the_other(
    understander: Understander,
) -> None:
    count = understander.understand("血小板8.6").counts[0]
    assert (count.value, count.or_else, count.unit_doubtful) == (Decimal("8.6"), Decimal(86), True)


def test_single_digits_are_below_ten(understander: Understander) -> None:
    platelets = understander.understand("血小板只剩个位数了").platelets
    assert platelets is not None
    assert platelets < 10


def test_other_counts_keep_their_own_names(understander: Understander) -> None:
    counts = {c.analyte: c.value for c in understander.understand("wbc 1.7, plt 46, hb 92").counts}
    assert counts == {
        Analyte.WHITE_CELLS: Decimal("1.7"),
        Analyte.PLATELETS: Decimal(46),
        Analyte.HAEMOGLOBIN: Decimal(92),
    }


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("三十八度五", "38.5"),
        ("38度5", "38.5"),
        ("38度半", "38.5"),
        ("三十八点五度", "38.5"),
        ("38°5", "38.5"),
        ("体温38,5", "38.5"),
        ("体温385", "38.5"),
        ("temp 101.3F", "38.5"),
        ("烧到39", "39.0"),
        ("３８．５度", "38.5"),
        ("36度4到37度4之间", "37.4"),
        ("烧退了，最高38.9", "38.9"),
        ("fever 100.4", "38.0"),
    ],
)
def test_a_temperature_is_read_as_degrees_celsius(
    text: str, degrees: str, understander: Understander
) -> None:
    assert understander.understand(text).temperature_c == Decimal(degrees)


@pytest.mark.parametrize("text", ["空调开到26度", "今天外面38度", "要是烧到38.5怎么办", "床位38", "血小板38"])
def test_what_is_no_temperature_of_hers_is_not_taken_for_one(text: str, understander: Understander) -> None:
    assert understander.understand(text).temperature_c is None
