"""What is said of the message as a whole: acts, wishes, signs (help, ambulance, death), and who writes."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property

from bot.understanding.findings import Polarity, Reporter
from bot.understanding.intents import Acts
from bot.understanding.matcher import Hit
from bot.understanding.page import Page

_SAID_IN_IDIOMS = ("greeting", "thanks", "well")
_SAID_BY_THE_WRITER = ("question", "greeting", "thanks", "well", "human", "language_switch", "reschedule")
"""Acts that are the writer's own though other people are named in them (`can someone call me`)."""
_PRONOUN = re.compile(r"[她他佢]|(?<![a-z])(?:she|he|shes|hes|ta)(?![a-z])")


class WholeMessage:
    """`signs`: the names of those that stand."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.signs = {h.entry.name for h in page.by_kind["sign"] if self._sign_stands(h)}

    @property
    def drug_taken(self) -> bool:
        return "drug_taken" in self.signs

    @property
    def acts(self) -> Acts:
        return Acts(self._acts, self._page.clauses)

    @property
    def tells_her_death(self) -> bool:
        return "death" in self.signs and self._is_hers()

    def reporter(self) -> Reporter:
        if self._page.cues.named("caregiver"):
            return Reporter.CAREGIVER
        if "我" in self._page.text or self._page.cues.named("self_again"):
            return Reporter.SELF
        return Reporter.UNKNOWN

    def act(self, name: str) -> Hit | None:
        hits = self._acts.get(name, [])
        if name in ("injection_missed", "lab_missed"):
            hits = [h for h in hits if not self._page.polarity.is_asked(h) and not self._is_in_question(h)]
        return hits[0] if hits else None

    def _sign_stands(self, hit: Hit) -> bool:
        """A sign is not taken from an idiom, a question, a denial or somebody else's story."""
        if hit.entry.name in ("help", "advice_wanted", "ambulance"):
            return True
        if hit.entry.name == "body_words":
            return not self._page.cues.covering("idiom", hit.start, hit.end)
        if hit.entry.name == "drug_taken" and any(
            h.entry.name == "advice_wanted" and h.start <= hit.start < h.end
            for h in self._page.by_kind["sign"]
        ):
            return False
        return self._page.polarity.read(hit, "") is Polarity.PRESENT

    @cached_property
    def _acts(self) -> dict[str, list[Hit]]:
        acts: dict[str, list[Hit]] = defaultdict(list)
        for hit in self._page.by_kind["intent"]:
            is_idiom = self._page.cues.covering("idiom", hit.start, hit.end)
            if is_idiom and hit.entry.name not in _SAID_IN_IDIOMS:
                continue
            if hit.entry.name not in _SAID_BY_THE_WRITER and self._is_not_mine(hit):
                continue
            if hit.entry.name == "stop" and self._is_about_blood(hit):
                continue
            if hit.entry.name == "human" and self._page.polarity.is_supposed(hit):
                continue  # `要是半夜发烧我给谁打电话` asks for nobody now
            acts[hit.entry.name].append(hit)
        acts["correction"] = self._page.cues.named("correction")
        acts["unreal"] = self._page.cues.named("unreal")
        acts["no_question"] = self._page.cues.named("no_question")
        return acts

    def _is_about_blood(self, hit: Hit) -> bool:
        """`STOP` is a wish, `won't stop` is not."""
        words = self._page.text[hit.start : hit.end]
        if words != "stop":
            return False
        alone = self._page.text.strip(" .!?~\n") in (
            "stop",
            "please stop",
            "stop please",
            "stop pls",
            "pls stop",
            "stop it",
            "stop now",
        )
        return not alone

    def _is_not_mine(self, hit: Hit) -> bool:
        return self._page.polarity.read(hit, "") in (
            Polarity.OTHER_PERSON,
            Polarity.HYPOTHETICAL,
            Polarity.IDIOM,
        )

    def _is_in_question(self, hit: Hit) -> bool:
        """`so anything above 100 means no jab?`; a missed dose that is told before a question is none."""
        part = self._page.clauses.at(hit.start)
        return bool(re.search(r"[?]|吗|吧$", self._page.text[hit.end : part.end].rstrip()))

    def _is_hers(self) -> bool:
        """A death of which only `she` or `he` is said may be anybody's, unless a relative says who writes."""
        if self._page.polarity.relative_writes:
            return True
        told = [h for h in self._page.by_kind["sign"] if h.entry.name == "death" and self._sign_stands(h)]
        return any(not self._has_only_a_pronoun(hit) for hit in told)

    def _has_only_a_pronoun(self, death: Hit) -> bool:
        start = self._page.clauses.at(death.start).start
        said = self._page.text[start : death.end]
        return bool(_PRONOUN.search(said)) and not self._page.polarity.names_patient(start, death.end)
