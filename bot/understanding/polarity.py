"""How the words speak of a symptom: present, denied, asked, supposed, past, of somebody else, or an idiom.

Worked case: in `没发烧 就是鼻血止不住` the fever is DENIED (没 stands right before it), the nosebleed
PRESENT: the sentence part changed at 就是, and 止不住 denies nothing. Doubt is presence (specification 6.5
row 5).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence

from bot.understanding.clauses import Clauses
from bot.understanding.findings import Polarity
from bot.understanding.lexicon_files import Entry
from bot.understanding.matcher import Hit, Row, hit_at

_NUMBER = Entry(kind="number", name="number", place="number")

_ZH_NEGATION = re.compile(r"没有|没|不是|不|未|无|冇|唔|并非|否认|别|免|排除|非")
_EN_NEGATION = re.compile(
    r"(?<![a-z])(?:no|not|without|never|nor|neither|none of|none|deny|denies|zero|free of|"
    r"havent|hasnt|hadnt|dont|doesnt|didnt|"
    r"isnt|arent|wasnt|werent|aint|wont|wouldnt|cant|cannot|couldnt|nothing like|no sign of|no more)(?![a-z])"
)
_ZH_FILLER = re.compile(
    r"(?:再|有|怎么|太|什么|啥|任何|过|出现|发生|感觉到|感觉|感到|觉得|特别|明显|看到|看见|"
    r"发现|其他|其它|别的|流|出|新的|新|又|去|"
    r"和|也|或者|或|以及|跟|及|与|、|,|的|地|了|过|在|会|是|是在|什么的|一直|真的|大|很|那么|"
    r"这么|吐|到|见|带|发|有过|犯|打|"
    r"任何的|算是|算|像|至于|一点|一点儿|半点|一丝|明显的|继续|老|怎么样|身上|今天|现在|最近|"
    r"我|她|哪儿|哪里|哪|嘴里|身体|觉着|大便|小便|尿里|啥的|过敏|严重|持续|异常|鼻子|牙龈| )*"
)
_ZH_AFTER = re.compile(
    r"^(?P<filler>(?:的|什么的|啥的|之类的|这些|情况|症状|现象|等|了|过|血|呀|啊|倒|也|是|就|"
    r"的话|都|倒是|全|一概|全都|均|还|暂时|并|目前|"
    r"一点都|一点也|一点|现在|今天|这次|,| |:|-|？|\?|吗|嘛|呢|、)*?)(?P<no>没有|没|冇|无|"
    r"不)(?!停|止|好|完|断|退|消|劲|力|法|办|缓|想|敢|用|准|事|管|见好|多久|量|去|来得|忍|胃|"
    r"精|睡|反应)"
)
_ZH_AFTER_END = re.compile(
    r"^得?(?:[\s,.!?、~;)]|$|了|的|啊|呢|过$|过[\s,.!]|哦|呀|什么|啥|出现|发生|这|异常|问题|情况)"
)
_EN_AFTER = re.compile(
    r"^\s*(?:[:=?\-]|is|was|are|has been|at all|,)?\s*(?:i (?:said|say|answered) )?"
    r"(?:no\b|none\b|nope\b|nil\b|zero\b|"
    r"negative\b|never\b|not (?:at all|present|today|now|this time|really any|happening)\b|"
    r"n\b|0\b(?!\.))(?=\s*(?:[,.;!?\n/]|$|at all|today|now|so far|this|thank))"
)
_EN_BREAKERS = re.compile(
    r"(?<![a-z])(?:but|just|only|except|still|because|until|unless|than|since|so|now|have|has|"
    r"got|with|when|after|although|though|if|cos|as|apart|other|then|im|ive|its)(?![a-z])"
)
_TO_HAVE = re.compile(r"^\s*(?:have|has|had|got|get)(?![a-z])")
"""`don't have`: having belongs to the denial, it opens nothing new."""
_WEAK_ZH = re.compile(r"(?:不是|没有|没|不)(?:很|太|特别|那么|这么|怎么|十分|非常|多|大)(?:的)?$")
_BARE_LIST_EN = re.compile(r"^\s*(?:or|and|nor|&|,|any|no|a|of|the|with|more|new|also|\s)*$")
_BARE_LIST_ZH = re.compile(
    r"^(?:和|或|或者|也|及|、|,|还有|以及|的|啥的|什么的|之类|都|有|出现|没有|没|了|情况|症状|等|\s|[.!。])*$"
)
_LIST_JOINT = re.compile(r"\s*(?:or|nor|and|&|/|,|or any|or a|or more|和|或|或者|跟|及|、|也|,| )+\s*")

_REACH_OF_STORIES = 3
"""Sentence parts around a dream, a film or a slip of the finger that it colours."""
_REACH_OF_ASKING = 3
"""Sentence parts before and after `just wondering` that it speaks of."""
_POSSIBLE = "possible"
"""The sign of words that doubt themselves (`could I be pregnant`): doubt is presence."""
_NO_SUBJECT = re.compile(
    r"[陪跟给抱带送帮和被让遛喂找骂替接哄背搀](?:我|俺|咱|家|小|大|的|邻居)*$|"
    r"(?:像|好像|跟|仿佛)(?:是)?$|"
    r"(?<![a-z])(?:like|as if|as though|over|at|with|to|from|by|into|onto|near|after|on|helping|carrying|"
    r"lifting|picking up|"
    r"feeding|walking|holding|chasing)(?: (?:the|my|our|a|an))?\s*$"
)
"""`tripped over the dog`, `抱孙子`: a person after such a word is not the one who has the symptom."""
_DENIES_HERSELF = ("我没",)
_PRONOUNS = ("he", "hes", "his", "他")
"""Somebody else only where a person was named before: `he's been bleeding` alone is the participant."""
_HER_PRONOUNS = ("她", "佢", "she", "shes", "her")
_HER_OWN = ("self_harm",)
"""`if I just didn't wake up`, `要是睡过去不醒就好了`: a wish to be dead is put as a supposition."""
_IT_IS = re.compile(r"^[^我咱俺]*(?:是|系)(?:我|俺|咱)?家?\s*$|^\s*(?:is|was|its)\s*$")


class Cues:
    """The hits of `cues.toml`, `idioms.toml` and the people, by name."""

    def __init__(self, by_name: Mapping[str, Sequence[Hit]]) -> None:
        self._rows = {name: Row(hits, in_order=True) for name, hits in by_name.items()}

    def named(self, name: str) -> list[Hit]:
        row = self._rows.get(name)
        return row.hits if row is not None else []

    def within(self, name: str, start: int, end: int) -> list[Hit]:
        """Those that begin in a half-open range."""
        row = self._rows.get(name)
        return row.starting(start, end) if row is not None else []

    def touching(self, name: str, start: int, end: int) -> list[Hit]:
        """Those that share a character with a half-open range."""
        row = self._rows.get(name)
        return row.touching(start, end) if row is not None else []

    def outside(self, name: str, longer: str) -> None:
        """Drops those of a name that lie inside one of another: 他 in 孩子他妈 is nobody else."""
        row = self._rows.get(name)
        if row is not None and longer in self._rows:
            kept = [h for h in row.hits if not self.covering(longer, h.start, h.end)]
            self._rows[name] = Row(kept, in_order=True)

    def covering(self, name: str, start: int, end: int) -> bool:
        """Whether one of them holds a whole range."""
        met = self.touching(name, start, end)
        return bool(met) and any(h.start <= start and end <= h.end for h in met)


class PolarityReader:
    """Reads one text; `findings` are all symptom hits, needed for lists (`no fever, chills or bleeding`)."""

    def __init__(self, text: str, clauses: Clauses, cues: Cues, findings: Sequence[Hit]) -> None:
        self._text = text
        self._clauses = clauses
        self._cues = cues
        cues.outside("someone_else", "patient")
        cues.outside("now", "both_and")
        for name in ("correction", "unreal", "someone_else"):
            cues.outside(name, "idiom")
        self._findings = Row(findings)
        self._blank = _blanked(text, cues.named("not_a_denial"))
        self._negations_zh = [match.span() for match in _ZH_NEGATION.finditer(self._blank)]
        self._negations_en = [match.span() for match in _EN_NEGATION.finditer(self._blank)]
        self.relative_writes = any(
            text.startswith(("我是", "im ", "i am ", "this is"), c.start) or "here" in text[c.start : c.end]
            for c in cues.named("caregiver")
        )
        self._denied: dict[int, bool] = {}
        self._read: dict[tuple[object, ...], Polarity] = {}
        self._near: dict[tuple[str, int, int], list[Hit]] = {}
        self._bare: dict[int, bool] = {}
        self._in_part: dict[int, list[Hit]] = {}
        for hit in findings:
            self._in_part.setdefault(clauses.number_at(self.head(hit)), []).append(hit)

    def head(self, hit: Hit) -> int:
        """Where the last fixed words of a hit begin: a negation may stand in the gap before them."""
        return hit.words[-1][0] if hit.gaps else hit.start

    def read(self, hit: Hit, sign: str) -> Polarity:
        """Hits of the same words speak alike: each kind is read once."""
        kind = (hit.words, hit.gaps, sign == _POSSIBLE, hit.entry.name in _HER_OWN, _is_told_in_pieces(hit))
        known = self._read.get(kind)
        if known is None:
            known = self._read[kind] = self._find(hit, sign)
        return known

    def _find(self, hit: Hit, sign: str) -> Polarity:
        if self._cues.covering("idiom", hit.start, hit.end):
            return Polarity.IDIOM
        if self._is_unreal(hit):
            return Polarity.HYPOTHETICAL
        if self._is_denied(hit):
            return Polarity.DENIED
        if self._is_someone_else(hit):
            return Polarity.OTHER_PERSON
        if self._is_supposed(hit) and sign != _POSSIBLE and hit.entry.name not in _HER_OWN:
            return Polarity.HYPOTHETICAL
        if self._is_asked(hit) and sign != _POSSIBLE:
            return Polarity.ASKED
        if self._is_past(hit):
            return Polarity.PAST
        return Polarity.PRESENT

    def stands_denied(self, hit: Hit) -> bool:
        """A negation stands right before a circumstance: `不头晕`, `not a lot`."""
        return self._negation_before(hit.start) and not _weakly_positive(self._text, hit.start)

    def is_asked(self, hit: Hit) -> bool:
        return self._is_asked(hit)

    def is_supposed(self, hit: Hit) -> bool:
        return self._is_supposed(hit)

    def names_patient(self, start: int, end: int) -> bool:
        """Somebody is named in a range who may be the patient, by more than a pronoun."""
        people = self._cues.within("patient", start, end)
        return any(self._text[one.start : one.end] not in _HER_PRONOUNS for one in people)

    def _in_parts(self, name: str, first: int, last: int) -> list[Hit]:
        """The cues that begin in these sentence parts, both inclusive; looked up once for all hits there."""
        key = (name, first, last)
        if key not in self._near:
            self._near[key] = self._cues.within(name, *self._clauses.reach(first, last))
        return self._near[key]

    def number_is_doubted(self, position: int) -> bool:
        """A number in a supposition, a story, the past or somebody else's result."""
        here = hit_at(_NUMBER, position, position + 1)
        return (
            self._is_unreal(here)
            or self._is_someone_else(here)
            or self._is_supposed(here)
            or self._is_past_number(position)
        )

    def _is_past_number(self, position: int) -> bool:
        """A story of the past before the number, in its own part, not brought back to now."""
        part = self._clauses.at(position)
        return any(
            not self._cues.covering("compared", cue.start, cue.end)
            and not self._cues.within("now", cue.end, position)
            for cue in self._cues.within("past", part.start, position)
        )

    # ---- denied

    def _is_denied(self, hit: Hit) -> bool:
        key = id(hit)
        if key not in self._denied:
            self._denied[key] = False  # a list that leads back to itself denies nothing
            self._denied[key] = self._find_denial(hit)
        return self._denied[key]

    def _find_denial(self, hit: Hit) -> bool:
        if _weakly_positive(self._text, hit.start):
            return False
        return (
            self._negation_before(hit.start)
            or (not _is_told_in_pieces(hit) and any(self._negation_in(gap) for gap in hit.gaps))
            or self._negation_after(hit)
            or self._denied_in_list(hit)
        )

    def _negation_before(self, position: int) -> bool:
        part = self._clauses.at(max(0, position - 1) if position else 0)
        start = max(part.start if part.start < position else 0, position - 48)
        return self._ends_in_chinese_denial(start, position) or self._ends_in_english_denial(start, position)

    def _ends_in_chinese_denial(self, start: int, position: int) -> bool:
        for at, end in reversed(_within(self._negations_zh, start, position)):
            if self._is_question_or_symptom(at, position) or _double(self._blank[start:at], at - start):
                continue
            between = self._without_findings(end, position)
            if len(between) <= 14 and _ZH_FILLER.fullmatch(between):
                return True
        return False

    def _ends_in_english_denial(self, start: int, position: int) -> bool:
        negations = _within(self._negations_en, start, position)
        if negations:
            between = _TO_HAVE.sub("", self._blank[negations[-1][1] : position])
            words = between.split()
            if len(words) <= 6 and not _EN_BREAKERS.search(between):
                return True
        return False

    def _is_question_or_symptom(self, at: int, position: int) -> bool:
        """`有没有` asks; the 没 of an earlier `没力气` or `没大便` belongs to that symptom."""
        if _is_question_form(self._text, at):
            return True
        return any(
            first <= at < last <= position
            for hit in self._findings.touching(at, at + 1)
            for first, last in hit.words
        )

    def _negation_in(self, gap: tuple[int, int]) -> bool:
        start, end = gap
        between = self._blank[start:end]
        for at, after in _within(self._negations_zh, start, end):
            if not _is_question_form(self._text, at) and _ZH_FILLER.fullmatch(between[after - start :]):
                return True
        found = _within(self._negations_en, start, end)
        return bool(found) and not _EN_BREAKERS.search(between[found[0][1] - start :])

    def _negation_after(self, hit: Hit) -> bool:
        number = self._clauses.number_at(self.head(hit))
        _, last = self._clauses.sentence(number)
        end = self._clauses.parts[min(number + 1, last)].end
        after = self._skip_findings(hit.end, end)
        rest = self._blank[after : min(end + 1, after + 24)]
        if _EN_AFTER.match(rest):
            return True
        match = _ZH_AFTER.match(rest)
        if not match:
            return False
        tail = rest[match.end() :]
        crossed = any(mark in match["filler"] for mark in ",， ") and not any(
            mark in match["filler"] for mark in "都也倒全均"
        )
        # `喘倒不喘`, `烧也没烧`: the same word again. `针眼红 不疼` denies the pain, not the redness.
        repeated = tail[:1] != "" and tail[0] in self._text[hit.start : hit.end]
        if match["no"] == "不":
            return repeated and not crossed
        if repeated:
            return True
        return bool(_ZH_AFTER_END.match(tail)) and (
            match["no"] in ("没有", "冇", "无") or tail[:1] in ("", " ", ",", ".", "!", "?") or not crossed
        )

    def _denied_in_list(self, hit: Hit) -> bool:
        """`no fever, bleeding or chills`: a bare item after a denied one; `发烧、出血都没有`: before one."""
        number = self._clauses.number_at(self.head(hit))
        part = self._clauses.parts[number]
        for other in self._in_part.get(number, []):
            if other.end <= hit.start and self._joined(other.end, hit.start) and self._is_denied(other):
                return True
        if not self._is_bare(number):
            return False
        if number > 0 and part.opened_by in ("list", "soft") and self._before_is_denied(number):
            return True
        following = number + 1
        return (
            following < len(self._clauses.parts)
            and self._clauses.parts[following].opened_by in ("list", "soft")
            and self._all_denied_after(following)
        )

    def _is_bare(self, number: int) -> bool:
        """Beside its symptoms a part holds only what joins the items of a list."""
        if number not in self._bare:
            part = self._clauses.parts[number]
            rest = self._without_findings(part.start, part.end)
            self._bare[number] = bool(_BARE_LIST_EN.match(rest.strip(" ,.!?\n")) or _BARE_LIST_ZH.match(rest))
        return self._bare[number]

    def _joined(self, start: int, end: int) -> bool:
        return bool(_LIST_JOINT.fullmatch(self._text, start, end))

    def _before_is_denied(self, number: int) -> bool:
        """The part before ends in a denied item and this part continues a list (English, or with 没有)."""
        before = self._in_part.get(number - 1, [])
        if not before or not self._is_denied(before[-1]):
            return False
        part = self._clauses.parts[number]
        if part.opened_by == "list":
            return True
        words = self._text[part.start : part.end]
        if re.match(r"\s*(?:and|or|nor)(?![a-z])", words):
            return True
        earlier = self._clauses.parts[number - 1]
        said = self._text[earlier.start : earlier.end]
        english = re.match(r"\s*(?:no|without|not|nor|havent had|have no|denies)(?![a-z])", said.lstrip())
        return bool(english) and "," in self._text[earlier.start : part.start]

    def _all_denied_after(self, number: int) -> bool:
        part = self._clauses.parts[number]
        words = self._text[part.start : part.end]
        hits = self._in_part.get(number, [])
        if not hits:
            return bool(
                re.match(
                    r"\s*(?:都|全|全都|统统|通通|一样都|什么都|一个都)(?:没有|没|冇|无)(?!停|止|好)", words
                )
            )
        return (
            bool(re.search(r"(?:都|也|全)(?:没有|没|冇)", words))
            and self._is_denied(hits[-1])
            and part.opened_by == "list"
        )

    def _without_findings(self, start: int, end: int) -> str:
        met = self._findings.touching(start, end) if start < end else ()
        if not met:
            return self._blank[start:end]
        letters = list(self._blank[start:end])
        for hit in met:
            for first, last in hit.words:
                for index in range(max(first, start), min(last, end)):
                    letters[index - start] = ""
        return "".join(letters)

    def _skip_findings(self, at: int, end: int) -> int:
        for hit in self._findings.touching(at - 1, end):
            if hit.start < at < hit.end <= end:
                at = hit.end
        return at

    # ---- asked, supposed, past, unreal, somebody else

    def _is_unreal(self, hit: Hit) -> bool:
        """A dream, a film, a slip of the finger colours its sentence, and the message before a correction."""
        number = self._clauses.number_at(self.head(hit))
        around = (number - _REACH_OF_STORIES, number + _REACH_OF_STORIES)
        for cue in [*self._in_parts("unreal", *around), *self._in_parts("correction", *around)]:
            again = self._cues.within("self_again", cue.start + 1, hit.start)
            later_now = any(
                self._text[now.start : now.end] not in _DENIES_HERSELF
                and "我" in self._text[now.start : now.end]
                for now in again
            )
            if not later_now and not self._turned(cue.start, hit.start):
                return True
        return self._is_on_a_screen(hit, around)

    def _is_on_a_screen(self, hit: Hit, around: tuple[int, int]) -> bool:
        """`追剧呢 女主吐血了`; but `was watching telly and I can't get my breath` speaks of herself."""
        if not self._in_parts("screen", *around):
            return False
        start, end = self._clauses.reach(*around)
        if any(one.end <= hit.start for one in self._cues.within("character", start, hit.start)):
            return True
        return not self._cues.within("herself", start, end) and not self._turned(start, hit.start)

    def _turned(self, start: int, end: int) -> bool:
        """Between a story and the words the speaker came back to now."""
        if end <= start:
            return False
        number = self._clauses.number_at(start)
        return any(
            self._clauses.number_at(now.start) > number
            for now in self._cues.within("now", start + 1, end + 1)
        )

    def _is_someone_else(self, hit: Hit) -> bool:
        if self.relative_writes:
            return False
        position = self.head(hit)
        number = self._clauses.number_at(position)
        own = (self._clauses.number_at(hit.start), number)
        first, _ = self._clauses.sentence(number)
        start = self._clauses.parts[max(first, number - 3)].start
        if self._is_said_to_be_someone_else(hit, number):
            return True
        others = [
            person
            for person in self._cues.within("someone_else", start, max(position, hit.start + 1))
            if self._names_a_person(person)
            and not _NO_SUBJECT.search(self._text[max(0, person.start - 24) : person.start])
            and self._text[person.end : person.end + 1] not in ("你", "您")  # `老公你快来` calls him
        ]
        if not others:
            return False
        person = others[-1]
        between = (person.end, max(person.end, hit.start))
        if self._cues.within("said_by", person.start, position):
            return False
        turned = [
            c
            for c in self._cues.within("self_again", between[0], position + 1)
            if not (person.start <= c.start < person.end)
        ]
        if turned:
            return False
        patient = [
            p
            for p in self._cues.within("patient", between[0], position)
            if self._text[p.start : p.end] not in _HER_PRONOUNS
        ]
        if patient:
            return False
        if self._clauses.number_at(person.start) not in own:
            return (
                not any(self._cues.within("now", between[0], position))
                and number - self._clauses.number_at(person.start) <= 2
            )
        return True

    def _names_a_person(self, person: Hit) -> bool:
        if self._text[person.start : person.end] not in _PRONOUNS:
            return True
        return any(
            self._text[named.start : named.end] not in _PRONOUNS
            for named in self._cues.within("someone_else", 0, person.start)
        )

    def _is_said_to_be_someone_else(self, hit: Hit, number: int) -> bool:
        """`拉肚子的是我家猫`: the person stands after the symptom."""
        end = self._clauses.parts[number].end
        return any(
            _IT_IS.search(self._text[hit.end : person.start])
            for person in self._cues.within("someone_else", hit.end, end)
        )

    def _is_supposed(self, hit: Hit) -> bool:
        number = self._clauses.number_at(self.head(hit))
        first, _ = self._clauses.sentence(number)
        for cue in self._in_parts("supposed", max(first, number - 1), number):
            if cue.start < hit.start:
                same = self._clauses.number_at(cue.start) == number
                if same or not self._turned(cue.start, hit.start):
                    return same or not self._in_part.get(self._clauses.number_at(cue.start))
            if hit.end <= cue.start and self._text[cue.start : cue.end] in ("的话",):
                return True
        return False

    def _is_asked(self, hit: Hit) -> bool:
        number = self._clauses.number_at(self.head(hit))
        first, _ = self._clauses.sentence(number)
        if self._is_only_asked_about(number) and not self._in_parts("now", number, number):
            return True
        for cue in self._in_parts("asked", max(first, number - 2), number):
            if self._in_parts("now", number, number) and cue.start > hit.start:
                continue
            if self._turned(min(cue.start, hit.start), hit.start):
                continue
            if self._cues.within("states", cue.end, hit.start + 1):
                continue
            return True
        return False

    def _is_only_asked_about(self, number: int) -> bool:
        """`便血怎么办 我没有 就是问问`: whoever is just asking has nothing now."""
        return bool(self._in_parts("only_asking", number - _REACH_OF_ASKING, number + _REACH_OF_ASKING))

    def _is_past(self, hit: Hit) -> bool:
        number = self._clauses.number_at(self.head(hit))
        first, _ = self._clauses.sentence(number)
        if self._in_parts("that_was", number, number + 1):
            return True
        for cue in self._in_parts("past", max(first, number - 1), number):
            if self._cues.touching("compared", cue.start, cue.end):
                continue
            cue_number = self._clauses.number_at(cue.start)
            if cue_number == number and not self._now_between(cue, hit) and not self._is_back(cue, hit):
                return True
            only_adverb = not self._in_part.get(cue_number)
            if cue_number < number and only_adverb and not self._turned(cue.start, hit.end):
                return True
        return self._is_long_over(hit, number)

    def _is_long_over(self, hit: Hit, number: int) -> bool:
        """`鼻血停了两周了`: said in the part of the symptom or the next, and nothing has come back since."""
        over = [cue for cue in self._in_parts("long_over", number, number + 1) if cue.end > hit.start]
        return any(
            not self._is_back(cue, hit) and not self._cues.within("now", cue.end, self._end_of_story(number))
            for cue in over
        )

    def _is_back(self, cue: Hit, hit: Hit) -> bool:
        """`上个月流过鼻血 今天又流了`: said further on, of what was over."""
        after = max(cue.end, hit.end)
        return bool(self._cues.within("again", after, self._end_of_story(self._clauses.number_at(after))))

    def _end_of_story(self, number: int) -> int:
        return self._clauses.reach(number, number + _REACH_OF_STORIES)[1]

    def _now_between(self, cue: Hit, hit: Hit) -> bool:
        part = self._clauses.at(self.head(hit))
        if cue.start < hit.start:
            return bool(self._cues.within("now", cue.end, hit.start))
        return bool(self._cues.within("now", part.start, hit.start))


