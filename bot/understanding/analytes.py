"""What blood counts are called, and the doubt that readers of numbers share."""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.understanding.findings import Analyte

Doubted = Callable[[int], bool]
"""Whether the words at a position are supposed, asked, unreal or somebody else's."""

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
ANALYTE = re.compile(
    "|".join(f"(?P<{name.name}>{pattern})" for name, pattern in _ALIASES)
    + f"|(?P<OTHER>{_OTHER_ANALYTE.pattern})"
)
