"""Participants: who is there, and one participant's plan, timeline and log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from bot.actions.draw_timeline import timeline_of
from bot.actions.keep_profile import FIELDS
from bot.actions.list_participants import ListedParticipant, list_participants
from bot.actions.review_log import CaseCourse, Entry, ParticipantLog, SaidWords, review_log
from bot.charts import Labels, as_svg
from bot.rules.endpoints import endpoints
from bot.rules.participant import (
    TERMINAL_STATES,
    Decision,
    Dose,
    DoseKind,
    Hold,
    LabResult,
    Therapy,
    Transfusion,
)
from bot.rules.plan_strip import StripDay, strip
from bot.rules.reading_back import ReadReport
from bot.rules.study import Study, SubjectCode, SymptomGroup
from handlers.console.pages import console_of, page, speech_of, visitor_in

_FACTS = LabResult | Dose | Transfusion | Therapy | Decision | Hold

# From which grade on the log is narrowed to what matters most.
_GRADE = 2


async def everybody(request: Request) -> Response:
    """The participants of one's sites, narrowed by code, site, or what they need."""
    found = await list_participants(console_of(request).desk, by=visitor_in(request).staff.code)
    wanted = request.query_params.get("code", "").strip().upper()
    site, only = request.query_params.get("site", ""), request.query_params.get("only", "")
    lines = tuple(line for line in found.lines if _wanted(line, wanted, site, only))
    return page(
        request, "participants.html", found=found, lines=lines, code=wanted, chosen_site=site, only=only
    )


async def one(request: Request) -> Response:
    """One participant: plan, timeline, log."""
    subject, desk = SubjectCode(request.path_params["subject"]), console_of(request).desk
    log = await review_log(desk, subject=subject, by=visitor_in(request).staff.code)
    speech = speech_of(request)
    labels = Labels(
        language=speech.language,
        platelets=speech.say("console.chart.platelets"),
        dose=speech.word(DoseKind.TREATMENT),
        therapy=speech.say("console.chart.therapy"),
        cases=speech.say("console.chart.cases"),
        proposed=speech.say("console.log.proposed"),
        confirmed=speech.say("console.log.confirmed"),
    )
    chart = await asyncio.to_thread(as_svg, timeline_of(log, log.study, labels, desk.now()), labels)
    show = request.query_params.get("show", "all")
    entries = tuple(entry for entry in log.entries if _shows(log.study, entry, show))
    return page(
        request,
        "participant.html",
        log=log,
        chart=Markup(chart),  # noqa: S704 - drawn by us, every text in it escaped by the library
        entries=entries,
        show=show if show in FILTERS else "all",
        filters=tuple(FILTERS),
        strip=_strip(log, desk.now()),
        ended_states=TERMINAL_STATES,
        profile=FIELDS,
        endpoint=endpoints(log.study, log.course, desk.now()),
    )


def _wanted(line: ListedParticipant, code: str, site: str, only: str) -> bool:
    her = line.participant
    needs = {
        "": True,
        "open": line.open_cases > 0,
        "not_joined": her.joined_at is None,
        "unreachable": her.unreachable_since is not None,
    }
    return code in her.subject_code and site in ("", her.site_code) and needs.get(only, True)


def _strip(log: ParticipantLog, now: datetime) -> tuple[StripDay, ...]:
    """Her plan as a calendar, with everything that was decided about it."""
    return strip(
        log.course,
        log.planned,
        [entry.fact for entry in log.entries if isinstance(entry.fact, Decision)],
        [entry.fact for entry in log.entries if isinstance(entry.fact, Therapy)],
        now,
    )


def _is_bleeding(study: Study, fact: ReadReport) -> bool:
    bleeding = {str(one.code) for one in study.symptoms if one.group is SymptomGroup.BLEEDING}
    return any(one.code in bleeding for one in fact.symptoms)


def _is_graded(study: Study, fact: ReadReport) -> bool:
    return any(one.judged is not None and one.judged.grade >= _GRADE for one in fact.symptoms)


FILTERS: Mapping[str, Callable[[Study, Entry], bool]] = {
    "all": lambda study, entry: True,
    "bleeding": lambda study, entry: isinstance(entry.fact, ReadReport) and _is_bleeding(study, entry.fact),
    "graded": lambda study, entry: isinstance(entry.fact, ReadReport) and _is_graded(study, entry.fact),
    "words": lambda study, entry: isinstance(entry.fact, SaidWords),
    "facts": lambda study, entry: isinstance(entry.fact, _FACTS),
    "cases": lambda study, entry: isinstance(entry.fact, CaseCourse),
}


def _shows(study: Study, entry: Entry, show: str) -> bool:
    return FILTERS.get(show, FILTERS["all"])(study, entry)
