"""What a patient wrote without what would name somebody, for chats and places without a sign-in.

Phones, identity-card numbers, bank cards, mail addresses, chat names, street addresses, and names where the
words say that one follows ("我叫…", "my name is …"). What is recognisable is masked; nothing is promised
beyond that, and the full text stands behind the sign-in. Numbers of a few digits stay: temperatures, counts,
120. A surname that begins a complaint as often (高烧, 白血病, 严重) counts as one before a title only.

>>> masked("我是李小红，电话13812345678，鼻血止不住")
'我是▢▢，电话▢▢，鼻血止不住'

Source: specification 3.3 (no name, no phone), 6.5 no. 31.
"""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "▢▢"

_SURNAMES: Final = (
    "王李张刘陈杨赵吴周徐孙朱郭林罗郑梁谢宋唐韩冯邓曹彭肖董袁潘蔡蒋杜叶魏吕丁沈姚卢"
    "姜崔谭陆汪廖贾韦付邹孟秦邱江尹薛闫侯陶黎郝龚邵覃武孔"
)
_DOUBTFUL: Final = "黄胡马高何任曾程苏钟范金石夏方白熊段雷龙史贺顾毛万钱严戴莫向汤许余于田"
_NO_NAMES: Final = r"(?!周[一二三四五六日末]|孙[子女]|谢谢|张嘴|陈旧|江湖|林蛙)"
# After these a name is said; the name itself is two or three characters, the first a surname.
_NAMED = re.compile(
    rf"(?P<says>我叫|我是|叫做|名叫|名字叫?|姓名[：:是]?|患者|病人|联系人[：:]?)"
    rf"{_NO_NAMES}(?P<name>[{_SURNAMES}][一-鿿]{{1,2}})"
    r"(?=$|[\s，,。.、；;！!？?：:（(]|的|电话|手机|住|今|现)"
)
_TITLED = re.compile(
    rf"(?P<name>[{_SURNAMES}{_DOUBTFUL}])(?P<title>医生|大夫|主任|护士|老师|阿姨|叔叔|女士|先生)"
)
_NAMED_ENGLISH = re.compile(
    r"(?P<says>\b(?:my name is|i am called|this is|name:)\s+)(?P<name>[A-Z][a-z]+(?:[ -][A-Z][a-z]+){0,2})",
    re.IGNORECASE,
)
_PATTERNS: Final = (
    re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    # identity card: 17 digits and a check mark
    re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)"),
    # mobile, with or without the country's number and marks between
    re.compile(r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"),
    # land line with area code, and any other run of seven digits and more
    re.compile(r"(?<!\d)(?:\(?0\d{2,3}\)?[ -]?)\d{7,8}(?!\d)"),
    re.compile(r"(?<![\d.])\d(?:[ -]?\d){6,}(?![\d.])"),
    re.compile(r"(?:微信|QQ|wechat)(?:号|id)?[：: ]*[A-Za-z0-9_-]{5,}", re.IGNORECASE),
    # a city and what follows it; few characters each, so that no complaint is swallowed
    re.compile(
        r"(?:黑龙江|内蒙古|[一-鿿]{2})(?:省|市|自治区)(?:[一-鿿]{2,4}(?:市|区|县|镇|乡|村|街道|街|路|道|巷|小区|花园))+"
        r"(?:\d+(?:号|弄|栋|幢|单元|室|楼|门)+)*"
    ),
    re.compile(r"[一-鿿]{2,3}(?:街|路|道|巷|小区|花园)(?:\d+(?:号|弄|栋|幢|单元|室|门))+\d*"),
    re.compile(r"\b\d+\s+[A-Z][a-z]+\s+(?:Street|St|Road|Rd|Avenue|Ave|Lane)\b"),
)


def masked(text: str) -> str:
    """The words with names, numbers and addresses left out as far as they can be recognised."""
    for pattern in _PATTERNS:
        text = pattern.sub(MASK, text)
    text = _NAMED.sub(rf"\g<says>{MASK}", text)
    text = _NAMED_ENGLISH.sub(rf"\g<says>{MASK}", text)
    return _TITLED.sub(rf"{MASK}\g<title>", text)