def _is_told_in_pieces(hit: Hit) -> bool:
    """A plan to die is told over several sentence parts: `攒了小半瓶 我就不拖累他们了` denies nothing."""
    return hit.entry.name in _HER_OWN and hit.entry.place.startswith("compositions.toml")


def _within(spans: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """The spans that lie wholly in a half-open range."""
    first = bisect_left(spans, (start, start))
    if first == len(spans) or spans[first][0] >= end:
        return []
    return [span for span in spans[first : bisect_left(spans, (end, end))] if span[1] <= end]


def _blanked(text: str, hits: Sequence[Hit]) -> str:
    """Spans that deny nothing are filled with a letter no rule knows."""
    letters = list(text)
    for hit in hits:
        for start, end in hit.words:
            letters[start:end] = "\uf8fe" * (end - start)
    return "".join(letters)


def _is_question_form(text: str, at: int) -> bool:
    """`流没流血`, `晕不晕`, `有没有`: the word before and after the negation are the same."""
    return 0 < at < len(text) - 1 and text[at - 1] == text[at + 1] and text[at - 1] >= "\u3400"


_LIFTS = re.compile(r"(?:不是|不能|不会|哪能|怎么能|能|没有|并非)$")


def _double(before: str, at: int) -> bool:
    """`不是没流`, `没有不疼`: the earlier negation lifts the later one."""
    return bool(_LIFTS.search(before[:at])) and at > 0


def _weakly_positive(text: str, at: int) -> bool:
    """`不是特别疼` is pain, if weak."""
    return bool(_WEAK_ZH.search(text[max(0, at - 6) : at]))
