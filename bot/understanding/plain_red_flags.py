"""The plain list of red flags: used when the lexicons or their libraries break, standard library only.

Few words, no grammar beyond "is a negation right in front of it": high recall on what must not wait. A
message that only this list has read counts as unclear and is put before a person as well (specification
6.1.2).

Worked case: `我妈吐血了` gives RF-3 with text EM-1; `没有吐血` gives nothing; `會不會吐血` gives RF-3 to
confirm.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from bot.rules.study import Level
from bot.understanding.findings import RedFlag
from bot.understanding.red_flags import flag

_BOUND = 4096
"""Characters read at most: Telegram's own limit of a message. Source: stack, "Telegram itself"."""

_STOPPING = (
    r"(?:止不住|停不住|停不下|按不住|压不住|壓不住|还在流|還在流|一直流|流不停|流個不停|流个不停|"
    r"不停|唔停|没停|沒停|哗哗)"
)
_FAINT = (
    r"(?:晕倒|暈倒|晕过去|暈過去|昏倒|昏过去|昏過去|站不住|站不起|站不稳|出冷汗|冒冷汗|眼前发黑|"
    r"眼前發黑|头晕|頭暈)"
)
_EN_ON = (
    r"(?:won'?t stop|wont stop|not stopping|hasn'?t stopped|can'?t stop|keeps (?:bleeding|coming|pouring)|"
    r"non ?stop|pouring|gushing|like a tap|still (?:bleeding|going|pouring))"
)

