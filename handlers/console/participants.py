"""Participants: who is there, and one participant's plan, timeline and log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from bot.actions.draw_timeline import timeline_of
from bot.actions.list_participants import ListedParticipant, list_participants
from bot.actions.review_log import CaseCourse, Entry, ParticipantLog, SaidWords, review_log
from bot.charts import Labels, as_svg
from bot.rules import schedule
from bot.rules.activities import PlannedActivity
from bot.rules.calendar import local_day
from bot.rules.participant import Decision, Dose, DoseKind, Hold, LabResult, Therapy, Transfusion
from bot.rules.reading_back import ReadReport
from bot.rules.study import Study, SubjectCode, SymptomGroup
from handlers.console.pages import console_of, page, speech_of, visitor_in

_FACTS = LabResult | Dose | Transfusion | Therapy | Decision | Hold

# From which grade on the log is narrowed to what matters most.
_GRADE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDay:
    """One day of the plan strip with everything planned for it, done and cancelled included."""

    day: date
    study_day: int
    at: datetime
    activities: tuple[PlannedActivity, ...]


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
    )
    chart = await asyncio.to_thread(as_svg, timeline_of(log, desk.study, labels, desk.now()), labels)
    show = request.query_params.get("show", "all")
    entries = tuple(entry for entry in log.entries if _shows(desk.study, entry, show))
    return page(
        request,
        "participant.html",
        log=log,
        chart=Markup(chart),  # noqa: S704 - drawn by us, every text in it escaped by the library
        entries=entries,
        show=show if show in FILTERS else "all",
        filters=tuple(FILTERS),
        strip=_strip(log),
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


def _strip(log: ParticipantLog) -> tuple[PlanDay, ...]:
    """The plan by local day. What is done stands on the day it was done."""
    zone = log.participant.time_zone

    def day_of(activity: PlannedActivity) -> date:
        return local_day(activity.done_at or activity.target_at, zone)

    planned = sorted(log.planned, key=day_of)
    return tuple(
        PlanDay(
            day=day,
            study_day=schedule.study_day(log.day1_at, there[0].done_at or there[0].target_at, zone),
            at=there[0].done_at or there[0].target_at,
            activities=there,
        )
        for day, group in groupby(planned, key=day_of)
        if (there := tuple(group))
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
