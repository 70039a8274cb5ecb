"""The reasons that are given most often, so that a thumb finds them; any other is typed.

What is kept is the wording the person tapped, in her own language, like a reason she typed: the trail shows
one kind of reason. Source: specification 5.2 (every change of a fact or of the plan has its reason).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.rules.study import Bilingual

USUAL_REASONS: Mapping[str, Mapping[str, Bilingual]] = MappingProxyType(
    {
        "move": {
            "wish": Bilingual(en="The patient asked for it", zh="患者要求"),
            "site": Bilingual(en="The site has no time that day", zh="中心当天排不开"),
            "health": Bilingual(en="Her condition", zh="患者身体原因"),
        },
        "therapy": {
            "ward": Bilingual(en="The ward changed its schedule", zh="科室调整治疗安排"),
            "wish": Bilingual(en="The patient asked for it", zh="患者要求"),
            "health": Bilingual(en="Her condition", zh="患者身体原因"),
        },
        "correct": {
            "typing": Bilingual(en="Typing error", zh="录入笔误"),
            "line": Bilingual(en="Read from the wrong line", zh="看错行"),
            "laboratory": Bilingual(en="The laboratory corrected it", zh="检验科更正"),
        },
    }
)