_LIST: tuple[tuple[str, str, str], ...] = (
    (
        "RF-15",
        "severe_headache_neuro",
        r"叫不醒|喊不醒|没有?呼吸|沒有?呼吸|没气了|断气|昏迷|(?:can'?t|cannot|won'?t) (?:wake|be woken)|"
        r"unconscious|unresponsive|not breathing|stopped breathing",
    ),
    (
        "RF-5",
        "severe_headache_neuro",
        r"抽搐|抽风|抽風|抽过去|癫痫|癲癇|说胡话|說胡話|认不得人|認不得人|不认人|人糊涂|"
        r"人糊塗|神志不清|嘴歪|嘴巴歪|"
        r"口角歪|大舌头|大舌頭|(?:说|說|讲|講)(?:话|話)(?:不清|含糊|不利索)|说不出话|說不出話|"
        r"半边身?子?(?:没|没有|發|发|不)|"
        r"(?:一|左|右)(?:边|邊|侧|側)?(?:手|脚|腿|胳膊|胳臂)(?:没劲|没力|抬不起|不能动|动不了|"
        r"拿不住)|看不见了|看不見了|"
        r"(?:看|視|视).{0,4}(?:重影|两个影|双影)|从没这么疼|從沒這麼疼|(?:突然|"
        r"忽然).{0,3}[头頭].{0,4}(?:炸|剧痛|劇痛|"
        r"痛得|疼得)|晕过去|暈過去|昏过去|昏過去|晕倒|暈倒|昏倒|seizure|convuls|having a fit|"
        r"slurr|face (?:is )?droop|"
        r"droopy face|worst headache|thunderclap|passed out|black(?:ed)? out|faint(?:ed)\b|"
        r"collapsed|confused|"
        r"talking nonsense|lost consciousness|can'?t (?:speak|see)|double vision|(?:arm|leg|"
        r"side) (?:is |went |gone )*"
        r"(?:weak|numb|limp|dead)",
    ),
    (
        "RF-3",
        "vomiting_blood",
        r"吐血|嘔血|呕血|吐.{0,4}(?:都是|全是|是)血|咖啡色|咖啡渣|咖啡样|吐了?.{0,3}口.{0,2}血|"
        r"(?:vomit|throw|threw|puk|sick).{0,12}blood|coffee ground|blood in (?:my|the|her) (?:vomit|sick)",
    ),
    (
        "RF-4",
        "coughing_blood",
        r"(?:咳|咯).{0,8}(?:大口|半碗|半杯|一碗|全是|都是|好多|很多|不少).{0,4}血|大咯血|"
        r"(?:咳|咯).{0,6}血.{0,8}(?:半碗|半杯|一碗|好多|很多|喘)|"
        r"cough.{0,12}(?:cup|mouthful|lots|loads|a lot).{0,8}blood",
    ),
    (
        "RF-3",
        "blood_in_stool",
        rf"(?:黑便|大便.{{0,3}}黑|便血|拉血|屙血|柏油).{{0,20}}{_FAINT}|"
        r"(?:马桶|馬桶).{0,4}(?:都是|全是)血|拉.{0,5}(?:全是|都是|大量).{0,2}血|"
        r"(?:black|bloody|tarry) (?:stool|poo).{0,30}(?:dizz|faint|light)|(?:toilet|"
        r"bowl) (?:is )?full of blood",
    ),
    (
        "RF-2",
        "nosebleed",
        rf"(?:鼻|血).{{0,8}}{_STOPPING}|{_STOPPING}.{{0,4}}血|血流成河|大出血|"
        rf"(?:nose|gum|mouth|blood|bleed).{{0,20}}{_EN_ON}|{_EN_ON}.{{0,8}}bleed",
    ),
    ("RF-1", "bleeding",
        rf"(?:出血|流血|血).{{0,12}}{_FAINT}|(?:bleed|blood).{{0,30}}(?:faint|pass(?:ing)? out)"),
    (
        "RF-12",
        "vaginal_bleeding",
        r"血崩|(?:半小时|半個小時|半个小时|一小时|一個小時|一个小时|一个钟头|"
        r"一個鐘頭).{0,6}(?:片|条|張|张).{0,4}(?:卫生巾|衛生巾|夜用)?.{0,16}"
        r"(?:晕|暈|心慌|站不)|soak.{0,12}pad.{0,40}(?:dizz|faint|light)",
    ),
    (
        "RF-8",
        "allergic_reaction",
        r"(?:喉咙|喉嚨|嗓子|喉头).{0,4}(?:发紧|發緊|肿|腫|堵住|锁)|(?:脸|臉|嘴唇|舌头|舌頭|"
        r"眼睛).{0,3}[肿腫].{0,12}(?:喘|呼吸|气|氣)|"
        r"anaphyla|(?:throat|tongue).{0,16}(?:clos|swell|swollen|tight)|(?:lips|"
        r"face).{0,12}(?:swell|swollen|huge)",
    ),
    (
        "RF-9",
        "breathlessness",
        r"喘不上(?:来)?[气氣]|喘不过[气氣]|喘不過氣|上不来[气氣]|呼吸困难|呼吸困難|"
        r"透不过[气氣]|憋死|嘴唇.{0,3}(?:发?紫|發?紫)|"
        r"胸.{0,2}[痛疼].{0,16}(?:喘|冷汗|呼吸)|(?:can'?t|cannot|couldn'?t|struggling to|"
        r"hard to) (?:breathe|catch my breath|get "
        r"(?:my|a) (?:proper )?breath)|gasping|chest pain.{0,30}(?:breath|sweat)|"
        r"(?:breath).{0,30}chest (?:pain|hurts)|"
        r"crushing (?:chest|pain)",
    ),
    ("RF-11", "abdominal_pain",
        r"肚子.{0,6}(?:硬邦邦|像板|硬得像)|(?:突然|忽然).{0,4}肚子.{0,3}(?:剧痛|绞痛|疼得)|"
        r"sudden severe (?:belly|stomach|abdominal) pain"),
    ("RF-13", "tingling",
        r"腰.{0,4}[疼痛].{0,10}(?:腿没劲|腿没力|尿不出)|back pain.{0,30}(?:legs? weak|weak legs?|"
        r"can'?t pee)"),
    (
        "RF-14",
        "self_harm",
        r"不想活|想死|自杀|自殺|跳楼|跳樓|割腕|活不下去|一了百了|结束生命|結束生命|攒.{0,3}药|"
        r"kill myself|suicid|end (?:it all|my life)|"
        r"want to die|wanna die|hurt(?:ing)? myself|don'?t want to (?:live|be alive)",
    ),
    (
        "RF-6",
        "head_injury",
        r"(?:摔|磕|撞|碰).{0,6}(?:头|頭|脑袋|腦袋|后脑).{0,24}(?:晕|暈|吐|糊涂|迷糊|想睡|头疼|頭痛|头痛)|"
        r"(?:hit|bang|knock|whack|bump)\w* (?:my|her|the) head.{0,40}(?:vomit|sick|dizz|drows|"
        r"sleepy|headache|confus)",
    ),
    ("U-HEAD", "head_injury",
        r"(?:摔|磕|撞|碰).{0,6}(?:头|頭|脑袋|腦袋|后脑|后脑勺)|(?:hit|bang|knock|whack|"
        r"bump)\w* (?:my|her) head"),
    (
        "U-FEVER",
        "fever",
        r"(?:发烧|發燒|发热|發熱|高烧|高燒|烧到|燒到|打摆子|打擺子|寒战|寒戰|打哆嗦)|"
        r"(?<![\d.])(?:3[89]|4[0-2])(?:[.度]|$)"
        r"|\bfever|\brigors?\b|shaking chills|burning up|(?<![\d.])10[1-6](?:\.\d)?\s*f\b",
    ),
    (
        "U-DEPARTMENT",
        "bleeding",
        r"鼻血|鼻出血|血尿|尿血|黑便|便血|大便.{0,3}(?:黑|血)|咳血|咯血|痰.{0,3}血|"
        r"nose ?bleed|bloody nose|blood in (?:my |the |her )?"
        r"(?:urine|pee|stool|poo)|black (?:stool|poo)|tarry|cough\w* (?:up )?blood",
    ),
)  # fmt: skip


