"""Where the values of a study come from, and which of them keep `live` from starting."""

from __future__ import annotations

from dataclasses import dataclass

from bot.rules.study import Source, SourceKind, Study


@dataclass(frozen=True, slots=True)
class ProvenanceLine:
    """One key with its source. `blocks_live`: safety-relevant and still an unapproved default."""

    key: str
    source: Source
    blocks_live: bool


def provenance_report(study: Study) -> tuple[ProvenanceLine, ...]:
    """Every key that says where it comes from, by key path; what keeps `live` from starting is first."""
    lines = (
        ProvenanceLine(key, source, source.safety and source.kind is SourceKind.DEFAULT)
        for key, source in study.provenance.items()
    )
    return tuple(sorted(lines, key=lambda line: (not line.blocks_live, line.key)))


def unapproved_safety_keys(study: Study) -> tuple[str, ...]:
    """Safety-relevant keys that are still an unapproved default, by key path; may be empty.

    Source: specification, introduction, point 1: the program refuses `live` while there is one.
    """
    return tuple(line.key for line in provenance_report(study) if line.blocks_live)
