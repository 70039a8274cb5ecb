"""Frozen values ↔ JSON, exactly: moments, decimals, lengths of time, enums, tuples and the nouns listed here.

>>> decode(encode(Phrase("patient.home", {"at": datetime(2026, 3, 10, tzinfo=UTC)}))).values["at"].year
2026
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, cast

from bot.rules import access, activities, case, messages, participant, report, sae, study, worklist

_KINDS: tuple[type, ...] = (
    study.Bilingual,
    study.Chain,
    study.ChainStep,
    study.PatientStep,
    messages.Phrase,
    messages.Button,
    messages.Recipient,
    messages.Message,
)
_ENUMS: tuple[type[Enum], ...] = (
    study.Level,
    study.Role,
    study.Language,
    study.Road,
    study.ChainHours,
    study.Sex,
    messages.Priority,
    messages.SendKind,
    messages.RecipientKind,
    case.Outcome,
    case.CaseKind,
    participant.ParticipantState,
    participant.StatedWhat,
    participant.HoldReason,
    participant.TreatmentStop,
    participant.DoseKind,
    report.OpenedBy,
    report.Reporter,
    report.ReportStatus,
    activities.ActivityStatus,
    activities.CancelReason,
    sae.SaeCause,
    worklist.WorkKind,
    access.AuthMethod,
)
_BY_NAME: Mapping[str, type] = {kind.__name__: kind for kind in (*_KINDS, *_ENUMS)}
_TAG = "~"


def encode(value: object) -> str:
    """Canonical JSON: sorted keys, no spaces.

    Raises:
        TypeError: a kind of value that is not listed.
        ValueError: a naive moment.
    """
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def decode(text: str | bytes) -> Any:
    """The value that `encode` was given."""
    return _value(json.loads(text))


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        if type(value) not in _ENUMS:
            raise TypeError(f"{type(value).__name__} is not kept")
        return {_TAG: type(value).__name__, "v": value.name}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return {_TAG: "moment", "v": value.astimezone(UTC).isoformat()}
    if isinstance(value, date):
        return {_TAG: "day", "v": value.isoformat()}
    if isinstance(value, time):
        return {_TAG: "time", "v": value.isoformat()}
    if isinstance(value, Decimal):
        return {_TAG: "decimal", "v": str(value)}
    if isinstance(value, timedelta):
        return {_TAG: "length", "v": value.total_seconds()}
    if isinstance(value, tuple):
        return {_TAG: "tuple", "v": [_plain(one) for one in value]}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {_TAG: "map", "v": {str(key): _plain(one) for key, one in value.items()}}
    if type(value) in _KINDS:
        fields = dataclasses.fields(cast("Any", value))
        return {
            _TAG: type(value).__name__,
            "v": {field.name: _plain(getattr(value, field.name)) for field in fields},
        }
    raise TypeError(f"{type(value).__name__} is not kept")


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_value(one) for one in plain]
    if not isinstance(plain, dict):
        return plain
    tag, kept = plain[_TAG], plain["v"]
    match tag:
        case "moment":
            return datetime.fromisoformat(kept)
        case "day":
            return date.fromisoformat(kept)
        case "time":
            return time.fromisoformat(kept)
        case "decimal":
            return Decimal(kept)
        case "length":
            return timedelta(seconds=kept)
        case "tuple":
            return tuple(_value(one) for one in kept)
        case "map":
            return {key: _value(one) for key, one in kept.items()}
        case _:
            return _noun(_BY_NAME[tag], kept)


def _noun(kind: type, kept: Any) -> Any:
    if issubclass(kind, Enum):
        return kind[kept]
    return kind(**{name: _value(one) for name, one in kept.items()})
