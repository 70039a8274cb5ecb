"""Words that say the same thing twice are met once: 鼻血 in 流鼻血, blood that is spat while brushing."""

from __future__ import annotations

import re

from bot.understanding.matcher import Hit, Row


def without_covered(hits: list[Hit], same_name: bool = True) -> list[Hit]:
    """Drops a hit whose fixed words are part of a longer one: 吐 in 吐血, `stopped` in `hasn't stopped`.

    With `same_name` the same symptom inside one unbroken longer word of it goes as well: 鼻血 in 流鼻血. What
    several expressions of one entry meet at the same place is met once.
    """
    once: dict[tuple[str, str, int, int], Hit] = {}
    for hit in hits:
        key = (hit.entry.name, hit.entry.sign, hit.start, hit.end)
        if key not in once or (once[key].gaps and not hit.gaps):
            once[key] = hit
    hits = list(once.values())
    row = Row(hits)
    return [
        hit for hit in hits if not any(_replaces(o, hit, same_name) for o in row.touching(hit.start, hit.end))
    ]


def _replaces(longer: Hit, hit: Hit, same_name: bool) -> bool:
    if longer is hit or longer.start > hit.start or longer.end < hit.end:
        return False
    if longer.entry.name == hit.entry.name:
        is_longer = longer.end - longer.start > hit.end - hit.start
        return same_name and is_longer and not longer.gaps and longer.entry.sign == hit.entry.sign
    return longer.covers(hit) and not hit.covers(longer)


_KEPT_AWAKE_BY = re.compile(r"[疼痛痒咳](?:得|到)[^,. ]{0,4}$")
"""`疼得睡不着` says how bad the pain is; it is no sleep complaint of its own."""
_MAY_BE_SAID_OF_ANOTHER = ("vomiting_blood", "vomiting", "insomnia", "coughing_blood")
_MOUTH_WATER = ("刷牙", "漱口", "口水", "唾沫", "牙", "spit", "brush", "rinse", "gum", "teeth")


def one_reading_of_blood(hits: list[Hit], text: str) -> list[Hit]:
    """The same blood is read once: `刷牙吐出来的水有点粉` is no vomit, `咳嗽吐的痰有血` is coughed up."""
    kept = []
    row = Row(hits)
    for hit in hits:
        if hit.entry.name not in _MAY_BE_SAID_OF_ANOTHER:
            kept.append(hit)
            continue
        near = row.touching(hit.start, hit.end)
        rivals = [o for o in near if o is not hit and o.end == hit.end]
        mouth = any(
            o.entry.name == "gum_bleeding" and any(w in text[o.start : o.end] for w in _MOUTH_WATER)
            for o in rivals
        )
        coughed = any(o.entry.name == "coughing_blood" for o in rivals)
        if hit.entry.name == "vomiting_blood" and (mouth or coughed):
            continue
        # "bringing up blood every time I cough" is coughed up
        if (
            hit.entry.name == "vomiting_blood"
            and text.startswith(("bring", "brought"), hit.start)
            and any(o.entry.name == "coughing_blood" for o in near)
        ):
            continue
        if hit.entry.name == "vomiting" and any(
            o.entry.name == "gum_bleeding" and o.start <= hit.start and hit.end <= o.end for o in near
        ):
            continue
        if hit.entry.name == "insomnia" and _KEPT_AWAKE_BY.search(text[max(0, hit.start - 8) : hit.start]):
            continue
        if (
            hit.entry.name == "coughing_blood"
            and mouth
            and not any(w in text[hit.start : hit.end] for w in ("咳", "cough"))
        ):
            continue
        kept.append(hit)
    return kept