class PlainFlags(NamedTuple):
    """`now` is answered at once; `to_confirm` stands in a question, a condition or somebody else's story."""

    now: tuple[RedFlag, ...]
    to_confirm: tuple[RedFlag, ...]
    death: bool


_PATTERNS = tuple((rule, symptom, re.compile(pattern)) for rule, symptom, pattern in _LIST)
_DENIED_BEFORE = re.compile(
    r"(?:没有?|沒有?|无|無|未|冇|并未|不)(?:再|有|出现|出現|发生|發生|过|過)?$|(?:\b(?:no|not|"
    r"without|never|nor)\b|n'?t)(?: had| have| any| been| a| more| new)*\s*$"
)
_DOUBTED = re.compile(
    r"会不会|會不會|会.{0,12}[吗嗎]|如果|要是|万一|萬一|假如|以前|上次|上回|电视|電視|梦|夢|"
    r"\bif\b|what if|will (?:it|this|i)|could (?:it|this)|\bused to\b|last time|"
    r"neighbou?r|\bmy (?:son|dad|father|husband|dog|cat|friend)\b|邻居|鄰居|隔壁|我老公|我儿子|同事"
)
_DEATH = re.compile(
    r"(?:去世|过世|過世|走了.{0,4}节哀|不在了|往生|病逝|离世|離世|没了呼吸心跳)|(?:she|he|mum|"
    r"mom|wife|mother|patient) (?:has |just |sadly )*(?:died|passed away)|passed away"
)
_CLAUSE = re.compile(r"[,，。.!！?？;；、\n]|但是?|不过|不過|可是|\bbut\b")


def _as_plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:_BOUND]).lower().replace("\u2019", "'")


def _denied(text: str, start: int) -> bool:
    before = text[max(0, start - 24) : start]
    clause = _CLAUSE.split(before)[-1]
    return bool(_DENIED_BEFORE.search(clause))


def plain_red_flags(text: str) -> PlainFlags:
    """Every red flag of the plain list in a message, worst first, each rule once."""
    plain = _as_plain(text)
    doubted = bool(_DOUBTED.search(plain))
    found: dict[str, RedFlag] = {}
    for rule, symptom, pattern in _PATTERNS:
        hit = next((m for m in pattern.finditer(plain) if not _denied(plain, m.start())), None)
        if hit is not None and rule not in found:
            found[rule] = flag(rule, symptom, hit.group())
    flags = tuple(sorted(found.values(), key=lambda f: -f.level))
    certain = tuple(f for f in flags if not doubted)
    return PlainFlags(certain, flags if doubted else (), bool(_DEATH.search(plain)))


def plain_level(flags: PlainFlags) -> Level:
    """The level the plain list calls for."""
    return max((f.level for f in flags.now), default=Level.NONE)
